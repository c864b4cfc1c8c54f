"""What tests of CloudWatch share: an AWS at a fixed time, its clients, and short ways to say a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import time_machine
from botocore.serialize import create_serializer

from harness.aws import Aws

NOW = int(datetime(2026, 3, 11, 10, 0, tzinfo=UTC).timestamp())  # a Wednesday
_accounts = count(610987654321)
PROTOCOLS = ("query", "json", "smithy-rpc-v2-cbor")


@contextmanager
def aws_at(now: int = NOW) -> Iterator[Aws]:
    """Run an AWS whose clients have the same time as it."""
    with time_machine.travel(now, tick=False):
        aws = Aws(account_id=str(next(_accounts)))  # one may be inside another
        yield aws
        aws.close()


def speaking(client: Any, protocol: str) -> Any:
    """Let a client speak one protocol, whichever of those of its model botocore would choose."""
    client.meta.service_model.__dict__["resolved_protocol"] = protocol
    client._serializer = create_serializer(protocol, include_validation=False)
    return client


def put(
    client: Any, values: Sequence[float], *, end: int = NOW, name: str = "Latency", **dimensions: str
) -> None:
    """Publish a value a minute to the namespace ``App``, the last one in the minute before ``end``."""
    client.put_metric_data(
        Namespace="App",
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                "Timestamp": end - 60 * (len(values) - number),
                "Value": value,
            }
            for number, value in enumerate(values)
        ],
    )


def metric(
    identifier: str, stat: str = "Sum", *, period: int = 60, name: str = "Latency", **dimensions: str
) -> dict[str, Any]:
    """Return a query of a metric of ``App``."""
    return {
        "Id": identifier,
        "MetricStat": {
            "Metric": {
                "Namespace": "App",
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            },
            "Period": period,
            "Stat": stat,
        },
    }


def ask(client: Any, *queries: Mapping[str, Any], **options: Any) -> list[dict[str, Any]]:
    """Return the results of queries about the last ten minutes, oldest data point first."""
    span = {"StartTime": NOW - 600, "EndTime": NOW, "ScanBy": "TimestampAscending", **options}
    found: list[dict[str, Any]] = client.get_metric_data(MetricDataQueries=list(queries), **span)[
        "MetricDataResults"
    ]
    return found
