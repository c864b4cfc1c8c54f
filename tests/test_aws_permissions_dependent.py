"""The actions that a call needs beside its own: a role that is handed on, tags on what is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from harness.aws import Aws
from harness.aws.access.dependent_actions import dependent_actions
from tests.aws_account import refused, user
from tests.aws_policies import allow

ACCOUNT = "380987654321"
HERE = f"arn:aws:iam::{ACCOUNT}"


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id=ACCOUNT)
    yield aws
    aws.close()


def role(aws: Aws, name: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    text = json.dumps({"Version": "2012-10-17", "Statement": trust})
    arn: str = aws.call("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=text)["Role"]["Arn"]
    return arn


SET_ROLES = ("cognito-identity", "SetIdentityPoolRoles")
RULES = [{"RoleARN": "a"}, {"RoleARN": "b"}]


class TestDependentActions:
    def test_a_tagged_role_needs_a_second_permission(self, aws: Aws) -> None:
        iam = aws.client("iam", credentials=user(aws, allow("iam:CreateUser")))
        iam.create_user(UserName="bob")
        tags = [{"Key": "team", "Value": "blue"}]
        message = refused("AccessDenied", iam.create_user, UserName="carol", Tags=tags)
        assert "not authorized to perform: iam:TagUser on resource: " in message

    def test_a_role_is_passed_to_one_service(self, aws: Aws) -> None:
        reader = role(aws, "Reader")
        to_logs = {"StringEquals": {"iam:PassedToService": "logs.amazonaws.com"}}
        alice = user(aws, allow("logs:*"), allow("iam:PassRole", reader, Condition=to_logs))
        role(aws, "Other")
        logs = aws.client("logs", credentials=alice)
        target = "arn:aws:kinesis:us-east-1:380987654321:stream/s"
        fields = {"destinationName": "d", "targetArn": target}
        message = refused(
            "AccessDeniedException", logs.put_destination, **fields, roleArn=f"{HERE}:role/Other"
        )
        assert f"not authorized to perform: iam:PassRole on resource: {HERE}:role/Other" in message
        made = logs.put_destination(**fields, roleArn=reader)["destination"]
        assert made["roleArn"] == reader

    @pytest.mark.parametrize(
        ("call", "fields", "passed"),
        [
            (SET_ROLES, {"Roles": {"authenticated": "a", "unauthenticated": "b"}}, ["a", "b"]),
            (SET_ROLES, {"RoleMappings": {"p": {"RulesConfiguration": {"Rules": RULES}}}}, ["a", "b"]),
            (("cognito-idp", "CreateUserPool"), {"SmsConfiguration": {"SnsCallerArn": "a"}}, ["a"]),
            (("cloudformation", "CreateStack"), {"RoleARN": "a"}, ["a"]),
            (("cloudformation", "CreateStack"), {}, []),
            (("logs", "PutSubscriptionFilter"), {"roleArn": ["nonsense", {}]}, ["nonsense"]),
            (("cloudwatch", "GetMetricData"), {"RoleArn": "a"}, []),
        ],
    )
    def test_roles_are_found_wherever_they_are(
        self, call: tuple[str, str], fields: dict[str, Any], passed: list[str]
    ) -> None:
        needed = list(dependent_actions(*call, fields))
        assert [each.resource for each in needed] == passed
        assert {each.action for each in needed} <= {"iam:PassRole"}
