"""What CloudWatch keeps of the values of one metric: a bucket a second or a minute."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Bucket"]


class Bucket:
    """The values of one metric in one span of time.

    Attributes:
        count: how many values.
        total: their sum.
        low, high: the smallest and the largest.
        values: how often each value was there; None where somebody published statistics instead of values,
            which leaves nothing to take a percentile of (CloudWatch User Guide, "Percentiles").
    """

    __slots__ = ("count", "high", "low", "total", "values")

    def __init__(self) -> None:
        self.count = 0.0
        self.total = 0.0
        self.low = float("inf")
        self.high = float("-inf")
        self.values: dict[float, float] | None = {}

    def add(self, value: float, count: float = 1) -> None:
        """Count one more value, or ``count`` of it."""
        self.count += count
        self.total += value * count
        self.low = min(self.low, value)
        self.high = max(self.high, value)
        if self.values is not None:
            self.values[value] = self.values.get(value, 0) + count

    def add_statistics(self, *, count: float, total: float, low: float, high: float) -> None:
        """Count values of which only statistics are known; all equal, or one alone, are known after all."""
        if low == high or count == 1:
            self.add(total if count == 1 else low, count)
            return
        self.count += count
        self.total += total
        self.low = min(self.low, low)
        self.high = max(self.high, high)
        self.values = None

    @classmethod
    def merged(cls, buckets: Iterable[Bucket]) -> Bucket:
        """Return one bucket with all that several have."""
        made = cls()
        for bucket in buckets:
            made.count += bucket.count
            made.total += bucket.total
            made.low = min(made.low, bucket.low)
            made.high = max(made.high, bucket.high)
            if made.values is None or bucket.values is None:
                made.values = None
            else:
                for value, count in bucket.values.items():
                    made.values[value] = made.values.get(value, 0) + count
        return made
