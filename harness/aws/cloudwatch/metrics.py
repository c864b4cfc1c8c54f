"""The data points of an account: what PutMetricData stores, and what every query of metrics reads.

They are kept here and not by moto, which keeps a list of all values ever and searches it for each point of
each query.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.aws.cloudwatch.buckets import Bucket

__all__ = ["Metric", "Metrics", "Series", "dimensions_of"]

_HOUR, _DAY = 3600, 86_400
# How long data points are there, by the period asked for (CloudWatch User Guide, "Metrics retention").
_RETENTION = ((3600, 455 * _DAY), (300, 63 * _DAY), (60, 15 * _DAY), (1, 3 * _HOUR))
_LISTED = 14 * _DAY  # seconds that a metric is listed after its last data point (ListMetrics, API reference)

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """The identity of a metric; dimensions are in the order of their names."""

    namespace: str
    name: str
    dimensions: Dimensions = ()

    def members(self) -> dict[str, Any]:
        """Return it as AWS writes it."""
        return {
            "Namespace": self.namespace,
            "MetricName": self.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions],
        }


def dimensions_of(given: Iterable[Mapping[str, str]] | None) -> Dimensions:
    """Return dimensions as a metric has them."""
    return tuple(sorted((each["Name"], each["Value"]) for each in given or ()))


class Series:
    """The data points of one metric, by their unit.

    Attributes:
        latest: of its data points, in seconds since the epoch.
    """

    def __init__(self) -> None:
        self.latest = 0
        self._units: dict[str, dict[int, Bucket]] = {}
        self._order: dict[str, list[int]] = {}

    def at(self, moment: int, unit: str) -> Bucket:
        """Return the bucket to which a data point belongs."""
        buckets = self._units.setdefault(unit, {})
        if moment not in buckets:
            buckets[moment] = Bucket()
            self._order.pop(unit, None)
            self.latest = max(self.latest, moment)
        return buckets[moment]

    def units(self) -> list[str]:
        """Return the units in which there are data points."""
        return list(self._units)

    def points(
        self, start: float, end: float, period: int, *, unit: str | None = None, origin: int = 0
    ) -> dict[int, Bucket]:
        """Return a bucket for each period with data, by its first second, oldest first.

        Args:
            start: seconds since the epoch; data at it count.
            end: data at it do not.
            period: seconds.
            unit: of the data that count; all of them when left out.
            origin: where a period begins, so that all the others can be counted from it.
        """
        found: dict[int, list[Bucket]] = {}
        for each in self._units if unit is None else [unit]:
            buckets = self._units.get(each)
            if buckets is None:
                continue
            order = self._sorted(each)
            for moment in order[bisect_left(order, start) : bisect_left(order, end)]:
                begin = moment - (moment - origin) % period
                found.setdefault(begin, []).append(buckets[moment])
        moments = found if unit is not None or len(self._units) == 1 else sorted(found)
        return {
            moment: inside[0] if len(inside := found[moment]) == 1 else Bucket.merged(inside)
            for moment in moments
        }

    def _sorted(self, unit: str) -> list[int]:
        if unit not in self._order:
            self._order[unit] = sorted(self._units[unit])
        return self._order[unit]


class Metrics:
    """The metrics of an account, by region.

    Attributes:
        lock: to hold while they are read or changed.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._regions: dict[str, dict[Metric, Series]] = {}

    def series(self, region: str, metric: Metric) -> Series:
        """Return the data points of a metric, which comes into being with them."""
        return self._regions.setdefault(region, {}).setdefault(metric, Series())

    def find(self, region: str, metric: Metric) -> Series | None:
        """Return the data points of a metric; None if there never were any."""
        return self._regions.get(region, {}).get(metric)

    def listed(self, region: str, now: float, *, within: float = _LISTED) -> list[Metric]:
        """Return the metrics with data points in the last seconds, two weeks by default, in a fixed order."""
        metrics = self._regions.get(region, {})
        found = [metric for metric, series in metrics.items() if series.latest >= now - within]
        return sorted(found, key=lambda metric: (metric.namespace, metric.name, metric.dimensions))

    def points(
        self, region: str, metric: Metric, *, start: float, end: float, period: int, now: float,
        unit: str | None = None, origin: int = 0,
    ) -> dict[int, Bucket]:  # fmt: skip
        """Return what a query of one metric finds; arguments as of ``Series.points``, and the time."""
        with self.lock:
            series = self.find(region, metric)
            if series is None:
                return {}
            start = max(rounded_start(start, period, now), oldest(period, now))
            return series.points(start, end, period, unit=unit, origin=origin)


def oldest(period: int, now: float) -> float:
    """Return the earliest moment of which data points of a period are still there."""
    return next(now - age for least, age in _RETENTION if period >= least)


def rounded_start(start: float, period: int, now: float) -> int:
    """Round a start down: to a minute, from 15 days ago on to five, from 63 days ago on to an hour.

    A period of less than a minute rounds to itself (GetMetricData, API reference, ``StartTime``).
    """
    age = now - start
    step = 60 if age < 15 * _DAY else 300 if age < 63 * _DAY else _HOUR
    step = period if period < 60 else step
    return math.floor(start / step) * step
