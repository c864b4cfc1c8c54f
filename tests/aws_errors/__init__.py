"""Every error that a caller of the emulated AWS can meet, each with a call that meets it.

The rows are tests and documentation: ``test_aws_errors`` makes every call, ``python -m tests.aws_errors``
writes the table into the manual.
"""
