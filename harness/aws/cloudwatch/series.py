"""Time series as the expressions of GetMetricData compute with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from harness.aws.cloudwatch.metrics import oldest, rounded_start

__all__ = ["ExpressionError", "Span", "TimeSeries", "Value"]


class ExpressionError(Exception):
    """An expression that cannot be read or computed; the text says why."""


@dataclass(frozen=True, kw_only=True)
class TimeSeries:
    """A time series.

    Attributes:
        label: by default that of its metric or group.
        period: seconds.
        values: by seconds since the epoch, oldest first.
        properties: of its metric, for ``${PROP('MetricName')}`` in labels.
    """

    label: str
    period: int
    values: Mapping[int, float]
    properties: Mapping[str, str] = field(default_factory=dict)

    def of(self, values: Iterable[tuple[int, float]]) -> TimeSeries:
        """Return a series of the same name with other values, those of them that are finite."""
        return replace(self, values={moment: value for moment, value in values if math.isfinite(value)})

    def each(self, compute: Callable[[float], float | None]) -> TimeSeries:
        """Compute each value; what has no finite result is left out, as AWS leaves out a division by zero."""
        results = ((moment, compute(value)) for moment, value in self.values.items())
        return self.of((moment, result) for moment, result in results if result is not None)


@dataclass(frozen=True, kw_only=True)
class Span:
    """The time that a request is about.

    Attributes:
        start, end: seconds since the epoch; data at the end do not count.
        now: of the request.
        period: seconds, where an expression has no metric to take it from.
    """

    start: float
    end: float
    now: float
    period: int

    def moments(self, period: int) -> range:
        """Return every moment at which a value may be; none of which AWS keeps nothing, or in the future.

        Both bound the work: a request may ask for any second since 1970.
        """
        start = max(rounded_start(self.start, period, self.now), oldest(period, self.now))
        return range(math.floor(start / period) * period, math.ceil(min(self.end, self.now + 7200)), period)


Value = float | str | TimeSeries | list[TimeSeries]
"""What an expression yields: a scalar, a text, a time series, an array of time series."""
