"""Whatever is sent to IAM as a policy, it answers as AWS does: saved, or refused with a code of its model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.aws import Aws

ACCOUNT = "370987654321"
HERE = f"arn:aws:iam::{ACCOUNT}"
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

texts = st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=12)
leaves = (
    texts
    | st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(
        ["*", "sts:AssumeRole", "s3:*", ACCOUNT, f"{HERE}:user/administrator", f"{HERE}:role/x"]
    )
)
values = leaves | st.lists(leaves, max_size=3)
statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny", "deny"])},
    optional={
        "Sid": leaves,
        "Action": values,
        "NotAction": values,
        "Resource": values,
        "Principal": values | st.dictionaries(st.sampled_from(["AWS", "Federated", "Service", "X"]), values),
        "NotPrincipal": st.dictionaries(st.sampled_from(["AWS"]), values),
        "Condition": st.dictionaries(
            st.sampled_from(["StringEquals", "Null", "X"]),
            st.dictionaries(texts, values, max_size=2),
            max_size=2,
        ),
    },
)
documents = st.fixed_dictionaries(
    {"Version": st.sampled_from(["2012-10-17", "2008-10-17", "x"])},
    optional={"Statement": statements | st.lists(statements | leaves, max_size=3), "Id": leaves, "X": leaves},
).map(json.dumps)


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    aws = Aws(account_id=ACCOUNT)
    yield aws
    aws.close()


def code(aws: Aws, operation: str, **fields: Any) -> str:
    """Return the code of the refusal; nothing if there was none."""
    answer: dict[str, Any] = {}
    try:
        answer = aws.call("iam", operation, **fields)
    except ClientError as refusal:
        answer = dict(refusal.response)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] < 500
    found: str = answer.get("Error", {}).get("Code", "")
    return found


@given(document=documents | texts.filter(bool))
@SETTINGS
def test_any_trust_policy_is_saved_or_malformed(aws: Aws, document: str) -> None:
    answer = code(aws, "create_role", RoleName="hostile", AssumeRolePolicyDocument=document)
    assert answer in {"", "MalformedPolicyDocument"}
    if not answer:
        assert code(aws, "update_assume_role_policy", RoleName="hostile", PolicyDocument=document) == ""
        aws.call("iam", "create_user", UserName="gone")
        assert code(aws, "delete_user", UserName="gone") == ""
        assert code(aws, "delete_role", RoleName="hostile") == ""


@given(document=documents | texts.filter(bool))
@SETTINGS
def test_any_policy_is_saved_or_malformed_and_can_be_asked(aws: Aws, document: str) -> None:
    simulated = code(aws, "simulate_custom_policy", PolicyInputList=[document], ActionNames=["s3:Get"])
    assert simulated in {"", "InvalidInput"}
    fields = {"GroupName": "hostile", "PolicyName": "p", "PolicyDocument": document}
    code(aws, "create_group", GroupName="hostile")
    answer = code(aws, "put_group_policy", **fields)
    assert answer in {"", "MalformedPolicyDocument"}
    if not answer:
        assert simulated == ""
