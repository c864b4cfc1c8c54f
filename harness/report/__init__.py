"""What a run leaves: a matrix on the terminal, and files in a folder."""
