"""Users of an identity store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.aws import constraints
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.identity_center.directory.attributes import apply, value_of
from harness.aws.identity_center.directory.store import IdentityStore, User, new_number
from harness.aws.identity_center.directory.stores import (
    check_revision,
    conflict,
    instance_of,
    missing,
    store_of,
)
from harness.aws.identity_center.paging import page
from harness.aws.identity_center.records import Principal
from harness.aws.models import operation_model
from harness.aws.times import moment

__all__ = ["OPERATIONS", "user_of"]

_UNIQUE = {"username": "userName", "emails.value": "emails.value"}


def create_user(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Create a user, who may sign in from now on.

    Raises:
        AwsError: ``ConflictException``, for a user name that is taken; ``ValidationException``, without what
            the API reference says Identity Center requires: a user name, a display name, both names.
    """
    store = store_of(call, fields)
    members = {name: value for name, value in fields.items() if name != "IdentityStoreId"}
    _check(store, members, None)
    now = moment(call.now)
    user = User(id=new_number(), members=members, created=now, updated=now)
    store.users[user.id] = user
    return {"IdentityStoreId": store.id, **_named(user)}


def describe_user(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a user."""
    store = store_of(call, fields)
    return _described(store, user_of(store, fields["UserId"]))


def list_users(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the users of a store; filters, which must all hold, compare attributes with values."""
    store = store_of(call, fields)
    users: Iterable[User] = store.users.values()
    for wanted in fields.get("Filters", []):
        holding = {user.id for user in store.with_value(wanted["AttributePath"], wanted["AttributeValue"])}
        users = [user for user in users if user.id in holding]
    return page([_described(store, user) for user in users], fields, "Users")


def get_user_id(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the id of the user with a user name or an email address.

    Raises:
        AwsError: ``ResourceNotFoundException``; ``ValidationException``, for another attribute.
    """
    store = store_of(call, fields)
    path, value = value_of(fields["AlternateIdentifier"], _UNIQUE)
    user = next(store.with_value(path, value), None) if path else None
    if user is None:
        raise missing("USER")
    return {"IdentityStoreId": store.id, "UserId": user.id, "UserArn": _arn(user)}


def update_user(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Change attributes of a user, all or none.

    Raises:
        AwsError: ``ResourceNotFoundException``; ``ConflictException``; ``ValidationException``.
    """
    store = store_of(call, fields)
    user = user_of(store, fields["UserId"])
    check_revision(fields, user.revision)
    shape = operation_model("identitystore", "CreateUser").input_shape
    members = apply(user.members, fields["Operations"], shape)
    _check(store, members, user)
    constraints.check(shape, {"IdentityStoreId": store.id, **members}, code="ValidationException")
    user.members, user.updated, user.revision = members, moment(call.now), user.revision + 1
    return {"IdentityStoreId": store.id, **_named(user)}


def delete_user(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Delete a user, with memberships and assignments; the user's sign-ins end.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    instance = instance_of(call, fields)
    user = user_of(instance.store, fields["UserId"])
    check_revision(fields, user.revision)
    del instance.store.users[user.id]
    for membership in list(instance.store.memberships.values()):
        if membership.user_id == user.id:
            del instance.store.memberships[membership.id]
    instance.forget(Principal(kind="USER", id=user.id))
    return {}


def user_of(store: IdentityStore, number: str) -> User:
    """Return a user by its id or ARN.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    found = store.users.get(number.rpartition("/")[2])
    if found is None:
        raise missing("USER", number)
    return found


def _check(store: IdentityStore, members: Mapping[str, Any], user: User | None) -> None:
    """Hold what the API reference of CreateUser requires; the texts are those of moto's tests."""
    if not members.get("UserName"):
        raise AwsError("ValidationException", "userName is a required attribute")
    name = members.get("Name") or {}
    required = {"displayname": members.get("DisplayName"), "name": name}
    if name:
        required |= {"familyname": name.get("FamilyName"), "givenname": name.get("GivenName")}
    lacking = [attribute for attribute, value in required.items() if not value]
    if lacking:
        text = ", ".join(f"{attribute}: The attribute {attribute} is required" for attribute in lacking)
        raise AwsError("ValidationException", text)
    other = store.named(members["UserName"])
    if other is not None and other is not user:
        raise conflict("Duplicate UserName")


def _arn(user: User) -> str:
    return f"arn:aws:identitystore:::user/{user.id}"


def _named(user: User) -> dict[str, Any]:
    return {"UserId": user.id, "UserArn": _arn(user), "Revision": str(user.revision)}


def _described(store: IdentityStore, user: User) -> dict[str, Any]:
    return {
        "IdentityStoreId": store.id,
        **_named(user),
        **user.members,
        "UserStatus": "ENABLED",
        "CreatedAt": user.created,
        "UpdatedAt": user.updated,
    }


OPERATIONS: Mapping[str, Operation] = {
    "CreateUser": create_user,
    "DeleteUser": delete_user,
    "DescribeUser": describe_user,
    "GetUserId": get_user_id,
    "ListUsers": list_users,
    "UpdateUser": update_user,
}
