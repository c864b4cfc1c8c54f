"""The statistics of CloudWatch, from ``Average`` to ``TM(10%:90%)``.

Source: CloudWatch User Guide, "CloudWatch statistics definitions". AWS takes percentiles of a compressed
distribution; here they are those of the very values, interpolated between neighbours, so the two may differ
by the width of AWS's compression. Percentiles and their kin are there only of values that are not negative
(PutMetricData, API reference).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from harness.aws.cloudwatch.buckets import Bucket

__all__ = ["SIMPLE", "Statistic", "statistic"]

Statistic = Callable[[Bucket], float | None]
"""From a bucket, which is not empty, to the value of a statistic; None where the statistic is not there."""

SIMPLE: Mapping[str, Statistic] = {
    "SampleCount": lambda bucket: bucket.count,
    "Average": lambda bucket: bucket.total / bucket.count,
    "Sum": lambda bucket: bucket.total,
    "Minimum": lambda bucket: bucket.low,
    "Maximum": lambda bucket: bucket.high,
}
_NUMBER = r"\d{1,12}(?:\.\d{0,10})?"
_PERCENT = r"(?:\d{1,2}(?:\.\d{0,10})?|100(?:\.0{0,10})?)"
_SHORT = re.compile(rf"(p|tm|wm|tc|ts)({_PERCENT})", re.ASCII)
_Points = list[tuple[float, float]]  # (value, how often), in order


@lru_cache(maxsize=512)
def statistic(name: str) -> Statistic | None:
    """Return a statistic by its name; None if there is none of that name."""
    if name in SIMPLE:
        return SIMPLE[name]
    if name == "IQM":
        return _of_range("TM", 0.25, 0.75)
    short = _SHORT.fullmatch(name)
    if short is not None:
        share = float(short[2]) / 100
        return (
            _of_values(lambda points: _percentile(points, share))
            if short[1] == "p"
            else _of_range(short[1].upper(), 0, share)
        )
    return _bounded(name)


def _bounded(name: str) -> Statistic | None:
    """Return a statistic with two bounds, one of which may be left out: percents or values."""
    found = re.fullmatch(r"(TM|WM|TC|TS|PR)\(([^:]*):([^:]*)\)", name)
    if found is None or not (found[2] or found[3]):
        return None
    kind, bounds = found[1], (found[2], found[3])
    if all(re.fullmatch(rf"({_PERCENT}%)?", bound, re.ASCII) for bound in bounds) and kind != "PR":
        low, high = (float(bound[:-1]) / 100 if bound else None for bound in bounds)
        low, high = low or 0.0, 1.0 if high is None else high
        return _of_range(kind, low, high) if low < high else None
    if all(re.fullmatch(rf"({_NUMBER})?", bound, re.ASCII) for bound in bounds):
        low, high = (float(bound) if bound else None for bound in bounds)
        if low is not None and high is not None and low >= high:
            return None
        return _of_values(lambda points: _within(kind, points, low, high))
    return None


def _of_values(compute: Callable[[_Points], float | None]) -> Statistic:
    def value(bucket: Bucket) -> float | None:
        if bucket.values is None or bucket.low < 0:
            return None
        return compute(sorted(bucket.values.items()))

    return value


def _of_range(kind: str, low: float, high: float) -> Statistic:
    return _of_values(lambda points: _between(kind, points, low, high))


def _percentile(points: _Points, share: float) -> float:
    """Interpolate between the two values around a rank."""
    rank = share * (sum(count for _, count in points) - 1)
    passed = 0.0
    for number, (value, count) in enumerate(points):
        passed += count
        if rank <= passed - 1 or number == len(points) - 1:
            return value
        if rank < passed:
            return value + (points[number + 1][0] - value) * (rank - (passed - 1))
    return points[-1][0]


def _between(kind: str, points: _Points, low: float, high: float) -> float | None:
    """Take whole values off both ends, as many as are wholly outside of the two shares."""
    count = sum(each for _, each in points)
    off, end = int(low * count + 1e-9), count - int((1 - high) * count + 1e-9)
    kept, passed = [], 0.0
    for value, each in points:
        inside = min(passed + each, end) - max(passed, off)
        if inside > 0:
            kept.append((value, inside))
        passed += each
    if not kept:
        return None
    if kind == "WM":
        outside = kept[0][0] * off + kept[-1][0] * (count - end)
        return (outside + sum(value * each for value, each in kept)) / count
    return _of_kept(kind, kept, count)


def _within(kind: str, points: _Points, low: float | None, high: float | None) -> float | None:
    """Take the values above the lower bound, and up to the upper one."""
    count = sum(each for _, each in points)
    if kind == "WM":
        clamped = [
            (max(value if low is None else low, min(value if high is None else high, value)), each)
            for value, each in points
        ]
        return sum(value * each for value, each in clamped) / count
    kept = [
        (value, each)
        for value, each in points
        if (low is None or value > low) and (high is None or value <= high)
    ]
    return _of_kept(kind, kept, count)


def _of_kept(kind: str, kept: _Points, count: float) -> float | None:
    number = sum(each for _, each in kept)
    total = sum(value * each for value, each in kept)
    match kind:
        case "TC":
            return number
        case "TS":
            return total
        case "PR":
            return 100 * number / count
        case _:
            return total / number if number else None
