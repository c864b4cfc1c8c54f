"""The operations of the identity store: users, groups, memberships.

Source: Identity Store API Reference. Not there, and refused as such: the network settings of a store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.identity_center.center import locked
from harness.aws.identity_center.directory import groups, stores, users

__all__ = ["OPERATIONS", "condition_keys", "resources"]


OPERATIONS: Mapping[str, Operation] = locked({**groups.OPERATIONS, **stores.OPERATIONS, **users.OPERATIONS})

_KINDS = {"UserId": "user", "GroupId": "group", "MembershipId": "membership"}


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """The store of a call, and the users, groups and memberships that it names, or all of a listed kind.

    Source: Service Authorization Reference for AWS Identity Store.
    """
    store = str(fields.get("IdentityStoreId", "*")).rpartition("/")[2]
    found = [f"arn:aws:identitystore::{call.aws.account_id}:identitystore/{store}"]
    members = fields.get("MemberId", {})
    named = {**fields, **(members if isinstance(members, dict) else {})}
    found += [_arn(kind, named[name]) for name, kind in _KINDS.items() if name in named]
    found += [_arn("group", number) for number in fields.get("GroupIds", [])]
    kind = {"ListUsers": "user", "GetUserId": "user", "ListGroups": "group", "GetGroupId": "group"}
    return [*found, *([_arn(kind[call.operation], "*")] if call.operation in kind else [])]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """None beside the global ones."""
    return {}


def _arn(kind: str, number: Any) -> str:
    return f"arn:aws:identitystore:::{kind}/{str(number).rpartition('/')[2]}"
