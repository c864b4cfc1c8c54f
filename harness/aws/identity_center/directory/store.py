"""An identity store: users, groups, and who is in which group."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["Group", "IdentityStore", "Membership", "User", "new_number", "values_of"]


@dataclass(kw_only=True)
class User:
    """A user.

    Attributes:
        id: a UUID.
        members: what it was created or updated with, by the names of AWS's model.
        created, updated: when.
        revision: how often it has been changed.
    """

    id: str
    members: dict[str, Any]
    created: datetime
    updated: datetime
    revision: int = 1

    @property
    def name(self) -> str:
        """By which the user signs in."""
        return str(self.members.get("UserName", ""))

    @property
    def display_name(self) -> str:
        """For people to read."""
        return str(self.members.get("DisplayName") or self.name)


@dataclass(kw_only=True)
class Group:
    """A group; as a user."""

    id: str
    members: dict[str, Any]
    created: datetime
    updated: datetime
    revision: int = 1


@dataclass(frozen=True, kw_only=True)
class Membership:
    """That a user is in a group."""

    id: str
    group_id: str
    user_id: str
    created: datetime


@dataclass(kw_only=True)
class IdentityStore:
    """The identity store of one instance.

    Attributes:
        id: ``d-`` and ten hexadecimal digits.
        account: who owns it.
        users, groups, memberships: by id.
    """

    account: str
    id: str = field(default_factory=lambda: f"d-{secrets.token_hex(5)}")
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    memberships: dict[str, Membership] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """``arn:aws:identitystore::ACCOUNT:identitystore/d-...``."""
        return f"arn:aws:identitystore::{self.account}:identitystore/{self.id}"

    def named(self, name: str) -> User | None:
        """Return a user by the name to sign in with; case does not count, as for a person who types it."""
        wanted = name.casefold()
        return next((user for user in self.users.values() if user.name.casefold() == wanted), None)

    def is_member(self, user_id: str, group_id: str) -> bool:
        """Tell whether a user is in a group."""
        return self.membership(user_id, group_id) is not None

    def membership(self, user_id: str, group_id: str) -> Membership | None:
        """Return the membership of a user in a group."""
        found = (
            each
            for each in self.memberships.values()
            if each.user_id == user_id and each.group_id == group_id
        )
        return next(found, None)

    def holds(self, kind: str, number: str) -> bool:
        """Tell whether there is such a ``USER`` or ``GROUP``."""
        return number in (self.users if kind == "USER" else self.groups)

    def with_value(self, path: str, value: str) -> Iterator[User]:
        """Yield the users one of whose attributes is ``value``.

        Args:
            path: as ``IdentityStoreAttributePath`` and filters have it: ``userName``, ``emails.value``.
            value: compared without regard to case.
        """
        for user in list(self.users.values()):
            if value.casefold() in {each.casefold() for each in values_of(user.members, path.split("."))}:
                yield user


def new_number() -> str:
    """Return an id of a user, a group or a membership."""
    return str(uuid.uuid4())


def values_of(value: Any, path: list[str]) -> Iterator[str]:
    """Yield the strings at a path; a list stands for each of its items."""
    if isinstance(value, list):
        for item in value:
            yield from values_of(item, path)
    elif not path:
        if isinstance(value, str):
            yield value
    elif isinstance(value, dict):
        name = path[0][:1].upper() + path[0][1:]
        if name in value:
            yield from values_of(value[name], path[1:])
