"""The policy simulator says what the evaluator of every call says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from harness.aws import Aws
from tests.aws_account import READ_ONLY, refused, user

ACCOUNT = "340987654321"
HERE = f"arn:aws:iam::{ACCOUNT}"


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id=ACCOUNT)
    yield aws
    aws.close()


@pytest.fixture
def iam(aws: Aws) -> Any:
    return aws.client("iam")


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str = "*", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def decisions(answer: dict[str, Any]) -> list[str]:
    return [result["EvalDecision"] for result in answer["EvaluationResults"]]


def test_every_action_is_asked_for_every_resource(iam: Any) -> None:
    home = "arn:aws:s3:::bucket/home/*"
    answer = iam.simulate_custom_policy(
        PolicyInputList=[policy(allow("s3:Get*", home)), policy({**allow("s3:*"), "Effect": "Deny"})],
        ActionNames=["s3:GetObject", "logs:GetLogEvents"],
        ResourceArns=["arn:aws:s3:::bucket/home/a", "*"],
    )
    asked = [(each["EvalActionName"], each["EvalResourceName"]) for each in answer["EvaluationResults"]]
    assert asked == [
        ("s3:GetObject", "arn:aws:s3:::bucket/home/a"),
        ("s3:GetObject", "*"),
        ("logs:GetLogEvents", "arn:aws:s3:::bucket/home/a"),
        ("logs:GetLogEvents", "*"),
    ]
    assert decisions(answer) == ["explicitDeny", "explicitDeny", "implicitDeny", "implicitDeny"]
    assert answer["EvaluationResults"][0]["MatchedStatements"] == [
        {"SourcePolicyId": "PolicyInputList.2", "SourcePolicyType": "IAM Policy"}
    ]


def test_context_entries_decide_conditions(iam: Any) -> None:
    document = policy(allow("s3:*", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))
    ask = {"PolicyInputList": [document], "ActionNames": ["s3:GetObject"]}
    without = iam.simulate_custom_policy(**ask)["EvaluationResults"][0]
    assert (without["EvalDecision"], without["MissingContextValues"]) == ("implicitDeny", ["aws:SourceIp"])
    entry = {"ContextKeyName": "aws:sourceip", "ContextKeyType": "ip", "ContextKeyValues": ["203.0.113.7"]}
    given = iam.simulate_custom_policy(**ask, ContextEntries=[entry])["EvaluationResults"][0]
    assert (given["EvalDecision"], given["MissingContextValues"]) == ("allowed", [])


def test_a_boundary_cuts_and_is_told(iam: Any) -> None:
    answer = iam.simulate_custom_policy(
        PolicyInputList=[policy(allow())],
        PermissionsBoundaryPolicyInputList=[policy(allow("s3:*"))],
        ActionNames=["s3:GetObject", "iam:GetRole"],
    )
    assert decisions(answer) == ["allowed", "implicitDeny"]
    told = [each["PermissionsBoundaryDecisionDetail"] for each in answer["EvaluationResults"]]
    assert [each["AllowedByPermissionsBoundary"] for each in told] == [True, False]


def test_a_resource_policy_grants_to_the_caller(iam: Any) -> None:
    grant = policy({**allow("s3:*"), "Principal": {"AWS": f"{HERE}:user/alice"}})
    ask = {"PolicyInputList": [policy(allow("iam:*"))], "ActionNames": ["s3:GetObject"]}
    ask["ResourcePolicy"] = grant
    assert decisions(iam.simulate_custom_policy(**ask, CallerArn=f"{HERE}:user/alice")) == ["allowed"]
    assert decisions(iam.simulate_custom_policy(**ask, CallerArn=f"{HERE}:user/bob")) == ["implicitDeny"]


def test_a_users_policies_are_its_own_and_its_groups_within_its_boundary(aws: Aws, iam: Any) -> None:
    user(aws, allow("s3:*", "arn:aws:s3:::bucket/${aws:username}/*"))
    iam.create_group(GroupName="readers")
    iam.attach_group_policy(GroupName="readers", PolicyArn=READ_ONLY)
    iam.add_user_to_group(GroupName="readers", UserName="alice")
    ask = {"PolicySourceArn": f"{HERE}:user/alice", "ResourceArns": ["arn:aws:s3:::bucket/alice/a"]}
    ask["ActionNames"] = ["s3:GetObject", "cloudwatch:GetMetricData", "iam:GetRole"]
    answer = iam.simulate_principal_policy(**ask)
    assert decisions(answer) == ["allowed", "allowed", "implicitDeny"]
    assert [each["MatchedStatements"] for each in answer["EvaluationResults"]] == [
        [{"SourcePolicyId": "p", "SourcePolicyType": "user"}],
        [{"SourcePolicyId": READ_ONLY, "SourcePolicyType": "aws-managed"}],
        [],
    ]
    iam.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=READ_ONLY)
    assert decisions(iam.simulate_principal_policy(**ask)) == ["implicitDeny", "allowed", "implicitDeny"]
    deny = policy({**allow("cloudwatch:*"), "Effect": "Deny"})
    assert decisions(iam.simulate_principal_policy(**ask, PolicyInputList=[deny]))[1] == "explicitDeny"


def test_pages_are_as_long_as_asked(iam: Any) -> None:
    ask = {"PolicyInputList": [policy(allow())], "ActionNames": [f"s3:A{number}" for number in range(5)]}
    pages = list(
        iam.get_paginator("simulate_custom_policy").paginate(**ask, PaginationConfig={"PageSize": 2})
    )
    assert [len(page["EvaluationResults"]) for page in pages] == [2, 2, 1]
    refused("InvalidInput", iam.simulate_custom_policy, **ask, Marker="nonsense")


def test_the_keys_of_a_policy_are_listed(aws: Aws, iam: Any) -> None:
    statement = allow(
        "s3:*",
        "arn:aws:s3:::b/${aws:username}",
        Condition={"StringLike": {"s3:prefix": "${aws:PrincipalTag/team, 'none'}"}},
    )
    answer = iam.get_context_keys_for_custom_policy(PolicyInputList=[policy(statement)])
    assert answer["ContextKeyNames"] == ["aws:PrincipalTag/team", "aws:username", "s3:prefix"]
    user(aws, statement)
    answer = iam.get_context_keys_for_principal_policy(PolicySourceArn=f"{HERE}:user/alice")
    assert answer["ContextKeyNames"] == ["aws:PrincipalTag/team", "aws:username", "s3:prefix"]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (f"{HERE}:user/nobody", "NoSuchEntity"),
        ("arn:aws:iam::210987654321:user/alice", "InvalidInput"),
        (f"{HERE}:policy/aaaaaaaaaaa", "InvalidInput"),
        ("nonsense-nonsense-nonsense", "InvalidInput"),
    ],
)
def test_only_identities_of_the_account_are_simulated(iam: Any, source: str, code: str) -> None:
    simulate = iam.simulate_principal_policy
    refused(code, simulate, PolicySourceArn=source, ActionNames=["s3:GetObject"])


def test_a_malformed_policy_is_invalid_input(iam: Any) -> None:
    simulate = iam.simulate_custom_policy
    refused("InvalidInput", simulate, PolicyInputList=["nonsense"], ActionNames=["s3:GetObject"])
