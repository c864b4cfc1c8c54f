"""Statements as the IAM User Guide shows them, each with the page that says what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.aws.policy import Policies, Request, decide
from tests.aws_policies import allow, deny, policy

REVOKE = "Revoke IAM role temporary security credentials"
VARIABLES = "IAM policy elements: Variables and tags"
KEYS = "AWS global condition context keys"
SET_OPERATORS = "Set operators for multivalued context keys"
OPERATORS = "IAM JSON policy elements: Condition operators"
NOT_RESOURCE = "IAM JSON policy elements: NotResource"
NOT_ACTION = "IAM JSON policy elements: NotAction"

REVOKED = deny(Condition={"DateLessThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}})
MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
TAGS = {"ForAllValues:StringEquals": {"aws:TagKeys": ["environment", "costcenter"]}}
HOME = allow("s3:*", "arn:aws:s3:::bucket/home/${aws:username}/*")


@pytest.mark.parametrize(
    ("source", "statements", "action", "resource", "context", "expected"),
    [
        (NOT_ACTION, [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "s3:Get", "*", {}, True),
        (NOT_ACTION, [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "iam:Get", "*", {}, False),
        (
            NOT_RESOURCE,
            [allow(), {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::hr/*"}],
            "s3:Get",
            "arn:aws:s3:::hr/payroll",
            {},
            True,
        ),
        (
            NOT_RESOURCE,
            [allow(), {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::hr/*"}],
            "s3:Get",
            "arn:aws:s3:::it/plan",
            {},
            False,
        ),
        (VARIABLES, [HOME], "s3:Get", "arn:aws:s3:::bucket/home/al/x", {"aws:username": "al"}, True),
        (VARIABLES, [HOME], "s3:Get", "arn:aws:s3:::bucket/home/bo/x", {"aws:username": "al"}, False),
        (VARIABLES, [HOME], "s3:Get", "arn:aws:s3:::bucket/home//x", {}, False),
        (REVOKE, [allow(), REVOKED], "s3:Get", "*", {"aws:TokenIssueTime": "2025-12-31T23:59:59Z"}, False),
        (REVOKE, [allow(), REVOKED], "s3:Get", "*", {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}, True),
        (REVOKE, [allow(), REVOKED], "s3:Get", "*", {}, True),
        (KEYS, [allow(), deny(Condition=MFA)], "s3:Get", "*", {"aws:MultiFactorAuthPresent": "true"}, True),
        (KEYS, [allow(), deny(Condition=MFA)], "s3:Get", "*", {"aws:MultiFactorAuthPresent": "false"}, False),
        (KEYS, [allow(), deny(Condition=MFA)], "s3:Get", "*", {}, False),
        (SET_OPERATORS, [allow(Condition=TAGS)], "s3:Tag", "*", {"aws:TagKeys": ["environment"]}, True),
        (SET_OPERATORS, [allow(Condition=TAGS)], "s3:Tag", "*", {"aws:TagKeys": ["environment", "x"]}, False),
        (SET_OPERATORS, [allow(Condition=TAGS)], "s3:Tag", "*", {}, True),
        (
            OPERATORS,
            [allow(Condition={**TAGS, "Null": {"aws:TagKeys": "false"}})],
            "s3:Tag",
            "*",
            {},
            False,
        ),
        (
            OPERATORS,
            [allow(), deny(Condition={"StringNotEqualsIfExists": {"aws:RequestTag/team": "a"}})],
            "s3:Tag",
            "*",
            {},
            False,
        ),
        (
            OPERATORS,
            [allow(Condition={"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}})],
            "iam:ListAccessKeys",
            "*",
            {"aws:PrincipalTag/Job-Category": "iamuser-admin"},
            True,
        ),
        (
            OPERATORS,
            [allow(Condition={"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}})],
            "s3:Get",
            "*",
            {"aws:SourceIp": "2001:db8:1234:5678::1"},
            True,
        ),
    ],
)
def test_a_page_of_the_user_guide_is_right(
    source: str,
    statements: list[dict[str, Any]],
    action: str,
    resource: str,
    context: dict[str, Any],
    expected: bool,
) -> None:
    request = Request(action=action, resource=resource, context=context)
    assert decide(request, Policies(identity=[policy(*statements)])).allowed is expected, source
