"""Write the tables of the manual of the emulated AWS anew: ``python -m tests.aws_errors``."""

from __future__ import annotations

from tests.aws_errors.manual import MANUAL, renewed

MANUAL.write_text(renewed(MANUAL.read_text(encoding="utf-8")), encoding="utf-8")
print(f"wrote {MANUAL}")
