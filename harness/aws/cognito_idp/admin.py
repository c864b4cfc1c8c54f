"""What an administrator does to a user, where it is more than a change of moto's records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cognitoidp.models import UserStatus

from harness.aws.backend import ask
from harness.aws.cognito_idp import account, codes, passwords, tokens, users
from harness.aws.cognito_idp.pools import Message, UserPools
from harness.aws.cognito_idp.store import find_pool
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError

__all__ = [
    "BY_NAME",
    "create",
    "delete",
    "disable",
    "known_by_name",
    "reset_password",
    "set_password",
    "update_attributes",
]


def known_by_name(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let moto do it to the user whom any of their names means: it knows aliases not."""
    pool = find_pool(call, fields["UserPoolId"])
    return ask(call, {**fields, "Username": users.get(pool, fields["Username"]).username})


def create(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """AdminCreateUser: with a temporary password, which is sent unless ``MessageAction`` suppresses it."""
    pool, name = find_pool(call, fields["UserPoolId"]), fields["Username"]
    given = {each["Name"]: each.get("Value") or "" for each in fields.get("UserAttributes") or ()}
    users.check_attributes(pool, given)
    password = fields.get("TemporaryPassword") or passwords.temporary()
    passwords.check(pool, password)
    user = users.find(pool, name)
    again = fields.get("MessageAction") == "RESEND"
    if user is not None and not again:
        raise AwsError("UsernameExistsException", "User account already exists")
    if user is None and again:
        raise AwsError("UserNotFoundException", "User does not exist.")
    if user is not None and user.status != UserStatus.FORCE_CHANGE_PASSWORD:
        raise AwsError(
            "UnsupportedUserStateException", "Resend not possible. User status is not FORCE_CHANGE_PASSWORD"
        )
    if user is None:
        made = ask(call, {**fields, "TemporaryPassword": password})["User"]
        user = users.get(pool, made["Username"])
    else:
        user.password = password
    call.aws.state(UserPools).temporary[user.id] = call.now
    if fields.get("MessageAction") != "SUPPRESS":
        _invite(call, pool, user, password, fields.get("DesiredDeliveryMediums") or ["SMS"])
    shown = user.to_json(extended=True)
    kept = ("Username", "Attributes", "UserCreateDate", "UserLastModifiedDate", "Enabled", "UserStatus")
    return {"User": {name: shown[name] for name in kept}}


def _invite(call: Context, pool: Any, user: Any, password: str, media: list[str]) -> None:
    attributes = {"EMAIL": "email", "SMS": "phone_number"}
    for medium in media:
        destination = users.attributes(user).get(attributes[medium])
        if destination:
            message = Message(
                time=call.now,
                pool_id=pool.id,
                username=user.username,
                kind="AdminCreateUser",
                medium=medium,
                destination=destination,
                code=password,
            )
            call.aws.state(UserPools).messages.append(message)


def set_password(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """AdminSetUserPassword."""
    pool = find_pool(call, fields["UserPoolId"])
    user = users.get(pool, fields["Username"])
    passwords.check(pool, fields["Password"])
    user.password = fields["Password"]
    user.status = UserStatus.CONFIRMED if fields.get("Permanent") else UserStatus.FORCE_CHANGE_PASSWORD
    call.aws.state(UserPools).temporary[user.id] = call.now
    return {}


def update_attributes(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """AdminUpdateUserAttributes: an administrator may also say that an address is verified."""
    pool = find_pool(call, fields["UserPoolId"])
    user = users.get(pool, fields["Username"])
    given = {each["Name"]: each.get("Value") or "" for each in fields["UserAttributes"]}
    users.check_attributes(pool, given)
    users.set_attributes(pool, user, given)
    return {}


def reset_password(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """AdminResetUserPassword: the user gets a code as if they had forgotten the password."""
    known_by_name(call, fields)
    pool = find_pool(call, fields["UserPoolId"])
    user = users.get(pool, fields["Username"])
    attribute = codes.address_of(pool, user, verified=True)
    if attribute is not None:
        codes.send(call, pool, user, "ForgotPassword", attribute)
    return {}


def disable(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """AdminDisableUser: revokes what the user has (API reference)."""
    pool = find_pool(call, fields["UserPoolId"])
    user = users.get(pool, fields["Username"])
    user.enabled = False
    tokens.sign_out(call, pool, user)
    return {}


def delete(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """AdminDeleteUser."""
    pool = find_pool(call, fields["UserPoolId"])
    account.remove(call, pool, users.get(pool, fields["Username"]))
    return {}


#: moto's own, once it is told the user name.
BY_NAME: Mapping[str, Operation] = dict.fromkeys(
    (
        "AdminAddUserToGroup",
        "AdminConfirmSignUp",
        "AdminDeleteUserAttributes",
        "AdminEnableUser",
        "AdminGetUser",
        "AdminListGroupsForUser",
        "AdminRemoveUserFromGroup",
    ),
    known_by_name,
)
