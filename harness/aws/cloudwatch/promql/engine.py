"""Evaluates a query at one time, or at every step of a range."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from harness.aws.cloudwatch.promql.functions import OF_ELEMENTS, OF_NUMBERS, OF_RANGES, quantile
from harness.aws.cloudwatch.promql.operators import NAME, aggregate, combine, without_name
from harness.aws.cloudwatch.promql.reading import parse
from harness.aws.cloudwatch.promql.values import (
    Element,
    Matcher,
    Point,
    QueryError,
    Series,
    Source,
    Vector,
    fullmatch,
)

__all__ = ["Engine"]

_LOOKBACK = 300.0  # seconds: how old the last point of a selector may be
_MOST_STEPS = 11_000  # of a range query, as in Prometheus
_MOST_POINTS = 2_000_000  # that one query may look at; a series, and a step of evaluation, count as ten
_NAME_OF_DATAPOINT = "@datapoint.@name"  # CloudWatch User Guide, "PromQL querying": the same as the name
_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
Value = Vector | float | str


class Engine:
    """Evaluates queries over a source of series."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = _MOST_POINTS

    def instant(self, query: str, at: float) -> Value:
        """Evaluate a query at one time, in seconds since the epoch.

        Raises:
            QueryError: it cannot be read or evaluated.
        """
        return self._evaluate(parse(query), at)

    def range(self, query: str, start: float, end: float, step: float) -> list[Series]:
        """Evaluate a query at every step.

        Raises:
            QueryError: it cannot be read or evaluated, or has too many steps.
        """
        if not step > 0 or end < start or (end - start) / step > _MOST_STEPS:
            raise QueryError(f"a range has from one to {_MOST_STEPS:,} steps, and ends after it begins")
        expression = parse(query)
        found: dict[tuple[tuple[str, str], ...], list[Point]] = {}
        for number in range(math.floor((end - start) / step) + 1):
            at = start + number * step
            value = self._evaluate(expression, at)
            if isinstance(value, str):
                raise QueryError("a range query gives numbers, not text")
            elements = [Element(labels={}, value=value)] if isinstance(value, float) else value
            for element in elements:
                key = tuple(sorted(element.labels.items()))
                found.setdefault(key, []).append(Point(time=at, count=1, sum=element.value))
        return [Series(labels=dict(key), points=points) for key, points in found.items()]

    def matching(self, selectors: Sequence[str], start: float, end: float) -> list[Series]:
        """Return the series that any of some selectors selects; all of them where there is none.

        Raises:
            QueryError: one is no selector.
        """
        found: dict[tuple[tuple[str, str], ...], Series] = {}
        for matchers in [_matchers(_selector(each)) for each in selectors] or [[]]:
            for series in self._series(matchers, start, end):
                found[tuple(sorted(series.labels.items()))] = series
        return list(found.values())

    def _series(self, matchers: Sequence[Matcher], start: float, end: float) -> Sequence[Series]:
        found = self._source.series(matchers, start, end)
        self._spend(sum(10 + len(series.points) for series in found))
        return found

    def _spend(self, points: int) -> None:
        self._left -= points
        if self._left < 0:
            raise QueryError("the query looks at too many points")

    def _evaluate(self, expression: Any, at: float) -> Value:
        try:
            return self._value(expression, at)
        except RecursionError:
            raise QueryError("the query is nested too deeply") from None

    def _value(self, node: Any, at: float) -> Value:
        self._spend(10)
        kind = type(node).__name__
        if kind in {"NumberLiteral", "StringLiteral"}:
            return node.val  # type: ignore[no-any-return]  # a float or a str
        evaluations: dict[str, Callable[[], Value]] = {
            "ParenExpr": lambda: self._value(node.expr, at),
            "UnaryExpr": lambda: combine("*", self._number_or_vector(node.expr, at), -1.0, None),
            "VectorSelector": lambda: self._select(node, at),
            "BinaryExpr": lambda: self._binary(node, at),
            "AggregateExpr": lambda: self._aggregate(node, at),
            "Call": lambda: self._call(node, at),
        }
        if kind not in evaluations:
            raise QueryError(f"{kind} has no value at one time: a function of a range is needed")
        return evaluations[kind]()

    def _binary(self, node: Any, at: float) -> Value:
        left, right = self._number_or_vector(node.lhs, at), self._number_or_vector(node.rhs, at)
        return combine(str(node.op), left, right, node.modifier)

    def _aggregate(self, node: Any, at: float) -> Value:
        parameter = None if node.param is None else self._value(node.param, at)
        if isinstance(parameter, list):
            raise QueryError("the parameter of an aggregation is a number or a string")
        return aggregate(str(node.op), self._vector(node.expr, at), node.modifier, parameter)

    def _number_or_vector(self, node: Any, at: float) -> Vector | float:
        value = self._value(node, at)
        if isinstance(value, str):
            raise QueryError("a number or a vector is needed, not text")
        return value

    def _vector(self, node: Any, at: float) -> Vector:
        value = self._value(node, at)
        if not isinstance(value, list):
            raise QueryError("an instant vector is needed")
        return value

    def _number(self, node: Any, at: float) -> float:
        value = self._value(node, at)
        if not isinstance(value, float):
            raise QueryError("a number is needed")
        return value

    def _select(self, node: Any, at: float) -> Vector:
        when = _when(node, at)
        return [
            Element(labels=series.labels, value=series.points[-1].value, point=series.points[-1])
            for series in self._series(_named(node), when - _LOOKBACK, when)
            if series.points
        ]

    def _ranges(self, node: Any, at: float) -> tuple[list[Series], float]:
        """Return the series of a range, and its length in seconds."""
        kind = type(node).__name__
        if kind == "ParenExpr":
            return self._ranges(node.expr, at)
        if kind not in {"MatrixSelector", "SubqueryExpr"}:
            raise QueryError("a range vector is needed, such as x[5m]")
        seconds = _seconds(node.range)
        if kind == "MatrixSelector":
            selector = node.vector_selector
            when = _when(selector, at)
            found = self._series(_named(selector), when - seconds, when)
            return [series for series in found if series.points], seconds
        when = _when(node, at)
        step = _seconds(node.step) if node.step else 60.0
        first = math.ceil((when - seconds) / step) * step
        points: dict[tuple[tuple[str, str], ...], list[Point]] = {}
        if seconds / step > _MOST_STEPS:
            raise QueryError(f"a subquery has {_MOST_STEPS:,} steps at most")
        for number in range(math.floor((when - first) / step) + 1):
            moment = first + number * step
            for element in self._vector(node.expr, moment):
                key = tuple(sorted(element.labels.items()))
                points.setdefault(key, []).append(Point(time=moment, count=1, sum=element.value))
        return [Series(labels=dict(key), points=each) for key, each in points.items()], seconds

    def _call(self, node: Any, at: float) -> Value:
        name, arguments = node.func.name, list(node.args)
        if name in OF_RANGES:
            found, seconds = self._ranges(arguments[0], at)
            values = [(series, OF_RANGES[name](series.points, seconds)) for series in found]
            return [
                Element(labels=without_name(series.labels), value=value)
                for series, value in values
                if value is not None
            ]
        if name == "quantile_over_time":
            wanted = self._number(arguments[0], at)
            return [
                Element(
                    labels=without_name(series.labels),
                    value=quantile(wanted, [point.value for point in series.points]),
                )
                for series in self._ranges(arguments[1], at)[0]
            ]
        if name in OF_NUMBERS:
            more = [self._number(argument, at) for argument in arguments[1:]]
            return [
                Element(labels=without_name(element.labels), value=OF_NUMBERS[name](element.value, *more))
                for element in self._vector(arguments[0], at)
            ]
        if name in OF_ELEMENTS:
            computed = [(each, OF_ELEMENTS[name](each)) for each in self._vector(arguments[0], at)]
            return [
                Element(labels=without_name(element.labels), value=value)
                for element, value in computed
                if value is not None
            ]
        return self._other(name, arguments, at)

    def _other(self, name: str, arguments: Sequence[Any], at: float) -> Value:
        match name:
            case "time":
                return float(at)
            case "vector":
                return [Element(labels={}, value=self._number(arguments[0], at))]
            case "scalar":
                vector = self._vector(arguments[0], at)
                return vector[0].value if len(vector) == 1 else math.nan
            case "sort" | "sort_desc":
                vector = self._vector(arguments[0], at)
                return sorted(vector, key=lambda each: each.value, reverse=name == "sort_desc")
            case "absent":
                return [] if self._vector(arguments[0], at) else [Element(labels={}, value=1.0)]
            case "label_replace":
                texts = [str(self._value(argument, at)) for argument in arguments[1:]]
                return [_relabelled(each, *texts) for each in self._vector(arguments[0], at)]
            case _:
                raise QueryError(f"function {name} is not implemented")


def _selector(text: str) -> Any:
    node = parse(text)
    if type(node).__name__ != "VectorSelector":
        raise QueryError("a series selector is needed")
    return node


def _matchers(node: Any) -> list[Matcher]:
    found = [
        Matcher(
            name=NAME if each.name == _NAME_OF_DATAPOINT else each.name,
            operator=_OPERATORS[str(each.op).rpartition(".")[2]],
            value=each.value,
        )
        for each in node.matchers.matchers
    ]
    if node.matchers.or_matchers:
        raise QueryError("alternatives between matchers are not implemented")
    if node.name:
        found.append(Matcher(name=NAME, operator="=", value=node.name))
    return found


def _named(node: Any) -> list[Matcher]:
    """Return the matchers of a selector in a query, which must name a metric.

    Source: CloudWatch API, QueryMetrics, ``query``: series are not selected by labels alone.
    """
    found = _matchers(node)
    if not any(each.name == NAME and each.operator in {"=", "=~"} and each.value for each in found):
        raise QueryError("a selector must name a metric: selecting series by labels alone is not supported")
    return found


def _when(node: Any, at: float) -> float:
    """Return the time that a selector looks at: ``@`` and ``offset`` move it."""
    if node.at is not None:
        try:
            at = float(str(node.at).removeprefix("@ "))
        except ValueError:
            raise QueryError("@ takes a time in seconds here") from None
    return at - _seconds(node.offset) if node.offset is not None else at


def _seconds(duration: timedelta) -> float:
    return duration.total_seconds()


def _relabelled(element: Element, to: str, replacement: str, of: str, pattern: str) -> Element:
    found = fullmatch(pattern, element.labels.get(of, ""))
    if found is None:
        return element
    value = re.sub(r"\$(\d)", lambda each: _part(found, int(each[1])), replacement)
    return Element(labels={**element.labels, to: value}, value=element.value)


def _part(found: Any, number: int) -> str:
    return (found[number] or "") if number <= len(found.groups()) else ""
