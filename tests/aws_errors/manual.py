"""The generated parts of the manual: each stands between two markers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from harness.aws.context import implementation
from harness.aws.faults import FAULTS
from harness.aws.models import service_model
from harness.aws.services import SERVICES
from harness.aws.cloudformation.types import TYPES
from tests.aws_errors.catalogue import table

__all__ = ["MANUAL", "PARTS", "renewed"]

MANUAL = Path(__file__).parents[2] / "harness" / "aws" / "README.md"


def _services() -> str:
    """Who answers which operations."""
    lines = [
        "| service | protocols | by this AWS | by moto | refused: `NotImplemented` |",
        "|---|---|---|---|---|",
    ]
    return "\n".join(lines)


PARTS: Mapping[str, Callable[[], str]] = {"errors": table}


def renewed(text: str) -> str:
    """Return the manual with every part as it is now."""
    for name, make in PARTS.items():
        begin, end = f"<!-- {name}: by python -m tests.aws_errors -->\n", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        text = before + begin + "\n" + make().strip() + "\n\n" + end + rest.split(end, 1)[1]
    return text
