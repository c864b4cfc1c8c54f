"""Identity stores, and what the operations on users and groups share: the store that a call names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.identity_center.center import center
from harness.aws.identity_center.directory.store import IdentityStore
from harness.aws.identity_center.paging import page
from harness.aws.identity_center.records import Instance

__all__ = ["OPERATIONS", "check_revision", "conflict", "instance_of", "missing", "store_of"]


def instance_of(call: Context, fields: Mapping[str, Any]) -> Instance:
    """Return the instance whose identity store a call names, by its id or ARN.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    instance = center(call).by_store(fields["IdentityStoreId"])
    if instance is None or instance.region != call.region:
        raise missing("IDENTITY_STORE")
    return instance


def describe_store(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the id and the ARN of an identity store.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    return _summary(store_of(call, fields))


def list_stores(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the identity stores of the account in the region: one, if there is an instance."""
    here = (each for each in center(call).instances.values() if each.region == call.region)
    return page([_summary(each.store) for each in here], fields, "IdentityStores")


def _summary(store: IdentityStore) -> dict[str, Any]:
    return {"IdentityStoreId": store.id, "IdentityStoreArn": store.arn}


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


OPERATIONS: Mapping[str, Operation] = {
    "DescribeIdentityStore": describe_store,
    "ListIdentityStores": list_stores,
}
