"""The queries of one GetMetricData call, computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.aws.cloudwatch import arithmetic, expressions, insights, search
from harness.aws.cloudwatch.buckets import Bucket
from harness.aws.cloudwatch.expressions import Array, Binary, Function, Name, Negative, Node, Number, Text
from harness.aws.cloudwatch.functions import FUNCTIONS
from harness.aws.cloudwatch.labels import telling
from harness.aws.cloudwatch.metrics import Metric, Metrics, dimensions_of
from harness.aws.cloudwatch.series import ExpressionError, Span, TimeSeries, Value
from harness.aws.cloudwatch.statistics import Statistic, statistic
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["PERIODS", "Evaluation", "is_period"]

PERIODS = frozenset({1, 5, 10, 20, 30})  # seconds; and every multiple of 60
_FOUND = 100  # series of one SEARCH (CloudWatch User Guide, "Using search expressions in graphs")
_WORK = 2_000_000  # values that the queries of a call may compute, so that no call takes longer than seconds
_KEYWORDS = frozenset({"ASC", "AVG", "DESC", "LINEAR", "MAX", "MIN", "REPEAT", "SUM"})


def is_period(period: int) -> bool:
    """Tell whether AWS has data points of a period."""
    return period in PERIODS or period % 60 == 0


class Evaluation:
    """Computes queries, each once, whichever refers to whichever.

    Args:
        call: of GetMetricData.
        queries: all of them.
        span: what they are about.

    Attributes:
        is_cut: whether a search found more series than AWS answers with.
    """

    def __init__(self, call: Context, queries: Sequence[Mapping[str, Any]], span: Span) -> None:
        self._call = call
        self._queries = {query["Id"]: query for query in queries}
        self._span = span
        self._metrics = call.aws.state(Metrics)
        self._values: dict[str, Value] = {}
        self._open: list[str] = []
        self._labels = _labels(queries)
        self._left = _WORK
        self.is_cut = False

    def results(self, query: Mapping[str, Any]) -> list[TimeSeries]:
        """Return the series of a query: one, or as many as its expression finds.

        Raises:
            AwsError: ``ValidationError``, when its expression cannot be computed. The text is ours.
        """
        try:
            value = _time_series(self._value(query["Id"]))
        except ExpressionError as error:
            raise AwsError("ValidationError", f"Error in expression '{query['Id']}': {error}") from None
        if isinstance(value, list):
            return value
        return [replace(value, label=self._labels.get(query["Id"], query["Id"]))]

    def _value(self, identifier: str) -> Value:
        if identifier not in self._values:
            if identifier in self._open:
                raise ExpressionError(f"'{identifier}' refers to itself")
            self._open.append(identifier)
            query = self._queries[identifier]
            stat = query.get("MetricStat")
            self._values[identifier] = (
                self._expression(query) if stat is None else self._metric(stat, query.get("AccountId"))
            )
            self._open.pop()
        return self._values[identifier]

    def _metric(self, stat: Mapping[str, Any], account: str | None) -> TimeSeries:
        metric = _metric(stat)
        if account not in {None, self._call.aws.account_id}:  # no other account shares its metrics
            return TimeSeries(label=metric.name, period=stat["Period"], values={})
        return self._series(metric, stat["Stat"], stat["Period"], unit=stat.get("Unit"))

    def _series(self, metric: Metric, stat: str, period: int, *, unit: str | None = None) -> TimeSeries:
        compute = _statistic(stat, period)
        points = self._points(metric, period, unit)
        values = ((moment, compute(bucket)) for moment, bucket in points.items())
        return TimeSeries(
            label=metric.name,
            period=period,
            values={moment: value for moment, value in values if value is not None},
            properties={
                **dict(metric.dimensions),
                "AccountId": self._call.aws.account_id,
                "MetricName": metric.name,
                "Namespace": metric.namespace,
                "Period": str(period),
                "Region": self._call.region,
                "Stat": stat,
            },
        )

    def _listed(self) -> list[Metric]:
        found = self._metrics.listed(self._call.region, self._call.now)
        self._work(len(found))
        return found

    def _points(self, metric: Metric, period: int, unit: str | None = None) -> dict[int, Bucket]:
        found = self._metrics.points(
            self._call.region,
            metric,
            start=self._span.start,
            end=self._span.end,
            period=period,
            now=self._span.now,
            unit=unit,
        )
        self._work(len(found))
        return found

    def _expression(self, query: Mapping[str, Any]) -> Value:
        text = query["Expression"]
        if insights.is_insight(text):
            if "Period" not in query:
                raise ExpressionError("a query of Metrics Insights needs a period")
            return self._insight(text, query["Period"], query["Id"])
        return self._node(expressions.parse(text), query)

    def _node(self, node: Node, query: Mapping[str, Any]) -> Value:
        return self._counted(self._computed(node, query))

    def _counted(self, value: Value) -> Value:
        self._work(sum(len(each.values) for each in value) if isinstance(value, list) else 0)
        self._work(len(value.values) if isinstance(value, TimeSeries) else 0)
        return value

    def _work(self, values: int) -> None:
        self._left -= values
        if self._left < 0:
            raise ExpressionError(f"the queries compute more than {_WORK:,} values")

    def _computed(self, node: Node, query: Mapping[str, Any]) -> Value:
        match node:
            case Number(value) | Text(value):
                return value
            case Name(name):
                return self._named(name)
            case Negative(operand):
                return arithmetic.negative(self._node(operand, query))
            case Binary():
                return self._operated(node, query)
            case Array(items):
                return self._array(items, query)
            case Function(name, arguments):
                return self._function(name, [self._node(each, query) for each in arguments], query)

    def _operated(self, node: Binary, query: Mapping[str, Any]) -> Value:
        """Compute from left to right: a long sum is nested deeply, but only on its left."""
        rest: list[Binary] = []
        left: Node = node
        while isinstance(left, Binary):
            rest.append(left)
            left = left.left
        value = self._node(left, query)
        for each in reversed(rest):
            value = self._counted(arithmetic.operate(each.sign, value, self._node(each.right, query)))
        return value

    def _named(self, name: str) -> Value:
        if name in self._queries:
            return self._value(name)
        if name.upper() in _KEYWORDS:
            return name.upper()
        raise ExpressionError(f"no query has the id '{name}'")

    def _array(self, items: Sequence[Node], query: Mapping[str, Any]) -> list[TimeSeries]:
        found: list[TimeSeries] = []
        for value in (_time_series(self._node(item, query)) for item in items):
            found += value if isinstance(value, list) else [value]
        return found

    def _function(self, name: str, arguments: Sequence[Value], query: Mapping[str, Any]) -> Value:
        if name == "METRICS":
            return self._all(arguments)
        if name == "SEARCH":
            return self._search(arguments, query)
        if name not in FUNCTIONS:
            raise ExpressionError(f"there is no function {name}")
        least, most, compute = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            raise ExpressionError(f"{name} does not take {len(arguments)} arguments")
        span = replace(self._span, period=query.get("Period", self._span.period))
        return compute(arguments, span)

    def _all(self, arguments: Sequence[Value]) -> list[TimeSeries]:
        """Return the series of the request's metrics, or of those with a text in their id."""
        part = arguments[0] if arguments else ""
        if len(arguments) > 1 or not isinstance(part, str):
            raise ExpressionError("METRICS takes a part of an id")
        found = [
            self._value(key) for key, each in self._queries.items() if "MetricStat" in each and part in key
        ]
        return [value for value in found if isinstance(value, TimeSeries)]

    def _search(self, arguments: Sequence[Value], query: Mapping[str, Any]) -> list[TimeSeries]:
        match arguments:
            case [str(text), str(stat)]:
                period = query.get("Period", self._span.period)
            case [str(text), str(stat), float(seconds)] if seconds.is_integer() and seconds > 0:
                period = int(seconds)
            case _:
                raise ExpressionError("SEARCH takes a search, a statistic and a period in seconds")
        _statistic(stat, period)
        test = search.matcher(text)
        found = [each for each in self._listed() if test(each)]
        self.is_cut = self.is_cut or len(found) > _FOUND
        found = found[:_FOUND]
        return [
            replace(self._series(metric, stat, period), label=label)
            for metric, label in zip(found, telling([(metric, stat) for metric in found]), strict=True)
        ]

    def _insight(self, text: str, period: int, identifier: str) -> list[TimeSeries]:
        insight = insights.parse(text)
        groups: dict[tuple[str, ...], dict[int, list[Bucket]]] = {}
        for metric in self._listed():
            group = insight.group_of(metric)
            if group is not None:
                for moment, bucket in self._points(metric, period).items():
                    groups.setdefault(group, {}).setdefault(moment, []).append(bucket)
        made = []
        for group, moments in groups.items():
            values = (
                (moment, insight.statistic(Bucket.merged(moments[moment]))) for moment in sorted(moments)
            )
            made.append(
                TimeSeries(
                    label=" ".join(group) or identifier,
                    period=period,
                    values={moment: value for moment, value in values if value is not None},
                    properties=dict(zip(insight.group, group, strict=True)),
                )
            )
        return insights.ranked(insight, made)


def _time_series(value: Value) -> TimeSeries | list[TimeSeries]:
    if isinstance(value, float | str):
        raise ExpressionError("it yields no time series")
    return value


def _statistic(name: str, period: int) -> Statistic:
    compute = statistic(name)
    if compute is None or not is_period(period):
        raise ExpressionError(f"there is no statistic {name} of {period} seconds")
    return compute


def _metric(stat: Mapping[str, Any]) -> Metric:
    given = stat["Metric"]
    return Metric(given["Namespace"], given["MetricName"], dimensions_of(given.get("Dimensions")))


def _labels(queries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the default labels of the metrics among queries that are answered."""
    shown = [query for query in queries if "MetricStat" in query and query.get("ReturnData", True)]
    stats = [query["MetricStat"] for query in shown]
    names = telling([(_metric(stat), stat["Stat"]) for stat in stats])
    return {query["Id"]: name for query, name in zip(shown, names, strict=True)}
