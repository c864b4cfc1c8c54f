"""What the operations of ``identitystore`` share: the store that a call names, and the refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.identity_center.center import center
from harness.aws.identity_center.directory.store import IdentityStore
from harness.aws.identity_center.records import Instance

__all__ = ["check_revision", "conflict", "instance_of", "missing", "store_of"]


def instance_of(call: Context, fields: Mapping[str, Any]) -> Instance:
    """Return the instance whose identity store a call names, by its id or ARN.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    instance = center(call).by_store(fields["IdentityStoreId"])
    if instance is None or instance.region != call.region:
        raise missing("IDENTITY_STORE")
    return instance


def store_of(call: Context, fields: Mapping[str, Any]) -> IdentityStore:
    """Return the identity store that a call names.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    return instance_of(call, fields).store


def missing(kind: str, number: str | None = None) -> AwsError:
    """Return the refusal of what is not there.

    Args:
        kind: ``USER``, ``GROUP``, ``GROUP_MEMBERSHIP`` or ``IDENTITY_STORE``.
        number: its id, where it was named by one.
    """
    members = {"ResourceType": kind, **({"ResourceId": number} if number is not None else {})}
    return AwsError("ResourceNotFoundException", f"{kind} not found.", members=members)


def conflict(message: str, reason: str = "UNIQUENESS_CONSTRAINT_VIOLATION") -> AwsError:
    """Return the refusal of a second one of what there is one of."""
    return AwsError("ConflictException", message, members={"Reason": reason})


def check_revision(fields: Mapping[str, Any], revision: int) -> None:
    """Refuse a change of what has been changed since the caller saw it.

    Raises:
        AwsError: ``ConflictException``.
    """
    if fields.get("Revision", str(revision)) != str(revision):
        raise conflict("The resource has been changed.", "CONCURRENT_MODIFICATION")
