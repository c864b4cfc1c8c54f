"""InitiateAuth and AdminInitiateAuth: which flow, may the client use it, and who is it.

API reference, InitiateAuth; developer guide, "Authentication flows".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from harness.aws.backend import not_implemented
from harness.aws.cognito_idp import mfa, srp, tokens, users
from harness.aws.cognito_idp.challenges import Attempt, ask_for, required
from harness.aws.cognito_idp.clients import check_secret_hash, flows
from harness.aws.cognito_idp.pools import UserPools
from harness.aws.cognito_idp.store import client_of, find_client, find_pool
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = [
    "admin_initiate",
    "after_password",
    "initiate",
    "no_such_user",
    "pool_name",
    "with_password",
    "with_srp",
]

_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class _Flow:
    """A flow: what a client needs to use it, at which of the two operations, and who answers."""

    allowed_by: str
    start: Callable[[Attempt, Mapping[str, str]], Mapping[str, Any]]
    at: tuple[str, ...] = ("InitiateAuth", "AdminInitiateAuth")
    refusal: str = "Auth flow not enabled for this client"


def initiate(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """InitiateAuth."""
    pool, client = find_client(call, fields["ClientId"])
    return _start(Attempt(call=call, pool=pool, client=client), fields)


def admin_initiate(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """AdminInitiateAuth."""
    pool = find_pool(call, fields["UserPoolId"])
    client = client_of(pool, fields["ClientId"])
    return _start(Attempt(call=call, pool=pool, client=client), fields)


def _start(attempt: Attempt, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    flow, parameters = _FLOWS[fields["AuthFlow"]], fields.get("AuthParameters") or {}
    if attempt.call.operation not in flow.at:
        raise AwsError("InvalidParameterException", "Initiate Auth method not supported.")
    if flow.allowed_by not in flows(attempt.client):
        raise AwsError("InvalidParameterException", flow.refusal)
    return flow.start(attempt, parameters)


def _password(attempt: Attempt, parameters: Mapping[str, str]) -> Mapping[str, Any]:
    name = required(parameters, "USERNAME")
    password = required(parameters, "PASSWORD")
    check_secret_hash(attempt.client, name, parameters.get("SECRET_HASH"))
    return with_password(attempt, name, password)


def _srp(attempt: Attempt, parameters: Mapping[str, str]) -> Mapping[str, Any]:
    name = required(parameters, "USERNAME")
    check_secret_hash(attempt.client, name, parameters.get("SECRET_HASH"))
    return with_srp(attempt, name, required(parameters, "SRP_A"))


def _refresh(attempt: Attempt, parameters: Mapping[str, str]) -> Mapping[str, Any]:
    token = required(parameters, "REFRESH_TOKEN")
    _, user = tokens.refreshed(attempt.call, attempt.pool, attempt.client, token)
    # Not the address that the user signed in with: "Computing secret hash values" says which name it is.
    check_secret_hash(attempt.client, user.username, parameters.get("SECRET_HASH"))
    result = tokens.refresh(attempt.call, attempt.pool, attempt.client, token)
    return {"AuthenticationResult": result, "ChallengeParameters": {}}


def _choice(attempt: Attempt, parameters: Mapping[str, str]) -> Mapping[str, Any]:
    """USER_AUTH: the client says how, or is asked."""
    preferred = parameters.get("PREFERRED_CHALLENGE", "")
    name = required(parameters, "USERNAME")
    if preferred == "PASSWORD" and parameters.get("PASSWORD"):
        return _password(attempt, parameters)
    if preferred == "PASSWORD_SRP" and parameters.get("SRP_A"):
        return _srp(attempt, parameters)
    if preferred not in ("", "PASSWORD", "PASSWORD_SRP"):
        raise not_implemented(attempt.call)
    check_secret_hash(attempt.client, name, parameters.get("SECRET_HASH"))
    user = users.find(attempt.pool, name)
    if user is None:
        raise no_such_user(attempt.client)
    asked = ask_for(attempt, user, "SELECT_CHALLENGE", {})
    return {**asked, "AvailableChallenges": ["PASSWORD", "PASSWORD_SRP"]}


def _custom(attempt: Attempt, parameters: Mapping[str, str]) -> Mapping[str, Any]:
    """There are no functions here that could define the challenges."""
    if (attempt.pool.extended_config.get("LambdaConfig") or {}).get("DefineAuthChallenge"):
        raise not_implemented(attempt.call)
    raise AwsError(
        "InvalidParameterException", "Custom auth lambda trigger is not configured for the user pool."
    )


def with_password(attempt: Attempt, name: str, password: str) -> Mapping[str, Any]:
    """Sign in by name and password.

    Raises:
        AwsError: it is refused.
    """
    user = users.find(attempt.pool, name)
    if user is None:
        raise no_such_user(attempt.client)
    if not user.password or user.password != password:
        raise _wrong()
    return after_password(attempt, user)


def with_srp(attempt: Attempt, name: str, public: str) -> Mapping[str, Any]:
    """Begin SRP. A name that nobody has gets a challenge too, where the client hides who exists."""
    user = users.find(attempt.pool, name)
    if user is None:
        error = no_such_user(attempt.client)
        if error.code == "UserNotFoundException":
            raise error
        user = SimpleNamespace(id="", username=name, password="")
    exchange = srp.begin(pool_name(attempt.pool), user.username, user.password or "", public)
    if exchange is None:  # the text is ours
        raise AwsError("InvalidParameterException", "SRP_A is not valid")
    parameters = {
        "SALT": exchange.salt,
        "SRP_B": exchange.public,
        "USERNAME": user.username,
        "USER_ID_FOR_SRP": user.username,
    }
    asked = ask_for(
        attempt,
        user,
        "PASSWORD_VERIFIER",
        parameters,
        {"exchange": exchange, "name": user.username},
    )
    # The session is in the block, since clients send back no more than that.
    asked["ChallengeParameters"]["SECRET_BLOCK"] = asked["Session"]
    return asked


def after_password(attempt: Attempt, user: Any) -> Mapping[str, Any]:
    """What comes after a right password: a challenge, or the tokens.

    Raises:
        AwsError: the user may not sign in.
    """
    if not user.enabled:
        raise AwsError("NotAuthorizedException", "User is disabled.")
    if user.status == "UNCONFIRMED":
        raise AwsError("UserNotConfirmedException", "User is not confirmed.")
    if user.status == "RESET_REQUIRED":
        raise AwsError("PasswordResetRequiredException", "Password reset required for the user")
    if user.status == "FORCE_CHANGE_PASSWORD":
        return _new_password(attempt, user)
    return mfa.challenge(attempt, user) or {
        "AuthenticationResult": tokens.sign_in(attempt.call, attempt.pool, attempt.client, user),
        "ChallengeParameters": {},
    }


def _new_password(attempt: Attempt, user: Any) -> Mapping[str, Any]:
    policy = (attempt.pool.extended_config.get("Policies") or {}).get("PasswordPolicy") or {}
    since = attempt.call.aws.state(UserPools).temporary.get(user.id, attempt.call.now)
    if attempt.call.now - since > policy.get("TemporaryPasswordValidityDays", 7) * _DAY:
        raise AwsError(
            "NotAuthorizedException",
            "Temporary password has expired and must be reset by an administrator.",
        )
    said = {name: value for name, value in users.attributes(user).items() if name != "sub"}
    parameters = {
        "USER_ID_FOR_SRP": user.username,
        "requiredAttributes": json.dumps(
            [
                f"userAttributes.{name}"
                for name, schema in attempt.pool.schema_attributes.items()
                if schema.required and name != "sub" and name not in said
            ]
        ),
        "userAttributes": json.dumps(said),
    }
    return ask_for(attempt, user, "NEW_PASSWORD_REQUIRED", parameters)


def pool_name(pool: Any) -> str:
    """What SRP calls a pool: its id without the region."""
    return str(pool.id).partition("_")[2]


def no_such_user(client: Any) -> AwsError:
    """The refusal of a name that nobody has, by ``PreventUserExistenceErrors`` of the client."""
    if client.extended_config.get("PreventUserExistenceErrors") == "ENABLED":
        return _wrong()
    return AwsError("UserNotFoundException", "User does not exist.")


def _wrong() -> AwsError:
    return AwsError("NotAuthorizedException", "Incorrect username or password.")


_ADMIN = ("AdminInitiateAuth",)
_FLOWS: Mapping[str, _Flow] = {
    "USER_PASSWORD_AUTH": _Flow(
        allowed_by="ALLOW_USER_PASSWORD_AUTH",
        start=_password,
        at=("InitiateAuth",),
        refusal="USER_PASSWORD_AUTH flow not enabled for this client",
    ),
    "ADMIN_USER_PASSWORD_AUTH": _Flow(
        allowed_by="ALLOW_ADMIN_USER_PASSWORD_AUTH", start=_password, at=_ADMIN
    ),
    "ADMIN_NO_SRP_AUTH": _Flow(allowed_by="ALLOW_ADMIN_USER_PASSWORD_AUTH", start=_password, at=_ADMIN),
    "USER_SRP_AUTH": _Flow(
        allowed_by="ALLOW_USER_SRP_AUTH",
        start=_srp,
        refusal="USER_SRP_AUTH is not enabled for the client.",
    ),
    "REFRESH_TOKEN_AUTH": _Flow(allowed_by="ALLOW_REFRESH_TOKEN_AUTH", start=_refresh),
    "REFRESH_TOKEN": _Flow(allowed_by="ALLOW_REFRESH_TOKEN_AUTH", start=_refresh),
    "CUSTOM_AUTH": _Flow(allowed_by="ALLOW_CUSTOM_AUTH", start=_custom),
    "USER_AUTH": _Flow(allowed_by="ALLOW_USER_AUTH", start=_choice),
}
