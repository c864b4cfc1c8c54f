"""A log event, and the fields that a query finds in it.

Source: CloudWatch Logs User Guide, "Supported logs and discovered fields": the fields of JSON are found at
every depth and named with dots, the first two hundred of them.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from harness.aws.logs.insights.functions import moment
from harness.aws.logs.insights.values import Value

__all__ = ["Event", "Row", "fields"]

_DISCOVERED = 200  # fields of one event
Row = dict[str, Value]


@dataclass(frozen=True, kw_only=True)
class Event:
    """A log event: times in milliseconds since the epoch, where it is, and its text."""

    account: str
    group: str
    stream: str
    id: str
    timestamp: int
    ingestion_time: int
    message: str

    @property
    def pointer(self) -> str:
        """The ``@ptr`` by which GetLogRecord finds it."""
        place = f"{_stream(self.group, self.stream)}{json.dumps(self.id)}]"
        return base64.urlsafe_b64encode(place.encode()).decode()


@lru_cache(maxsize=256)
def _stream(group: str, stream: str) -> str:
    """The begin of a pointer, the same for all events of a stream: a list of JSON without its last item."""
    return f"{json.dumps([group, stream])[:-1]}, "


def fields(event: Event) -> Row:
    """Return the fields of an event: AWS's own, and those of its message where that is JSON."""
    row: Row = {
        "@timestamp": moment(event.timestamp),
        "@message": event.message,
        "@ingestionTime": moment(event.ingestion_time),
        "@logStream": event.stream,
        "@log": f"{event.account}:{event.group}",
        "@ptr": event.pointer,
    }
    if event.message.lstrip()[:1] == "{":
        try:
            found: dict[str, Value] = {}
            _flatten(json.loads(event.message), "", found)
        except (ValueError, RecursionError):
            return row
        row = {**found, **row}
    return row


def _flatten(value: Any, name: str, found: dict[str, Value]) -> None:
    if len(found) >= _DISCOVERED:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(inner, f"{name}.{key}" if name else key, found)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _flatten(inner, f"{name}.{index}", found)
    elif value is not None:
        found[name] = value if isinstance(value, str | bool) else float(value)
