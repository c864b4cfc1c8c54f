"""The operations of CloudWatch Logs: moto's, but for those here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from harness.aws.access.permissions import texts
from harness.aws.backend import not_implemented
from harness.aws.context import Context, Operation
from harness.aws.logs import anomalies, definitions, filter_events, policies, queries, records

__all__ = ["OPERATIONS", "condition_keys", "resources"]


def start_live_tail(call: Context, fields: Mapping[str, Any]) -> NoReturn:
    """Not here: it answers by a stream of events."""
    raise not_implemented(call)


OPERATIONS: Mapping[str, Operation] = {
    **anomalies.OPERATIONS,
    **definitions.OPERATIONS,
    **filter_events.OPERATIONS,
    **policies.OPERATIONS,
    **queries.OPERATIONS,
    **records.OPERATIONS,
    "StartLiveTail": start_live_tail,
}


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """Name a log group with ``:log-stream:`` after it, so that a policy's ARN without ``:*`` does not match.

    That is the form of AWS's own refusals (cwh#119).
    """
    where = f"{call.region}:{call.aws.account_id}"
    names = [
        name.removesuffix(":*").split(":log-group:")[-1]
        for key in ("logGroupName", "logGroupNames", "logGroupIdentifier", "logGroupIdentifiers")
        for name in texts(fields.get(key))
    ]
    if call.operation == "DescribeLogGroups":
        names = [""]
    if not names:
        return texts(fields.get("resourceArn")) or ["*"]
    stream = "".join(texts(fields.get("logStreamName"))[:1])
    return [f"arn:aws:logs:{where}:log-group:{name}:log-stream:{stream}" for name in names]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """None beside the global ones."""
    return {}
