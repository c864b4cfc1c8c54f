"""Session tags: passed, inherited, bounded, and what policies see of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_idp import Issuer
from harness.aws import Aws
from harness.aws.errors import AwsError
from harness.aws.sts.tags import NO_TAGS, SessionTags, requested, with_inherited, within_token
from tests.aws_account import refused
from tests.aws_sts.party import (
    WEB_IDENTITY,
    assume,
    credentials,
    exchange,
    federated,
    make_role,
    policy,
    register,
    trust,
)

TAGGING = ["sts:AssumeRole", "sts:TagSession"]
CLAIM = "https://aws.amazon.com/tags"
TEAM = [{"Key": "team", "Value": "ops"}]


def tagged_role(aws: Aws, name: str, **condition: Any) -> str:
    more = {"Condition": condition} if condition else {}
    return make_role(aws, trust({"AWS": "*"}, TAGGING, **more), name)


def attempt(make: Callable[[], SessionTags]) -> tuple[SessionTags, str]:
    """Return the tags that something makes, or no tags and the code of its refusal."""
    try:
        return make(), ""
    except AwsError as error:
        return NO_TAGS, error.code


def test_tags_need_leave_to_tag(aws: Aws) -> None:
    role = make_role(aws, trust({"AWS": "*"}))
    message = refused("AccessDenied", assume, aws, aws.administrator, role, Tags=TEAM)
    assert "is not authorized to perform: sts:TagSession on resource: " + role in message
    assert assume(aws, aws.administrator, tagged_role(aws, "tagged"), Tags=TEAM)


def test_a_trust_policy_sees_the_tags_of_the_call(aws: Aws) -> None:
    wanted = {
        "StringEquals": {"aws:RequestTag/team": "ops"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team"], "sts:TransitiveTagKeys": ["team"]},
    }
    role = tagged_role(aws, "tagged", **wanted)
    assert assume(aws, aws.administrator, role, Tags=TEAM, TransitiveTagKeys=["team"])
    refused("AccessDenied", assume, aws, aws.administrator, role)
    more = [*TEAM, {"Key": "stage", "Value": "test"}]
    refused("AccessDenied", assume, aws, aws.administrator, role, Tags=more)


def test_a_policy_sees_the_tags_of_the_session(aws: Aws) -> None:
    role = tagged_role(aws, "tagged")
    document = policy(
        Effect="Deny",
        Action="cloudwatch:*",
        Resource="*",
        Condition={"StringNotEquals": {"aws:PrincipalTag/team": "ops"}},
    )
    aws.call("iam", "put_role_policy", RoleName="tagged", PolicyName="p", PolicyDocument=document)
    for value, allowed in (("ops", True), ("dev", False)):
        session = credentials(assume(aws, aws.administrator, role, Tags=[{"Key": "team", "Value": value}]))
        call = aws.client("cloudwatch", credentials=session).list_metrics
        if allowed:
            assert call()["Metrics"] == []
        else:
            refused("AccessDenied", call)


def test_only_transitive_tags_pass_on_and_they_go_all_the_way(aws: Aws) -> None:
    tags = [*TEAM, {"Key": "stage", "Value": "test"}]
    first, second = tagged_role(aws, "first"), tagged_role(aws, "second")
    third = tagged_role(
        aws, "third", StringEquals={"aws:PrincipalTag/team": "ops"}, Null={"aws:PrincipalTag/stage": "true"}
    )
    one = assume(aws, aws.administrator, first, Tags=tags, TransitiveTagKeys=["Team"])
    two = assume(aws, credentials(one), second)
    assert assume(aws, credentials(two), third)
    refused("AccessDenied", assume, aws, credentials(one), third)  # it still has the other tag


def test_an_inherited_tag_needs_leave_to_tag_too(aws: Aws) -> None:
    one = assume(aws, aws.administrator, tagged_role(aws, "first"), Tags=TEAM, TransitiveTagKeys=["team"])
    untagged = make_role(aws, trust({"AWS": "*"}), "untagged")
    assert "sts:TagSession" in refused("AccessDenied", assume, aws, credentials(one), untagged)


@pytest.mark.parametrize("key", ["team", "TEAM"])
def test_an_inherited_tag_cannot_be_overridden(aws: Aws, key: str) -> None:
    one = assume(aws, aws.administrator, tagged_role(aws, "first"), Tags=TEAM, TransitiveTagKeys=["team"])
    again = [{"Key": key, "Value": "dev"}]
    message = refused(
        "InvalidParameterValue", assume, aws, credentials(one), tagged_role(aws, "second"), Tags=again
    )
    assert message.startswith("One of the specified transitive tag keys can't be set because it conflicts")


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        (
            {"Tags": [*TEAM, {"Key": "Team", "Value": "dev"}]},
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
        (
            {"Tags": TEAM, "TransitiveTagKeys": ["stage"]},
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.",
        ),
        (
            {"TransitiveTagKeys": ["team"]},
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.",
        ),
        ({"Tags": [{"Key": "aws:team", "Value": "ops"}]}, "InvalidParameterValue", ""),
        ({"Tags": [{"Key": str(n), "Value": ""} for n in range(51)]}, "ValidationError", ""),
        ({"Tags": [{"Key": "k" * 129, "Value": ""}]}, "ValidationError", ""),
        ({"Tags": [{"Key": "k", "Value": "v" * 257}]}, "ValidationError", ""),
        ({"Tags": [{"Key": "k", "Value": "<b>"}]}, "ValidationError", ""),
    ],
)
def test_tags_are_bounded(aws: Aws, fields: dict[str, Any], code: str, message: str) -> None:
    found = refused(code, assume, aws, aws.administrator, tagged_role(aws, "tagged"), **fields)
    assert found.startswith(message)


@pytest.mark.parametrize(
    "claims",
    [
        {CLAIM: {"principal_tags": {"team": ["ops"]}, "transitive_tag_keys": ["team"]}},
        {CLAIM: {"principal_tags": {"team": "ops"}, "transitive_tag_keys": ["team"]}},
        {f"{CLAIM}/principal_tags/team": "ops", f"{CLAIM}/transitive_tag_keys": ["team"]},
    ],
)
def test_tags_in_a_token_are_those_of_the_session(
    aws: Aws, issuer: Issuer, reader: str, claims: dict[str, Any]
) -> None:
    token = issuer.mint(claims=claims)
    assert "sts:TagSession" in refused("AccessDenied", exchange, aws, reader, token)
    first = make_role(aws, federated(issuer, [WEB_IDENTITY, "sts:TagSession"]), "first")
    second = tagged_role(aws, "second", StringEquals={"aws:PrincipalTag/team": "ops"})
    third = tagged_role(aws, "third", StringEquals={"aws:PrincipalTag/team": "ops"})
    one = exchange(aws, first, token)
    two = assume(aws, credentials(one), second)
    assert assume(aws, credentials(two), third)


@pytest.mark.parametrize(
    "claim",
    [
        "team=ops",
        {"principal_tags": []},
        {"principal_tags": {"team": ["ops", "dev"]}},
        {"principal_tags": {"team": []}},
        {"principal_tags": {"team": 1}},
        {"principal_tags": {"team": "ops", "TEAM": "dev"}},
        {"principal_tags": {"k" * 129: "v"}},
        {"principal_tags": {"k": "v" * 257}},
        {"principal_tags": {"": "v"}},
        {"principal_tags": {"k": "a\u0000b"}},
        {"principal_tags": {"aws:k": "v"}},
        {"principal_tags": {str(n): "" for n in range(51)}},
        {"principal_tags": {"team": "ops"}, "transitive_tag_keys": ["stage"]},
        {"principal_tags": {"team": "ops"}, "transitive_tag_keys": "team"},
        {"principal_tags": {"team": "ops"}, "transitive_tag_keys": [["team"]]},
    ],
)
def test_tags_in_a_token_are_bounded_as_those_of_a_call(aws: Aws, issuer: Issuer, claim: Any) -> None:
    register(aws, issuer)
    role = make_role(aws, federated(issuer, [WEB_IDENTITY, "sts:TagSession"]))
    token = issuer.mint(claims={CLAIM: claim})
    assert "session tags" in refused("InvalidIdentityToken", exchange, aws, role, token)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(JSON, JSON)
@settings(max_examples=200, deadline=None)
def test_whatever_a_token_claims_it_has_tags_or_a_refusal(tags: Any, transitive: Any) -> None:
    claim = {"principal_tags": tags, "transitive_tag_keys": transitive}
    found, code = attempt(lambda: within_token({CLAIM: claim, f"{CLAIM}/principal_tags/x": tags}))
    assert code in {"", "InvalidIdentityToken"}
    assert set(found.passing_on) <= set(found.all)
    assert len({key.lower() for key in found.all}) == len(found.all)


TAGS = st.dictionaries(st.text("abAB", min_size=1, max_size=2), st.text(max_size=2), max_size=4)


@given(TAGS, TAGS)
def test_what_is_inherited_is_never_changed(passed: dict[str, str], inherited: dict[str, str]) -> None:
    fields = {"Tags": [{"Key": key, "Value": value} for key, value in passed.items()]}
    tags, code = attempt(lambda: with_inherited(requested(fields), inherited))
    assert code in {"", "InvalidParameterValue"}
    assert code or tags.passing_on == inherited
    assert code or all(tags.all[key] == value for key, value in inherited.items())
