"""FilterLogEvents and TestMetricFilter. Source: CloudWatch Logs API Reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.logs.expressions import patience
from harness.aws.logs.filter_pattern import matcher
from harness.aws.logs.groups import events, group_name
from harness.aws.logs.pages import page

__all__ = ["OPERATIONS"]

_page = replace(page, size=10_000)


def filter_log_events(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """FilterLogEvents, the oldest first.

    Raises:
        AwsError: ``InvalidParameterException`` or ``ResourceNotFoundException``.
    """
    given = [fields[name] for name in ("logGroupName", "logGroupIdentifier") if name in fields]
    if len(given) != 1:
        raise AwsError("InvalidParameterException", "Either logGroupName or logGroupIdentifier is required.")
    streams, prefix = fields.get("logStreamNames"), fields.get("logStreamNamePrefix", "")
    if streams and prefix:
        raise AwsError(
            "InvalidParameterException", "logStreamNames and logStreamNamePrefix exclude each other."
        )
    takes = matcher(fields.get("filterPattern", ""))
    first, last = fields.get("startTime", 0), fields.get("endTime", float("inf"))
    with patience():
        found: list[dict[str, Any]] = [
            {
                "logStreamName": event.stream,
                "timestamp": event.timestamp,
                "message": event.message,
                "ingestionTime": event.ingestion_time,
                "eventId": event.id,
            }
            for event in events(call, group_name(call, given[0]))
            if first <= event.timestamp <= last
            and (not streams or event.stream in streams)
            and event.stream.startswith(prefix)
            and takes(event.message)
        ]
    found.sort(key=lambda event: event["timestamp"])
    return {**_page(found, fields, "events"), "searchedLogStreams": []}


def try_metric_filter(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """TestMetricFilter: which of the given messages a pattern takes; the values of its parts are left out.

    Raises:
        AwsError: ``InvalidParameterException``.
    """
    takes = matcher(fields["filterPattern"])
    with patience():
        return {
            "matches": [
                {"eventNumber": number, "eventMessage": message, "extractedValues": {}}
                for number, message in enumerate(fields["logEventMessages"], 1)
                if takes(message)
            ]
        }


OPERATIONS: Mapping[str, Operation] = {
    "FilterLogEvents": filter_log_events,
    "TestMetricFilter": try_metric_filter,
}
