"""The log groups of an account as moto keeps them, and their events as records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.logs.models import logs_backends

from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.logs.insights import Event

__all__ = ["arn", "events", "group_name"]


def group_name(call: Context, identifier: str) -> str:
    """Return the name of a log group that exists, given its name or its ARN.

    Raises:
        AwsError: ``ResourceNotFoundException``, also for a group of another account or region.
    """
    name = identifier
    if identifier.startswith("arn:"):
        here = arn(call, "")
        name = identifier.removesuffix(":*").removeprefix(here) if identifier.startswith(here) else ""
    if name not in _groups(call):
        raise AwsError(
            "ResourceNotFoundException",
            f"Log group '{identifier}' does not exist for account ID '{call.aws.account_id}'",
        )
    return name


def arn(call: Context, name: str) -> str:
    """Return the ARN of a log group, without ``:*`` at its end."""
    return call.arn(f"log-group:{name}")


def events(call: Context, name: str) -> Iterator[Event]:
    """Yield the events of a log group, stream by stream."""
    with call.aws.lock:
        read = [
            (stream.log_stream_name, list(stream.events)) for stream in _groups(call)[name].streams.values()
        ]
    for stream, found in read:
        for event in found:
            yield Event(
                account=call.aws.account_id,
                group=name,
                stream=stream,
                id=str(event.event_id),
                timestamp=int(event.timestamp),
                ingestion_time=int(event.ingestion_time),
                message=str(event.message),
            )


def _groups(call: Context) -> dict[str, Any]:
    found: dict[str, Any] = logs_backends[call.aws.account_id][call.region].groups
    return found
