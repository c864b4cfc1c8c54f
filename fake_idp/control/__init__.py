"""The control plane and the console: what a person or a test does to a running issuer."""
