"""The users of a pool: how they are found, and what their tokens say of them.

Developer guide: "Customizing sign-in attributes", "Understanding the identity (ID) token", "Adding groups to
a user pool".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from harness.aws.errors import AwsError

__all__ = [
    "attributes",
    "check_attributes",
    "find",
    "get",
    "groups",
    "id_claims",
    "is_verified",
    "preferred_role",
    "roles",
    "set_attributes",
    "sign_in_name",
]

_BOOLEANS = frozenset({"email_verified", "phone_number_verified"})
# What an alias may be signed in with: an address only when it was verified (developer guide, "Aliases").
_VERIFIED = {"email": "email_verified", "phone_number": "phone_number_verified"}


def find(pool: Any, name: str) -> Any | None:
    """Return a user by user name, by an attribute that the pool takes for it, or by ``sub``, or None."""
    if not name:
        return None
    if name in pool.users:
        return pool.users[name]
    sensitive = (pool.extended_config.get("UsernameConfiguration") or {}).get("CaseSensitive", True)
    same: Callable[[str], str] = str if sensitive else str.lower
    wanted = same(name)
    of_names = pool.extended_config.get("UsernameAttributes") or []
    aliases = pool.extended_config.get("AliasAttributes") or []
    for user in list(pool.users.values()):
        said = attributes(user)
        names = [user.username, user.id, *(said.get(each, "") for each in of_names)]
        for alias in aliases:
            if alias not in _VERIFIED or is_verified(said, alias):
                names.append(said.get(alias, ""))
        if wanted in map(same, names):
            return user
    return None


def get(pool: Any, name: str) -> Any:
    """As ``find``.

    Raises:
        AwsError: ``UserNotFoundException``.
    """
    user = find(pool, name)
    if user is None:
        raise AwsError("UserNotFoundException", "User does not exist.")
    return user


def attributes(user: Any) -> dict[str, str]:
    """The attributes by name; every value is text, as the API has it."""
    return {name: str(value) for name, value in user.attribute_lookup.items()}


def check_attributes(pool: Any, given: Mapping[str, str], *, client: Any = None) -> None:
    """Refuse attributes that the pool has not, or that a client may not write.

    Args:
        pool: the user pool.
        given: the attributes to write.
        client: whose user writes them; an administrator when None.

    Raises:
        AwsError: ``InvalidParameterException``, ``NotAuthorizedException``.
    """
    unknown = [name for name in given if name not in pool.schema_attributes]
    if unknown:
        wrong = "".join(f"{name}: The attribute {name} is not defined in schema.\n" for name in unknown)
        raise AwsError("InvalidParameterException", f"Attributes did not conform to the schema: {wrong}")
    if client is None:
        return
    writable = client.extended_config.get("WriteAttributes") or ()
    for name in given:
        if name in _BOOLEANS or name.startswith("dev:") or (writable and name not in writable):
            raise AwsError("NotAuthorizedException", "A client attempted to write unauthorized attribute")


def set_attributes(pool: Any, user: Any, given: Mapping[str, str]) -> list[str]:
    """Write attributes; returns the addresses that changed, which are not verified any more.

    Raises:
        AwsError: ``InvalidParameterException``; ``AliasExistsException`` for an address of somebody else's.
    """
    said = attributes(user)
    for name in given:
        schema = pool.schema_attributes.get(name)
        if schema is not None and not schema.mutable and name in said:
            raise AwsError("InvalidParameterException", f"Cannot modify the non-mutable attribute {name}")
    signs_in = pool.extended_config.get("UsernameAttributes") or []
    for name in signs_in:
        other = find(pool, given.get(name, ""))
        if other is not None and other is not user:
            raise AwsError("AliasExistsException", f"An account with the given {name} already exists.")
    changed = [name for name in _VERIFIED if name in given and given[name] != said.get(name)]
    unverified = {_VERIFIED[name]: "false" for name in changed}
    written = {**unverified, **given}
    user.update_attributes([{"Name": name, "Value": value} for name, value in written.items()])
    return changed


def is_verified(said: Mapping[str, str], name: str) -> bool:
    """Whether an ``email`` or a ``phone_number`` among attributes is verified; ``True`` is, as ``true``."""
    return said.get(_VERIFIED[name], "").lower() == "true"


def sign_in_name(pool: Any, user: Any) -> str:
    """What the person types in: the attribute that the pool takes for the user name, if it takes one."""
    said = attributes(user)
    names = pool.extended_config.get("UsernameAttributes") or []
    return next((said[name] for name in names if said.get(name)), str(user.username))


def groups(user: Any) -> list[Any]:
    """The groups of a user, by precedence: the lowest number first, those without one last."""
    return sorted(user.groups, key=lambda group: (_rank(group), group.group_name))


def _rank(group: Any) -> float:
    return float("inf") if group.precedence is None else float(group.precedence)


def roles(user: Any) -> list[str]:
    """The roles of the groups of a user, each once."""
    return list(dict.fromkeys(group.role_arn for group in groups(user) if group.role_arn))


def preferred_role(user: Any) -> str | None:
    """The role of the group that goes first; None where two of them go first with different roles.

    API reference, CreateGroup, ``Precedence``.
    """
    with_role = [group for group in groups(user) if group.role_arn]
    first = {group.role_arn for group in with_role if _rank(group) == _rank(with_role[0])}
    return first.pop() if len(first) == 1 else None


def id_claims(user: Any, readable: list[str] | None = None) -> dict[str, Any]:
    """What an ID token says of a user: the attributes in their JSON types.

    Args:
        user: the user.
        readable: ``ReadAttributes`` of the client; all when None or empty.
    """
    said = {name: _typed(name, value) for name, value in attributes(user).items() if name != "sub"}
    return {name: value for name, value in said.items() if not readable or name in readable}


def _typed(name: str, value: str) -> Any:
    if name in _BOOLEANS:
        return value.lower() == "true"
    if name == "updated_at":
        return int(value) if value.isascii() and value.isdigit() else value
    if name == "address":  # OpenID Connect Core 1.0 section 5.1.1
        return _address(value)
    return value


def _address(value: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = None
    return parsed if isinstance(parsed, dict) else {"formatted": value}
