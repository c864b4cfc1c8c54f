"""Confirmation codes: sent to an address of the user's, good for a while, and for a few tries.

What was sent is in ``UserPools.messages``. Lifetimes: developer guide, "Quotas", "Code validity".
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Any

from harness.aws.cognito_idp import users
from harness.aws.cognito_idp.pools import Message, UserPools
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["Code", "address_of", "check", "delivery", "masked", "send"]

_LIFETIMES = {"SignUp": 86_400, "ForgotPassword": 3600, "VerifyUserAttribute": 86_400}
_TRIES = 5
_MEDIA = {"email": "EMAIL", "phone_number": "SMS"}


@dataclass(kw_only=True)
class Code:
    """A code that was sent.

    Attributes:
        value: six digits.
        attribute: whose value it was sent to: ``email`` or ``phone_number``.
        expires_at: seconds since the epoch.
        tries: wrong ones so far.
    """

    value: str = field(repr=False)
    attribute: str
    expires_at: float
    tries: int = 0


def address_of(pool: Any, user: Any, *, verified: bool = False) -> str | None:
    """Return the attribute to send a code to, the telephone first; None where the user has none.

    Args:
        pool: the user pool.
        user: the user.
        verified: whether only a verified address is good; else one that the pool verifies by itself.
    """
    said, automatic = users.attributes(user), pool.extended_config.get("AutoVerifiedAttributes") or []
    for attribute in ("phone_number", "email"):
        good = users.is_verified(said, attribute) if verified else attribute in automatic
        if said.get(attribute) and good:
            return attribute
    return None


def send(call: Context, pool: Any, user: Any, kind: str, attribute: str) -> dict[str, str]:
    """Send a new code in place of an earlier one of its kind; returns ``CodeDeliveryDetails``."""
    state = call.aws.state(UserPools)
    code = Code(
        value=f"{secrets.randbelow(10**6):06}",
        attribute=attribute,
        expires_at=call.now + _LIFETIMES[kind],
    )
    state.codes[pool.id, user.id, _slot(kind, attribute)] = code
    destination = users.attributes(user)[attribute]
    state.messages.append(
        Message(
            time=call.now,
            pool_id=pool.id,
            username=user.username,
            kind=kind,
            medium=_MEDIA[attribute],
            destination=destination,
            code=code.value,
        )
    )
    return delivery(attribute, destination)


def delivery(attribute: str, destination: str) -> dict[str, str]:
    """``CodeDeliveryDetails`` of an address, of which only a little is shown."""
    medium = _MEDIA[attribute]
    return {"Destination": masked(destination), "DeliveryMedium": medium, "AttributeName": attribute}


def check(call: Context, pool: Any, user: Any, kind: str, given: str, *, attribute: str = "") -> Code:
    """Take a code, which is then used up.

    Raises:
        AwsError: ``CodeMismatchException``, ``ExpiredCodeException``, ``LimitExceededException``.
    """
    codes, key = call.aws.state(UserPools).codes, (pool.id, user.id, _slot(kind, attribute))
    code = codes.get(key)
    if code is None or code.expires_at <= call.now:
        raise AwsError("ExpiredCodeException", "Invalid code provided, please request a code again.")
    if code.tries >= _TRIES:
        raise AwsError("LimitExceededException", "Attempt limit exceeded, please try after some time.")
    if not hmac.compare_digest(code.value.encode(), given.encode()):
        code.tries += 1
        raise AwsError("CodeMismatchException", "Invalid verification code provided, please try again.")
    del codes[key]
    return code


def _slot(kind: str, attribute: str) -> str:
    """Two addresses may be verified at a time; of all else there is one code."""
    return f"{kind}:{attribute}" if kind == "VerifyUserAttribute" else kind


def masked(address: str) -> str:
    """``a***@e***``, ``+*******1234``."""
    name, at, host = address.partition("@")
    if at:
        return f"{name[:1]}***@{host[:1]}***"
    return "+" + "*" * max(0, len(address) - 5) + address[-4:]
