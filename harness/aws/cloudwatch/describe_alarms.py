"""What is asked about alarms: themselves, those on a metric, and their history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.cloudwatch.alarm_records import Alarm, Alarms, is_composite
from harness.aws.cloudwatch.alarm_rules import names_in
from harness.aws.cloudwatch.metrics import dimensions_of
from harness.aws.cloudwatch.pages import page_of_alarms, page_of_history
from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.times import moment

__all__ = ["describe_alarm_history", "describe_alarms", "describe_alarms_for_metric"]

_OF_RELATIVES: Mapping[str, tuple[str, ...]] = {  # what is told of alarms that are asked for by another one
    "ChildrenOfAlarmName": ("AlarmArn", "AlarmName", "StateUpdatedTimestamp", "StateValue"),
    "ParentsOfAlarmName": ("AlarmArn", "AlarmName"),
}
_ACTIONS = ("AlarmActions", "InsufficientDataActions", "OKActions")


def describe_alarms(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer with alarms in the order of their names; only those on metrics, unless ``AlarmTypes`` asks.

    Raises:
        AwsError: ``ValidationError``, ``InvalidNextToken``.
    """
    if "AlarmNames" in fields and "AlarmNamePrefix" in fields:
        raise AwsError("ValidationError", "AlarmNames and AlarmNamePrefix cannot both be specified.")
    alarms = call.aws.state(Alarms)
    with alarms.lock:
        known = alarms.of(call.region)
        found = [dict(known[name]) for name in sorted(known) if _is_asked_for(known[name], fields, known)]
    kept = next((members for name, members in _OF_RELATIVES.items() if name in fields), None)
    kinds = [(is_composite(alarm), {name: alarm[name] for name in (kept or alarm)}) for alarm in found]
    page = page_of_alarms(kinds, fields, "Alarms")
    some = page.pop("Alarms")
    return {
        "MetricAlarms": [alarm for is_rule, alarm in some if not is_rule],
        "CompositeAlarms": [alarm for is_rule, alarm in some if is_rule],
        **page,
    }


def _is_asked_for(alarm: Alarm, fields: Mapping[str, Any], known: Mapping[str, Alarm]) -> bool:
    kind = "CompositeAlarm" if is_composite(alarm) else "MetricAlarm"
    name = alarm["AlarmName"]
    if "ChildrenOfAlarmName" in fields:
        parent = known.get(fields["ChildrenOfAlarmName"], {})
        return name in names_in(parent.get("AlarmRule", ""))
    if "ParentsOfAlarmName" in fields:
        return fields["ParentsOfAlarmName"] in names_in(alarm.get("AlarmRule", ""))
    actions = [action for key in _ACTIONS for action in alarm.get(key, [])]
    return (
        kind in (fields.get("AlarmTypes") or ["MetricAlarm"])
        and (not fields.get("AlarmNames") or name in fields["AlarmNames"])
        and name.startswith(fields.get("AlarmNamePrefix", ""))
        and fields.get("StateValue", alarm["StateValue"]) == alarm["StateValue"]
        and ("ActionPrefix" not in fields or any(each.startswith(fields["ActionPrefix"]) for each in actions))
    )


def describe_alarms_for_metric(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer with the alarms on one metric, which do not include those on expressions."""
    wanted = dimensions_of(fields.get("Dimensions"))
    exact = [name for name in fields if name != "Dimensions"]
    alarms = call.aws.state(Alarms)
    with alarms.lock:
        found = [
            dict(alarm)
            for _, alarm in sorted(alarms.of(call.region).items())
            if "MetricName" in alarm
            and all(alarm.get(name) == fields[name] for name in exact)
            and dimensions_of(alarm["Dimensions"]) == wanted
        ]
    return {"MetricAlarms": found}


def describe_alarm_history(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer with what happened, newest first; of metric alarms only, unless ``AlarmTypes`` asks.

    Raises:
        AwsError: ``InvalidNextToken``.
    """
    alarms = call.aws.state(Alarms)
    with alarms.lock:
        history = alarms.history(call.region, call.now)
    types = fields.get("AlarmTypes") or ["MetricAlarm"]
    start = fields["StartDate"].timestamp() if "StartDate" in fields else 0.0
    end = fields["EndDate"].timestamp() if "EndDate" in fields else float("inf")
    found = [
        item
        for item in history
        if item.alarm_type in types
        and fields.get("AlarmName", item.alarm) == item.alarm
        and fields.get("HistoryItemType", item.kind) == item.kind
        and start <= item.time < end + 1  # botocore's JSON has whole seconds: the last one counts
    ]
    if fields.get("ScanBy") != "TimestampAscending":
        found.reverse()
    items = [
        {
            "AlarmName": item.alarm,
            "AlarmType": item.alarm_type,
            "Timestamp": moment(item.time),
            "HistoryItemType": item.kind,
            "HistorySummary": item.summary,
            "HistoryData": item.data,
        }
        for item in found
    ]
    return page_of_history(items, fields, "AlarmHistoryItems")
