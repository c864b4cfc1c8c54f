"""The second factor: an authenticator app (TOTP), set up by the user and asked for at sign-in.

Developer guide, "TOTP software token MFA". SMS and e-mail messages as a factor are not here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.aws.backend import not_implemented
from harness.aws.cognito_idp import totp, users
from harness.aws.cognito_idp.challenges import Attempt, ask_for, find, invalid_session
from harness.aws.cognito_idp.pools import UserPools
from harness.aws.cognito_idp.store import find_pool
from harness.aws.cognito_idp.tokens import bearer
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = [
    "Authenticator",
    "associate",
    "challenge",
    "check_code",
    "finish_setup",
    "prefer",
    "prefer_for_user",
    "verify",
]


@dataclass(kw_only=True)
class Authenticator:
    """A user's authenticator app.

    Attributes:
        secret: its key, base32; empty until a code of it was given.
        pending: a key of which no code was given yet.
        name: what the user calls it.
        last_step: the time step of the last code that was taken: each is good once (RFC 6238 section 5.2).
    """

    secret: str = field(default="", repr=False)
    pending: str = field(default="", repr=False)
    name: str = ""
    last_step: int = -1


def challenge(attempt: Attempt, user: Any) -> dict[str, Any] | None:
    """Ask for the second factor; None where the user signs in without."""
    if attempt.pool.mfa_config not in ("ON", "OPTIONAL"):
        return None
    if user.sms_mfa_enabled and not user.software_token_mfa_enabled:
        raise not_implemented(attempt.call)
    if user.software_token_mfa_enabled:
        app = attempt.call.aws.state(UserPools).authenticators[user.id]
        parameters = {"USER_ID_FOR_SRP": user.username, "FRIENDLY_DEVICE_NAME": app.name}
        return ask_for(attempt, user, "SOFTWARE_TOKEN_MFA", parameters)
    if attempt.pool.mfa_config == "OPTIONAL":
        return None
    parameters = {"USER_ID_FOR_SRP": user.username, "MFAS_CAN_SETUP": json.dumps(["SOFTWARE_TOKEN_MFA"])}
    return ask_for(attempt, user, "MFA_SETUP", parameters)


def check_code(call: Context, user: Any, given: str) -> None:
    """Check a code of the user's app.

    Raises:
        AwsError: ``CodeMismatchException``; ``ExpiredCodeException`` for one that was taken before.
    """
    app = call.aws.state(UserPools).authenticators[user.id]
    step = totp.step_of(app.secret, given, call.now)
    if step is None:
        raise AwsError("CodeMismatchException", "Invalid code received for user")
    if step <= app.last_step:
        raise AwsError("ExpiredCodeException", "Your software token has already been used once.")
    app.last_step = step


def associate(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """AssociateSoftwareToken: a new key, by access token or in the session of ``MFA_SETUP``."""
    pool, user, session = _who(call, fields)
    if not (pool.token_mfa_config or {}).get("Enabled"):
        raise AwsError(
            "SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool"
        )
    secret = totp.new_secret()
    call.aws.state(UserPools).authenticators.setdefault(user.id, Authenticator()).pending = secret
    return {"SecretCode": secret, **({"Session": session} if session else {})}


def verify(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """VerifySoftwareToken: the app counts from now on."""
    _, user, session = _who(call, fields)
    app = call.aws.state(UserPools).authenticators.get(user.id)
    if app is None or not app.pending:  # the text is ours
        raise AwsError("SoftwareTokenMFANotFoundException", "Software token is not associated.")
    step = totp.step_of(app.pending, fields["UserCode"], call.now)
    if step is None:
        raise AwsError("EnableSoftwareTokenMFAException", "Code mismatch")
    app.secret, app.pending = app.pending, ""
    app.name, app.last_step = fields.get("FriendlyDeviceName") or "", step
    user.token_verified = True
    if session:
        user.software_token_mfa_enabled, user.preferred_mfa_setting = True, "SOFTWARE_TOKEN_MFA"
    return {"Status": "SUCCESS", **({"Session": session} if session else {})}


def finish_setup(call: Context, user: Any) -> None:
    """Refuse the answer to ``MFA_SETUP`` of a user who has not verified an app in its session."""
    app = call.aws.state(UserPools).authenticators.get(user.id)
    if app is None or not app.secret:
        raise AwsError("InvalidParameterException", "User has not set up software token mfa")


def prefer(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """SetUserMFAPreference."""
    return _prefer(call, bearer(call, fields["AccessToken"]).user, fields)


def prefer_for_user(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """AdminSetUserMFAPreference."""
    pool = find_pool(call, fields["UserPoolId"])
    return _prefer(call, users.get(pool, fields["Username"]), fields)


def _prefer(call: Context, user: Any, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    others = ("SMSMfaSettings", "EmailMfaSettings", "WebAuthnMfaSettings")
    if any((fields.get(kind) or {}).get("Enabled") for kind in others):
        raise not_implemented(call)
    settings = fields.get("SoftwareTokenMfaSettings")
    if settings is None:
        return {}
    app = call.aws.state(UserPools).authenticators.get(user.id)
    if settings.get("Enabled") and (app is None or not app.secret):
        raise AwsError("InvalidParameterException", "User has not verified software token mfa")
    user.software_token_mfa_enabled = bool(settings.get("Enabled"))
    preferred = user.software_token_mfa_enabled and settings.get("PreferredMfa")
    user.preferred_mfa_setting = "SOFTWARE_TOKEN_MFA" if preferred else None
    return {}


def _who(call: Context, fields: Mapping[str, Any]) -> tuple[Any, Any, str]:
    """Pool, user and session of a caller who sets up an app."""
    if fields.get("AccessToken"):
        who = bearer(call, fields["AccessToken"])
        return who.pool, who.user, ""
    session = fields.get("Session") or ""
    waiting = call.aws.state(UserPools).challenges.get(session)
    if waiting is None:
        raise invalid_session()
    found = find(call, session, client_id=waiting.client_id, name="MFA_SETUP")
    pool = find_pool(call, found.pool_id)
    return pool, users.get(pool, found.sub), session
