"""Values of a query: text, numbers, truth, or nothing, and how they turn into each other."""

from __future__ import annotations

import json
import math
from typing import Any

__all__ = ["Value", "compare", "number", "show", "text", "truth"]

Value = str | float | bool | None
"""What a field or an expression is; None where an event does not have it."""


def number(value: Value) -> float | None:
    """Return a value as a number; None for what is none. Text that reads as a number counts as one."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def text(value: Value) -> str | None:
    """Return a value as text; None stays None."""
    return None if value is None else show(value)


def truth(value: Value) -> bool:
    """Tell whether a condition holds; some functions say 1 for true."""
    return value == 1 or (isinstance(value, str) and value.lower() == "true")


def show(value: Any) -> str:
    """Write a value as results have it: whole numbers without a fraction, others with four digits of it."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float | int):
        if float(value).is_integer() and abs(value) < 1e18:
            return str(int(value))
        return f"{value:.4f}".rstrip("0").rstrip(".")
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"))
    return str(value)


def compare(left: Value, right: Value) -> int | None:
    """Order two values: as numbers where both are, else as text; None where one is missing."""
    if left is None or right is None:
        return None
    numbers = number(left), number(right)
    a, b = numbers if None not in numbers else (show(left), show(right))
    return (a > b) - (a < b)  # type: ignore[operator]  # both are numbers, or both are text
