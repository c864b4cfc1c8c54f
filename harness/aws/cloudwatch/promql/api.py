"""CloudWatch's Prometheus-compatible API: ``/api/v1/...`` on the hosts of CloudWatch.

Sources: CloudWatch User Guide, "Prometheus-compatible APIs" (operations, permissions, at most 500 series),
and the Prometheus documentation, "HTTP API" (parameters and the form of answers). The metrics are those that
PutMetricData has stored; AWS answers PromQL of metrics that came by OTLP, or that its services publish and
that are enriched. Their labels here are the dimensions, and the ones that enrichment adds.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from harness.aws.cloudwatch.metrics import Metric, Metrics
from harness.aws.cloudwatch.promql import Element, Engine, Labels, Matcher, Point, QueryError, Series
from harness.aws.context import Context
from harness.aws.wire import Request, Response

__all__ = ["ACTIONS", "PREFIX", "answer", "operation"]

PREFIX = "/api/v1/"
_ROUTES = (
    (re.compile(r"/api/v1/query"), "QueryMetrics"),
    (re.compile(r"/api/v1/query_range"), "QueryMetrics"),
    (re.compile(r"/api/v1/series"), "GetSeries"),
    (re.compile(r"/api/v1/labels"), "GetLabels"),
    (re.compile(r"/api/v1/label/[^/]+/values"), "GetLabels"),
)
#: The IAM actions that each operation needs.
ACTIONS: Mapping[str, Sequence[str]] = {
    "QueryMetrics": ("cloudwatch:GetMetricData", "cloudwatch:ListMetrics"),
    "GetSeries": ("cloudwatch:ListMetrics",),
    "GetLabels": ("cloudwatch:ListMetrics",),
}
_MOST_SERIES = 500
_PATIENCE = 2.0  # seconds of this process's time that one selector may take
_LATELY = 3 * 3600.0  # seconds that are looked at where no start is given
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_NAME = "__name__"

Parameters = Mapping[str, list[str]]
_Find = Callable[[Context, Engine, Parameters], Any]


def operation(request: Request) -> str | None:
    """Return the operation at the path of a request; None where there is none."""
    if request.method not in {"GET", "POST"}:
        return None
    return next((name for pattern, name in _ROUTES if pattern.fullmatch(request.path)), None)


def answer(call: Context) -> Response:
    """Answer a request that was authenticated and authorised, in JSON as Prometheus does."""
    request = call.request
    assert request is not None  # noqa: S101 - there is no other way to it than by a request
    try:
        parameters = _parameters(request)
        kind = request.path.removeprefix(PREFIX)
        find: _Find = _ANSWERS.get(kind, _label_values)
        data = find(call, Engine(_Stored(call)), parameters)
    except QueryError as error:
        said = {"status": "error", "errorType": "bad_data", "error": str(error)}
        return _json(400, said)
    return _json(200, {"status": "success", "data": data})


class _Stored:
    """The metrics of an account and region, as series, for one query: it looks for them once."""

    def __init__(self, call: Context) -> None:
        self._call = call
        self._metrics = call.aws.state(Metrics)
        self._selected: dict[tuple[Matcher, ...], list[tuple[Metric, Labels]]] = {}

    def series(self, matchers: Sequence[Matcher], start: float, end: float) -> Sequence[Series]:
        """Return the series that match, with a point a minute."""
        call, found = self._call, []
        for metric, labels in self._select(tuple(matchers)):
            buckets = self._metrics.points(
                call.region, metric, start=start, end=end + 1, period=60, now=call.now
            )
            points = [
                Point(time=float(moment), count=bucket.count, sum=bucket.total)
                for moment, bucket in buckets.items()
                if start <= moment <= end
            ]
            found.append(Series(labels=labels, points=points))
        return found

    def _select(self, matchers: tuple[Matcher, ...]) -> Sequence[tuple[Metric, Labels]]:
        """Return the metrics that match; they stay the same through all the steps of a query."""
        if matchers not in self._selected:
            call, found = self._call, []
            with self._metrics.lock:
                listed = self._metrics.listed(call.region, call.now)
            began = time.process_time()  # which regular expressions may use up, a little for each metric
            for metric in listed:
                labels = _labels(call, metric)
                if all(matcher.matches(labels) for matcher in matchers):
                    found.append((metric, labels))
                if time.process_time() - began > _PATIENCE:
                    raise QueryError("the selectors take too long")
            self._selected[matchers] = found
        return self._selected[matchers]


def _labels(call: Context, metric: Metric) -> Labels:
    return {
        _NAME: metric.name,
        "@aws.account_id": call.aws.account_id,
        "@aws.region": call.region,
        "@instrumentation.@name": f"cloudwatch.{metric.namespace.lower()}",
        **dict(metric.dimensions),
    }


def _parameters(request: Request) -> Parameters:
    try:
        form = request.body.decode("utf-8") if request.method == "POST" else ""
        pairs = [
            pair
            for text in (request.query, form)
            for pair in parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
        ]
    except ValueError:
        raise QueryError("the parameters cannot be read") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _one(parameters: Parameters, name: str, default: str | None = None) -> str:
    values = parameters.get(name) or ([default] if default is not None else [])
    if not values:
        raise QueryError(f"invalid parameter {name!r}: it is required")
    return values[-1]


def _time(parameters: Parameters, name: str, default: float | None) -> float:
    text = _one(parameters, name, None if default is None else str(default))
    try:
        return _finite(float(text))
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise QueryError(f"invalid parameter {name!r}: {text[:100]!r} is no time") from None


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError
    return number


def _step(parameters: Parameters) -> float:
    text = _one(parameters, "step")
    parts = re.findall(r"(\d+)(ms|[smhdwy])", text)
    try:
        if parts and "".join(f"{number}{unit}" for number, unit in parts) == text:
            return _finite(sum(float(number) * _UNITS[unit] for number, unit in parts))
        return _finite(float(text))
    except ValueError:
        raise QueryError(f"invalid parameter 'step': {text[:100]!r} is no duration") from None


def _limit(parameters: Parameters) -> int:
    text = _one(parameters, "limit", str(_MOST_SERIES))
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= _MOST_SERIES:
        raise QueryError(f"invalid parameter 'limit': it is from 1 to {_MOST_SERIES}")
    return int(text)


def _selectors(parameters: Parameters) -> list[str]:
    return parameters.get("match[]", [])


def _query(call: Context, engine: Engine, parameters: Parameters) -> dict[str, Any]:
    at = _time(parameters, "time", call.now)
    value = engine.instant(_one(parameters, "query"), at)
    if isinstance(value, str):
        return {"resultType": "string", "result": [at, value]}
    if isinstance(value, float):
        return {"resultType": "scalar", "result": [at, _number(value)]}
    return {"resultType": "vector", "result": [_sample(at, each) for each in value[: _limit(parameters)]]}


def _sample(at: float, element: Element) -> dict[str, Any]:
    return {"metric": dict(element.labels), "value": [at, _number(element.value)]}


def _query_range(_call: Context, engine: Engine, parameters: Parameters) -> dict[str, Any]:
    start, end = _time(parameters, "start", None), _time(parameters, "end", None)
    found = engine.range(_one(parameters, "query"), start, end, _step(parameters))
    return {
        "resultType": "matrix",
        "result": [
            {
                "metric": dict(series.labels),
                "values": [[point.time, _number(point.value)] for point in series.points],
            }
            for series in found[: _limit(parameters)]
        ],
    }


def _matching(call: Context, engine: Engine, parameters: Parameters) -> list[Series]:
    end = _time(parameters, "end", call.now)
    start = _time(parameters, "start", end - _LATELY)
    found = engine.matching(_selectors(parameters), start, end)
    return [series for series in found if series.points]


def _series(call: Context, engine: Engine, parameters: Parameters) -> list[Any]:
    if not _selectors(parameters):
        raise QueryError("no match[] parameter provided")
    return [dict(series.labels) for series in _matching(call, engine, parameters)[: _limit(parameters)]]


def _label_names(call: Context, engine: Engine, parameters: Parameters) -> list[Any]:
    return sorted({name for series in _matching(call, engine, parameters) for name in series.labels})


def _label_values(call: Context, engine: Engine, parameters: Parameters) -> list[Any]:
    path = "" if call.request is None else call.request.path
    name = unquote(path.removeprefix(f"{PREFIX}label/").removesuffix("/values"))
    found = _matching(call, engine, parameters)
    return sorted({series.labels[name] for series in found if name in series.labels})


_ANSWERS: Mapping[str, _Find] = {
    "labels": _label_names,
    "query": _query,
    "query_range": _query_range,
    "series": _series,
}


def _number(value: float) -> str:
    """Write a number as Prometheus does."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _json(status: int, body: Mapping[str, Any]) -> Response:
    return Response(
        status=status, headers={"content-type": "application/json"}, body=json.dumps(body).encode()
    )
