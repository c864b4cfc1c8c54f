"""Users who come by themselves: SignUp, its confirmation, and the forgotten password.

API reference, SignUp, ConfirmSignUp, ForgotPassword; developer guide, "Managing error responses".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.cognitoidp.models import CognitoIdpUser, UserStatus

from harness.aws.backend import not_implemented
from harness.aws.cognito_idp import codes, passwords, users
from harness.aws.cognito_idp.clients import check_secret_hash
from harness.aws.cognito_idp.store import find_client
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["confirm", "confirm_forgotten", "forgot", "resend", "sign_up"]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+\d{5,15}", re.ASCII)
_FORMS = {"email": _EMAIL, "phone_number": _PHONE}
_WORDS = {"email": "an email", "phone_number": "a phone number"}


def sign_up(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """SignUp."""
    pool, client = find_client(call, fields["ClientId"])
    name = fields["Username"]
    check_secret_hash(client, name, fields.get("SecretHash"))
    if (pool.extended_config.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly"):
        raise AwsError("NotAuthorizedException", "SignUp is not permitted for this user pool")
    if any((pool.extended_config.get("LambdaConfig") or {}).get(name) for name in ("PreSignUp",)):
        raise not_implemented(call)
    if not fields.get("Password"):
        raise AwsError("InvalidParameterException", "Missing required parameter PASSWORD")
    given = {each["Name"]: each.get("Value") or "" for each in fields.get("UserAttributes") or ()}
    given |= _from_name(pool, name)
    users.check_attributes(pool, given, client=client)
    missing = [
        each for each, schema in pool.schema_attributes.items() if schema.required and each not in given
    ]
    if wrong := [each for each in missing if each != "sub"]:
        said = "".join(f"{each}: The attribute is required\n" for each in wrong)
        raise AwsError("InvalidParameterException", f"Attributes did not conform to the schema: {said}")
    passwords.check(pool, fields["Password"])
    if users.find(pool, name) is not None:
        of_names = _from_name(pool, name)
        what = next(iter(of_names), "")
        raise AwsError(
            "UsernameExistsException",
            f"An account with the given {what} already exists." if what else "User already exists",
        )
    by_attribute = bool(pool.extended_config.get("UsernameAttributes"))
    user = CognitoIdpUser(
        pool.id,
        None if by_attribute else name,
        fields["Password"],
        UserStatus.UNCONFIRMED,
        [{"Name": each, "Value": value} for each, value in given.items()],
    )
    pool.users[user.username] = user
    answer: dict[str, Any] = {"UserConfirmed": False, "UserSub": user.id}
    attribute = codes.address_of(pool, user)
    if attribute is not None:
        answer["CodeDeliveryDetails"] = codes.send(call, pool, user, "SignUp", attribute)
    return answer


def _from_name(pool: Any, name: str) -> dict[str, str]:
    """The attribute that a user name is, in a pool whose users sign in with one.

    Raises:
        AwsError: ``InvalidParameterException``: it is none, or an alias is used as a user name.
    """
    kinds = pool.extended_config.get("UsernameAttributes") or []
    for kind in kinds:
        if _FORMS[kind].fullmatch(name):
            return {kind: name}
    if kinds:
        either = "either " if len(kinds) > 1 else ""
        wanted = " or ".join(_WORDS[kind] for kind in sorted(kinds))
        raise AwsError("InvalidParameterException", f"Username should be {either}{wanted}.")
    for kind in pool.extended_config.get("AliasAttributes") or ():
        if kind in _FORMS and _FORMS[kind].fullmatch(name):
            word = kind.replace("_number", " number")
            raise AwsError(
                "InvalidParameterException",
                f"Username cannot be of {word} format, since user pool is configured for {word} alias.",
            )
    return {}


def confirm(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """ConfirmSignUp."""
    pool, _, user = _user(call, fields, hidden=_expired())
    if user.status != UserStatus.UNCONFIRMED:
        raise AwsError(
            "NotAuthorizedException",
            f"User cannot be confirmed. Current status is {UserStatus(user.status).value}",
        )
    code = codes.check(call, pool, user, "SignUp", fields["ConfirmationCode"])
    user.status = UserStatus.CONFIRMED
    user.update_attributes([{"Name": f"{code.attribute}_verified", "Value": "true"}])
    return {}


def resend(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """ResendConfirmationCode."""
    pool, _, user = _user(call, fields, hidden=None)
    if user is None:
        return _pretended(fields["Username"])
    if user.status != UserStatus.UNCONFIRMED:
        raise AwsError("InvalidParameterException", "User is already confirmed.")
    attribute = codes.address_of(pool, user)
    if attribute is None:
        raise AwsError("InvalidParameterException", "Auto verification not turned on.")
    return {"CodeDeliveryDetails": codes.send(call, pool, user, "SignUp", attribute)}


def forgot(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """ForgotPassword."""
    pool, _, user = _user(call, fields, hidden=None)
    if user is None:
        return _pretended(fields["Username"])
    if not user.enabled:
        raise AwsError("NotAuthorizedException", "User is disabled.")
    if user.status == UserStatus.FORCE_CHANGE_PASSWORD:
        raise AwsError("NotAuthorizedException", "User password cannot be reset in the current state.")
    attribute = codes.address_of(pool, user, verified=True)
    if attribute is None:
        raise AwsError(
            "InvalidParameterException",
            "Cannot reset password for the user as there is no registered/verified email or phone_number",
        )
    return {"CodeDeliveryDetails": codes.send(call, pool, user, "ForgotPassword", attribute)}


def confirm_forgotten(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """ConfirmForgotPassword."""
    pool, _, user = _user(call, fields, hidden=_expired())
    passwords.check(pool, fields["Password"])
    codes.check(call, pool, user, "ForgotPassword", fields["ConfirmationCode"])
    user.password, user.status = fields["Password"], UserStatus.CONFIRMED
    return {}


def _user(call: Context, fields: Mapping[str, Any], *, hidden: AwsError | None) -> tuple[Any, Any, Any]:
    """Pool, client and user of a call; ``hidden`` is raised, or None returned, for a name that nobody has.

    Raises:
        AwsError: ``UserNotFoundException`` where the client tells who exists.
    """
    pool, client = find_client(call, fields["ClientId"])
    check_secret_hash(client, fields["Username"], fields.get("SecretHash"))
    user = users.find(pool, fields["Username"])
    if user is None:
        if client.extended_config.get("PreventUserExistenceErrors") != "ENABLED":
            raise AwsError("UserNotFoundException", "Username/client id combination not found.")
        if hidden is not None:
            raise hidden
    return pool, client, user


def _expired() -> AwsError:
    return AwsError("ExpiredCodeException", "Invalid code provided, please request a code again.")


def _pretended(name: str) -> Mapping[str, Any]:
    """The answer for somebody who does not exist, so that nobody learns it."""
    address = name if "@" in name else f"{name}@example.com"
    return {"CodeDeliveryDetails": codes.delivery("email", address)}
