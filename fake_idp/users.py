"""The people who can sign in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fake_idp.attributes import checked, checked_name, restored
from fake_idp.errors import UnknownName
from fake_idp.state import State

__all__ = ["DEFAULT_USERS", "User", "Users"]


@dataclass(frozen=True)
class User:
    """A person, or with an empty name nobody.

    Attributes:
        name: what the person signs in with.
        password: for the password grant and the login page's form; there is no other use of it.
        sub: the subject of the person's tokens, where it is not the vendor's form of the name.
        groups: the groups that the person is in, in every vendor's groups claim.
        roles: the roles that the person has, in every vendor's roles claim.
        claims: more claims of every token, or other values for the vendor's.
        access_claims: likewise, of access tokens only.
        id_claims: likewise, of ID tokens only.
        without: claims that the vendor's tokens have and this person's have not.
        provider: where a federated person comes from, for example ``Google``; empty otherwise.
        disabled: whether the person may not sign in any more.
    """

    name: str
    password: str = "password"  # noqa: S105 (everybody here has that one)
    sub: str = ""
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    access_claims: Mapping[str, Any] = field(default_factory=dict)
    id_claims: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    provider: str = ""
    disabled: bool = False

    @property
    def email(self) -> str:
        """The mail address: the name itself where it is one."""
        return self.name if "@" in self.name else f"{self.name}@example.com"

    def profile(self, scope: tuple[str, ...]) -> dict[str, Any]:
        """The standard claims that these scopes ask for (OpenID Connect Core 1.0 section 5.4)."""
        said: dict[str, Any] = {}
        if "profile" in scope:
            name = self.name.partition("@")[0]
            said |= {"name": name.title(), "given_name": name.title(), "preferred_username": self.name}
        if "email" in scope:
            said |= {"email": self.email, "email_verified": True}
        return said


DEFAULT_USERS = (
    User("alice"),
    User("bob"),
    User("carol"),
)
"""Who there is before anybody was added; nothing is special about them."""


class Users:
    """The people of one issuer, in its state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __iter__(self) -> Iterator[User]:
        """Everybody, those who are there by default first."""
        added = {name: _user(record) for name, record in self._state.items("user")}
        everybody = {user.name: user for user in DEFAULT_USERS} | added
        removed = {name for name, _ in self._state.items("user-removed")}
        return iter(user for name, user in everybody.items() if name not in removed)

    def add(self, name: str, **details: Any) -> User:
        """Add a person, or replace one; ``details`` are the attributes of ``User``.

        Raises:
            UnknownName: ``User`` has no such attribute.
            InvalidValue: a value has another type, or is too large.
        """
        user = User(checked_name("user name", name), **checked(User, "user", details))
        self._state.put("user", name, asdict(user))
        self._state.delete("user-removed", name)
        return user

    def get(self, name: str) -> User:
        """Find a person.

        Raises:
            UnknownName: there is nobody of that name.
        """
        for user in self:
            if user.name == name:
                return user
        raise UnknownName("user", name, (user.name for user in self))

    def find(self, name: str) -> User:
        """The person of that name: disabled if they were taken away, nothing special if never added."""
        if (record := self._state.get("user", name)) is not None:
            return _user(record)
        if self._state.get("user-removed", name) is not None:
            return User(name, disabled=True)
        return next((user for user in DEFAULT_USERS if user.name == name), None) or User(name)

    def remove(self, name: str) -> None:
        """Take a person away.

        Raises:
            UnknownName: there is nobody of that name.
        """
        self.get(name)
        self._state.delete("user", name)
        self._state.put("user-removed", name, {})


def _user(record: Mapping[str, Any]) -> User:
    return User(**restored(record))
