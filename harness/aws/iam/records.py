"""moto's records of the identities of an account, for what moto's API cannot read or change."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

from moto.iam.models import iam_backends
from moto.iam.utils import generate_access_key_id_from_account_id

from harness.aws.context import Context

__all__ = ["attached_to", "backend", "by_name", "give_id", "ids_by_arn", "size"]

# IAM User Guide, "IAM identifiers": what a unique id begins with.
_PREFIXES = {"user": "AIDA", "group": "AGPA", "policy": "ANPA"}
_LENGTH = 21


def backend(call: Context) -> Any:
    """Return moto's IAM of the account of a call."""
    return iam_backends[call.aws.account_id]["aws"]


def by_name(call: Context, kind: str, name: str) -> Any:
    """Return a user, group or role of that name; None if there is none."""
    iam = backend(call)
    if kind == "role":
        return next((role for role in list(iam.roles.values()) if role.name == name), None)
    return (iam.users if kind == "user" else iam.groups).get(name)


def ids_by_arn(call: Context) -> dict[str, str]:
    """Return the unique ids of all users and roles by their ARNs."""
    iam = backend(call)
    return {each.arn: each.id for each in (*list(iam.users.values()), *list(iam.roles.values()))}


def give_id(record: Any, kind: str, account_id: str) -> str:
    """Give a user, group or policy a unique id of AWS's form, which moto's has not, and return it."""
    prefix = _PREFIXES[kind]
    record.id = generate_access_key_id_from_account_id(account_id, prefix=prefix, total_length=_LENGTH)
    made: str = record.id
    return made


def attached_to(call: Context, arn: str) -> Iterator[Any]:
    """Yield the users, groups and roles that a managed policy is attached to, or bounds."""
    iam = backend(call)
    for record in (*list(iam.users.values()), *list(iam.groups.values()), *list(iam.roles.values())):
        if arn in record.managed_policies or getattr(record, "permissions_boundary_arn", None) == arn:
            yield record


def size(document: str) -> int:
    """Count the characters of a policy as IAM does: without white space."""
    return len(document.translate(_WITHOUT_SPACE))


_WITHOUT_SPACE = dict.fromkeys(map(ord, string.whitespace))
