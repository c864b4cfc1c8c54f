"""The operations of CloudWatch: those here, and moto's dashboards and rules of Contributor Insights.

moto's state of an alarm, its metrics and its expressions are not used; see the modules for what AWS does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.access.permissions import texts
from harness.aws.cloudwatch import alarms, anomaly_detectors, describe_alarms, put_metric_data, tags
from harness.aws.cloudwatch.get_metric_data import get_metric_data
from harness.aws.cloudwatch.get_metric_statistics import get_metric_statistics
from harness.aws.context import Context, Operation

__all__ = ["OPERATIONS", "condition_keys", "resources"]

OPERATIONS: Mapping[str, Operation] = {
    "DeleteAlarms": alarms.delete_alarms,
    "DeleteAnomalyDetector": anomaly_detectors.delete_anomaly_detector,
    "DeleteInsightRules": tags.delete_insight_rules,
    "DescribeAlarmHistory": describe_alarms.describe_alarm_history,
    "DescribeAlarms": describe_alarms.describe_alarms,
    "DescribeAlarmsForMetric": describe_alarms.describe_alarms_for_metric,
    "DescribeAnomalyDetectors": anomaly_detectors.describe_anomaly_detectors,
    "DisableAlarmActions": alarms.disable_alarm_actions,
    "EnableAlarmActions": alarms.enable_alarm_actions,
    "GetMetricData": get_metric_data,
    "GetMetricStatistics": get_metric_statistics,
    "ListMetrics": put_metric_data.list_metrics,
    "ListTagsForResource": tags.list_tags_for_resource,
    "PutAnomalyDetector": anomaly_detectors.put_anomaly_detector,
    "PutCompositeAlarm": alarms.put_composite_alarm,
    "PutInsightRule": tags.put_insight_rule,
    "PutMetricAlarm": alarms.put_metric_alarm,
    "PutMetricData": put_metric_data.put_metric_data,
    "SetAlarmState": alarms.set_alarm_state,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
}

# By operation: the form of its resource and the fields that name it; what is not here has none but "*".
_ALARM = ("{region}:{account}:alarm:", "AlarmName", "AlarmNames")
_DASHBOARD = (":{account}:dashboard/", "DashboardName", "DashboardNames")  # global: its ARN has no region
_RULE = ("{region}:{account}:insight-rule/", "RuleName", "RuleNames")
_STREAM = ("{region}:{account}:metric-stream/", "Name", "Names")
_RESOURCES: Mapping[str, tuple[str, str, str]] = {
    **dict.fromkeys(
        (
            "DeleteAlarms",
            "DescribeAlarmContributors",
            "DescribeAlarmHistory",
            "DescribeAlarms",
            "DescribeAlarmsForMetric",
            "DisableAlarmActions",
            "EnableAlarmActions",
            "PutCompositeAlarm",
            "PutMetricAlarm",
            "SetAlarmState",
        ),
        _ALARM,
    ),
    **dict.fromkeys(("DeleteDashboards", "GetDashboard", "PutDashboard"), _DASHBOARD),
    **dict.fromkeys(
        (
            "DeleteInsightRules",
            "DisableInsightRules",
            "EnableInsightRules",
            "GetInsightRuleReport",
            "PutInsightRule",
        ),
        _RULE,
    ),
    **dict.fromkeys(
        (
            "DeleteMetricStream",
            "GetMetricStream",
            "PutMetricStream",
            "StartMetricStreams",
            "StopMetricStreams",
        ),
        _STREAM,
    ),
}
_ACTIONS = ("AlarmActions", "InsufficientDataActions", "OKActions")


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """Return the alarms, dashboards, rules or streams of a call; metrics are no resources."""
    if call.operation not in _RESOURCES:
        return texts(fields.get("ResourceARN")) or ["*"]
    form, *members = _RESOURCES[call.operation]
    names = texts(*(fields.get(member) for member in members)) or ["*"]
    place = form.format(region=call.region, account=call.aws.account_id)
    return [f"arn:aws:cloudwatch:{place}{name}" for name in names]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """Return the namespace of data, the actions of an alarm, the log groups of a rule, and tags."""
    keys: dict[str, str | Sequence[str]] = {}
    if call.operation == "PutMetricData":
        keys["cloudwatch:namespace"] = str(fields.get("Namespace", ""))
    actions = texts(*(fields.get(name) for name in _ACTIONS))
    if actions:
        keys["cloudwatch:AlarmActions"] = actions
    if call.operation == "PutInsightRule":
        keys["cloudwatch:requestInsightRuleLogGroups"] = _log_groups(fields.get("RuleDefinition"))
    given = fields.get("Tags")
    pairs = [(tag.get("Key"), tag.get("Value")) for tag in (given if isinstance(given, list) else ()) if tag]
    keys |= {f"aws:RequestTag/{key}": str(value) for key, value in pairs}
    tagged = [str(key) for key, _ in pairs] or texts(fields.get("TagKeys"))
    return {**keys, "aws:TagKeys": tagged} if tagged else keys


def _log_groups(definition: Any) -> list[str]:
    try:
        names = json.loads(definition)["LogGroupNames"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []
    return texts(names)
