"""Metrics Insights: ``SELECT AVG(CPU) FROM SCHEMA("AWS/EC2", InstanceId) GROUP BY InstanceId LIMIT 5``.

Source: CloudWatch User Guide, "Metrics Insights query components and syntax". Where AWS takes tags of
resources into a query (``tag.x``), this AWS finds no metric: it has no resources.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from harness.aws.cloudwatch.functions import AGGREGATES
from harness.aws.cloudwatch.metrics import Metric
from harness.aws.cloudwatch.series import ExpressionError, TimeSeries
from harness.aws.cloudwatch.statistics import SIMPLE, Statistic

__all__ = ["Insight", "is_insight", "parse", "ranked"]

_FUNCTIONS: Mapping[str, str] = {
    "AVG": "Average",
    "COUNT": "SampleCount",
    "MAX": "Maximum",
    "MIN": "Minimum",
    "SUM": "Sum",
}
_ORDERS = {**{name: name for name in _FUNCTIONS}, "COUNT": "DATAPOINT_COUNT"}
_LIMIT = 500  # series, which is also the most that AWS answers with
_TOKEN = re.compile(
    r"\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|'(?P<text>(?:[^'\\]|\\.)*)'"
    r"|(?P<sign>!=|<>|[(),=])|(?P<word>[\w.]+))"
)

Test = Callable[[Metric], bool]


@dataclass(frozen=True, kw_only=True)
class Insight:
    """A query.

    Attributes:
        statistic: of the values of each group.
        test: whether a metric counts.
        group: names of dimensions; a metric without one of them is in no group.
        order: a function of ``AGGREGATES``, by which groups are ranked; empty for none.
        is_descending: whether the largest is first.
        limit: at most so many groups.
    """

    statistic: Statistic
    test: Test
    group: tuple[str, ...]
    order: str
    is_descending: bool
    limit: int

    def group_of(self, metric: Metric) -> tuple[str, ...] | None:
        """Return the group of a metric; None when it does not count."""
        dimensions = dict(metric.dimensions)
        if not self.test(metric) or any(name not in dimensions for name in self.group):
            return None
        return tuple(dimensions[name] for name in self.group)


def is_insight(text: str) -> bool:
    """Tell whether an expression is a query of Metrics Insights."""
    return re.match(r"\s*SELECT\s", text, re.IGNORECASE) is not None


def ranked(insight: Insight, series: list[TimeSeries]) -> list[TimeSeries]:
    """Put the series of a query into its order, and leave out what is beyond its limit."""
    if insight.order:
        rank = AGGREGATES[insight.order]
        series = sorted(
            series,
            key=lambda each: rank(list(each.values.values())) or 0.0,
            reverse=insight.is_descending,
        )
    return series[: insight.limit]


@lru_cache(maxsize=128)
def parse(text: str) -> Insight:
    """Read a query.

    Raises:
        ExpressionError: it is none.
    """
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._at, at, text = 0, 0, text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                at = len(text) - len(text[at:].lstrip())
                raise ExpressionError(f"syntax error at character {at + 1} of the query")
            kind = str(match.lastgroup)
            self._tokens.append((kind, re.sub(r"\\(.)", r"\1", match[kind])))
            at = match.end()
        self._tokens.append(("end", ""))

    def query(self) -> Insight:
        self._keyword("SELECT")
        function = self._function()
        name = self._name()
        self._sign(")")
        self._keyword("FROM")
        tests = [lambda metric: metric.name == name, self._source()]
        if self._accept("WHERE"):
            tests.append(self._condition())
            while self._accept("AND"):
                tests.append(self._condition())
        group = self._grouped() if self._accept("GROUP") else ()
        order, is_descending = self._ordered() if self._accept("ORDER") else ("", False)
        limit = self._limit() if self._accept("LIMIT") else _LIMIT
        if self._tokens[self._at][0] != "end":
            raise self._error()
        return Insight(
            statistic=SIMPLE[_FUNCTIONS[function]],
            test=lambda metric: all(test(metric) for test in tests),
            group=group,
            order=order,
            is_descending=is_descending,
            limit=limit,
        )

    def _source(self) -> Test:
        if not self._accept("SCHEMA"):
            namespace = self._name()
            return lambda metric: metric.namespace == namespace
        self._sign("(")
        namespace, names = self._name(), []
        while self._accepts_sign(","):
            names.append(self._name())
        self._sign(")")
        wanted = sorted(names)
        return lambda metric: (
            metric.namespace == namespace and [name for name, _ in metric.dimensions] == wanted
        )

    def _condition(self) -> Test:
        key = self._name()
        is_equal = self._accepts_sign("=")
        if not (is_equal or self._accepts_sign("!=") or self._accepts_sign("<>")):
            raise self._error()
        kind, value = self._tokens[self._at]
        if kind != "text":
            raise self._error()
        self._at += 1
        return lambda metric: (
            key in dict(metric.dimensions) and ((dict(metric.dimensions)[key] == value) is is_equal)
        )

    def _grouped(self) -> tuple[str, ...]:
        self._keyword("BY")
        names = [self._name()]
        while self._accepts_sign(","):
            names.append(self._name())
        return tuple(names)

    def _ordered(self) -> tuple[str, bool]:
        self._keyword("BY")
        order = _ORDERS[self._function()]
        self._sign(")")
        is_descending = self._accept("DESC")
        if not is_descending:
            self._accept("ASC")
        return order, is_descending

    def _limit(self) -> int:
        kind, value = self._tokens[self._at]
        if kind != "word" or not re.fullmatch(r"[0-9]{1,3}", value) or not 0 < int(value) <= _LIMIT:
            raise self._error()
        self._at += 1
        return int(value)

    def _function(self) -> str:
        name = self._tokens[self._at][1].upper()
        if self._tokens[self._at][0] != "word" or name not in _FUNCTIONS:
            raise self._error()
        self._at += 1
        self._sign("(")
        return name

    def _name(self) -> str:
        kind, value = self._tokens[self._at]
        if kind not in {"word", "quoted"} or not value:
            raise self._error()
        self._at += 1
        return value

    def _accept(self, keyword: str) -> bool:
        kind, value = self._tokens[self._at]
        found = kind == "word" and value.upper() == keyword
        self._at += found
        return found

    def _keyword(self, keyword: str) -> None:
        if not self._accept(keyword):
            raise self._error()

    def _accepts_sign(self, sign: str) -> bool:
        found = self._tokens[self._at] == ("sign", sign)
        self._at += found
        return found

    def _sign(self, sign: str) -> None:
        if not self._accepts_sign(sign):
            raise self._error()

    def _error(self) -> ExpressionError:
        found = self._tokens[self._at][1]
        return ExpressionError(f"syntax error near '{found}'" if found else "the query ends too early")
