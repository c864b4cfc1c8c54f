"""The functions of PromQL, as tables: of a range of points, and of a vector.

Source: Prometheus documentation, "Functions".
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from harness.aws.cloudwatch.promql.values import Element, Point

__all__ = ["OF_ELEMENTS", "OF_NUMBERS", "OF_RANGES", "quantile"]


def quantile(wanted: float, values: Sequence[float]) -> float:
    """Return a quantile by linear interpolation, as Prometheus does; 0.5 is the median."""
    if not values or math.isnan(wanted):
        return math.nan
    if wanted < 0 or wanted > 1:
        return math.copysign(math.inf, wanted - 0.5)
    ordered = sorted(values)
    rank = wanted * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def _increase(points: Sequence[Point], seconds: float) -> float | None:
    """Return how much a counter grew, resets counted, stretched to the whole range."""
    if len(points) < 2:
        return None
    grown = sum(
        after.value - before.value if after.value >= before.value else after.value
        for before, after in pairwise(points)
    )
    covered = points[-1].time - points[0].time
    return grown * seconds / covered if covered else None


def _rate(points: Sequence[Point], seconds: float) -> float | None:
    grown = _increase(points, seconds)
    return None if grown is None else grown / seconds


def _delta(points: Sequence[Point], seconds: float) -> float | None:
    covered = points[-1].time - points[0].time if points else 0
    return (points[-1].value - points[0].value) * seconds / covered if covered else None


def _last_two(points: Sequence[Point], *, per_second: bool) -> float | None:
    if len(points) < 2:
        return None
    before, after = points[-2:]
    change = after.value - before.value
    if not per_second:
        return change
    return (change if change >= 0 else after.value) / (after.time - before.time)


def _values(compute: Callable[[list[float]], float]) -> Callable[[Sequence[Point], float], float | None]:
    return lambda points, _: compute([point.value for point in points]) if points else None


OF_RANGES: Mapping[str, Callable[[Sequence[Point], float], float | None]] = {
    "avg_over_time": _values(statistics.fmean),
    "changes": _values(lambda values: float(sum(a != b for a, b in pairwise(values)))),
    "count_over_time": _values(lambda values: float(len(values))),
    "delta": _delta,
    "idelta": lambda points, _: _last_two(points, per_second=False),
    "increase": _increase,
    "irate": lambda points, _: _last_two(points, per_second=True),
    "last_over_time": _values(lambda values: values[-1]),
    "max_over_time": _values(max),
    "min_over_time": _values(min),
    "present_over_time": _values(lambda _: 1.0),
    "rate": _rate,
    "resets": _values(lambda values: float(sum(b < a for a, b in pairwise(values)))),
    "stddev_over_time": _values(statistics.pstdev),
    "stdvar_over_time": _values(statistics.pvariance),
    "sum_over_time": _values(math.fsum),
}
"""Of the points in a range and its length in seconds; None where there is no value."""


def _logarithm(compute: Callable[[float], float]) -> Callable[[float], float]:
    def run(value: float) -> float:
        if value > 0:
            return compute(value)
        return -math.inf if value == 0 else math.nan

    return run


def _round(value: float, to: float = 1.0) -> float:
    return math.floor(value / to + 0.5) * to if math.isfinite(value) and to else value


def _whole(compute: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: float(compute(value)) if math.isfinite(value) else value


def _exponential(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


OF_NUMBERS: Mapping[str, Callable[..., float]] = {
    "abs": abs,
    "ceil": _whole(math.ceil),
    "clamp": lambda value, low, high: max(low, min(high, value)),
    "clamp_max": min,
    "clamp_min": max,
    "exp": _exponential,
    "floor": _whole(math.floor),
    "ln": _logarithm(math.log),
    "log10": _logarithm(math.log10),
    "log2": _logarithm(math.log2),
    "round": _round,
    "sgn": lambda value: float((value > 0) - (value < 0)),
    "sqrt": lambda value: math.sqrt(value) if value >= 0 else math.nan,
}
"""Of each value of a vector, and of further numbers."""


def _of_point(compute: Callable[[Point], float]) -> Callable[[Element], float | None]:
    return lambda element: None if element.point is None else compute(element.point)


OF_ELEMENTS: Mapping[str, Callable[[Element], float | None]] = {
    "histogram_avg": _of_point(lambda point: point.value),
    "histogram_count": _of_point(lambda point: point.count),
    "histogram_sum": _of_point(lambda point: point.sum),
    "timestamp": _of_point(lambda point: point.time),
}
"""Of each element of a vector that comes straight from a selector."""
