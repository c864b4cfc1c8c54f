"""Verify a web identity token as AWS does: by the issuer's own keys, fetched from the issuer.

AWS accepts RSA and ECDSA signatures only, and whole-second timestamps. STS and Cognito word their refusals
differently, so a refusal here is a reason, and each service words it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

__all__ = ["Fetch", "Reason", "TokenRejected", "audiences", "unverified_claims", "verify"]

Fetch = Callable[[str], tuple[int, bytes]]
"""HTTPS GET of an absolute URL: status and body. Raises OSError when the host cannot be reached."""

_MAX_TOKEN = 20_000  # characters; the bound of WebIdentityToken in the API reference of STS
_MAX_DOCUMENT = 256 * 1024  # bytes of a discovery document or a key set
_MAX_KEYS = 200  # IAM User Guide, "Create an OIDC provider": 100 RSA and 100 EC keys
_RSA_BITS = range(1024, 8193)
_SEGMENT = re.compile(r"[A-Za-z0-9_-]*")

_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
# RFC 7518 section 3.4: each ECDSA algorithm has one curve.
_CURVES: Mapping[str, tuple[str, ec.EllipticCurve]] = {
    "ES256": ("P-256", ec.SECP256R1()),
    "ES384": ("P-384", ec.SECP384R1()),
    "ES512": ("P-521", ec.SECP521R1()),
}
_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", *_CURVES})


class Reason(Enum):
    """Why a token is refused."""

    MALFORMED = "not a JSON Web Token"
    ALGORITHM = "signature algorithm not accepted"
    SIGNATURE = "signature does not verify"
    UNREACHABLE = "the issuer's keys cannot be had"
    ISSUER = "issuer differs"
    MISSING_CLAIM = "required claim missing"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"


class TokenRejected(Exception):
    """A token that AWS refuses.

    Attributes:
        reason: what is wrong.
        detail: which claim or which rule; never a part of the token but a claim's name or its issuer.
        expires: the ``exp`` claim, seconds since the epoch, when ``reason`` is ``EXPIRED``.
    """

    def __init__(self, reason: Reason, detail: str, *, expires: int | None = None) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
        self.expires = expires


def verify(
    token: str, *, issuer: str, jwks_url: str | None, fetch: Fetch, now: float, tolerance: float
) -> dict[str, Any]:
    """Return the claims of an honest token.

    Args:
        token: a compact JWS.
        issuer: what ``iss`` must be, to the letter: OpenID Connect Core section 3.1.3.7.
        jwks_url: where the issuer's keys are; None to ask the issuer's discovery document.
        fetch: how AWS reaches the issuer.
        now: seconds since the epoch.
        tolerance: seconds after ``exp`` in which the token is still accepted; the IAM User Guide (OIDC
            federation) says 300. ``nbf`` gets the same.

    Raises:
        TokenRejected: the token is refused. The audience is the business of the service: see ``audiences``.
    """
    header, claims, signed, signature = _decode(token)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        raise TokenRejected(Reason.ALGORITHM, "RS256, RS384, RS512, ES256, ES384 and ES512 are accepted")
    if "crit" in header:  # RFC 7515 section 4.1.11: an extension that is not understood
        raise TokenRejected(Reason.MALFORMED, "crit")
    if claims.get("iss") != issuer:
        raise TokenRejected(Reason.ISSUER, issuer)
    keys = _keys(jwks_url or _jwks_url(issuer, fetch), fetch)
    candidates = [key for key in keys if _suits(key, algorithm, header.get("kid"))]
    if not any(_verifies(key, algorithm, signed, signature) for key in candidates):
        raise TokenRejected(Reason.SIGNATURE, algorithm)
    _check_times(claims, now=now, tolerance=tolerance)
    return claims


def audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return whom a token is for: ``azp`` if it has one, else ``aud``; empty when it has neither.

    That ``azp`` replaces ``aud`` is reported in aws-sdk-net#3071.
    """
    value = claims.get("azp") or claims.get("aud")
    values = value if isinstance(value, list) else [value]
    return tuple(item for item in values if isinstance(item, str) and item)


def unverified_claims(token: str) -> dict[str, Any]:
    """Return what a token claims, its signature unchecked, to know whom to ask for the keys.

    Raises:
        TokenRejected: ``MALFORMED``.
    """
    return _decode(token)[1]


def _decode(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    segments = token.split(".") if len(token) <= _MAX_TOKEN else []
    if len(segments) != 3:
        raise TokenRejected(Reason.MALFORMED, "not three segments")
    header, claims = (_object(_base64url(segment)) for segment in segments[:2])
    return header, claims, f"{segments[0]}.{segments[1]}".encode("ascii"), _base64url(segments[2])


def _base64url(segment: str) -> bytes:
    """Decode strictly: RFC 7515 section 2, no padding, no other alphabet."""
    try:
        if not _SEGMENT.fullmatch(segment):
            raise TokenRejected(Reason.MALFORMED, "not base64url")
        return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error:
        raise TokenRejected(Reason.MALFORMED, "not base64url") from None


def _object(document: bytes) -> dict[str, Any]:
    try:
        value = json.loads(document.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise TokenRejected(Reason.MALFORMED, "not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that comes twice (RFC 7519 section 4): readers would disagree on its value."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _jwks_url(issuer: str, fetch: Fetch) -> str:
    # OpenID Connect Discovery section 4.1: a trailing slash of the issuer is taken off first.
    document = _document(f"{issuer.rstrip('/')}/.well-known/openid-configuration", fetch)
    if document.get("issuer") != issuer:
        raise TokenRejected(Reason.UNREACHABLE, "the discovery document names another issuer")
    url = document.get("jwks_uri")
    if not isinstance(url, str) or not url.startswith("https://"):
        raise TokenRejected(Reason.UNREACHABLE, "no jwks_uri over https")
    return url


def _keys(url: str, fetch: Fetch) -> list[dict[str, Any]]:
    keys = _document(url, fetch).get("keys")
    if not isinstance(keys, list) or len(keys) > _MAX_KEYS:
        raise TokenRejected(Reason.UNREACHABLE, "no key set")
    return [key for key in keys if isinstance(key, dict)]


def _document(url: str, fetch: Fetch) -> dict[str, Any]:
    try:
        status, body = fetch(url)
    except OSError:
        raise TokenRejected(Reason.UNREACHABLE, "no answer") from None
    if status != 200:
        raise TokenRejected(Reason.UNREACHABLE, f"HTTP {status}")
    if len(body) > _MAX_DOCUMENT:
        raise TokenRejected(Reason.UNREACHABLE, "too large an answer")
    try:
        return _object(body)
    except TokenRejected:
        raise TokenRejected(Reason.UNREACHABLE, "not a JSON object") from None


def _suits(key: Mapping[str, Any], algorithm: str, kid: Any) -> bool:
    """Tell whether a published key may check this signature (RFC 7517 sections 4.1 to 4.5)."""
    return (
        key.get("kty") == ("EC" if algorithm in _CURVES else "RSA")
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    )


def _verifies(key: Mapping[str, Any], algorithm: str, signed: bytes, signature: bytes) -> bool:
    digest = _HASHES[algorithm[2:]]
    try:
        if algorithm not in _CURVES:
            modulus = _integer(key["n"])
            if modulus.bit_length() not in _RSA_BITS:
                return False
            public = rsa.RSAPublicNumbers(_integer(key["e"]), modulus).public_key()
            public.verify(signature, signed, padding.PKCS1v15(), digest)
            return True
        name, curve = _CURVES[algorithm]
        width = (curve.key_size + 7) // 8
        if (
            key.get("crv") != name or len(signature) != 2 * width
        ):  # RFC 7518 section 3.4: R and S, fixed width
            return False
        r, s = int.from_bytes(signature[:width], "big"), int.from_bytes(signature[width:], "big")
        point = ec.EllipticCurvePublicNumbers(_integer(key["x"]), _integer(key["y"]), curve).public_key()
        point.verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest))
    except (InvalidSignature, KeyError, TypeError, ValueError, TokenRejected):
        return False  # a key that cannot be read verifies nothing
    return True


def _integer(value: Any) -> int:
    if not isinstance(value, str):
        raise TypeError
    return int.from_bytes(_base64url(value), "big")


def _check_times(claims: Mapping[str, Any], *, now: float, tolerance: float) -> None:
    for name in ("sub", "iat", "exp"):
        if claims.get(name) in (None, ""):
            raise TokenRejected(Reason.MISSING_CLAIM, name)
    for name in ("iat", "exp", "nbf"):
        if type(claims.get(name, 0)) is not int:  # AWS takes whole seconds only, and True is no number
            raise TokenRejected(Reason.MALFORMED, f"{name} is not a whole number of seconds")
    if not isinstance(claims["sub"], str):
        raise TokenRejected(Reason.MALFORMED, "sub is not a string")
    if claims["exp"] <= now - tolerance:
        raise TokenRejected(Reason.EXPIRED, "exp", expires=claims["exp"])
    if claims.get("nbf", 0) > now + tolerance:
        raise TokenRejected(Reason.NOT_YET_VALID, "nbf")
