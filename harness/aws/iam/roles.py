"""Roles: moto's, but for trust policies, boundaries and what an update leaves as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.backend import ask, pass_on
from harness.aws.context import Context, Operation
from harness.aws.iam import trust
from harness.aws.iam.boundaries import check_boundary
from harness.aws.iam.names import check_new, found
from harness.aws.wire import Response

__all__ = ["OPERATIONS"]


def create_role(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """CreateRole.

    Raises:
        AwsError: ``MalformedPolicyDocument``, ``LimitExceeded``, ``EntityAlreadyExists``, ``NoSuchEntity``
            for a boundary that does not exist.
    """
    document = trust.checked(call, fields["AssumeRolePolicyDocument"])
    check_new(call, "role", fields["RoleName"])
    check_boundary(call, fields)
    return ask(call, {**fields, "AssumeRolePolicyDocument": document})


def update_assume_role_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """UpdateAssumeRolePolicy; not moto's, which knows no ``sts:SetContext``.

    Raises:
        AwsError: ``NoSuchEntity``, ``MalformedPolicyDocument``, ``LimitExceeded``.
    """
    role = found(call, "role", fields)
    role.assume_role_policy_document = trust.checked(call, fields["PolicyDocument"])
    return {}


def update_role(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """UpdateRole: what is not given stays as it is."""
    role = found(call, "role", fields)
    if "Description" in fields:
        role.description = fields["Description"]
    if "MaxSessionDuration" in fields:
        role.max_session_duration = fields["MaxSessionDuration"]
    return {}


def delete_role(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
    """DeleteRole.

    Raises:
        AwsError: ``NoSuchEntity``; ``DeleteConflict`` while policies or instance profiles have it.
    """
    role = found(call, "role", fields)
    answer = ask(call, fields)
    trust.forget(call, role.arn, role.id)
    return answer


def put_role_permissions_boundary(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
    """PutRolePermissionsBoundary."""
    found(call, "role", fields)
    check_boundary(call, fields)
    return pass_on(call, fields)


OPERATIONS: Mapping[str, Operation] = {
    "CreateRole": create_role,
    "DeleteRole": delete_role,
    "PutRolePermissionsBoundary": put_role_permissions_boundary,
    "UpdateAssumeRolePolicy": update_assume_role_policy,
    "UpdateRole": update_role,
}
