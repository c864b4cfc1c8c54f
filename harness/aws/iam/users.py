"""Users and groups: moto's, but for unique ids, users' boundaries and what must go before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.backend import ask
from harness.aws.context import Context, Operation
from harness.aws.iam import trust
from harness.aws.iam.boundaries import check_boundary, set_user_boundary
from harness.aws.iam.errors import conflict
from harness.aws.iam.names import check_new, found
from harness.aws.iam.records import backend, by_name, give_id

__all__ = ["OPERATIONS"]


def create_user(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """CreateUser.

    Raises:
        AwsError: ``EntityAlreadyExists``, ``NoSuchEntity`` for a boundary that does not exist.
    """
    check_new(call, "user", fields["UserName"])
    check_boundary(call, fields)
    answer = ask(call, fields)
    user = by_name(call, "user", fields["UserName"])
    answer["User"]["UserId"] = give_id(user, "user", call.aws.account_id)
    if "PermissionsBoundary" in fields:
        set_user_boundary(user, fields["PermissionsBoundary"])
        answer["User"]["PermissionsBoundary"] = dict(user.permissions_boundary)
    return answer


def list_users(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """ListUsers: without boundaries and tags, which GetUser has (API reference)."""
    answer = ask(call, fields)
    users = [
        {name: value for name, value in user.items() if name not in ("PermissionsBoundary", "Tags")}
        for user in answer["Users"]
    ]
    return {**answer, "Users": users}


def create_group(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """CreateGroup."""
    check_new(call, "group", fields["GroupName"])
    answer = ask(call, fields)
    group = by_name(call, "group", fields["GroupName"])
    answer["Group"]["GroupId"] = give_id(group, "group", call.aws.account_id)
    return answer


def delete_user(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """DeleteUser.

    Raises:
        AwsError: ``NoSuchEntity``; ``DeleteConflict`` while it has anything that AWS wants gone before.
    """
    user = found(call, "user", fields)
    groups = [group for group in list(backend(call).groups.values()) if user in group.users]
    for is_there, what in (
        (groups, "remove users from group"),
        (user.managed_policies, "detach all policies"),
        (user.policies, "delete policies"),
        (user.access_keys, "delete access keys"),
        (user.password is not None, "delete login profile"),
        (user.mfa_devices, "delete MFA device"),
    ):
        if is_there:
            raise conflict(f"Cannot delete entity, must {what} first.")
    answer = ask(call, fields)
    trust.forget(call, user.arn, user.id)
    return answer


def delete_group(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """DeleteGroup.

    Raises:
        AwsError: ``NoSuchEntity``; ``DeleteConflict`` while it has users or policies.
    """
    group = found(call, "group", fields)
    for is_there, what in (
        (group.users, "remove users from group"),
        (group.managed_policies, "detach all policies"),
        (group.policies, "delete policies"),
    ):
        if is_there:
            raise conflict(f"Cannot delete entity, must {what} first.")
    return ask(call, fields)


def put_user_permissions_boundary(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """PutUserPermissionsBoundary."""
    user = found(call, "user", fields)
    check_boundary(call, fields)
    set_user_boundary(user, fields["PermissionsBoundary"])
    return {}


def delete_user_permissions_boundary(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """DeleteUserPermissionsBoundary."""
    set_user_boundary(found(call, "user", fields), None)
    return {}


OPERATIONS: Mapping[str, Operation] = {
    "CreateGroup": create_group,
    "CreateUser": create_user,
    "DeleteGroup": delete_group,
    "DeleteUser": delete_user,
    "DeleteUserPermissionsBoundary": delete_user_permissions_boundary,
    "ListUsers": list_users,
    "PutUserPermissionsBoundary": put_user_permissions_boundary,
}
