"""The catalogue: every way in which authentication fails, one file a theme."""
