"""The operators of metric math on scalars, time series and arrays of them.

Of two time series only the moments count at which both have a value; what has no finite result, such as a
division by zero, is no data point (CloudWatch User Guide, "Metric math syntax and functions").
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from harness.aws.cloudwatch.series import ExpressionError, TimeSeries, Value

__all__ = ["finite", "negative", "operate"]

_Compute = Callable[[float, float], float]

_OPERATORS: Mapping[str, _Compute] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": math.pow,
    "==": lambda left, right: float(left == right),
    "!=": lambda left, right: float(left != right),
    "<": lambda left, right: float(left < right),
    "<=": lambda left, right: float(left <= right),
    ">": lambda left, right: float(left > right),
    ">=": lambda left, right: float(left >= right),
    "&&": lambda left, right: float(bool(left) and bool(right)),
    "||": lambda left, right: float(bool(left) or bool(right)),
}


def finite(compute: Callable[..., float]) -> Callable[..., float | None]:
    """Let a computation return None where it has no finite result."""

    def computed(*operands: Any) -> float | None:
        try:
            result = compute(*operands)
        except (ArithmeticError, ValueError):
            return None
        return result if math.isfinite(result) else None

    return computed


_FINITE = {sign: finite(compute) for sign, compute in _OPERATORS.items()}


def operate(sign: str, left: Value, right: Value) -> Value:
    """Apply an operator; an array goes item by item.

    Raises:
        ExpressionError: text, arrays of two lengths, or scalars without a finite result.
    """
    if isinstance(left, str) or isinstance(right, str):
        raise ExpressionError(f"the operator {sign} does not take text")
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            raise ExpressionError(f"the operator {sign} takes arrays of one length")
        return [_series(sign, one, other) for one, other in zip(left, right, strict=True)]
    if isinstance(left, list):
        return [_series(sign, each, right) for each in left if not isinstance(right, list)]
    if isinstance(right, list):
        return [_series(sign, left, each) for each in right]
    if isinstance(left, TimeSeries) or isinstance(right, TimeSeries):
        return _series(sign, left, right)
    result = _FINITE[sign](left, right)
    if result is None:
        raise ExpressionError(f"the operator {sign} has no finite result")
    return result


def negative(value: Value) -> Value:
    """Return the negative of each value."""
    return operate("-", 0.0, value)


def _series(sign: str, left: float | TimeSeries, right: float | TimeSeries) -> TimeSeries:
    compute = _FINITE[sign]
    if isinstance(left, TimeSeries) and isinstance(right, TimeSeries):
        wide = left if left.period >= right.period else right
        both = [moment for moment in left.values if moment in right.values]
        results = ((moment, compute(left.values[moment], right.values[moment])) for moment in both)
        return wide.of((moment, result) for moment, result in results if result is not None)
    if isinstance(left, TimeSeries):
        return left.each(lambda value: compute(value, right))
    if isinstance(right, TimeSeries):
        return right.each(lambda value: compute(left, value))
    raise TypeError("one of the two is a time series")
