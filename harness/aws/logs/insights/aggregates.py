"""The functions of ``stats``: of a group of rows, a value.

Source: CloudWatch Logs User Guide, "stats".
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.aws.logs.insights.events import Row
from harness.aws.logs.insights.values import Value, number, show

__all__ = ["AGGREGATES", "Group"]

Evaluate = Callable[[Any], Value]


class Group:
    """Rows with the same values of the ``by`` fields; a plain field in ``stats`` is that of the first."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    def get(self, name: str) -> Value:
        """Return a field of the group."""
        return self.rows[0].get(name) if self.rows else None


Aggregate = Callable[[Group, Sequence[Evaluate]], Value]


def _numbers(group: Group, arguments: Sequence[Evaluate]) -> list[float]:
    values = (number(arguments[0](row)) for row in group.rows) if arguments else ()
    return [value for value in values if value is not None]


def _present(group: Group, arguments: Sequence[Evaluate]) -> list[Value]:
    values = (arguments[0](row) for row in group.rows) if arguments else ()
    return [value for value in values if value is not None]


def _of(compute: Callable[[list[float]], float]) -> Aggregate:
    def run(group: Group, arguments: Sequence[Evaluate]) -> Value:
        numbers = _numbers(group, arguments)
        return compute(numbers) if numbers else None

    return run


def _count(group: Group, arguments: Sequence[Evaluate]) -> Value:
    return float(len(_present(group, arguments) if arguments else group.rows))


def _count_distinct(group: Group, arguments: Sequence[Evaluate]) -> Value:
    return float(len({show(value) for value in _present(group, arguments)}))


def _percentile(group: Group, arguments: Sequence[Evaluate]) -> Value:
    numbers = sorted(_numbers(group, arguments))
    wanted = number(arguments[1](group.rows[0])) if len(arguments) == 2 and group.rows else None
    if not numbers or wanted is None or not 0 <= wanted <= 100:
        return None
    return numbers[max(0, math.ceil(len(numbers) * wanted / 100) - 1)]


def _at_end(last: bool, *, by_time: bool) -> Aggregate:
    """Return the value of the earliest or latest event that has one, or the one that sorts first or last."""

    def run(group: Group, arguments: Sequence[Evaluate]) -> Value:
        if not arguments:
            return None
        rows = [row for row in group.rows if arguments[0](row) is not None]
        if not rows:
            return None

        def place(row: Row) -> Any:
            return show(row.get("@timestamp") or "") if by_time else show(arguments[0](row))

        return arguments[0]((max if last else min)(rows, key=place))

    return run


AGGREGATES: Mapping[str, Aggregate] = {
    "avg": _of(statistics.fmean),
    "count": _count,
    "count_distinct": _count_distinct,
    "max": _of(max),
    "min": _of(min),
    "pct": _percentile,
    "percentile": _percentile,
    "stddev": _of(statistics.pstdev),
    "sum": _of(math.fsum),
    "earliest": _at_end(last=False, by_time=True),
    "latest": _at_end(last=True, by_time=True),
    "sortsfirst": _at_end(last=False, by_time=False),
    "sortslast": _at_end(last=True, by_time=False),
}
