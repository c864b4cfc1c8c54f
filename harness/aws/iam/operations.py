"""The operations of IAM: moto's, once what IAM refuses and moto takes has been refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.aws.backend import pass_on
from harness.aws.context import Context, Operation
from harness.aws.iam.account import check_provider_url, check_trust
from harness.aws.policy import parse
from harness.aws.wire import Response

__all__ = ["OPERATIONS", "condition_keys", "resources"]


def _after(check: Callable[[str], object], member: str) -> Operation:
    """Return the operation that lets moto answer when ``check`` has nothing against a member."""

    def operation(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
        check(fields[member])
        return _with_policies(call, fields)

    return operation


def _with_policies(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
    """Let moto answer when it has the AWS managed policies that the call names.

    They are loaded when they are named: all 1,400 would take half a second.
    """
    for name in ("PolicyArn", "PermissionsBoundary"):
        call.aws.iam.load(str(fields.get(name, "")))
    return pass_on(call, fields)


def _check_identity_policy(text: str) -> None:
    parse(text, kind="identity")


OPERATIONS: Mapping[str, Operation] = {
    **dict.fromkeys(
        (
            "AttachGroupPolicy",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "CreateUser",
            "GetPolicy",
            "GetPolicyVersion",
            "ListEntitiesForPolicy",
            "ListPolicyVersions",
            "PutRolePermissionsBoundary",
            "PutUserPermissionsBoundary",
        ),
        _with_policies,
    ),
    **dict.fromkeys(
        ("CreatePolicy", "CreatePolicyVersion", "PutGroupPolicy", "PutRolePolicy", "PutUserPolicy"),
        _after(_check_identity_policy, "PolicyDocument"),
    ),
    "CreateOpenIDConnectProvider": _after(check_provider_url, "Url"),
    "CreateRole": _after(check_trust, "AssumeRolePolicyDocument"),
    "UpdateAssumeRolePolicy": _after(check_trust, "PolicyDocument"),
}


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """The user, role, group, policy or provider of a call."""
    here = f"arn:aws:iam::{call.aws.account_id}"
    for key in (
        "RoleName",
        "UserName",
        "GroupName",
        "OpenIDConnectProviderArn",
        "PolicyArn",
        "PolicyName",
        "Url",
    ):
        value = fields.get(key)
        if not isinstance(value, str) or not value:
            continue
        match key:
            case "RoleName":
                return [call.aws.iam.role_arn(value)]
            case "UserName" | "GroupName" | "PolicyName":
                return [f"{here}:{key.removesuffix('Name').lower()}/{value}"]
            case "Url":
                return [f"{here}:oidc-provider/{value.removeprefix('https://')}"]
            case _:
                return [value]
    return ["*"]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """None beside the global ones."""
    return {}
