"""The operations of CloudWatch: moto's, but for those here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.permissions import texts

__all__ = ["OPERATIONS", "condition_keys", "resources"]

OPERATIONS: Mapping[str, Operation] = {}

_ALARMS = frozenset(
    {
        "DeleteAlarms",
        "DescribeAlarmHistory",
        "DescribeAlarms",
        "DisableAlarmActions",
        "EnableAlarmActions",
        "PutCompositeAlarm",
        "PutMetricAlarm",
        "SetAlarmState",
    }
)
_DASHBOARDS = frozenset({"DeleteDashboards", "GetDashboard", "ListDashboards", "PutDashboard"})


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """Alarms and dashboards are resources, metrics are not; a dashboard's ARN has no region."""
    account = call.aws.account_id
    if call.operation in _ALARMS:
        names = texts(fields.get("AlarmName"), fields.get("AlarmNames")) or ["*"]
        return [f"arn:aws:cloudwatch:{call.region}:{account}:alarm:{name}" for name in names]
    if call.operation in _DASHBOARDS:
        names = texts(fields.get("DashboardName"), fields.get("DashboardNames")) or ["*"]
        return [f"arn:aws:cloudwatch::{account}:dashboard/{name}" for name in names]
    return texts(fields.get("ResourceARN")) or ["*"]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """The namespace, of calls that have one."""
    return {"cloudwatch:namespace": str(fields["Namespace"])} if "Namespace" in fields else {}
