"""GetMetricStatistics: statistics of one metric, from the start that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from harness.aws.cloudwatch.evaluation import is_period
from harness.aws.cloudwatch.metrics import Metric, Metrics, dimensions_of, rounded_start
from harness.aws.cloudwatch.statistics import SIMPLE, statistic
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["get_metric_statistics"]

_DATAPOINTS = 1440  # in one answer (GetMetricStatistics, API reference)


def get_metric_statistics(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer with data points, one for each unit in each period with data.

    Periods are counted from the rounded start, not from the epoch as in GetMetricData.

    Raises:
        AwsError: ``InvalidParameterCombination``, ``InvalidParameterValue``.
    """
    start, end, period = fields["StartTime"].timestamp(), fields["EndTime"].timestamp(), fields["Period"]
    names, extended = fields.get("Statistics", []), fields.get("ExtendedStatistics", [])
    _check(start, end, period, names, extended)
    metric = Metric(fields["Namespace"], fields["MetricName"], dimensions_of(fields.get("Dimensions")))
    metrics = call.aws.state(Metrics)
    with metrics.lock:
        series = metrics.find(call.region, metric)
        units = series.units() if series is not None else []
        points = [
            point
            for unit in ([fields["Unit"]] if "Unit" in fields else units)
            for point in _points(call, metric, fields, unit)
        ]
    return {"Label": metric.name, "Datapoints": points}


def _points(
    call: Context, metric: Metric, fields: Mapping[str, Any], unit: str
) -> Iterator[Mapping[str, Any]]:
    start, period = fields["StartTime"].timestamp(), fields["Period"]
    found = call.aws.state(Metrics).points(
        call.region,
        metric,
        start=start,
        end=fields["EndTime"].timestamp(),
        period=period,
        now=call.now,
        unit=unit,
        origin=rounded_start(start, period, call.now),
    )
    for moment, bucket in found.items():
        computed = {name: SIMPLE[name](bucket) for name in fields.get("Statistics", [])}
        others = {
            name: value
            for name in fields.get("ExtendedStatistics", [])
            if (compute := statistic(name)) is not None and (value := compute(bucket)) is not None
        }
        if computed or others:
            yield {
                "Timestamp": datetime.fromtimestamp(moment, UTC),
                **computed,
                "ExtendedStatistics": others or None,
                "Unit": unit,
            }


def _check(start: float, end: float, period: int, names: list[str], extended: list[str]) -> None:
    """Refuse as AWS does; the texts but the last are known from moto and from public reports."""
    if not names and not extended:
        raise AwsError("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics")
    if int(start) >= int(end):
        raise AwsError(
            "InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime."
        )
    for name in extended:
        if name in SIMPLE or statistic(name) is None:
            raise AwsError(
                "InvalidParameterValue",
                f"The value {name} for parameter ExtendedStatistics is not supported.",
            )
    if not is_period(period):
        raise AwsError(
            "InvalidParameterValue", "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60."
        )
    points = -(-(end - start) // period)
    if points > _DATAPOINTS:
        raise AwsError(
            "InvalidParameterCombination",
            f"You have requested up to {points:,.0f} datapoints, which exceeds the limit of {_DATAPOINTS:,}."
            " You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
        )
