"""What a token says, in words, without believing it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeGuard

from fake_idp import jws
from fake_idp.errors import MalformedToken

__all__ = ["Explanation", "explain"]

_TIMES = ("iat", "nbf", "exp", "auth_time")
_DAY = 86_400
_FAR = 253_402_300_799  # the end of the year 9999


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A token taken apart. Its signature was not checked.

    Attributes:
        header: the JOSE header.
        claims: the claims.
        times: for each time claim that is a number, when that is, as people say it.
        suspicious: what a careful server would look at twice, one line each.
    """

    header: dict[str, Any]
    claims: dict[str, Any]
    times: dict[str, str]
    suspicious: tuple[str, ...]


def explain(token: str, *, now: float) -> Explanation:
    """Take a token apart.

    Args:
        token: a JWS in compact serialization; spaces around it and a leading ``Bearer`` are ignored.
        now: seconds since the epoch, for what is relative to it.

    Raises:
        MalformedToken: it is no such thing; the error names the part.
    """
    token = token.strip()
    if token[:7].lower() == "bearer ":
        token = token[7:].strip()
    if not token:
        raise MalformedToken("token", "is empty")
    parts = jws.split(token)
    raw_header = jws.from_b64url(parts.header, part="header")
    raw_claims = jws.from_b64url(parts.payload, part="payload")
    signature = jws.from_b64url(parts.signature, part="signature")
    header = jws.parse_object(raw_header, part="header")
    claims = jws.parse_object(raw_claims, part="payload")
    return Explanation(
        header=header,
        claims=claims,
        times={name: _moment(claims[name], now) for name in _TIMES if _is_number(claims.get(name))},
        suspicious=(
            *_about_header(header, signature),
            *_about_times(claims, now),
            *_about_claims(claims),
            *(f"the header has {name!r} twice" for name in _repeated(raw_header)),
            *(f"the claim {name!r} is there twice" for name in _repeated(raw_claims)),
        ),
    )


def _about_header(header: dict[str, Any], signature: bytes) -> Iterator[str]:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or not algorithm.strip() or algorithm.strip().lower() == "none":
        yield "the header claims no algorithm: anybody can write such a token"
    elif algorithm.startswith("HS"):
        yield f"{algorithm} is a shared secret; if that is the public key, anybody can write such a token"
    elif algorithm.startswith("RS") and len(signature) not in (256, 384, 512):
        yield f"an {algorithm} signature has 256 bytes or more, this one has {len(signature)}"
    elif algorithm == "ES256" and len(signature) != 64:
        yield f"an ES256 signature has 64 bytes, this one has {len(signature)}"
    if not signature:
        yield "the signature is empty"
    elif not any(signature):
        yield "the signature is all zeros"
    if not isinstance(header.get("kid"), str):
        yield "the header has no key id"
    for name in ("jwk", "jku", "x5u", "x5c"):
        if name in header:
            yield f"the header brings its own key ({name})"
    if "crit" in header:
        yield "the header has critical extensions, which a server must refuse unless it knows them"


def _about_times(claims: dict[str, Any], now: float) -> Iterator[str]:
    for name in ("exp", "nbf", "iat"):
        if name in claims and not _is_number(claims[name]):
            yield f"{name} is not a number"
    expires, starts, issued = (claims.get(name) for name in ("exp", "nbf", "iat"))
    if "exp" not in claims:
        yield "it never expires: there is no exp"
    elif _is_number(expires) and expires <= now:
        yield f"it expired {_ago(now - expires)} ago"
    if _is_number(starts) and starts > now:
        yield f"it is not valid for another {_ago(starts - now)}"
    if _is_number(issued) and issued > now:
        yield f"it was issued {_ago(issued - now)} in the future"
    if _is_number(expires) and _is_number(issued) and expires - issued > _DAY:
        yield f"it is good for {_ago(expires - issued)}, which is long for a bearer token"


def _about_claims(claims: dict[str, Any]) -> Iterator[str]:
    if not isinstance(claims.get("iss"), str) or not claims["iss"]:
        yield "there is no issuer"
    elif claims["iss"] != claims["iss"].strip():
        yield "the issuer has spaces around it"
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        yield "there is no subject"
    if not claims.get("aud") and not (claims.get("token_use") == "access" and claims.get("client_id")):
        yield "it is for no audience"


def _repeated(raw: bytes) -> list[str]:
    """Members that are there twice: parsers differ on which one counts (RFC 8259 section 4)."""
    found: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        found[:] = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]

    json.loads(raw, object_pairs_hook=note)  # the outermost object comes last
    return found


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
