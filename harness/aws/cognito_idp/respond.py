"""RespondToAuthChallenge and AdminRespondToAuthChallenge: the answer to a challenge, judged.

A session ends with the right answer; after a wrong code or a password that breaks the policy the user may try
again until it is over. API reference, RespondToAuthChallenge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from moto.cognitoidp.models import UserStatus

from harness.aws.backend import not_implemented
from harness.aws.cognito_idp import flows, mfa, passwords, srp, tokens, users
from harness.aws.cognito_idp.challenges import Attempt, Challenge, find, invalid_session, required
from harness.aws.cognito_idp.clients import check_secret_hash
from harness.aws.cognito_idp.pools import UserPools
from harness.aws.cognito_idp.store import client_of, find_client, find_pool
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["admin_respond", "respond"]

Answer = Callable[[Attempt, Any, Challenge, Mapping[str, str]], Mapping[str, Any]]


def respond(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """RespondToAuthChallenge."""
    pool, client = find_client(call, fields["ClientId"])
    return _respond(Attempt(call=call, pool=pool, client=client), fields)


def admin_respond(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """AdminRespondToAuthChallenge."""
    pool = find_pool(call, fields["UserPoolId"])
    client = client_of(pool, fields["ClientId"])
    return _respond(Attempt(call=call, pool=pool, client=client), fields)


def _respond(attempt: Attempt, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    call, pool, client = attempt.call, attempt.pool, attempt.client
    name, given = fields["ChallengeName"], fields.get("ChallengeResponses") or {}
    answer = _ANSWERS.get(name)
    if answer is None:
        raise not_implemented(call)
    username = required(given, "USERNAME")
    check_secret_hash(client, username, given.get("SECRET_HASH"))
    session = fields.get("Session")
    if name == "PASSWORD_VERIFIER":
        session = required(given, "PASSWORD_CLAIM_SECRET_BLOCK")
    challenge = find(call, session, client_id=client.id, name=name)
    user = users.find(pool, challenge.sub)
    is_gone = user is None and name != "PASSWORD_VERIFIER"  # there it may be somebody who never was
    if is_gone or users.find(pool, username) is not user:
        raise invalid_session()
    result = answer(attempt, user, challenge, given)
    call.aws.state(UserPools).challenges.pop(session or "", None)
    return result


def _proof(attempt: Attempt, user: Any, challenge: Challenge, given: Mapping[str, str]) -> Mapping[str, Any]:
    timestamp = required(given, "TIMESTAMP")
    proof = required(given, "PASSWORD_CLAIM_SIGNATURE")
    _check_timestamp(timestamp)
    good = srp.proves(
        challenge.data["exchange"],
        pool_name=flows.pool_name(attempt.pool),
        username=challenge.data["name"],
        block=given["PASSWORD_CLAIM_SECRET_BLOCK"],
        timestamp=timestamp,
        proof=proof,
    )
    if user is None or not user.password or not good:
        attempt.call.aws.state(UserPools).challenges.pop(given["PASSWORD_CLAIM_SECRET_BLOCK"], None)
        raise AwsError("NotAuthorizedException", "Incorrect username or password.")
    return flows.after_password(attempt, user)


def _check_timestamp(timestamp: str) -> None:
    """``Tue Nov 3 09:05:06 UTC 2026``, the day without a zero before it, as the clients say."""
    try:
        read = datetime.strptime(timestamp, "%a %b %d %H:%M:%S UTC %Y")  # noqa: DTZ007 (in the text)
    except ValueError:
        read = None
    if read is None or timestamp.split(" ")[2] != str(read.day):
        raise AwsError(
            "InvalidParameterException",
            "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.",
        )


def _new_password(
    attempt: Attempt, user: Any, challenge: Challenge, given: Mapping[str, str]
) -> Mapping[str, Any]:
    password = required(given, "NEW_PASSWORD")
    passwords.check(attempt.pool, password)
    prefix = "userAttributes."
    said = {name.removeprefix(prefix): value for name, value in given.items() if name.startswith(prefix)}
    users.check_attributes(attempt.pool, said, client=attempt.client)
    users.set_attributes(attempt.pool, user, said)
    user.password, user.status = password, UserStatus.CONFIRMED
    attempt.call.aws.state(UserPools).temporary.pop(user.id, None)
    return flows.after_password(attempt, user)


def _code(attempt: Attempt, user: Any, challenge: Challenge, given: Mapping[str, str]) -> Mapping[str, Any]:
    mfa.check_code(attempt.call, user, required(given, "SOFTWARE_TOKEN_MFA_CODE"))
    return _signed_in(attempt, user)


def _setup(attempt: Attempt, user: Any, challenge: Challenge, given: Mapping[str, str]) -> Mapping[str, Any]:
    mfa.finish_setup(attempt.call, user)
    return _signed_in(attempt, user)


def _selected(
    attempt: Attempt, user: Any, challenge: Challenge, given: Mapping[str, str]
) -> Mapping[str, Any]:
    chosen = required(given, "ANSWER")
    if chosen == "PASSWORD":
        return flows.with_password(attempt, given["USERNAME"], required(given, "PASSWORD"))
    if chosen == "PASSWORD_SRP":
        return flows.with_srp(attempt, given["USERNAME"], required(given, "SRP_A"))
    raise not_implemented(attempt.call)


def _signed_in(attempt: Attempt, user: Any) -> Mapping[str, Any]:
    if not user.enabled:
        raise AwsError("NotAuthorizedException", "User is disabled.")
    return {
        "AuthenticationResult": tokens.sign_in(attempt.call, attempt.pool, attempt.client, user),
        "ChallengeParameters": {},
    }


_ANSWERS: Mapping[str, Answer] = {
    "MFA_SETUP": _setup,
    "NEW_PASSWORD_REQUIRED": _new_password,
    "PASSWORD_VERIFIER": _proof,
    "SELECT_CHALLENGE": _selected,
    "SOFTWARE_TOKEN_MFA": _code,
}
