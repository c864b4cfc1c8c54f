"""The tools: CloudWatch, as the caller may see it.

No tool takes a role, a profile, an endpoint or a region: whose credentials are used follows from the
token, and where they are used from the configuration. An argument that a tool does not know is ignored.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from harness.reference_server.credentials import CallersAws

__all__ = ["TOOLS", "Tool"]

Name = Annotated[str, Field(min_length=1, max_length=255)]
Statistic = Literal["Average", "Sum", "Minimum", "Maximum", "SampleCount"]
Period = Annotated[int, Field(ge=1, le=86400, description="Seconds over which data points are combined.")]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One tool.

    Attributes:
        name: what clients call it; ``description`` is what a model reads about it.
        scope: the scope that a token must have, where tokens have scopes.
        arguments: the model of the arguments, ``result`` that of the result; both become JSON schemas.
        run: does the work, with AWS as the caller may use it.
    """

    name: str
    description: str
    scope: str
    arguments: type[BaseModel]
    result: type[BaseModel]
    run: Callable[[CallersAws, Any], Awaitable[BaseModel]]


class NoArguments(BaseModel):
    """Nothing."""


class Identity(BaseModel):
    """An AWS identity."""

    account: str
    arn: str
    user_id: str


async def whoami(aws: CallersAws, _: NoArguments) -> Identity:
    """``sts:GetCallerIdentity``."""
    answer = await aws.call("sts", "get_caller_identity")
    return Identity(account=answer["Account"], arn=answer["Arn"], user_id=answer["UserId"])


class ListMetrics(BaseModel):
    """Which metrics to list."""

    namespace: Name | None = Field(default=None, description="Such as AWS/EC2.")
    metric_name: Name | None = Field(default=None, description="Such as CPUUtilization.")
    next_token: str | None = Field(default=None, description="From the previous page of results.")


class Metric(BaseModel):
    """One metric."""

    namespace: str
    metric_name: str
    dimensions: dict[str, str]


class Metrics(BaseModel):
    """One page of metrics."""

    metrics: list[Metric]
    next_token: str | None


async def list_metrics(aws: CallersAws, wanted: ListMetrics) -> Metrics:
    """``cloudwatch:ListMetrics``."""
    parameters = {
        "Namespace": wanted.namespace,
        "MetricName": wanted.metric_name,
        "NextToken": wanted.next_token,
    }
    answer = await aws.call(
        "cloudwatch", "list_metrics", **{name: value for name, value in parameters.items() if value}
    )
    metrics = [
        Metric(
            namespace=found["Namespace"],
            metric_name=found["MetricName"],
            dimensions={dimension["Name"]: dimension["Value"] for dimension in found.get("Dimensions", [])},
        )
        for found in answer["Metrics"]
    ]
    return Metrics(metrics=metrics, next_token=answer.get("NextToken"))


class GetMetricData(BaseModel):
    """Which data points to get."""

    namespace: Name
    metric_name: Name
    start: AwareDatetime = Field(description="From when on, such as 2026-11-23T08:00:00Z.")
    end: AwareDatetime = Field(description="Until when.")
    statistic: Statistic = "Average"
    period: Period = 300
    dimensions: dict[str, str] = Field(default_factory=dict, description="All the metric's dimensions.")
    next_token: str | None = Field(default=None, description="From the previous page of results.")


class Point(BaseModel):
    """One data point."""

    timestamp: AwareDatetime
    value: float


class MetricData(BaseModel):
    """One page of data points, oldest first."""

    label: str
    points: list[Point]
    next_token: str | None


async def get_metric_data(aws: CallersAws, wanted: GetMetricData) -> MetricData:
    """``cloudwatch:GetMetricData``, for one metric."""
    metric = {
        "Namespace": wanted.namespace,
        "MetricName": wanted.metric_name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in wanted.dimensions.items()],
    }
    query = {
        "Id": "wanted",
        "MetricStat": {"Metric": metric, "Period": wanted.period, "Stat": wanted.statistic},
    }
    answer = await aws.call(
        "cloudwatch",
        "get_metric_data",
        MetricDataQueries=[query],
        StartTime=wanted.start,
        EndTime=wanted.end,
        ScanBy="TimestampAscending",
        **({"NextToken": wanted.next_token} if wanted.next_token else {}),
    )
    found = answer["MetricDataResults"][0]
    points = [
        Point(timestamp=timestamp, value=value)
        for timestamp, value in zip(found["Timestamps"], found["Values"], strict=True)
    ]
    return MetricData(label=found["Label"], points=points, next_token=answer.get("NextToken"))


class PutMetricAlarm(BaseModel):
    """The alarm to create or replace."""

    alarm_name: Name
    namespace: Name
    metric_name: Name
    threshold: float
    comparison_operator: Literal[
        "GreaterThanThreshold",
        "GreaterThanOrEqualToThreshold",
        "LessThanThreshold",
        "LessThanOrEqualToThreshold",
    ] = "GreaterThanThreshold"
    statistic: Statistic = "Average"
    period: Period = 300
    evaluation_periods: int = Field(default=1, ge=1, description="Periods in a row that must breach.")


class Alarm(BaseModel):
    """The alarm that now exists."""

    alarm_name: str


async def put_metric_alarm(aws: CallersAws, alarm: PutMetricAlarm) -> Alarm:
    """``cloudwatch:PutMetricAlarm``."""
    await aws.call(
        "cloudwatch",
        "put_metric_alarm",
        AlarmName=alarm.alarm_name,
        Namespace=alarm.namespace,
        MetricName=alarm.metric_name,
        Threshold=alarm.threshold,
        ComparisonOperator=alarm.comparison_operator,
        Statistic=alarm.statistic,
        Period=alarm.period,
        EvaluationPeriods=alarm.evaluation_periods,
    )
    return Alarm(alarm_name=alarm.alarm_name)


TOOLS = (
    Tool(
        name="whoami",
        description="Tell as which AWS identity this server acts for you.",
        scope="cw:read",
        arguments=NoArguments,
        result=Identity,
        run=whoami,
    ),
    Tool(
        name="list_metrics",
        description="List the CloudWatch metrics that you may see, by namespace and name.",
        scope="cw:read",
        arguments=ListMetrics,
        result=Metrics,
        run=list_metrics,
    ),
    Tool(
        name="get_metric_data",
        description="Get the data points of one CloudWatch metric over a span of time.",
        scope="cw:read",
        arguments=GetMetricData,
        result=MetricData,
        run=get_metric_data,
    ),
    Tool(
        name="put_metric_alarm",
        description="Create a CloudWatch alarm on one metric, or replace the one of that name.",
        scope="cw:write",
        arguments=PutMetricAlarm,
        result=Alarm,
        run=put_metric_alarm,
    ),
)
