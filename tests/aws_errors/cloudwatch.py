"""CloudWatch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tests.aws_errors.account import Account
from tests.aws_errors.row import Row

__all__ = ["ROWS"]

_cw = partial(Row, "cloudwatch")
_ALARM = {
    "MetricName": "CPU",
    "Namespace": "App",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "Statistic": "Sum",
    "ComparisonOperator": "GreaterThanThreshold",
}


def _data(**more: Any) -> Any:
    """Ask for data of the last hour."""

    def provoke(a: Account) -> None:
        now = datetime.fromtimestamp(a.aws.now(), UTC)
        fields = {"StartTime": now - timedelta(hours=1), "EndTime": now, "MetricDataQueries": [_query("m")]}
        a.careless("cloudwatch").get_metric_data(**{**fields, **more})

    return provoke


def _query(identity: str, expression: str | None = None, **more: Any) -> dict[str, Any]:
    if expression is not None:
        return {"Id": identity, "Expression": expression, **more}
    metric = {"Namespace": "App", "MetricName": "CPU"}
    return {"Id": identity, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, **more}


def _statistics(**more: Any) -> Any:
    def provoke(a: Account) -> None:
        now = datetime.fromtimestamp(a.aws.now(), UTC)
        fields = {
            "Namespace": "App",
            "MetricName": "CPU",
            "Period": 60,
            "Statistics": ["Sum"],
            "StartTime": now - timedelta(hours=1),
            "EndTime": now,
            **more,
        }
        a.cloudwatch.get_metric_statistics(
            **{key: value for key, value in fields.items() if value is not None}
        )

    return provoke


def _put(**datum: Any) -> Any:
    return lambda a: a.cloudwatch.put_metric_data(
        Namespace="App", MetricData=[{"MetricName": "CPU", **datum}]
    )


def _alarm(**more: Any) -> Any:
    def provoke(a: Account) -> None:
        fields = {**_ALARM, "AlarmName": a.name("alarm"), **more}
        a.cloudwatch.put_metric_alarm(**{key: value for key, value in fields.items() if value is not None})

    return provoke


def _composite(rule: str) -> Any:
    return lambda a: a.cloudwatch.put_composite_alarm(AlarmName=a.name("composite"), AlarmRule=rule)


def _state(a: Account) -> None:
    name = a.name("alarm")
    a.cloudwatch.put_metric_alarm(**_ALARM, AlarmName=name)
    a.cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="r", StateReasonData="{")


def _other_kind(a: Account) -> None:
    name = a.name("alarm")
    a.cloudwatch.put_metric_alarm(**_ALARM, AlarmName=name)
    a.cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule="TRUE")


_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)

ROWS = (
    _cw(
        "GetMetricData",
        "ValidationError",
        "The parameter StartTime must not equal parameter EndTime.",
        "No time between the two.",
        _data(StartTime=_EPOCH, EndTime=_EPOCH),
    ),
    _cw(
        "GetMetricData",
        "ValidationError",
        "The parameter EndTime must be greater than StartTime.",
        "The end before the start.",
        _data(StartTime=_EPOCH + timedelta(hours=1), EndTime=_EPOCH),
    ),
    _cw(
        "GetMetricData",
        "ValidationError",
        "Error in expression 'e': …",
        "An expression that cannot be read or computed.",
        _data(MetricDataQueries=[_query("e", "SUM(")]),
        ours=True,
    ),
    _cw(
        "GetMetricData",
        "ValidationError",
        "The value M for parameter MetricDataQueries.member.1.Id is not matching the expected pattern "
        "^[a-z][a-zA-Z0-9_]*$.",
        "A query whose id does not begin with a small letter.",
        _data(MetricDataQueries=[_query("M")]),
    ),
    _cw(
        "GetMetricData",
        "ValidationError",
        "The collection MetricDataQueries must not have a size greater than 500.",
        "More than 500 queries.",
        _data(MetricDataQueries=[_query(f"m{n}") for n in range(501)]),
        ours=True,
    ),
    _cw(
        "GetMetricData",
        "ValidationError",
        "MetricDataQueries can include only one Metrics Insights query.",
        "Two queries of Metrics Insights.",
        _data(MetricDataQueries=[_query(f"e{n}", 'SELECT SUM(CPU) FROM "App"', Period=60) for n in range(2)]),
        ours=True,
    ),
    _cw(
        "GetMetricData",
        "InvalidNextToken",
        "Request parameter NextToken is invalid",
        "A token that was not given out.",
        _data(NextToken="x"),
    ),
    _cw(
        "GetMetricStatistics",
        "InvalidParameterCombination",
        "Must specify either Statistics or ExtendedStatistics",
        "Neither of the two, or both.",
        _statistics(Statistics=None),
    ),
    _cw(
        "GetMetricStatistics",
        "InvalidParameterCombination",
        "You have requested up to 44,640 datapoints, which exceeds "
        "the limit of 1,440. You may reduce the datapoints requested by increasing Period, or "
        "decreasing the time range.",
        "More points than 1,440.",
        _statistics(StartTime=_EPOCH, EndTime=_EPOCH + timedelta(days=31)),
        ours=True,
    ),
    _cw(
        "GetMetricStatistics",
        "InvalidParameterValue",
        "The parameter StartTime must be less than the parameter EndTime.",
        "The end before the start.",
        _statistics(StartTime=_EPOCH, EndTime=_EPOCH),
    ),
    _cw(
        "GetMetricStatistics",
        "InvalidParameterValue",
        "The value p101 for parameter ExtendedStatistics is not supported.",
        "A percentile that there is not.",
        _statistics(Statistics=None, ExtendedStatistics=["p101"]),
    ),
    _cw(
        "PutMetricData",
        "InvalidParameterCombination",
        "At least one of the parameters MetricData.member.1.Value, "
        "MetricData.member.1.Values and MetricData.member.1.StatisticValues must be specified.",
        "A datum without a value.",
        _put(),
    ),
    _cw(
        "PutMetricData",
        "InvalidParameterValue",
        "The parameters MetricData.member.1.Value and "
        "MetricData.member.1.Values are mutually exclusive and you have specified both.",
        "A value and a list of values.",
        _put(Value=1, Values=[1]),
    ),
    _cw(
        "PutMetricData",
        "InvalidParameterValue",
        "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks.",
        "A timestamp that is more than two weeks old.",
        _put(Value=1, Timestamp=_EPOCH),
    ),
    _cw(
        "PutMetricData",
        "MissingParameter",
        "The parameter MetricData is required.",
        "No data.",
        lambda a: a.cloudwatch.put_metric_data(Namespace="App"),
    ),
    _cw(
        "PutMetricAlarm",
        "ValidationError",
        "Namespace must not be null",
        "An alarm that lacks what it is about.",
        _alarm(Namespace=None),
        source="terraform-provider-aws#11011",
    ),
    _cw(
        "PutMetricAlarm",
        "ValidationError",
        "There is an alarm of the other type with the name …",
        "The name of a composite alarm for a metric alarm, or the other way round.",
        _other_kind,
        ours=True,
    ),
    _cw(
        "PutMetricAlarm",
        "InvalidParameterValue",
        "The value p101 for parameter ExtendedStatistic is not supported.",
        "A percentile that there is not.",
        _alarm(Statistic=None, ExtendedStatistic="p101"),
        source="terraform-provider-aws#11105",
    ),
    _cw(
        "PutMetricAlarm",
        "NotImplemented",
        "This AWS has no alarms with EvaluationCriteria.",
        "An alarm with `EvaluationCriteria`.",
        _alarm(EvaluationCriteria={"PromQLCriteria": {"Query": "up"}}),
        ours=True,
    ),
    _cw(
        "PutCompositeAlarm",
        "ValidationError",
        "The AlarmRule cannot be parsed.",
        "A rule that cannot be read.",
        _composite("ALARM("),
        ours=True,
    ),
    _cw(
        "PutCompositeAlarm",
        "ValidationError",
        "Could not save the composite alarm as alarms [absent] in the alarm rule do not exist",
        "A rule about an alarm that does not exist.",
        _composite("ALARM(absent)"),
    ),
    _cw(
        "SetAlarmState",
        "ResourceNotFound",
        "Alarm absent does not exist",
        "An alarm that does not exist.",
        lambda a: a.cloudwatch.set_alarm_state(AlarmName="absent", StateValue="OK", StateReason="r"),
        404,
        ours=True,
    ),
    _cw(
        "SetAlarmState",
        "InvalidFormat",
        "The StateReasonData is not valid JSON.",
        "`StateReasonData` that is not JSON.",
        _state,
        ours=True,
    ),
    _cw(
        "DescribeAlarms",
        "ValidationError",
        "AlarmNames and AlarmNamePrefix cannot both be specified.",
        "Names and a prefix.",
        lambda a: a.cloudwatch.describe_alarms(AlarmNames=["a"], AlarmNamePrefix="a"),
    ),
    _cw(
        "DeleteAnomalyDetector",
        "ResourceNotFoundException",
        "There is no such anomaly detector.",
        "A detector that does not exist.",
        lambda a: a.cloudwatch.delete_anomaly_detector(Namespace="App", MetricName="Absent", Stat="Sum"),
        404,
        ours=True,
    ),
    _cw(
        "ListTagsForResource",
        "ResourceNotFoundException",
        "There is no resource …",
        "An alarm that does not exist.",
        lambda a: a.cloudwatch.list_tags_for_resource(
            ResourceARN="arn:aws:cloudwatch:us-east-1:123456789012:alarm:absent"
        ),
        404,
        ours=True,
    ),
)
