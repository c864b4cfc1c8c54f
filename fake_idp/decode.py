"""What a token says, in words, without believing it, and every check that needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeGuard

from fake_idp import jws
from fake_idp.errors import MalformedToken
from fake_idp.judge import Check, judge

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["Explanation", "explain", "stripped"]

_TIMES = ("iat", "nbf", "exp", "auth_time")
_DAY = 86_400
_FAR = 253_402_300_799  # the end of the year 9999
_BYTES = {"ES256": 64, "ES384": 96, "ES512": 132, "EdDSA": 64}


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A token taken apart.

    Attributes:
        header: the JOSE header.
        claims: the claims.
        times: for each time claim that is a number, when that is, as people say it.
        checks: what each check found, with its source.
    """

    header: dict[str, Any]
    claims: dict[str, Any]
    times: dict[str, str]
    checks: tuple[Check, ...]

    @property
    def suspicious(self) -> tuple[Check, ...]:
        """The checks that failed: what a careful server refuses, or looks at twice."""
        return tuple(check for check in self.checks if check.verdict == "fail")


def stripped(text: str) -> str:
    """The token in what somebody pasted: without spaces around it, and without a leading ``Bearer``."""
    token = text.strip()
    for prefix in ("authorization:", "bearer "):
        if token[: len(prefix)].lower() == prefix:
            token = token[len(prefix) :].strip()
    return token


def explain(
    token: str, *, now: float, issuer: Issuer | None = None, jwks: Mapping[str, Any] | None = None
) -> Explanation:
    """Take a token apart.

    Args:
        token: a JWS in compact serialization, or what ``stripped`` makes one of.
        now: seconds since the epoch, for what is relative to it.
        issuer: whose token it should be; without one, only what needs none is checked.
        jwks: a JWK Set for the signature, in place of the issuer's keys.

    Raises:
        MalformedToken: it is no such thing; the error names the part.
    """
    token = stripped(token)
    if not token:
        raise MalformedToken("token", "is empty")
    parts = jws.split(token)
    header = jws.parse_object(jws.from_b64url(parts.header, part="header"), part="header")
    claims = jws.parse_object(jws.from_b64url(parts.payload, part="payload"), part="payload")
    signature = jws.from_b64url(parts.signature, part="signature")
    checks = list(judge(token, issuer, now=now))
    for index, check in enumerate(checks):
        if check.name == "signature" and jwks is not None:
            checks[index] = _signed(check, token, header, jwks)
        elif check.name == "signature" and check.verdict == "skip":
            checks[index] = _looked_at(check, header, signature)
        elif check.name == "aud" and issuer is None and "aud" not in claims and _is_cognitos(claims):
            checks[index] = replace(check, verdict="skip", words="no aud; Cognito has client_id in its place")
    return Explanation(
        header=header,
        claims=claims,
        times={name: _moment(claims[name], now) for name in _TIMES if _is_number(claims.get(name))},
        checks=(*checks, _lifetime(claims)),
    )


def _signed(check: Check, token: str, header: dict[str, Any], jwks: Mapping[str, Any]) -> Check:
    """The signature, by the keys of a JWK Set: those with the token's key id, or else all of them."""
    from fake_idp.oauth.jwt_validation import Refused, public_key, signature_is_good

    algorithm, kid = header.get("alg"), header.get("kid")
    listed = jwks.get("keys")
    keys = [jwk for jwk in listed if isinstance(jwk, dict)] if isinstance(listed, list) else []
    for jwk in [jwk for jwk in keys if jwk.get("kid") == kid] or keys:
        try:
            key = public_key(jwk, algorithm if isinstance(algorithm, str) else "")
        except Refused:
            continue
        if signature_is_good(token, key, str(algorithm)):
            return replace(check, verdict="pass", words="of this content, by a key of the JWK Set")
    return replace(check, verdict="fail", words=f"by none of the {len(keys)} keys of the JWK Set")


def _looked_at(check: Check, header: dict[str, Any], signature: bytes) -> Check:
    """What can be said of a signature without a key."""
    algorithm = header.get("alg")
    wanted = _BYTES.get(algorithm) if isinstance(algorithm, str) else None
    if not any(signature):
        words = "it is all zeros" if signature else "it is empty"
    elif wanted is not None and len(signature) != wanted:
        words = f"{algorithm} makes {wanted} bytes, these are {len(signature)}"
    elif str(algorithm)[:2] in ("RS", "PS") and len(signature) not in (256, 384, 512):
        words = f"{algorithm} makes 256 bytes or more, these are {len(signature)}"
    else:
        return check
    return replace(check, verdict="fail", words=words)


def _is_cognitos(claims: dict[str, Any]) -> bool:
    """Whether it says that it is an access token of a Cognito user pool, which has no audience."""
    return claims.get("token_use") == "access" and isinstance(claims.get("client_id"), str)


def _lifetime(claims: dict[str, Any]) -> Check:
    source = "RFC 6819 section 5.1.5.3"
    expires, issued = claims.get("exp"), claims.get("iat")
    if not (_is_number(expires) and _is_number(issued)):
        return Check(name="lifetime", verdict="skip", words="iat or exp is not there", source=source)
    long = expires - issued > _DAY
    words = f"good for {_ago(max(expires - issued, 0))}" + (
        ", long for what anybody can use who has it" if long else ""
    )
    return Check(name="lifetime", verdict="fail" if long else "pass", words=words, source=source)


def _moment(value: float, now: float) -> str:
    if not 0 <= value <= _FAR:
        return "no date that a calendar has"
    distance = _ago(abs(value - now))
    relative = "now" if int(value) == int(now) else f"in {distance}" if value > now else f"{distance} ago"
    return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC, {relative}"


def _ago(seconds: float) -> str:
    for size, unit in ((365 * _DAY, "year"), (_DAY, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}s"
    return f"{seconds:.0f} second{'' if round(seconds) == 1 else 's'}"


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
