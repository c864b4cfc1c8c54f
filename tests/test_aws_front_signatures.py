"""The front of AWS: who signed, and what each protocol says to a signature that is none."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
import time_machine

from harness.aws import Aws, Credentials
from harness.aws.wire import Request
from tests.aws_account import HOSTS, refused, user

ACCOUNT = "330987654321"


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id=ACCOUNT)
    yield aws
    aws.close()


class TestSignatures:
    @pytest.mark.parametrize(
        ("service", "call", "unknown", "mismatch"),
        [
            ("sts", "get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch"),
            ("iam", "list_users", "InvalidClientTokenId", "SignatureDoesNotMatch"),
            ("cloudwatch", "list_metrics", "InvalidClientTokenId", "SignatureDoesNotMatch"),
            ("logs", "describe_log_groups", "UnrecognizedClientException", "InvalidSignatureException"),
        ],
    )
    def test_each_protocol_has_its_own_codes(
        self, aws: Aws, service: str, call: str, unknown: str, mismatch: str
    ) -> None:
        stranger = Credentials(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="x")
        refused(unknown, getattr(aws.client(service, credentials=stranger), call))
        wrong = Credentials(access_key_id=aws.administrator.access_key_id, secret_access_key="x")
        refused(mismatch, getattr(aws.client(service, credentials=wrong), call))
        assert (aws.journal[-1].decision, aws.journal[-1].principal) == ("deny", None)

    def test_an_inactive_key_is_unknown(self, aws: Aws) -> None:
        alice = user(aws)
        aws.client("iam").update_access_key(
            UserName="alice", AccessKeyId=alice.access_key_id, Status="Inactive"
        )
        refused("InvalidClientTokenId", aws.client("sts", credentials=alice).get_caller_identity)

    def test_a_clock_that_is_off_is_refused_sooner_by_logs(self, aws: Aws) -> None:
        true = time.time()
        aws.now = lambda: true
        with time_machine.travel(true - 400):
            assert aws.client("sts").get_caller_identity()
            message = refused("InvalidSignatureException", aws.client("logs").describe_log_groups)
            assert re.fullmatch(r"Signature expired: \S+ is now earlier than \S+ \(\S+ - 5 min\.\)", message)
        with time_machine.travel(true + 1000):
            message = refused("SignatureDoesNotMatch", aws.client("sts").get_caller_identity)
            assert message.startswith("Signature not yet current: ")

    def test_a_request_changed_on_its_way_is_refused(self, aws: Aws) -> None:
        sent: list[Request] = []
        handle = aws.handle
        aws.handle = lambda request: sent.append(request) or handle(request)  # type: ignore[method-assign,func-returns-value]
        aws.client("logs").describe_log_groups(logGroupNamePrefix="/a")
        [honest] = sent
        assert handle(honest).status == 200
        for change in (
            {"body": honest.body.replace(b"/a", b"/b")},
            {"query": "x=1"},
            {"host": "logs.eu-west-1.amazonaws.com"},
            {"headers": {**honest.headers, "x-amz-target": "Logs_20140328.DescribeDestinations"}},
        ):
            assert handle(Request(**{**vars(honest), **change})).status == 400
            assert aws.journal[-1].error == "SignatureDoesNotMatch"

    @pytest.mark.parametrize("host", list(HOSTS))
    def test_an_unsigned_call_is_refused(self, aws: Aws, host: str) -> None:
        operation = {
            "sts.amazonaws.com": "GetCallerIdentity",
            "iam.amazonaws.com": "ListUsers",
            "monitoring.us-east-1.amazonaws.com": "ListMetrics",
            "logs.us-east-1.amazonaws.com": "DescribeLogGroups",
            "cognito-idp.us-east-1.amazonaws.com": "ListUserPools",
            "cognito-identity.us-east-1.amazonaws.com": "ListIdentityPools",
        }[host]
        target = HOSTS[host]
        headers = {"x-amz-target": f"{target}.{operation}"} if target else {}
        body = b"{}" if target else f"Action={operation}".encode()
        response = aws.handle(Request(host=host, headers=headers, body=body))
        assert response.status == (400 if target else 403)
        assert b"MissingAuthenticationToken" in response.body
        assert aws.journal[-1].decision == "deny"
