"""What PromQL works on: series of points, and vectors of one value a series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.aws.foreign_patterns import InvalidPatternError, compiled

__all__ = ["Element", "Labels", "Matcher", "Point", "QueryError", "Series", "Source", "Vector", "fullmatch"]

Labels = Mapping[str, str]
_SECONDS = 2.0  # that one regular expression may take on one label


class QueryError(Exception):
    """A query that cannot be read or evaluated; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """What was measured in one minute: when (seconds since the epoch), how often, and the sum of it.

    CloudWatch keeps statistics, not samples, so a point is a histogram without its buckets: the value of a
    plain selector is the average; ``histogram_sum``, ``histogram_count`` and ``histogram_avg`` see the rest.
    """

    time: float
    count: float
    sum: float

    @property
    def value(self) -> float:
        """The average."""
        return self.sum / self.count if self.count else float("nan")


@dataclass(frozen=True, kw_only=True)
class Series:
    """A metric's points, the oldest first, and its labels, ``__name__`` among them."""

    labels: Labels
    points: Sequence[Point]


@dataclass(frozen=True, kw_only=True)
class Element:
    """One value of a vector; ``point`` is what it comes from, where a selector gave it."""

    labels: Labels
    value: float
    point: Point | None = None


Vector = list[Element]


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """A condition on a label: ``=``, ``!=``, ``=~`` or ``!~``; an absent label counts as empty."""

    name: str
    operator: str
    value: str

    def matches(self, labels: Labels) -> bool:
        """Tell whether the condition holds.

        Raises:
            QueryError: the value is no regular expression, or takes too long.
        """
        found = labels.get(self.name, "")
        if self.operator in {"=", "!="}:
            return (found == self.value) is (self.operator == "=")
        return (fullmatch(self.value, found) is not None) is (self.operator == "=~")


def fullmatch(pattern: str, subject: str) -> Any:
    """Match a whole text with a regular expression; None where it does not.

    Raises:
        QueryError: the pattern is no regular expression, or takes too long.
    """
    try:
        return compiled(pattern).fullmatch(subject, timeout=_SECONDS)
    except InvalidPatternError as error:
        raise QueryError(f"invalid regular expression: {error}") from None
    except TimeoutError:
        raise QueryError("a regular expression takes too long") from None


class Source(Protocol):
    """Where the series are."""

    def series(self, matchers: Sequence[Matcher], start: float, end: float) -> Sequence[Series]:
        """Return the series that match, with their points in a time; both ends count."""
        ...
