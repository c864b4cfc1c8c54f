"""Proofs of possession (RFC 9449): a token is bound to a key, and good only together with it.

A vendor without DPoP does not look at the header, and so do these endpoints where ``Preset.dpop`` is
False: the token is then an ordinary bearer token, as it would be there.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

from fake_idp import jws
from fake_idp.oauth.jwt_validation import (
    Refused,
    Unverified,
    check_times,
    matches_type,
    public_key,
    read,
    signature_is_good,
)
from fake_idp.oauth.messages import OAuthError
from fake_idp.oauth.records import digest

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer
    from fake_idp.oauth.messages import Request

__all__ = ["WINDOW", "confirmation", "normal_url", "thumbprint"]

WINDOW = 60
"""How old a proof may be, or how far in the future, in seconds of the issuer's clock."""

# RFC 7638 section 3.2, RFC 8037 section 2: the members that make the key, in the order of their names.
_THUMBPRINT = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
_PORTS = {"http": 80, "https": 443}


async def confirmation(
    issuer: Issuer, request: Request, *, access_token: str | None = None
) -> dict[str, str] | None:
    """Judge the request's proof, if it has one, and use it up (RFC 9449 section 4.3).

    Args:
        issuer: to whom it was sent.
        request: with the header ``DPoP``, or without.
        access_token: the one that comes with it, for ``ath``.

    Returns:
        What ``cnf`` says of the key, or None without a proof.

    Raises:
        OAuthError: the proof is not good (invalid_dpop_proof).
    """
    if not issuer.preset.dpop:
        return None
    proofs = [value for name, value in request.headers if name == "dpop"]
    if not proofs:
        return None
    try:
        proof, jkt = _signed(proofs)
        _check_claims(proof, request, now=issuer.clock.now(), access_token=access_token)
        _once(issuer, proof, jkt)
    except Refused as refused:
        raise OAuthError("invalid_dpop_proof", f"the DPoP proof is not good: {refused.reason}") from None
    return {"jkt": jkt}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The SHA-256 thumbprint of a public key (RFC 7638), in base64url."""
    members = {name: jwk[name] for name in _THUMBPRINT[jwk["kty"]]}
    return jws.b64url(hashlib.sha256(jws.json_bytes(members, what="jwk")).digest())


def _signed(proofs: list[str]) -> tuple[Unverified, str]:
    """The one proof, signed by the key that it brings, and that key's thumbprint."""
    if len(proofs) > 1:
        raise Refused("there is more than one")
    proof = read(proofs[0], embedded_key=True)
    if not matches_type(proof.header, "dpop+jwt"):
        raise Refused("typ is not dpop+jwt")
    jwk = proof.header.get("jwk")
    if not isinstance(jwk, dict):
        raise Refused("jwk is missing")
    key = public_key(jwk, proof.algorithm)
    if not signature_is_good(proof.token, key, proof.algorithm):
        raise Refused("its key did not sign it")
    return proof, thumbprint(jwk)


def _check_claims(proof: Unverified, request: Request, *, now: float, access_token: str | None) -> None:
    claims = proof.claims
    if claims.get("htm") != request.method:
        raise Refused("htm is another method")
    if normal_url(claims.get("htu")) != normal_url(request.url):
        raise Refused("htu is another URL")
    check_times(claims, now=now, required=("iat",))
    if abs(now - claims["iat"]) > WINDOW:
        raise Refused("iat is too long ago")
    if access_token is not None:
        expected = jws.b64url(hashlib.sha256(access_token.encode("utf-8", "surrogatepass")).digest())
        found = claims.get("ath")
        if not isinstance(found, str) or not hmac.compare_digest(found.encode(), expected.encode()):
            raise Refused("ath is not of this access token")


def _once(issuer: Issuer, proof: Unverified, jkt: str) -> None:
    """RFC 9449 section 11.1: the same jti is not taken twice as long as the proof could be."""
    jti = proof.claims.get("jti")
    if not isinstance(jti, str) or not jti:
        raise Refused("jti is missing")
    key = digest(f"{jkt}\0{jti}")
    with issuer.state.transaction():
        if issuer.state.get("jti", key) is not None:
            raise Refused("it was used before")
        issuer.state.put("jti", key, {"expires_at": proof.claims["iat"] + WINDOW})


def normal_url(url: object) -> str:
    """A URL without query and fragment, in the normal form of RFC 3986 sections 6.2.2 and 6.2.3.

    Raises:
        Refused: it is none.
    """
    if not isinstance(url, str) or not url.isascii():
        raise Refused("htu is no URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("htu is no URL") from None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if scheme not in _PORTS or not host or "@" in parts.netloc:
        raise Refused("htu is no URL")
    authority = host if port in (None, _PORTS[scheme]) else f"{host}:{port}"
    path = "/".join(
        quote(unquote_to_bytes(segment), safe="!$&'()*+,;=:@~") for segment in parts.path.split("/")
    )
    return f"{scheme}://{authority}{path or '/'}"
