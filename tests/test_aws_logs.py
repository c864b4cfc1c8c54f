"""CloudWatch Logs: queries, saved queries, anomaly detectors, index policies and filter patterns."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws import Aws, AwsError
from harness.aws.logs.anomalies import Anomalies
from harness.aws.logs.filter_pattern import matcher

GROUP = "/app/api"
MESSAGES = [
    json.dumps({"level": "ERROR", "ms": 120, "user": "alice"}),
    json.dumps({"level": "INFO", "ms": 20, "user": "bob"}),
    "plain WARN text",
]


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id="320987654321")
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
    aws.call(
        "logs",
        "put_log_events",
        logGroupName=GROUP,
        logStreamName="one",
        logEvents=[
            {"timestamp": _recent() + number, "message": message} for number, message in enumerate(MESSAGES)
        ],
    )
    yield aws
    aws.close()


def _recent() -> int:
    """A time that moto, which has this machine's clock, takes for recent; milliseconds."""
    return int(time.time() * 1000) - 60_000


@pytest.fixture
def logs(aws: Aws) -> Any:
    return aws.client("logs")


def start(logs: Any, query: str, **fields: Any) -> str:
    given: dict[str, Any] = {"logGroupName": GROUP, **fields}
    first, last = _recent() // 1000 - 3600, _recent() // 1000 + 3600
    started: str = logs.start_query(startTime=first, endTime=last, queryString=query, **given)["queryId"]
    return started


def refusal(raised: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_query_answers_from_the_events_that_are_there(logs: Any) -> None:
    answer = logs.get_query_results(queryId=start(logs, "filter level = 'ERROR' | fields user, ms"))
    assert answer["status"] == "Complete"
    row = {each["field"]: each["value"] for each in answer["results"][0]}
    assert (row["user"], row["ms"]) == ("alice", "120")
    assert answer["statistics"]["recordsMatched"] == 1
    assert answer["statistics"]["recordsScanned"] == 3
    record = logs.get_log_record(logRecordPointer=row["@ptr"])["logRecord"]
    assert (record["user"], record["@logStream"]) == ("alice", "one")


@pytest.mark.parametrize("identifier", ["{arn}", "{arn}:*", GROUP], ids=["arn", "arn with a star", "name"])
def test_a_group_is_named_by_identifier_too(aws: Aws, logs: Any, identifier: str) -> None:
    arn = f"arn:aws:logs:us-east-1:{aws.account_id}:log-group:{GROUP}"
    first = _recent() // 1000 - 3600
    query = logs.start_query(
        logGroupIdentifiers=[identifier.format(arn=arn).removesuffix(":*")],
        startTime=first,
        endTime=first + 7200,
        queryString="stats count(*) as n",
    )
    assert logs.get_query_results(queryId=query["queryId"])["results"] == [[{"field": "n", "value": "3"}]]


def test_a_query_that_cannot_be_read_says_where(logs: Any) -> None:
    with pytest.raises(ClientError) as raised:
        start(logs, "fields a | nonsense b")
    assert refusal(raised)[0] == "MalformedQueryException"
    error = raised.value.response["queryCompileError"]
    assert error["location"] == {"startCharOffset": 11, "endCharOffset": 19}


def test_a_query_over_a_group_that_is_not_there_is_refused(logs: Any) -> None:
    with pytest.raises(ClientError) as raised:
        start(logs, "limit 1", logGroupName="/absent")
    assert refusal(raised)[0] == "ResourceNotFoundException"


def test_a_query_is_over_one_kind_of_groups(logs: Any) -> None:
    with pytest.raises(ClientError) as raised:
        start(logs, "limit 1", logGroupNames=[GROUP])
    assert refusal(raised)[0] == "InvalidParameterException"


def test_a_running_query_can_be_stopped_and_an_ended_one_cannot(logs: Any) -> None:
    running = start(logs, "limit 1")
    assert logs.stop_query(queryId=running)["success"] is True
    assert logs.get_query_results(queryId=running)["status"] == "Cancelled"
    with pytest.raises(ClientError) as raised:
        logs.stop_query(queryId=running)
    assert refusal(raised)[0] == "InvalidParameterException"


def test_queries_are_described_the_newest_first(logs: Any) -> None:
    first, second = start(logs, "limit 1"), start(logs, "limit 2")
    logs.get_query_results(queryId=first)
    assert [each["queryId"] for each in logs.describe_queries()["queries"]] == [second, first]
    assert [each["queryId"] for each in logs.describe_queries(status="Complete")["queries"]] == [first]
    page = logs.describe_queries(maxResults=1)
    rest = logs.describe_queries(maxResults=1, nextToken=page["nextToken"])
    assert [each["queryString"] for each in page["queries"] + rest["queries"]] == ["limit 2", "limit 1"]


def test_a_query_of_another_account_is_not_there(aws: Aws, logs: Any) -> None:
    query = start(logs, "limit 1")
    other = Aws(account_id="330987654321")
    with pytest.raises(ClientError) as raised:
        other.client("logs").get_query_results(queryId=query)
    other.close()
    assert refusal(raised)[0] == "ResourceNotFoundException"


def test_queries_are_saved_replaced_and_deleted(logs: Any) -> None:
    made = logs.put_query_definition(name="slow", queryString="filter ms > 100", logGroupNames=[GROUP])
    again = logs.put_query_definition(
        name="slower", queryString="filter ms > 200", queryDefinitionId=made["queryDefinitionId"]
    )
    assert again["queryDefinitionId"] == made["queryDefinitionId"]
    (saved,) = logs.describe_query_definitions(queryDefinitionNamePrefix="slow")["queryDefinitions"]
    assert (saved["name"], saved["queryString"]) == ("slower", "filter ms > 200")
    assert saved["lastModified"] >= _recent()
    assert logs.delete_query_definition(queryDefinitionId=made["queryDefinitionId"])["success"]
    with pytest.raises(ClientError) as raised:
        logs.delete_query_definition(queryDefinitionId=made["queryDefinitionId"])
    assert refusal(raised)[0] == "ResourceNotFoundException"


def test_an_anomaly_detector_lists_what_was_put_into_it(aws: Aws, logs: Any) -> None:
    arn = f"arn:aws:logs:us-east-1:{aws.account_id}:log-group:{GROUP}"
    made = logs.create_log_anomaly_detector(logGroupArnList=[arn], detectorName="d")["anomalyDetectorArn"]
    (listed,) = logs.list_log_anomaly_detectors(filterLogGroupArn=arn)["anomalyDetectors"]
    assert (listed["detectorName"], listed["anomalyDetectorStatus"]) == ("d", "INITIALIZING")
    assert logs.list_anomalies(anomalyDetectorArn=made)["anomalies"] == []
    aws.state(Anomalies).add(made, patternString="boom <*>", firstSeen=1, lastSeen=2)
    (found,) = logs.list_anomalies(anomalyDetectorArn=made)["anomalies"]
    assert (found["patternString"], found["logGroupArnList"]) == ("boom <*>", [arn])
    logs.update_log_anomaly_detector(anomalyDetectorArn=made, enabled=False)
    assert logs.get_log_anomaly_detector(anomalyDetectorArn=made)["anomalyDetectorStatus"] == "PAUSED"
    logs.delete_log_anomaly_detector(anomalyDetectorArn=made)
    assert logs.list_log_anomaly_detectors()["anomalyDetectors"] == []


def test_a_group_has_its_own_index_policy_or_that_of_the_account(logs: Any) -> None:
    document = json.dumps({"Fields": ["requestId"]})
    logs.put_account_policy(
        policyName="all", policyDocument=document, policyType="FIELD_INDEX_POLICY", scope="ALL"
    )
    (inherited,) = logs.describe_index_policies(logGroupIdentifiers=[GROUP])["indexPolicies"]
    assert (inherited["source"], inherited["policyName"]) == ("ACCOUNT", "all")
    logs.put_index_policy(logGroupIdentifier=GROUP, policyDocument=json.dumps({"Fields": ["user"]}))
    (own,) = logs.describe_index_policies(logGroupIdentifiers=[GROUP])["indexPolicies"]
    assert (own["source"], json.loads(own["policyDocument"])) == ("LOG_GROUP", {"Fields": ["user"]})
    logs.delete_index_policy(logGroupIdentifier=GROUP)
    logs.delete_account_policy(policyName="all", policyType="FIELD_INDEX_POLICY")
    assert logs.describe_index_policies(logGroupIdentifiers=[GROUP])["indexPolicies"] == []
    with pytest.raises(ClientError) as raised:
        logs.put_index_policy(logGroupIdentifier=GROUP, policyDocument="{}")
    assert refusal(raised)[0] == "InvalidParameterException"


def test_the_fields_of_a_group_are_counted(logs: Any) -> None:
    found = logs.get_log_group_fields(logGroupName=GROUP, time=_recent() // 1000)["logGroupFields"]
    percent = {each["name"]: each["percent"] for each in found}
    assert (percent["@message"], percent["level"]) == (100, 67)


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ("", [0, 1, 2]),
        ("WARN", [2]),
        ("plain text", [2]),
        ('"WARN text"', [2]),
        ("-WARN", [0, 1]),
        ("?WARN ?alice", [0, 2]),
        ("%W[A-Z]+N%", [2]),
        ('{ $.level = "ERROR" }', [0]),
        ("{ $.ms > 10 && $.ms <= 20 }", [1]),
        ('{ ($.user = "a*") || ($.ms = 20) }', [0, 1]),
        ("{ $.absent NOT EXISTS }", [0, 1]),
        ("[first, second=W*, ...]", [2]),
        ("[..., last=text]", [2]),
    ],
)
def test_a_filter_pattern_takes_events(logs: Any, pattern: str, taken: list[int]) -> None:
    events = logs.filter_log_events(logGroupName=GROUP, filterPattern=pattern)["events"]
    assert [event["message"] for event in events] == [MESSAGES[number] for number in taken]
    tried = logs.test_metric_filter(filterPattern=pattern or " ", logEventMessages=MESSAGES)["matches"]
    assert [each["eventNumber"] - 1 for each in tried] == taken


def test_a_filter_pattern_that_cannot_be_read_is_refused(logs: Any) -> None:
    with pytest.raises(ClientError) as raised:
        logs.filter_log_events(logGroupName=GROUP, filterPattern="{ $.a = }")
    assert refusal(raised) == ("InvalidParameterException", "Invalid filter pattern")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.text(alphabet='{}[]()$.=<>&|!"%?- ab1*', max_size=40), st.text(max_size=20))
def test_no_filter_pattern_makes_anything_but_a_verdict_or_a_refusal(pattern: str, message: str) -> None:
    try:
        verdict: Any = matcher(pattern)(message)
    except AwsError as error:
        verdict = error.code
    assert verdict in {True, False, "InvalidParameterException"}


def test_a_query_needs_the_permission_on_every_group(aws: Aws) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/secret")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "logs:StartQuery",
                "Resource": f"arn:aws:logs:*:*:log-group:{GROUP}:*",
            }
        ],
    }
    reader = aws.client("logs", credentials=aws.iam.create_user("reader", policy))
    start(reader, "limit 1")
    with pytest.raises(ClientError) as raised:
        reader.start_query(logGroupNames=[GROUP, "/secret"], startTime=0, endTime=1, queryString="limit 1")
    code, message = refusal(raised)
    assert code == "AccessDeniedException"
    assert "log-group:/secret:" in message
