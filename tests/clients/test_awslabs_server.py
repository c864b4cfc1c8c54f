"""AWS Labs' own CloudWatch MCP server, unmodified, in a world: every one of its tools.

It runs as a process of its own with nothing but its environment: the way into the world, and the credentials
that a person gets on a provider path.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from harness.world import PROVIDERS, World
from tests.clients.conftest import HERE

SERVER = HERE / ".venvs" / "awslabs" / "bin" / "awslabs.cloudwatch-mcp-server"
GROUP, NAMESPACE = "/shop/api", "Shop"
LINES = [
    json.dumps({"level": "ERROR" if number % 3 == 0 else "INFO", "ms": number, "order": f"o-{number}"})
    for number in range(30)
]

pytestmark = pytest.mark.skipif(not SERVER.exists(), reason="needs what `make test-clients` installs")


@pytest.fixture(params=sorted(PROVIDERS))
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with World(request.param) as made:
        fill(made)
        yield made


def fill(world: World) -> None:
    """Put a log group, a metric and an alarm into the account."""
    now, call = int(time.time()), world.aws.call
    call("logs", "create_log_group", logGroupName=GROUP)
    call("logs", "create_log_stream", logGroupName=GROUP, logStreamName="one")
    events = [
        {"timestamp": 1000 * (now - 600) + number, "message": line} for number, line in enumerate(LINES)
    ]
    call("logs", "put_log_events", logGroupName=GROUP, logStreamName="one", logEvents=events)
    call(
        "logs",
        "put_query_definition",
        name="errors",
        queryString="filter level = 'ERROR'",
        logGroupNames=[GROUP],
    )
    arn = f"arn:aws:logs:us-east-1:{world.aws.account_id}:log-group:{GROUP}"
    call("logs", "create_log_anomaly_detector", logGroupArnList=[arn], detectorName="watch")
    data = [
        {
            "MetricName": "Orders",
            "Dimensions": [{"Name": "Region", "Value": "eu"}],
            "Timestamp": now - 60 * minute,
            "Value": float(minute),
        }
        for minute in range(1, 121)
    ]
    call("cloudwatch", "put_metric_data", Namespace=NAMESPACE, MetricData=data)
    call(
        "cloudwatch",
        "put_metric_alarm",
        AlarmName="many-orders",
        Namespace=NAMESPACE,
        MetricName="Orders",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    call(
        "cloudwatch",
        "set_alarm_state",
        AlarmName="many-orders",
        StateValue="ALARM",
        StateReason="it was tried",
    )


def credentials(world: World) -> dict[str, str]:
    """What a person gets on the provider path of a world, as a program's environment has it."""
    environ, token = world.setup.environ, world.mint("alice")
    match world.provider:
        case "cognito":
            pools = world.aws.client("cognito-identity")
            region, pool = environ["AWS_COGNITO_REGION"], environ["AWS_COGNITO_USER_POOL_ID"]
            logins = {f"cognito-idp.{region}.amazonaws.com/{pool}": token}
            identity = pools.get_id(IdentityPoolId=environ["AWS_COGNITO_IDENTITY_POOL_ID"], Logins=logins)
            answer = pools.get_credentials_for_identity(IdentityId=identity["IdentityId"], Logins=logins)
        case "oidc":
            answer = world.aws.client("sts").assume_role_with_web_identity(
                RoleArn=world.setup.role_arn, RoleSessionName="alice", WebIdentityToken=token
            )
        case _:
            sts = world.aws.client("sts", credentials=world.server)
            answer = sts.assume_role(RoleArn=world.setup.role_arn, RoleSessionName="alice")
    found = answer["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": found.get("SecretAccessKey") or found["SecretKey"],
        "AWS_SESSION_TOKEN": found["SessionToken"],
    }


def iso(offset: int) -> str:
    return datetime.fromtimestamp(time.time() + offset, UTC).isoformat()


def calls(world: World) -> list[tuple[str, dict[str, Any], Callable[[Any], bool]]]:
    """Each tool, what it is given, and what must hold of its answer."""
    arn = f"arn:aws:logs:us-east-1:{world.aws.account_id}:log-group:{GROUP}"
    span = {"start_time": iso(-3600), "end_time": iso(60)}
    query = {**span, "query_string": "filter level = 'ERROR' | stats count(*) as n"}
    metric = {"namespace": NAMESPACE, "metric_name": "Orders"}
    dimensions = [{"name": "Region", "value": "eu"}]
    selector = '{"Orders", "Region"="eu"}'
    return [
        (
            "describe_log_groups",
            {"log_group_name_prefix": "/shop"},
            lambda said: (
                said["log_group_metadata"][0]["logGroupName"] == GROUP
                and said["saved_queries"][0]["name"] == "errors"
            ),
        ),
        (
            "analyze_log_group",
            {"log_group_arn": arn, **span},
            lambda said: (
                said["log_anomaly_results"]["anomaly_detectors"][0]["detectorName"] == "watch"
                and len(said["top_patterns"]["results"]) == 2
                and len(said["top_patterns_containing_errors"]["results"]) == 1
            ),
        ),
        (
            "execute_log_insights_query",
            {**query, "log_group_names": [GROUP]},
            lambda said: said["status"] == "Complete" and said["results"] == [{"n": "10"}],
        ),
        (
            "execute_cwl_insights_batch",
            {**query, "log_group_names": [GROUP], "regions": ["us-east-1"]},
            lambda said: "10" in json.dumps(said),
        ),
        (
            "recommend_indexes_loggroup",
            {"log_group_identifier": GROUP},
            lambda said: "level" in json.dumps(said),
        ),
        ("recommend_indexes_account", {}, lambda said: "level" in json.dumps(said)),
        (
            "get_metric_data",
            {**metric, **span, "dimensions": dimensions, "statistic": "SUM", "target_datapoints": 60},
            lambda said: len(said["metricDataResults"][0]["datapoints"]) > 10,
        ),
        (
            "get_metric_data",
            {**metric, **span, "group_by_dimension": "Region", "schema_dimension_keys": ["Region"]},
            lambda said: len(said["metricDataResults"]) == 1,
        ),
        (
            "get_metric_metadata",
            {"namespace": "AWS/EC2", "metric_name": "CPUUtilization"},
            lambda said: said["unit"] != "",
        ),
        ("analyze_metric", {**metric, "dimensions": dimensions}, lambda said: "error" not in said),
        (
            "get_recommended_metric_alarms",
            {**metric, "dimensions": dimensions},
            lambda said: said is not None,
        ),
        (
            "execute_promql_query",
            {"query": selector},
            lambda said: said["resultType"] == "vector" and said["result"][0]["metric"]["Region"] == "eu",
        ),
        (
            "execute_promql_range_query",
            {"query": f"sum({selector})", "start": iso(-3600), "end": iso(0), "step": "60"},
            lambda said: len(said["result"][0]["values"]) > 10,
        ),
        (
            "get_promql_label_values",
            {"label_name": "Region", "match": [selector]},
            lambda said: said["values"] == ["eu"],
        ),
        ("get_promql_series", {"match": [selector]}, lambda said: said["series"][0]["Region"] == "eu"),
        ("get_promql_labels", {}, lambda said: "Region" in said["labels"]),
        (
            "get_active_alarms",
            {},
            lambda said: said["metric_alarms"][0]["alarm_name"] == "many-orders",
        ),
        (
            "get_alarm_history",
            {"alarm_name": "many-orders", **span},
            lambda said: "StateUpdate" in json.dumps(said),
        ),
    ]


async def drive(world: World) -> dict[str, Any]:
    """Call every tool; return what was wrong, by tool, and the names of the tools that were not called."""
    environ = {**world.environ, **credentials(world), "HOME": str(world.internet.folder), "PATH": ""}
    parameters = StdioServerParameters(command=str(SERVER), env={**environ, "FASTMCP_LOG_LEVEL": "ERROR"})
    wrong: dict[str, Any] = {}
    async with (
        stdio_client(parameters, errlog=sys.stderr) as (incoming, outgoing),
        ClientSession(incoming, outgoing) as session,
    ):
        await session.initialize()
        left = {tool.name for tool in (await session.list_tools()).tools}
        for name, arguments, holds in calls(world):
            answer = await session.call_tool(name, arguments)
            text = answer.content[0].text if answer.content else ""  # type: ignore[union-attr]
            said = answer.structured_content or (json.loads(text) if text[:1] in "{[" else text)
            if isinstance(said, dict) and said.keys() == {"result"}:  # how a list or a text is wrapped
                said = said["result"]
            if answer.is_error or not holds(said):
                wrong[name] = text or said
            left.discard(name)
        await query_by_parts(session, wrong)
    return {
        **wrong,
        **dict.fromkeys(left - {"get_logs_insight_query_results", "cancel_logs_insight_query"}, "not called"),
    }


async def query_by_parts(session: ClientSession, wrong: dict[str, Any]) -> None:
    """A query that outlasts its tool is asked for again, and another one is cancelled."""
    unfinished = {
        "log_group_names": [GROUP],
        "start_time": iso(-3600),
        "end_time": iso(60),
        "query_string": "limit 1",
        "max_timeout": 0,
    }
    for name, expected in (
        ("get_logs_insight_query_results", '"Complete"'),
        ("cancel_logs_insight_query", "true"),
    ):
        started = await session.call_tool("execute_log_insights_query", unfinished)
        query_id = json.loads(started.content[0].text)["queryId"]  # type: ignore[union-attr]
        answer = await session.call_tool(name, {"query_id": query_id})
        text = answer.content[0].text if answer.content else ""  # type: ignore[union-attr]
        if expected not in text:
            wrong[name] = text


def test_every_tool_answers_under_the_credentials_of_a_person(world: World) -> None:
    assert asyncio.run(drive(world)) == {}
    services = {
        call.service for call in world.aws.journal if call.principal and "assumed-role" in call.principal
    }
    assert {"cloudwatch", "logs"} <= services
