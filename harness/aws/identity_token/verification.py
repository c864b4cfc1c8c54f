"""What makes a token honest: who issued it, by which key, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.identity_token.documents import CheckHost, Fetch, fetch_jwks
from harness.aws.identity_token.jws import Jws, decode
from harness.aws.identity_token.keys import accepted_algorithm, check_signature
from harness.aws.identity_token.refusal import Reason, TokenRejected

__all__ = ["audiences", "unverified_claims", "verify"]

_MAX_SUB = 255  # characters; OpenID Connect Core section 2


def verify(
    token: str | Jws,
    *,
    issuer: str,
    jwks_url: str | None = None,
    jwks: Mapping[str, Any] | None = None,
    fetch: Fetch,
    check_host: CheckHost | None = None,
    now: float,
    tolerance: float,
    max_age: float | None = None,
) -> dict[str, Any]:
    """Return the claims of an honest token.

    Args:
        token: a compact JWS, or one that was taken apart already.
        issuer: what ``iss`` must be, to the letter: OpenID Connect Core section 3.1.3.7.
        jwks_url: where the issuer's keys are; None to ask the issuer's discovery document.
        jwks: the keys themselves, where AWS has them; nothing is fetched then.
        fetch: how AWS reaches the issuer.
        check_host: judges the certificate of the host that has the keys; None where any will do.
        now: seconds since the epoch.
        tolerance: seconds after ``exp`` in which the token is still accepted; the IAM User Guide (OIDC
            federation) says 300. ``nbf`` and ``iat`` may lie as far ahead.
        max_age: seconds after ``iat`` in which the token is accepted; None for no bound.

    Raises:
        TokenRejected: the token is refused. The audience is the business of the service: see ``audiences``.
    """
    read = decode(token) if isinstance(token, str) else token
    accepted_algorithm(read)  # before anybody is asked for a key
    if read.claims.get("iss") != issuer:
        raise TokenRejected(Reason.ISSUER, issuer)
    if jwks is None:
        jwks = fetch_jwks(issuer, jwks_url=jwks_url, fetch=fetch, check_host=check_host)
    check_signature(read, jwks)
    _check_times(read.claims, now=now, tolerance=tolerance, max_age=max_age)
    return read.claims


def audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return whom a token is for: ``azp`` if it has one, else ``aud``; empty when it has neither.

    That ``azp`` replaces ``aud`` is reported in aws-sdk-net#3071. Only ``aud`` may be a list (OpenID Connect
    Core section 2): another ``azp`` is nobody.
    """
    party, value = claims.get("azp"), claims.get("aud")
    values = [party] if party else value if isinstance(value, list) else [value]
    return tuple(item for item in values if isinstance(item, str) and item)


def unverified_claims(token: str) -> dict[str, Any]:
    """Return what a token claims, its signature unchecked, to know whom to ask for the keys.

    Raises:
        TokenRejected: ``MALFORMED``.
    """
    return decode(token).claims


def _check_times(claims: Mapping[str, Any], *, now: float, tolerance: float, max_age: float | None) -> None:
    for name in ("sub", "iat", "exp"):
        if claims.get(name) in (None, ""):
            raise TokenRejected(Reason.MISSING_CLAIM, name)
    for name in ("iat", "exp", "nbf"):
        if type(claims.get(name, 0)) is not int:  # AWS takes whole seconds only, and True is no number
            raise TokenRejected(Reason.MALFORMED, f"{name} is not a whole number of seconds")
    if not isinstance(claims["sub"], str) or len(claims["sub"]) > _MAX_SUB:
        raise TokenRejected(Reason.MALFORMED, "sub is not a string of at most 255 characters")
    if claims["exp"] <= now - tolerance:
        raise TokenRejected(Reason.EXPIRED, "exp", expires=claims["exp"])
    if max_age is not None and claims["iat"] < now - max_age - tolerance:
        raise TokenRejected(Reason.TOO_OLD, "iat", age=int(now) - claims["iat"])
    for name in ("nbf", "iat"):  # a token that says it is of the future has not been issued yet
        if claims.get(name, 0) > now + tolerance:
            raise TokenRejected(Reason.NOT_YET_VALID, name)
