"""Single events by their ``@ptr``, and which fields the events of a group have."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.logs.groups import events, group_name
from harness.aws.logs.insights.events import fields as fields_of
from harness.aws.logs.insights.values import show

__all__ = ["OPERATIONS"]

_AROUND = 8 * 60  # seconds before and after ``time`` that are looked at
_QUARTER = 15 * 60  # seconds that are looked at where no time is given
_MOST = 100  # fields that are named


def get_log_record(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """GetLogRecord: every field of one event.

    Raises:
        AwsError: ``InvalidParameterException`` for no pointer, ``ResourceNotFoundException``.
    """
    try:
        group, stream, event_id = json.loads(base64.urlsafe_b64decode(fields["logRecordPointer"]))
    except (ValueError, TypeError, RecursionError):
        raise AwsError("InvalidParameterException", "The specified pointer is invalid.") from None
    for event in events(call, group_name(call, str(group))):
        if (event.stream, event.id) == (stream, event_id):
            return {
                "logRecord": {
                    name: show(value) for name, value in fields_of(event).items() if value is not None
                }
            }
    raise AwsError("ResourceNotFoundException", "The specified log event does not exist.")


def get_log_group_fields(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """GetLogGroupFields: the fields of the events around a time, and how many in a hundred have each.

    Raises:
        AwsError: ``InvalidParameterException`` or ``ResourceNotFoundException``.
    """
    given = [fields[name] for name in ("logGroupName", "logGroupIdentifier") if name in fields]
    if len(given) != 1:
        raise AwsError("InvalidParameterException", "Either logGroupName or logGroupIdentifier is required.")
    at = fields.get("time")
    first, last = (call.now - _QUARTER, call.now) if at is None else (at - _AROUND, at + _AROUND)
    counted: Counter[str] = Counter()
    total = 0
    for event in events(call, group_name(call, given[0])):
        if first <= event.timestamp / 1000 <= last:
            total += 1
            counted.update(fields_of(event).keys())
    found = [
        {"name": name, "percent": round(100 * count / total)} for name, count in counted.most_common(_MOST)
    ]
    return {"logGroupFields": found}


OPERATIONS: Mapping[str, Operation] = {
    "GetLogGroupFields": get_log_group_fields,
    "GetLogRecord": get_log_record,
}
