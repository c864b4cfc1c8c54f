"""Finding what a call of ``sso-admin`` names, or refusing it as AWS does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.identity_center.center import center
from harness.aws.identity_center.records import (
    Application,
    Instance,
    PermissionSet,
    Principal,
    TokenIssuer,
)

__all__ = [
    "application_of",
    "conflict",
    "instance_of",
    "invalid",
    "not_found",
    "permission_set_of",
    "principal_of",
    "token_issuer_of",
]


def not_found(what: str) -> AwsError:
    """Return the refusal of what does not exist; public reports have the code, the text is ours."""
    return AwsError("ResourceNotFoundException", f"{what} not found.")


def conflict(message: str) -> AwsError:
    """Return the refusal of what is there already or is still in use."""
    return AwsError("ConflictException", message)


def invalid(message: str) -> AwsError:
    """Return the refusal of a value."""
    return AwsError("ValidationException", message)


def instance_of(call: Context, fields: Mapping[str, Any], *, permission_sets: bool = False) -> Instance:
    """Return the instance that a call names, in the region of the call.

    Args:
        call: the call.
        fields: with ``InstanceArn``.
        permission_sets: whether the operation is one on permission sets or their assignments.

    Raises:
        AwsError: ``AccessDeniedException``, which is AWS's answer for an instance that this account has not
            (cartography#1415); ``ValidationException``, where permission sets are not enabled.
    """
    instance = center(call).instances.get(fields["InstanceArn"])
    if instance is None or instance.region != call.region:
        raise AwsError(
            "AccessDeniedException",
            f"User: {call.caller.arn if call.caller else call.aws.account_id} is not authorized to perform:"
            f" sso:{call.operation} on resource: {fields['InstanceArn']}",
        )
    if permission_sets and not instance.has_permission_sets:
        # text: cartography#1999
        raise invalid("The operation is not supported for this Identity Center instance")
    return instance


def permission_set_of(call: Context, fields: Mapping[str, Any]) -> tuple[Instance, PermissionSet]:
    """Return the permission set that a call names, and its instance.

    Raises:
        AwsError: as ``instance_of``; ``ResourceNotFoundException``.
    """
    instance = instance_of(call, fields, permission_sets=True)
    found = instance.permission_sets.get(fields["PermissionSetArn"])
    if found is None:
        raise not_found(f"PermissionSet {fields['PermissionSetArn']}")
    return instance, found


def application_of(call: Context, fields: Mapping[str, Any]) -> tuple[Instance, Application]:
    """Return the application that a call names, and its instance.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    found = center(call).application(fields["ApplicationArn"])
    if found is None or found[0].region != call.region:
        raise not_found(f"Application {fields['ApplicationArn']}")
    return found


def token_issuer_of(call: Context, fields: Mapping[str, Any]) -> tuple[Instance, TokenIssuer]:
    """Return the trusted token issuer that a call names, and its instance.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    arn = fields["TrustedTokenIssuerArn"]
    for instance in center(call).instances.values():
        if arn in instance.token_issuers and instance.region == call.region:
            return instance, instance.token_issuers[arn]
    raise not_found(f"TrustedTokenIssuer {arn}")


def principal_of(instance: Instance, fields: Mapping[str, Any]) -> Principal:
    """Return the principal that a call names.

    Raises:
        AwsError: ``ResourceNotFoundException``, for one that is not in the identity store.
    """
    principal = Principal(kind=fields["PrincipalType"], id=fields["PrincipalId"])
    if not instance.store.holds(principal.kind, principal.id):
        raise not_found(f"{principal.kind} {principal.id}")
    return principal
