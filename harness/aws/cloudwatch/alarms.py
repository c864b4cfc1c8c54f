"""Alarms: they are put, enabled, set to a state and deleted. No alarm looks at its metric by itself.

A composite alarm follows the states of its alarms at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from graphlib import CycleError, TopologicalSorter
from typing import Any

from harness.aws.cloudwatch.alarm_records import Alarm, Alarms, is_composite
from harness.aws.cloudwatch.alarm_rules import names_in, parse
from harness.aws.cloudwatch.evaluation import is_period
from harness.aws.cloudwatch.get_metric_data import check_queries
from harness.aws.cloudwatch.statistics import SIMPLE, statistic
from harness.aws.cloudwatch.tags import Tags
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = [
    "alarm_arn",
    "delete_alarms",
    "disable_alarm_actions",
    "enable_alarm_actions",
    "put_composite_alarm",
    "put_metric_alarm",
    "set_alarm_state",
]

_LISTS = ("OKActions", "AlarmActions", "InsufficientDataActions")
_NOT_WITH_METRICS = (
    "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit",
)  # fmt: skip
_MISSING = frozenset({"breaching", "ignore", "missing", "notBreaching"})
_NEW = {"StateValue": "INSUFFICIENT_DATA", "StateReason": "Unchecked: Initial alarm creation"}


def alarm_arn(call: Context, name: str) -> str:
    """Return the ARN of an alarm."""
    return call.arn(f"alarm:{name}")


def put_metric_alarm(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Create an alarm on a metric, or give one another configuration; its state stays.

    Raises:
        AwsError: ``ValidationError``, ``InvalidParameterValue``; the texts are those that
            terraform-provider-aws#11011, #11105 and #29894, troposphere#1276 and cfn-lint#1306 show.
    """
    if "EvaluationCriteria" in fields:  # an alarm on PromQL, of which this AWS has none
        raise AwsError("NotImplemented", "This AWS has no alarms with EvaluationCriteria.")
    extended = fields.get("ExtendedStatistic")
    if extended is not None and (extended in SIMPLE or statistic(extended) is None):
        raise AwsError(
            "InvalidParameterValue", f"The value {extended} for parameter ExtendedStatistic is not supported."
        )
    faults = list(_metrics_faults(fields) if "Metrics" in fields else _metric_faults(fields))
    faults += _common_faults(fields)
    if faults:
        raise AwsError("ValidationError", "; ".join(faults))
    if "Metrics" in fields:
        check_queries(fields["Metrics"])
    else:
        fields = {"Dimensions": [], **fields}
    _put(call, fields)
    return {}


def put_composite_alarm(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Create an alarm on other alarms, or give one another rule.

    Raises:
        AwsError: ``ValidationError``; the text about the rule's form is ours.
    """
    alarms = call.aws.state(Alarms)
    with alarms.lock:
        try:
            parse(fields["AlarmRule"])
        except ValueError:
            raise AwsError("ValidationError", "The AlarmRule cannot be parsed.") from None
        known = alarms.of(call.region)
        absent = [name for name in names_in(fields["AlarmRule"]) if name not in known]
        if absent:
            raise AwsError(
                "ValidationError",
                f"Could not save the composite alarm as alarms [{', '.join(absent)}] in the alarm rule do not"
                " exist",
            )
        _put(call, fields)
        _follow(call)
    return {}


def set_alarm_state(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give an alarm a state, and those that look at it theirs.

    Raises:
        AwsError: ``ResourceNotFound`` (404), ``InvalidFormat``; the texts are ours.
    """
    data = fields.get("StateReasonData")
    try:
        is_json = data is None or isinstance(json.loads(data), dict | list)
    except (ValueError, RecursionError):
        is_json = False
    if not is_json:
        raise AwsError("InvalidFormat", "The StateReasonData is not valid JSON.")
    alarms = call.aws.state(Alarms)
    with alarms.lock:
        alarm = alarms.of(call.region).get(fields["AlarmName"])
        if alarm is None:
            raise AwsError("ResourceNotFound", f"Alarm {fields['AlarmName']} does not exist", status=404)
        alarms.set_state(
            call.region,
            alarm,
            value=fields["StateValue"],
            reason=fields["StateReason"],
            reason_data=data,
            now=call.now,
        )
        _follow(call)
    return {}


def delete_alarms(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Delete the alarms that are there; names without one do not matter (DeleteAlarms, API reference)."""
    alarms, tags = call.aws.state(Alarms), call.aws.state(Tags)
    with alarms.lock:
        for name in fields["AlarmNames"]:
            alarm = alarms.of(call.region).pop(name, None)
            if alarm is not None:
                alarms.configured(call.region, alarm, "Delete", call.now)
                tags.forget(alarm["AlarmArn"])
        _follow(call)
    return {}


def enable_alarm_actions(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let alarms act on their states."""
    return _set_actions(call, fields, is_enabled=True)


def disable_alarm_actions(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let alarms not act on their states."""
    return _set_actions(call, fields, is_enabled=False)


def _set_actions(call: Context, fields: Mapping[str, Any], *, is_enabled: bool) -> Mapping[str, Any]:
    alarms = call.aws.state(Alarms)
    with alarms.lock:
        for name in fields["AlarmNames"]:
            alarm = alarms.of(call.region).get(name)
            if alarm is not None and alarm["ActionsEnabled"] is not is_enabled:
                alarm["ActionsEnabled"] = is_enabled
                alarms.configured(call.region, alarm, "Update", call.now)
    return {}


def _put(call: Context, fields: Mapping[str, Any]) -> None:
    """Store an alarm; tags count only when it is created (PutMetricAlarm, API reference)."""
    name, moment = fields["AlarmName"], datetime.fromtimestamp(call.now, UTC)
    alarms = call.aws.state(Alarms)
    with alarms.lock:
        known = alarms.of(call.region)
        old = known.get(name)
        if old is not None and is_composite(old) is not is_composite(fields):
            raise AwsError("ValidationError", f"There is an alarm of the other type with the name {name}.")
        given = {key: value for key, value in fields.items() if key != "Tags"}
        alarm: Alarm = {
            "AlarmArn": alarm_arn(call, name),
            "ActionsEnabled": True,
            **{key: [] for key in _LISTS},
            **given,
            "AlarmConfigurationUpdatedTimestamp": moment,
        }
        if old is None:
            alarm |= {**_NEW, "StateUpdatedTimestamp": moment, "StateTransitionedTimestamp": moment}
            call.aws.state(Tags).add(alarm["AlarmArn"], fields.get("Tags", []))
        else:
            alarm |= {key: value for key, value in old.items() if key.startswith("State")}
        known[name] = alarm
        alarms.configured(call.region, alarm, "Create" if old is None else "Update", call.now)


def _follow(call: Context) -> None:
    """Let composite alarms take their states, children before parents.

    Those in a circle, and above one, keep theirs: AWS stops to evaluate where it finds a cycle
    (PutCompositeAlarm, API reference).
    """
    alarms = call.aws.state(Alarms)
    known = alarms.of(call.region)
    rules = {name: alarm["AlarmRule"] for name, alarm in known.items() if is_composite(alarm)}
    order = TopologicalSorter({name: names_in(rule) for name, rule in rules.items()})
    with suppress(CycleError):  # what is in no circle is still in order
        order.prepare()
    while ready := order.get_ready():
        for name in ready:
            if name not in rules:
                continue
            states = {child: known[child]["StateValue"] for child in names_in(rules[name]) if child in known}
            value, alarm = "ALARM" if parse(rules[name])(states) else "OK", known[name]
            if value != alarm["StateValue"]:
                reason = f"{alarm['AlarmArn']} was evaluated to {value}"
                alarms.set_state(call.region, alarm, value=value, reason=reason, now=call.now)
        order.done(*ready)


def _metric_faults(fields: Mapping[str, Any]) -> Iterator[str]:
    for name in ("MetricName", "Namespace", "Period"):
        if name not in fields:
            yield f"{name} must not be null"
    given = [name for name in ("Statistic", "ExtendedStatistic") if name in fields]
    if len(given) != 1:
        yield "Exactly one of Statistic and ExtendedStatistic must be set"
    if not is_period(fields.get("Period", 60)):
        yield "Period must be 10, 20, 30 or a multiple of 60"
    if "Threshold" not in fields:
        yield "Threshold must not be null"


def _metrics_faults(fields: Mapping[str, Any]) -> Iterator[str]:
    for name in _NOT_WITH_METRICS:
        if fields.get(name) not in (None, []):
            yield f"{name} should not be set if list of Metrics is set."
    if (
        sum(query.get("ReturnData", True) for query in fields["Metrics"]) != 1
        and "ThresholdMetricId" not in fields
    ):
        yield "Exactly one element of the metrics list should return data."
    if "Threshold" in fields and "ThresholdMetricId" in fields:
        yield "Threshold and ThresholdMetricId cannot both be set"


def _common_faults(fields: Mapping[str, Any]) -> Iterator[str]:
    for name in ("ComparisonOperator", "EvaluationPeriods"):
        if name not in fields:
            yield f"{name} must not be null"
    if fields.get("DatapointsToAlarm", 1) > fields.get(
        "EvaluationPeriods", fields.get("DatapointsToAlarm", 1)
    ):
        yield "DatapointsToAlarm must not be greater than EvaluationPeriods"
    missing = fields.get("TreatMissingData", "missing")
    if missing not in _MISSING:
        yield f"Option {missing} is not supported. Supported options are {', '.join(sorted(_MISSING))}."
    option = fields.get("EvaluateLowSampleCountPercentile", "ignore")
    if option not in {"evaluate", "ignore"}:
        yield (
            f"Option {option} is not supported. Supported options for parameter"
            " EvaluateLowSampleCountPercentile are evaluate and ignore."
        )
