"""What AWS saw: in order, filtered, waited for, and not without end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from harness.aws import Aws
from harness.aws.journal import Call, Journal, NotSeenError
from tests.aws_account import refused


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id="360987654321")
    yield aws
    aws.close()


def entry(operation: str = "GetRole", service: str = "iam") -> Call:
    return Call(
        time=1.0,
        service=service,
        operation=operation,
        account="1" * 12,
        principal=None,
        access_key_id=None,
        decision="allow",
        error=None,
        status=200,
    )


def test_every_call_is_written_down_in_order(aws: Aws) -> None:
    start = len(aws.journal)
    aws.client("sts").get_caller_identity()
    aws.client("logs", region="eu-west-1").describe_log_groups()
    refused("NoSuchEntity", aws.client("iam").get_role, RoleName="absent")
    calls = aws.journal[start:]
    assert [(call.service, call.operation, call.region, call.decision, call.error) for call in calls] == [
        ("sts", "GetCallerIdentity", "us-east-1", "allow", None),
        ("logs", "DescribeLogGroups", "eu-west-1", "allow", None),
        ("iam", "GetRole", "us-east-1", "allow", "NoSuchEntity"),
    ]
    assert {call.principal for call in calls} == {f"arn:aws:iam::{aws.account_id}:user/administrator"}
    assert {call.access_key_id for call in calls} == {aws.administrator.access_key_id}


def test_it_is_filtered_by_service_operation_and_principal(aws: Aws) -> None:
    before = aws.journal.last
    aws.client("iam").list_users()
    aws.client("iam").list_roles()
    aws.client("sts").get_caller_identity()
    names = [call.operation for call in aws.journal.calls(service="iam", since=before)]
    assert names == ["ListUsers", "ListRoles"]
    assert [call.service for call in aws.journal.calls(operation="GetCallerIdentity")] == ["sts"]
    assert aws.journal.calls(principal="arn:aws:iam::1:user/nobody") == []


def test_numbers_go_on_when_it_is_cleared() -> None:
    journal = Journal()
    journal.append(entry())
    journal.clear()
    assert (len(journal), journal.last) == (0, 1)
    journal.append(entry())
    assert [call.number for call in journal.calls(since=1)] == [2]


def test_the_oldest_calls_go() -> None:
    journal = Journal(limit=3)
    for _ in range(5):
        journal.append(entry())
    assert [call.number for call in journal] == [3, 4, 5]
    assert [call.number for call in journal.calls(since=1)] == [3, 4, 5]
    assert [call.number for call in journal.calls(since=4)] == [5]


def test_somebody_waits_for_a_call_that_another_thread_makes(aws: Aws) -> None:
    before = aws.journal.last
    thread = threading.Thread(target=aws.client("sts").get_caller_identity)
    thread.start()
    [call] = aws.journal.wait_for("GetCallerIdentity", service="sts", since=before)
    thread.join()
    assert call.status == 200


def test_a_call_that_does_not_come_is_named_beside_those_that_did(aws: Aws) -> None:
    before = aws.journal.last
    aws.client("iam").list_users()
    with pytest.raises(NotSeenError, match=r"did not see sts:AssumeRole; saw iam:ListUsers 200") as caught:
        aws.journal.wait_for("AssumeRole", service="sts", since=before, timeout=0.01)
    assert caught.value.seen == ("iam:ListUsers 200",)


def test_several_threads_lose_no_call() -> None:
    journal = Journal()
    threads = [
        threading.Thread(target=lambda: [journal.append(entry()) for _ in range(200)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [call.number for call in journal] == list(range(1, 1601))
