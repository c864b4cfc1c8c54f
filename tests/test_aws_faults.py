"""What goes wrong at AWS on purpose, as SDKs see it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from fake_idp.server import LoopbackServer
from harness.aws import Aws, Credentials
from harness.aws.faults import FAULTS, FaultError
from tests.aws_account import over_http, refused, user

CLOUDWATCH = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id="350987654321")
    yield aws
    aws.close()


def role(aws: Aws, name: str = "reader") -> str:
    trust = {"Effect": "Allow", "Principal": {"AWS": aws.account_id}, "Action": "sts:AssumeRole"}
    made = aws.call(
        "iam",
        "create_role",
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    aws.call("iam", "put_role_policy", RoleName=name, PolicyName="p", PolicyDocument=json.dumps(CLOUDWATCH))
    arn: str = made["Role"]["Arn"]
    return arn


def assume(aws: Aws, arn: str) -> Credentials:
    got = aws.call("sts", "assume_role", RoleArn=arn, RoleSessionName="s1")["Credentials"]
    return Credentials(
        access_key_id=got["AccessKeyId"],
        secret_access_key=got["SecretAccessKey"],
        session_token=got["SessionToken"],
    )


@pytest.mark.parametrize(
    ("service", "operation", "where", "code"),
    [
        ("sts", "get_caller_identity", "sts:GetCallerIdentity", "Throttling"),
        ("iam", "list_users", "iam:ListUsers", "Throttling"),
        ("logs", "describe_log_groups", "logs:DescribeLogGroups", "ThrottlingException"),
        ("cloudwatch", "list_metrics", "cloudwatch:ListMetrics", "Throttling"),
        ("cognito-identity", "list_identity_pools", "cognito-identity:*", "ThrottlingException"),
    ],
)
def test_throttling_is_for_so_many_calls_and_has_each_protocol_s_code(
    aws: Aws, service: str, operation: str, where: str, code: str
) -> None:
    aws.faults.add(where, "throttling", times=2)
    fields = {"MaxResults": 1} if service == "cognito-identity" else {}
    call = getattr(aws.client(service), operation)
    for _ in range(2):
        assert refused(code, call, **fields) == "Rate exceeded"
        assert (aws.journal[-1].fault, aws.journal[-1].error) == ("throttling", "Throttling")
    assert call(**fields)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert aws.journal[-1].fault == ""
    assert not aws.faults


def test_an_sdk_gets_through_throttling_by_trying_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None)
    )  # it waits up to a second
    aws.faults.add("sts:GetCallerIdentity", "throttling", times=1)
    config = Config(retries={"mode": "standard", "total_max_attempts": 2})
    answer = aws.boto3().client("sts", config=config).get_caller_identity()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert [call.error for call in aws.journal.calls(operation="GetCallerIdentity")] == ["Throttling", None]


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        ("internal-failure", "InternalFailure", 500),
        ("service-unavailable", "ServiceUnavailable", 503),
        ("region-disabled", "RegionDisabledException", 403),
        ("idp-rejected-claim", "IDPRejectedClaim", 403),
        ("idp-communication-error", "IDPCommunicationError", 400),
        ("packed-policy-too-large", "PackedPolicyTooLarge", 400),
    ],
)
def test_each_error_has_aws_s_code_and_status(aws: Aws, fault: str, code: str, status: int) -> None:
    aws.faults.add("sts:AssumeRoleWithWebIdentity", fault)
    with pytest.raises(ClientError) as caught:
        aws.client("sts").assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{aws.account_id}:role/r", RoleSessionName="s1", WebIdentityToken="t" * 20
        )
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert (aws.journal[-1].fault, aws.journal[-1].error) == (fault, code)


def test_boto3_has_the_exception_of_a_modelled_error(aws: Aws) -> None:
    aws.faults.add("sts:*", "region-disabled")
    sts = aws.client("sts")
    with pytest.raises(sts.exceptions.RegionDisabledException, match=f"for account:{aws.account_id}. Your"):
        sts.assume_role(RoleArn=f"arn:aws:iam::{aws.account_id}:role/r", RoleSessionName="s1")
    assert sts.get_caller_identity()["Account"] == aws.account_id  # its model has no such error


def test_a_disabled_region_is_that_region(aws: Aws) -> None:
    aws.faults.add("sts:GetSessionToken", "region-disabled", region="eu-west-1")
    refused("RegionDisabledException", aws.client("sts", region="eu-west-1").get_session_token)
    before = aws.journal.last
    with suppress(ClientError):
        aws.client("sts").get_session_token()
    assert aws.journal.calls(since=before)[0].fault == ""


def test_any_error_by_its_code_for_one_caller(aws: Aws) -> None:
    alice = user(aws, CLOUDWATCH["Statement"][0])
    aws.faults.add(
        "iam:GetRole",
        code="LimitExceeded",
        status=409,
        message="too < much",
        access_key_id=alice.access_key_id,
    )
    role(aws)
    assert refused("LimitExceeded", aws.client("iam", credentials=alice).get_role, RoleName="reader") == (
        "too < much"
    )
    assert aws.client("iam").get_role(RoleName="reader")["Role"]["RoleName"] == "reader"


def test_a_fault_ends_by_the_clock_of_its_aws(aws: Aws) -> None:
    start, passed = time.time(), 0.0
    aws.now = lambda: start + passed
    aws.faults.add("sts:*", "throttling", seconds=60)
    refused("Throttling", aws.client("sts").get_caller_identity)
    passed = 59.9
    refused("Throttling", aws.client("sts").get_caller_identity)
    passed = 60.0
    assert aws.client("sts").get_caller_identity()
    assert aws.faults.active == ()


def test_a_fault_lasts_until_it_is_cleared(aws: Aws) -> None:
    aws.faults.add("sts:*", "throttling")
    aws.faults.add("iam:ListUsers", "internal-failure")
    aws.faults.clear("sts:*")
    assert aws.client("sts").get_caller_identity()
    refused("InternalFailure", aws.client("iam").list_users)
    assert repr(aws.faults) == "<Faults: iam:ListUsers internal-failure>"
    aws.faults.clear()
    assert aws.client("iam").list_users()


def test_the_oldest_fault_that_a_call_meets_counts(aws: Aws) -> None:
    aws.faults.add("sts:*", "throttling", times=1)
    aws.faults.add("*", "service-unavailable", times=1)
    refused("Throttling", aws.client("sts").get_caller_identity)
    refused("ServiceUnavailable", aws.client("sts").get_caller_identity)
    assert aws.client("sts").get_caller_identity()


def test_a_wrong_signature_uses_up_no_fault(aws: Aws) -> None:
    aws.faults.add("sts:*", "throttling", times=1)
    stranger = Credentials(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="x")
    refused("InvalidClientTokenId", aws.client("sts", credentials=stranger).get_caller_identity)
    refused("Throttling", aws.client("sts").get_caller_identity)


@pytest.mark.parametrize(("fault", "is_done"), [("drop[before]", False), ("drop[after]", True)])
def test_a_dropped_connection_comes_before_the_operation_or_after_it(
    aws: Aws, fault: str, is_done: bool
) -> None:
    with LoopbackServer() as server:
        server.start(aws.app)
        for number, iam in enumerate((aws.client("iam"), over_http(server.url, "iam", aws.administrator))):
            aws.faults.add("iam:CreateUser", fault, times=1)
            with pytest.raises(ConnectionClosedError):
                iam.create_user(UserName=f"bob{number}")
            assert (aws.journal[-1].fault, aws.journal[-1].status) == (fault, 200 if is_done else 0)
    names = {each["UserName"] for each in aws.client("iam").list_users()["Users"]}
    assert ({"bob0", "bob1"} <= names) is is_done


def test_a_late_answer_comes_and_holds_up_no_other(aws: Aws) -> None:
    with LoopbackServer() as server:
        server.start(aws.app)
        host, _, port = server.url.removeprefix("http://").partition(":")
        waiting = socket.create_connection((host, int(port)))
        sent: list[bytes] = []
        sts = over_http(server.url, "sts", aws.administrator)
        sts.meta.events.register("before-send", lambda request, **_: sent.append(_wire(request)))
        sts.get_caller_identity()  # what the other connection repeats
        aws.faults.add("sts:GetCallerIdentity", delay=300, times=1)
        waiting.sendall(sent[0])
        aws.journal.wait_for("GetCallerIdentity", count=2)
        assert sts.get_caller_identity()["Account"] == aws.account_id
        waiting.setblocking(False)
        with pytest.raises(BlockingIOError):
            waiting.recv(1)
        waiting.close()
    aws.faults.add("sts:GetCallerIdentity", delay=0.01, times=1)
    assert aws.client("sts").get_caller_identity()
    assert aws.journal[-1].fault == "delay"


def _wire(request: Any) -> bytes:
    lines = [f"{request.method} / HTTP/1.1"]
    for name, value in request.headers.items():
        lines.append(f"{name}: {value.decode() if isinstance(value, bytes) else value}")
    host = request.url.partition("://")[2].rstrip("/")
    body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
    return "\r\n".join([*lines, f"Host: {host}", "", ""]).encode() + body


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("st:AssumeRole", "throttling"), "no service 'st'; did you mean 'sts'?"),
        (("sts:AssumeRol", "throttling"), "no operation of sts 'AssumeRol'; did you mean 'AssumeRole'?"),
        (("sts", "throttling"), "no operation of sts ''"),
        (("sts:*", "throtling"), "no fault 'throtling'; did you mean 'throttling'?"),
        (("iam:*", "idp-rejected-claim"), "iam:\\* does not have it; of iam no operation has"),
        (("sts:AssumeRole", "idp-rejected-claim"), "AssumeRoleWithWebIdentity has"),
        (("sts:*",), "give a number of seconds, or name a fault"),
        (("sts:*", "error"), "code: goes with"),
    ],
)
def test_a_wrong_word_is_named_with_the_nearest_right_one(
    aws: Aws, arguments: tuple[str, ...], said: str
) -> None:
    with pytest.raises(FaultError, match=said.replace("?", "\\?")):
        aws.faults.add(*arguments)
    assert not aws.faults


@pytest.mark.parametrize(
    "options",
    [
        {"times": 0},
        {"seconds": 0},
        {"seconds": float("nan")},
        {"delay": -1},
        {"delay": 301},
        {"delay": float("nan")},
        {"code": "Bad Code\r\n"},
        {"code": "Good"},
        {"status": 200},
    ],
)
def test_a_value_out_of_range_is_refused(aws: Aws, options: dict[str, Any]) -> None:
    fault = "error" if options.get("code", "Good") != "Good" else "throttling"
    with pytest.raises(FaultError):
        aws.faults.add("sts:*", fault, **options)


def test_the_catalogue_has_a_source_for_each() -> None:
    assert all(kind.id == name and kind.title and kind.source for name, kind in FAULTS.items())


def test_revoked_sessions_are_denied_and_later_ones_are_not(aws: Aws) -> None:
    arn = role(aws)
    old = assume(aws, arn)
    aws.revoke_sessions("reader")
    document = aws.client("iam").get_role_policy(RoleName="reader", PolicyName="AWSRevokeOlderSessions")
    [statement] = document["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Deny", ["*"], ["*"])
    assert list(statement["Condition"]) == ["DateLessThan"]
    message = refused("AccessDenied", aws.client("cloudwatch", credentials=old).list_metrics)
    assert "with an explicit deny in an identity-based policy" in message
    new = assume(aws, arn)
    assert aws.client("cloudwatch", credentials=new).list_metrics()["Metrics"] == []


def test_only_a_role_that_is_there_is_revoked(aws: Aws) -> None:
    refused("NoSuchEntity", aws.revoke_sessions, "absent")


def test_a_role_that_is_deleted_takes_its_credentials_with_it(aws: Aws) -> None:
    arn = role(aws)
    mine = assume(aws, arn)
    cloudwatch = aws.client("cloudwatch", credentials=mine)
    assert cloudwatch.list_metrics()["Metrics"] == []
    aws.call("iam", "delete_role_policy", RoleName="reader", PolicyName="p")
    aws.call("iam", "delete_role", RoleName="reader")
    refused("InvalidClientTokenId", cloudwatch.list_metrics)
    role(aws)  # one of the same name is another role
    refused("InvalidClientTokenId", cloudwatch.list_metrics)
