"""Whatever comes to Identity Center is answered in AWS's form, however many come at the same time."""

from __future__ import annotations

import functools
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Key
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws.identity_center.sign_in import Devices
from harness.aws.models import operation_model, service_model
from harness.aws.wire import Request, Response
from tests.aws_identity_center import DEVICE_CODE, Center, new_center

TARGETS = {"sso-admin": ("sso", "SWBExternalService"), "identitystore": ("identitystore", "AWSIdentityStore")}


@functools.cache
def _center() -> tuple[Center, dict[str, Any]]:
    """An Identity Center with one of each, and values by which calls may name them."""
    center = Center(account_id="310987654326")
    alice = center.user("alice")
    arn, application = center.permission_set(), center.application()
    center.assign(arn, alice)
    known = {
        "InstanceArn": center.instance,
        "PermissionSetArn": arn,
        "ApplicationArn": application,
        "ResourceArn": application,
        "PrincipalId": alice,
        "UserId": alice,
        "GroupId": center.group("readers", alice),
        "IdentityStoreId": center.store_id,
        "TargetId": center.aws.account_id,
        "AccountId": center.aws.account_id,
    }
    return center, known


def _send(service: str, operation: str, body: bytes) -> Response:
    center = _center()[0]
    host, target = TARGETS[service]
    signed = AWSRequest(
        method="POST",
        url=f"https://{host}.us-east-1.amazonaws.com/",
        data=body,
        headers={"content-type": "application/x-amz-json-1.1", "x-amz-target": f"{target}.{operation}"},
    )
    key = center.aws.administrator
    SigV4Auth(Key(key.access_key_id, key.secret_access_key), host, "us-east-1").add_auth(signed)
    headers = {name.lower(): value for name, value in signed.headers.items()}
    headers["host"] = f"{host}.us-east-1.amazonaws.com"
    return center.aws.handle(Request(host=headers["host"], headers=headers, body=signed.data))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _value(shape: Any, depth: int = 3) -> st.SearchStrategy[Any]:
    """A value that is nearly what a shape wants."""
    if "enum" in shape.metadata:
        return st.sampled_from(shape.metadata["enum"])
    if shape.type_name == "structure" and shape.members and depth:
        return st.fixed_dictionaries(
            {}, optional={name: _value(member, depth - 1) for name, member in shape.members.items()}
        )
    if shape.type_name == "list" and depth:
        return st.lists(_value(shape.member, depth - 1), max_size=2)
    plain = {"string": st.text(max_size=12), "boolean": st.booleans(), "integer": st.integers(0, 200)}
    return plain.get(shape.type_name, _JSON)


@st.composite
def _calls(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    service = draw(st.sampled_from(sorted(TARGETS)))
    names = [name for name in service_model(service).operation_names if name != "DeleteInstance"]
    operation = draw(st.sampled_from(names))
    known = _center()[1]
    fields = {}
    for name, member in operation_model(service, operation).input_shape.members.items():
        kinds = [_value(member)] * 4 + [_JSON]
        if name in known:
            kinds += [st.just(known[name])] * 30
        if draw(st.integers(0, 5)):
            fields[name] = draw(draw(st.sampled_from(kinds)))
    return service, operation, fields


@given(_calls())
@settings(max_examples=150, deadline=None)
def test_whatever_is_asked_is_answered_in_aws_form(call: tuple[str, str, dict[str, Any]]) -> None:
    service, operation, fields = call
    response = _send(service, operation, json.dumps(fields).encode())
    body = json.loads(response.body)
    assert isinstance(body, dict)
    if response.status != 200:
        code = response.headers["x-amzn-errortype"]
        assert response.status == 400
        assert code == body["__type"]
        assert code != "InternalFailure"


@pytest.mark.parametrize("depth", [200, 900, 5000])
def test_nesting_as_deep_as_you_like_is_refused(depth: int) -> None:
    known = _center()[1]
    fields = {
        **{name: known[name] for name in ("IdentityStoreId", "UserId")},
        "Operations": [{"AttributePath": "emails", "AttributeValue": "DEEP"}],
    }
    deep = json.dumps(fields).replace('"DEEP"', "[" * depth + "]" * depth)
    response = _send("identitystore", "UpdateUser", deep.encode())
    assert response.status == 400
    assert b"InternalFailure" not in response.body


def test_a_device_code_is_good_for_one_of_many_who_ask_at_once() -> None:
    with new_center(account_id="310987654327") as center:
        center.user("alice")
        client = center.client(scopes=["sso:account:access"])
        device = center.oidc.start_device_authorization(**client, startUrl=center.start_url)
        center.aws.state(Devices).approve(device["userCode"], user="alice")

        def poll(_: int) -> str:
            try:
                center.oidc.create_token(**client, grantType=DEVICE_CODE, deviceCode=device["deviceCode"])
            except ClientError as error:
                return str(error.response["Error"]["Code"])
            return "tokens"

        with ThreadPoolExecutor(8) as pool:
            answers = sorted(pool.map(poll, range(24)))
        assert answers == ["InvalidGrantException"] * 23 + ["tokens"]


def test_assignments_made_at_the_same_time_are_one_role() -> None:
    with new_center(account_id="310987654328") as center:
        arn = center.permission_set()
        users = [center.user(f"user{number}") for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda user: center.assign(arn, user)["Status"], users))
        assert statuses == ["SUCCEEDED"] * 8
        assert len(center.roles()) == 1
