"""What users do with their own record, by access token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cognitoidp.models import UserStatus

from harness.aws import identity_token
from harness.aws.cognito_idp import codes, passwords, tokens, users
from harness.aws.cognito_idp.pools import UserPools
from harness.aws.cognito_idp.store import client_of
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = [
    "change_password",
    "delete",
    "delete_attributes",
    "get",
    "remove",
    "send_code",
    "update_attributes",
    "verify_attribute",
]


def get(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """GetUser."""
    user = tokens.bearer(call, fields["AccessToken"]).user
    answer: dict[str, Any] = {
        "Username": user.username,
        "UserAttributes": [{"Name": name, "Value": value} for name, value in users.attributes(user).items()],
    }
    if user.software_token_mfa_enabled:
        answer["UserMFASettingList"] = ["SOFTWARE_TOKEN_MFA"]
    if user.preferred_mfa_setting:
        answer["PreferredMfaSetting"] = user.preferred_mfa_setting
    return answer


def update_attributes(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """UpdateUserAttributes: an address that changes gets a code."""
    who = tokens.bearer(call, fields["AccessToken"])
    client = _client(who.pool, fields["AccessToken"])
    given = {each["Name"]: each.get("Value") or "" for each in fields["UserAttributes"]}
    users.check_attributes(who.pool, given, client=client)
    changed = users.set_attributes(who.pool, who.user, given)
    automatic = who.pool.extended_config.get("AutoVerifiedAttributes") or ()
    sent = [
        codes.send(call, who.pool, who.user, "VerifyUserAttribute", name)
        for name in changed
        if name in automatic and given[name]
    ]
    return {"CodeDeliveryDetailsList": sent}


def delete_attributes(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """DeleteUserAttributes."""
    who = tokens.bearer(call, fields["AccessToken"])
    names = fields["UserAttributeNames"]
    users.check_attributes(
        who.pool, dict.fromkeys(names, ""), client=_client(who.pool, fields["AccessToken"])
    )
    for name in names:
        schema = who.pool.schema_attributes[name]
        if schema.required or not schema.mutable:
            raise AwsError("InvalidParameterException", f"Cannot delete the attribute {name}")
    who.user.delete_attributes([name for name in names if name in who.user.attribute_lookup])
    return {}


def delete(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """DeleteUser."""
    who = tokens.bearer(call, fields["AccessToken"])
    remove(call, who.pool, who.user)
    return {}


def remove(call: Context, pool: Any, user: Any) -> None:
    """Take a user away, and end all sign-ins."""
    tokens.sign_out(call, pool, user)
    for group in list(user.groups):
        group.users.discard(user)
    del pool.users[user.username]
    state = call.aws.state(UserPools)
    state.deleted.add(user.id)
    state.authenticators.pop(user.id, None)
    state.temporary.pop(user.id, None)


def change_password(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """ChangePassword."""
    who = tokens.bearer(call, fields["AccessToken"])
    if who.user.password and who.user.password != fields.get("PreviousPassword"):
        raise AwsError("NotAuthorizedException", "Incorrect username or password.")
    passwords.check(who.pool, fields["ProposedPassword"])
    who.user.password, who.user.status = fields["ProposedPassword"], UserStatus.CONFIRMED
    return {}


def send_code(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """GetUserAttributeVerificationCode."""
    who = tokens.bearer(call, fields["AccessToken"])
    name = _address(fields["AttributeName"])
    if not users.attributes(who.user).get(name):
        raise AwsError("InvalidParameterException", f"User has no {name}")  # the text is ours
    return {"CodeDeliveryDetails": codes.send(call, who.pool, who.user, "VerifyUserAttribute", name)}


def verify_attribute(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """VerifyUserAttribute."""
    who = tokens.bearer(call, fields["AccessToken"])
    name = _address(fields["AttributeName"])
    codes.check(call, who.pool, who.user, "VerifyUserAttribute", fields["Code"], attribute=name)
    who.user.update_attributes([{"Name": f"{name}_verified", "Value": "true"}])
    return {}


def _address(name: str) -> str:
    if name not in ("email", "phone_number"):  # the text is ours
        raise AwsError("InvalidParameterException", f"The attribute {name} cannot be verified")
    return name


def _client(pool: Any, token: str) -> Any:
    """The client whose user calls."""
    return client_of(pool, str(identity_token.unverified_claims(token)["client_id"]))
