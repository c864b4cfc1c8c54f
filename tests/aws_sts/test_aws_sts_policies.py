"""Session policies: they cut, they are bounded, and they take room."""

from __future__ import annotations

import json
import random
import string
from typing import Any

import pytest

from fake_idp import Issuer
from harness.aws import Aws
from tests.aws_account import refused
from tests.aws_sts.party import ACCOUNT, READ_ONLY, assume, credentials, exchange, make_role, policy, trust

METRICS = policy(Action="cloudwatch:*", Resource="*")
LOGS = "arn:aws:iam::aws:policy/CloudWatchLogsReadOnlyAccess"


@pytest.fixture
def role(aws: Aws) -> str:
    return make_role(aws, trust({"AWS": "*"}, ["sts:AssumeRole", "sts:TagSession"]), "open")


def noise(length: int) -> str:
    """Text that cannot be packed."""
    return "".join(random.Random(length).choices(string.ascii_letters + string.digits, k=length))


def test_a_session_policy_cuts_and_never_widens(aws: Aws, reader: str, issuer: Issuer) -> None:
    cut = credentials(exchange(aws, reader, issuer.mint(), Policy=METRICS))
    assert aws.client("cloudwatch", credentials=cut).list_metrics()["Metrics"] == []
    refused("AccessDeniedException", aws.client("logs", credentials=cut).describe_log_groups)
    refused("AccessDenied", aws.client("cloudwatch", credentials=cut).delete_alarms, AlarmNames=["a"])


def test_managed_session_policies_cut_too(aws: Aws, role: str) -> None:
    cut = credentials(assume(aws, aws.administrator, role, PolicyArns=[{"arn": LOGS}]))
    assert aws.client("logs", credentials=cut).describe_log_groups()["logGroups"] == []
    refused("AccessDenied", aws.client("cloudwatch", credentials=cut).list_metrics)
    both = credentials(assume(aws, aws.administrator, role, PolicyArns=[{"arn": LOGS}], Policy=METRICS))
    assert aws.client("cloudwatch", credentials=both).list_metrics()["Metrics"] == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"Policy": policy(Action="cloudwatch:*")}, "MalformedPolicyDocument"),
        ({"Policy": policy(Action="a:b", Resource="*", Principal="*")}, "MalformedPolicyDocument"),
        ({"Policy": METRICS + " " * 2048}, "ValidationError"),
        ({"PolicyArns": [{"arn": READ_ONLY}] * 11}, "ValidationError"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/NoSuchPolicyAccess"}]}, "ValidationError"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::999999999999:policy/theirs"}]}, "ValidationError"),
        ({"PolicyArns": [{"arn": f"arn:aws:iam::{ACCOUNT}:role/no-policy"}]}, "ValidationError"),
    ],
)
def test_session_policies_are_bounded(aws: Aws, role: str, fields: dict[str, Any], code: str) -> None:
    refused(code, assume, aws, aws.administrator, role, **fields)


def test_the_room_that_is_taken_is_said_in_per_cent(aws: Aws, role: str) -> None:
    assert "PackedPolicySize" not in assume(aws, aws.administrator, role)
    small = assume(aws, aws.administrator, role, Policy=METRICS)["PackedPolicySize"]
    spaced = json.dumps(json.loads(METRICS), indent=8)
    assert assume(aws, aws.administrator, role, Policy=spaced)["PackedPolicySize"] == small
    more = assume(
        aws,
        aws.administrator,
        role,
        Policy=METRICS,
        PolicyArns=[{"arn": LOGS}],
        Tags=[{"Key": "k", "Value": "v"}],
    )["PackedPolicySize"]
    assert 0 < small < more <= 100


def test_a_policy_that_cannot_be_packed_is_too_large(aws: Aws, role: str) -> None:
    large = policy(Action="cloudwatch:*", Resource="*", Sid=noise(1900))
    message = refused("PackedPolicyTooLarge", assume, aws, aws.administrator, role, Policy=large)
    assert message.startswith("Packed policy consumes ")
    assert message.endswith("% of allotted space, please use smaller policy.")


def test_tags_that_cannot_be_packed_are_too_large(aws: Aws, role: str, issuer: Issuer) -> None:
    tags = [{"Key": f"{n}", "Value": noise(200 + n)} for n in range(20)]
    message = refused("PackedPolicyTooLarge", assume, aws, aws.administrator, role, Tags=tags)
    assert message.startswith("Packed size of session tags consumes ")


def test_inherited_tags_take_room_too(aws: Aws, role: str) -> None:
    tags = [{"Key": "a", "Value": noise(250)}, {"Key": "b", "Value": noise(240)}]
    first = assume(aws, aws.administrator, role, Tags=tags, TransitiveTagKeys=["a", "b"])
    second = make_role(aws, trust({"AWS": "*"}, ["sts:AssumeRole", "sts:TagSession"]), "second")
    assert assume(aws, credentials(first), second)["PackedPolicySize"] == first["PackedPolicySize"]
