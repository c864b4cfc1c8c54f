"""Roles that only AWS changes: those of IAM Identity Center's permission sets, and of linked services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.backend import pass_on
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.iam.names import found
from harness.aws.wire import Response

__all__ = ["protected"]

_PATHS = ("/aws-reserved/", "/aws-service-role/")
# API reference: those that answer ``UnmodifiableEntity``.
_CHANGES = (
    "AttachRolePolicy",
    "DeleteRole",
    "DeleteRolePermissionsBoundary",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
    "UpdateAssumeRolePolicy",
    "UpdateRole",
    "UpdateRoleDescription",
)


def protected(operations: Mapping[str, Operation]) -> dict[str, Operation]:
    """Return the operations that change a role, each of which refuses a role that is protected.

    Args:
        operations: of IAM; what is not among them is moto's.
    """
    return {name: _refusing(operations.get(name, pass_on)) for name in _CHANGES}


def _refusing(operation: Operation) -> Operation:
    def change(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
        # Where nobody calls, AWS itself does.
        if call.caller is not None and found(call, "role", fields).path.startswith(_PATHS):
            # text: rebuy-de/aws-nuke#441
            role = f"the protected role '{fields['RoleName']}'"
            message = f"Cannot perform the operation on {role} - this role is only modifiable by AWS"
            raise AwsError("UnmodifiableEntity", message)
        return operation(call, fields)

    return change
