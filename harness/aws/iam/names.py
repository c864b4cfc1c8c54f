"""Whom a call names: somebody who is there, or without a name the caller itself.

moto words what is absent in its own way, and takes a session without a user name for a user of its own
making. The texts are AWS's, as reports of its command line have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.backend import ask, pass_on
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.iam.errors import no_such_entity
from harness.aws.iam.records import backend, by_name
from harness.aws.wire import Response

__all__ = ["OF_ONESELF", "OPERATIONS", "check_new", "found"]

#: What is about the caller when it names no user.
OF_ONESELF = (
    "CreateAccessKey",
    "DeactivateMFADevice",
    "DeleteAccessKey",
    "DeleteLoginProfile",
    "GetLoginProfile",
    "GetUser",
    "ListAccessKeys",
    "ListMFADevices",
    "ListSigningCertificates",
    "ListSSHPublicKeys",
    "UpdateAccessKey",
    "UploadSigningCertificate",
)
_OF_A_ROLE = (
    "DeleteRolePermissionsBoundary",
    "DeleteRolePolicy",
    "GetRole",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "ListInstanceProfilesForRole",
    "ListRolePolicies",
    "ListRoleTags",
    "TagRole",
    "UntagRole",
    "UpdateRoleDescription",
)
_OF_A_GROUP = ("AddUserToGroup", "GetGroup", "ListAttachedGroupPolicies", "ListGroupPolicies")


def found(call: Context, kind: str, fields: Mapping[str, Any]) -> Any:
    """Return moto's record of the role, user or group that a call names.

    Raises:
        AwsError: ``NoSuchEntity``.
    """
    name = fields[f"{kind.title()}Name"]
    record = by_name(call, kind, name)
    if record is None:
        raise no_such_entity(f"The {kind} with name {name} cannot be found.")
    return record


def check_new(call: Context, kind: str, name: str) -> None:
    """Refuse a name that is taken; names differ by more than case (IAM User Guide, quotas).

    Raises:
        AwsError: ``EntityAlreadyExists``.
    """
    iam = backend(call)
    records = {"role": iam.roles, "user": iam.users, "group": iam.groups}[kind]
    if any(each.name.lower() == name.lower() for each in list(records.values())):
        message = f"{kind.title()} with name {name} already exists."
        raise AwsError("EntityAlreadyExists", message, status=409)


def _of_oneself(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
    if fields.get("UserName"):
        return pass_on(call, fields)
    if call.caller is None or not call.caller.user_name:
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    return ask(call, {**fields, "UserName": call.caller.user_name})


def _of(kind: str) -> Operation:
    def operation(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
        found(call, kind, fields)
        return pass_on(call, fields)

    return operation


OPERATIONS: Mapping[str, Operation] = {
    **dict.fromkeys(OF_ONESELF, _of_oneself),
    **dict.fromkeys(_OF_A_ROLE, _of("role")),
    **dict.fromkeys(_OF_A_GROUP, _of("group")),
}
