"""Reading a JWT strictly, and checking one signature of it. PyJWT judges the signature.

What a token may say is for the callers: ``bearer`` (this issuer's own tokens), ``assertions`` (what
others signed) and ``dpop`` (proofs, which bring their own key).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fake_idp import jws
from fake_idp.errors import FakeIdpError, MalformedToken

if TYPE_CHECKING:
    from jwt.types import Options

__all__ = [
    "ALGORITHMS",
    "PRIVATE_MEMBERS",
    "Refused",
    "Unverified",
    "check_times",
    "matches_type",
    "public_key",
    "read",
    "signature_is_good",
]

ALGORITHMS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", ())),
    "ES256": ("EC", ("P-256",)),
    "ES384": ("EC", ("P-384",)),
    "ES512": ("EC", ("P-521",)),
    "EdDSA": ("OKP", ("Ed25519", "Ed448")),
}
"""The algorithms that are taken from others, with their ``kty`` and curves (RFC 7518 section 3.1, RFC 8037).

Asymmetric ones only: a shared secret proves nothing about who signed (RFC 8725 section 3.1).
"""

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""The members of a JWK that are nobody's business (RFC 7518 section 6)."""

# A header that says where its key is, or that the rest is not what it seems: RFC 8725 sections 3.9
# and 3.10 say not to follow it, and nobody who speaks to this issuer has a reason to send it.
_FORBIDDEN_HEADERS = frozenset({"jku", "x5u", "x5c", "crit", "b64", "zip", "enc"})

_LIMIT = 64_000
_END_OF_9999 = 253_402_300_799
_RSA_BITS = range(2048, 8193)
_SKEW = 10  # FAPI 2.0 Security Profile section 5.3.2.1: 0 to 10 seconds in the future are accepted


class Refused(FakeIdpError):
    """A token that is not accepted.

    Attributes:
        reason: why, in ASCII without quotes, fit for ``error_description``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Unverified:
    """A JWT taken apart, believed in nothing yet.

    Attributes:
        token: the compact JWS.
        header: the JOSE header.
        claims: the claims.
    """

    token: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def algorithm(self) -> str:
        """What ``alg`` says; empty when that is no text."""
        value = self.header.get("alg")
        return value if isinstance(value, str) else ""


def read(token: str, *, embedded_key: bool = False) -> Unverified:
    """Take a JWT apart: canonical base64url, JSON objects without a member twice (RFC 7515 section 5.2).

    Args:
        token: what was sent.
        embedded_key: whether the header may have a ``jwk``, as a DPoP proof's must.

    Raises:
        Refused: it is no such JWT, or its header points elsewhere for its key.
    """
    if len(token) > _LIMIT:
        raise Refused("the token is too large")
    try:
        parts = jws.split(token)
        header = _object(parts.header, part="header")
        claims = _object(parts.payload, part="payload")
        _canonical(parts.signature, part="signature")
    except MalformedToken as error:
        raise Refused(f"the {error.part} {error.reason}") from None
    forbidden = _FORBIDDEN_HEADERS if embedded_key else _FORBIDDEN_HEADERS | {"jwk"}
    if forbidden & header.keys():
        raise Refused("the header has a member that is not accepted")
    return Unverified(token=token, header=header, claims=claims)


def matches_type(header: Mapping[str, Any], *types: str | None) -> bool:
    """Whether ``typ`` is one of these media types; None stands for a header without (RFC 7515 4.1.9)."""
    value = header.get("typ")
    if value is None:
        return None in types and "typ" not in header
    if not isinstance(value, str):
        return False
    return value.lower().removeprefix("application/") in {name.lower() for name in types if name}


def signature_is_good(token: str, key: Any, algorithm: str) -> bool:
    """Whether this key signed the token, by this algorithm and no other.

    Args:
        token: a compact JWS.
        key: a public key of ``cryptography``.
        algorithm: the one that the key is for, not the one that the header names.
    """
    import jwt  # 70 ms that most of what an issuer does can do without

    unjudged: Options = {"verify_signature": True, "verify_aud": False, "verify_iss": False}
    unjudged |= {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    unjudged |= {"verify_sub": False, "verify_jti": False}
    try:
        jwt.decode(token, key, algorithms=[algorithm], options=unjudged)
    except (jwt.PyJWTError, ValueError, TypeError):
        return False
    return True


def public_key(jwk: Mapping[str, Any], algorithm: str) -> Any:
    """The key of a JWK, for that algorithm (RFC 7517 section 4).

    Raises:
        Refused: the key is not for it, is not well made, is private, or the algorithm is none of
            ``ALGORITHMS``.
    """
    import jwt

    kty, curves = ALGORITHMS.get(algorithm, ("", ()))
    if not kty:
        raise Refused("the algorithm is not accepted")
    if jwk.get("kty") != kty or (curves and jwk.get("crv") not in curves):
        raise Refused("the key is not for the algorithm")
    if PRIVATE_MEMBERS & jwk.keys():
        raise Refused("the key is private")
    operations = jwk.get("key_ops", ["verify"])
    usable = isinstance(operations, list) and "verify" in operations
    if not usable or jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithm) != algorithm:
        raise Refused("the key is not for signatures by the algorithm")
    try:
        key = jwt.PyJWK(dict(jwk), algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise Refused("the key is not well made") from None
    if kty == "RSA" and (key.key_size not in _RSA_BITS or key.public_numbers().e < 3):
        raise Refused("the key is too weak, or too large")  # RFC 7518 section 3.3: 2048 bits or more
    return key


def check_times(claims: Mapping[str, Any], *, now: float, required: tuple[str, ...] = ("exp",)) -> None:
    """Check ``exp`` (over at that very second), ``nbf`` and ``iat`` (RFC 7519 section 4.1.4 to 4.1.6).

    Raises:
        Refused: one is over, not there yet, no number, or missing though required.
    """
    for name in ("exp", "nbf", "iat"):
        if name not in claims:
            if name in required:
                raise Refused(f"{name} is missing")
            continue
        value = claims[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _END_OF_9999:
            raise Refused(f"{name} is no time")
        if name == "exp" and value <= now:
            raise Refused("it is expired")
        if name != "exp" and value > now + _SKEW:
            raise Refused(f"{name} is in the future")


def _object(segment: str, *, part: str) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):  # RFC 7515 section 5.2: the parser may refuse duplicates, so it does
            raise MalformedToken(part, "has a member twice")
        return found

    def constant(_: str) -> Any:
        raise MalformedToken(part, "is not JSON")

    try:
        text = _canonical(segment, part=part).decode("utf-8")
        value = json.loads(text, object_pairs_hook=unique, parse_constant=constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate is no text
    except (ValueError, RecursionError):
        raise MalformedToken(part, "is not JSON") from None
    if not isinstance(value, dict):
        raise MalformedToken(part, "is not a JSON object")
    return value


def _canonical(segment: str, *, part: str) -> bytes:
    data = jws.from_b64url(segment, part=part)
    if jws.b64url(data) != segment:  # its last character has bits that say nothing (RFC 4648 section 3.5)
        raise MalformedToken(part, "is not canonical base64url")
    return data
