"""User pools take any call: an answer of AWS's form, never a failure of this AWS."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.aws.models import is_unsigned, operation_model, service_model
from harness.aws.wire import Request
from tests.aws_user_pool import Pool

UNSIGNED = [name for name in service_model("cognito-idp").operation_names if is_unsigned("cognito-idp", name)]
NAMES = ["USERNAME", "PASSWORD", "SRP_A", "REFRESH_TOKEN", "SECRET_HASH", "NEW_PASSWORD", "TIMESTAMP"]
NAMES += ["PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "SOFTWARE_TOKEN_MFA_CODE", "ANSWER"]


@pytest.fixture(scope="module")
def pool() -> Pool:
    made = Pool()
    made.user("alice")
    made.client()
    made.client(GenerateSecret=True)
    return made


@functools.cache
def clients(pool: Pool) -> list[str]:
    listed = pool.idp.list_user_pool_clients(UserPoolId=pool.id)["UserPoolClients"]
    return [str(each["ClientId"]) for each in listed]


def ask(pool: Pool, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
    response = pool.aws.handle(
        Request(
            method="POST",
            host="cognito-idp.us-east-1.amazonaws.com",
            path="/",
            headers={
                "content-type": "application/x-amz-json-1.1",
                "x-amz-target": f"AWSCognitoIdentityProviderService.{operation}",
            },
            body=body,
        )
    )
    return response.status, json.loads(response.body) if response.body else {}


def value(shape: Any, data: st.DataObject, pool: Pool) -> Any:
    """A value that is often near to a good one."""
    match shape.type_name:
        case "structure":
            return {
                name: value(member, data, pool)
                for name, member in shape.members.items()
                if name in shape.required_members or data.draw(st.booleans())
            }
        case "list":
            return [value(shape.member, data, pool) for _ in range(data.draw(st.integers(0, 2)))]
        case "map":
            names = data.draw(st.lists(st.sampled_from(NAMES), max_size=6))
            return {name: value(shape.value, data, pool) for name in names}
        case "integer":
            return data.draw(st.integers())
        case "boolean":
            return data.draw(st.booleans())
    likely = [*(getattr(shape, "enum", None) or ()), "alice", "email", "a.b.c", "x" * 24, "123456"]
    likely += clients(pool)
    return data.draw(st.sampled_from(likely) | st.text(max_size=8))


@pytest.mark.parametrize("operation", UNSIGNED)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_call_makes_it_fail(pool: Pool, operation: str, data: st.DataObject) -> None:
    shape = operation_model("cognito-idp", operation).input_shape
    status, answer = ask(pool, operation, json.dumps(value(shape, data, pool)).encode())
    assert status < 500, answer
    assert status == 200 or answer["__type"]


@pytest.mark.parametrize("operation", ["InitiateAuth", "RespondToAuthChallenge", "SignUp", "GetUser"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"ClientId": 1}',
        b'{"ClientId": "\\ud800", "AuthFlow": "USER_PASSWORD_AUTH", "AccessToken": "\\ud800"}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_call_is_refused(pool: Pool, operation: str, body: bytes) -> None:
    status, answer = ask(pool, operation, body)
    assert 400 <= status < 500
    assert answer["__type"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("flow", ["USER_PASSWORD_AUTH", "USER_SRP_AUTH", "REFRESH_TOKEN_AUTH"])
def test_half_a_character_is_refused(pool: Pool, flow: str, name: str) -> None:
    for client in clients(pool):
        given = {"USERNAME": "alice", "PASSWORD": "p", "SRP_A": "2", "REFRESH_TOKEN": "r", "SECRET_HASH": "s"}
        body = {"ClientId": client, "AuthFlow": flow, "AuthParameters": {**given, name: "\ud800"}}
        status, answer = ask(pool, "InitiateAuth", json.dumps(body).encode())
        assert (status, answer["__type"]) == (400, "SerializationException")
