"""Nothing that is sent to AWS gets a page, a failure or silence: every service, in every protocol."""

from __future__ import annotations

from collections.abc import Iterator

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.aws import Aws
from harness.aws.services import SERVICES, Service
from harness.aws.wire import Request
from harness.emulator import EmulatedAws
from tests.aws_requests import any_json, assert_aws_shaped, call, calls, furnish, renamed, signed, texts

hosts = [f"{service.host}.us-east-1.amazonaws.com" for service in SERVICES.values()]
header_names = st.sampled_from(
    ["authorization", "x-amz-target", "x-amz-date", "x-amz-security-token", "content-type", "smithy-protocol"]
)
values = texts | st.sampled_from(
    [
        "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
        "application/x-amz-json-1.0",
        "application/cbor",
        "rpc-v2-cbor",
        "Logs_20140328.DescribeLogGroups",
        "Bearer abc",
    ]
)
bodies = (
    st.binary(max_size=60)
    | st.sampled_from([b"Action=AssumeRole", b"Action=AssumeRoleWithWebIdentity&RoleArn.x=1&RoleArn=2"])
    | any_json.map(cbor2.dumps)
)


@pytest.fixture(scope="module")
def account() -> Iterator[EmulatedAws]:
    aws = EmulatedAws(account_id="350987654321")
    yield aws
    aws.close()


@pytest.fixture(scope="module")
def names(account: Aws) -> dict[str, str]:
    """The ids of what is in the account."""
    return furnish(account)


@settings(max_examples=200, deadline=None)
@given(
    host=st.sampled_from([*hosts, "", "s3.amazonaws.com", "127.0.0.1:80", "sts.amazonaws.com.evil"]) | texts,
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "PROPFIND"]),
    path=st.sampled_from(["/", "/token", "/service/GraniteServiceVersion20100801/operation/x", "/moto-api/"])
    | texts,
    query=texts,
    headers=st.dictionaries(header_names, values, max_size=3),
    body=bodies,
)
def test_garbage_gets_a_refusal_in_aws_s_form(
    account: Aws, host: str, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    request = Request(method=method, host=host, path=path, query=query, headers=headers, body=body)
    response = account.handle(request)
    assert_aws_shaped(response)
    assert response.status >= 400


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=calls())
def test_every_operation_answers_the_administrator_in_aws_s_form(
    account: Aws, names: dict[str, str], made: tuple[Service, Request]
) -> None:
    service, request = made
    assert_aws_shaped(account.handle(signed(account, service, renamed(request, names))))
    assert account.journal[-1].error != "InternalFailure"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=calls())
def test_and_whoever_does_not_sign(
    account: Aws, names: dict[str, str], made: tuple[Service, Request]
) -> None:
    assert_aws_shaped(account.handle(renamed(made[1], names)))
    assert account.journal[-1].error != "InternalFailure"


@pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.name)
def test_a_refusal_is_in_the_caller_s_protocol(account: Aws, service: Service) -> None:
    for protocol in service.protocols:
        response = account.handle(call(service, protocol, "NoSuchOperation", {}, None))
        assert response.headers["content-type"] == protocol.value
        assert_aws_shaped(response)
