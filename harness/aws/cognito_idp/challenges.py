"""Sign-ins that wait for an answer: the session that names one, and how long it waits."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.aws.cognito_idp import lifetimes
from harness.aws.cognito_idp.pools import UserPools
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["Attempt", "Challenge", "ask_for", "find", "invalid_session", "required"]

_KEPT = 86_400  # seconds after its end, so as to say that it is over


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Somebody tries to sign in: the call that it is, moto's pool and moto's client."""

    call: Context
    pool: Any
    client: Any


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """A question to a user who signs in.

    Attributes:
        name: of the challenge; empty when every answer is welcome (``SELECT_CHALLENGE``).
        pool_id: the user pool.
        client_id: the client that has to answer.
        sub: of the user.
        expires_at: seconds since the epoch.
        data: what the answer is judged by.
    """

    name: str
    pool_id: str
    client_id: str
    sub: str
    expires_at: float
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)


def ask_for(
    attempt: Attempt,
    user: Any,
    name: str,
    parameters: Mapping[str, str],
    data: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Begin a challenge: the answer of InitiateAuth that asks it."""
    call = attempt.call
    waiting = call.aws.state(UserPools).challenges
    for session, challenge in list(waiting.items()):
        if challenge.expires_at > call.now - _KEPT:
            break  # the older ones come first
        del waiting[session]
    # Standard base64, since clients of SRP decode it as their secret block.
    session = base64.b64encode(secrets.token_bytes(96)).decode()
    waiting[session] = Challenge(
        name=name,
        pool_id=attempt.pool.id,
        client_id=attempt.client.id,
        sub=user.id,
        expires_at=call.now + lifetimes.of_challenge(attempt.client.extended_config),
        data=data or {},
    )
    return {"ChallengeName": name, "Session": session, "ChallengeParameters": dict(parameters)}


def find(call: Context, session: str | None, *, client_id: str, name: str) -> Challenge:
    """Return the challenge of a session.

    Raises:
        AwsError: ``NotAuthorizedException``.
    """
    challenge = call.aws.state(UserPools).challenges.get(session or "")
    if challenge is None or challenge.client_id != client_id or challenge.name != name:
        raise invalid_session()
    if challenge.expires_at <= call.now:
        raise AwsError("NotAuthorizedException", "Invalid session for the user, session is expired.")
    return challenge


def invalid_session() -> AwsError:
    """The refusal of a session that is none, or none any more."""
    return AwsError("NotAuthorizedException", "Invalid session for the user.")


def required(parameters: Mapping[str, str], name: str) -> str:
    """Return a parameter that has to be there.

    Raises:
        AwsError: ``InvalidParameterException``.
    """
    value = parameters.get(name)
    if not value:
        raise AwsError("InvalidParameterException", f"Missing required parameter {name}")
    return value
