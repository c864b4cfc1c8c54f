"""PutMetricData and ListMetrics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.cloudwatch.metrics import Metric, Metrics, dimensions_of
from harness.aws.cloudwatch.pages import page_of_metrics
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["list_metrics", "put_metric_data"]

_DATA = 1000  # in a call; 150 values in each, of at most 2**360 (PutMetricData, API reference)
_VALUES = 150
_LARGEST = 2.0**360
_PAST, _FUTURE = 14 * 86_400, 2 * 3600  # seconds


def put_metric_data(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Store data points; all of them, or none.

    A namespace that begins with ``AWS/`` is taken, or nobody could try a server that reads such metrics; AWS
    asks not to use one.

    Raises:
        AwsError: ``MissingParameter``, ``InvalidParameterValue``, ``InvalidParameterCombination``. The text
            about two weeks and those that moto has, too, are AWS's; the rest is ours.
    """
    data = _checked("MetricData", fields.get("MetricData") or [], call.now)
    for number, group in enumerate(fields.get("EntityMetricData") or [], 1):
        path = f"EntityMetricData.member.{number}.MetricData"
        data += _checked(path, group.get("MetricData") or [], call.now)
    if not data:
        raise AwsError("MissingParameter", "The parameter MetricData is required.")
    if len(data) > _DATA:
        raise AwsError(
            "InvalidParameterValue", f"The collection MetricData must not have a size greater than {_DATA}."
        )
    metrics = call.aws.state(Metrics)
    with metrics.lock:
        for datum in data:
            _store(metrics, call, fields["Namespace"], datum)
    return {}


def _checked(path: str, data: Sequence[Mapping[str, Any]], now: float) -> list[Mapping[str, Any]]:
    for number, datum in enumerate(data, 1):
        _check(f"{path}.member.{number}", datum, now)
    return list(data)


def _check(path: str, datum: Mapping[str, Any], now: float) -> None:
    when = datum["Timestamp"].timestamp() if "Timestamp" in datum else now
    if when < now - _PAST:
        raise _invalid(f"The parameter {path}.Timestamp must specify a time within the past two weeks.")
    if when > now + _FUTURE:
        raise _invalid(f"The parameter {path}.Timestamp must specify a time within the next two hours.")
    given = [name for name in ("Value", "Values", "StatisticValues") if datum.get(name) not in (None, [])]
    if not given:
        raise AwsError(
            "InvalidParameterCombination",
            f"At least one of the parameters {path}.Value, {path}.Values and {path}.StatisticValues"
            " must be specified.",
        )
    if len(given) > 1:
        code = "InvalidParameterValue" if given == ["Value", "Values"] else "InvalidParameterCombination"
        raise AwsError(
            code,
            f"The parameters {path}.{given[0]} and {path}.{given[1]} are mutually exclusive and you have"
            " specified both.",
        )
    _check_numbers(path, datum)
    names = [dimension["Name"] for dimension in datum.get("Dimensions", ())]
    if len(set(names)) < len(names):
        raise _invalid("No metric may specify the same dimension name twice.")
    if datum.get("StorageResolution", 60) not in {1, 60}:
        raise _invalid(f"The parameter {path}.StorageResolution must be 1 or 60.")


def _check_numbers(path: str, datum: Mapping[str, Any]) -> None:
    values, counts = datum.get("Values", []), datum.get("Counts", [])
    if len(values) > _VALUES:
        raise _invalid(f"The collection {path}.Values must not have a size greater than {_VALUES}.")
    if counts and len(counts) != len(values):
        raise _invalid(f"The parameters {path}.Values and {path}.Counts must be of the same size.")
    numbers = [("Value", datum["Value"])] if "Value" in datum else []
    numbers += [("Values", value) for value in values] + [("Counts", count) for count in counts]
    numbers += [
        (f"StatisticValues.{name}", value) for name, value in datum.get("StatisticValues", {}).items()
    ]
    for name, number in numbers:
        if not math.isfinite(number) or abs(number) > _LARGEST:
            shown = "NaN" if math.isnan(number) else number
            raise _invalid(f"The value {shown} for parameter {path}.{name} is invalid.")
    if any(count <= 0 for count in counts):
        raise _invalid(f"The values for parameter {path}.Counts must be greater than 0.")
    statistics = datum.get("StatisticValues")
    if statistics is not None:
        if statistics["SampleCount"] <= 0:
            raise _invalid(f"The parameter {path}.StatisticValues.SampleCount must be greater than 0.")
        if statistics["Minimum"] > statistics["Maximum"]:
            raise _invalid(f"The parameter {path}.StatisticValues.Maximum must not be less than Minimum.")


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)


def _store(metrics: Metrics, call: Context, namespace: str, datum: Mapping[str, Any]) -> None:
    metric = Metric(namespace, datum["MetricName"], dimensions_of(datum.get("Dimensions")))
    when = datum["Timestamp"].timestamp() if "Timestamp" in datum else call.now
    step = datum.get("StorageResolution", 60)
    bucket = metrics.series(call.region, metric).at(int(when // step) * step, datum.get("Unit", "None"))
    statistics = datum.get("StatisticValues")
    if statistics is not None:
        bucket.add_statistics(
            count=statistics["SampleCount"],
            total=statistics["Sum"],
            low=statistics["Minimum"],
            high=statistics["Maximum"],
        )
        return
    values = datum.get("Values") or [datum["Value"]]
    for value, count in zip(values, datum.get("Counts") or [1] * len(values), strict=True):
        bucket.add(value, count)


def list_metrics(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer with each metric once; dimensions that are asked for may have others beside them."""
    metrics = call.aws.state(Metrics)
    with metrics.lock:
        recent = {"within": 3 * 3600} if fields.get("RecentlyActive") else {}
        found = metrics.listed(call.region, call.now, **recent)
    owner = fields.get("OwningAccount", call.aws.account_id)
    chosen = [metric for metric in found if owner == call.aws.account_id and _matches(metric, fields)]
    answer = page_of_metrics([metric.members() for metric in chosen], fields, "Metrics")
    if fields.get("IncludeLinkedAccounts"):
        answer["OwningAccounts"] = [call.aws.account_id] * len(answer["Metrics"])
    return answer


def _matches(metric: Metric, fields: Mapping[str, Any]) -> bool:
    dimensions = dict(metric.dimensions)
    return (
        fields.get("Namespace", metric.namespace) == metric.namespace
        and fields.get("MetricName", metric.name) == metric.name
        and all(
            each["Name"] in dimensions
            and each.get("Value", dimensions[each["Name"]]) == dimensions[each["Name"]]
            for each in fields.get("Dimensions", ())
        )
    )
