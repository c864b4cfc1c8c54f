"""JWTs that somebody else signed: client assertions, assertion grants, subject tokens.

RFC 7523 section 3 says what such an assertion must say. Whose keys are asked: the client's own
(registered with it), this issuer's, those of the other issuers at the same address, and those that
``Issuer.trust`` was told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

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
from fake_idp.oauth.records import digest, token_digest

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer

__all__ = ["ID_JAG", "keys_of", "once", "read_assertion", "verify_assertion"]

ID_JAG = "oauth-id-jag+jwt"
"""The ``typ`` of an Identity Assertion JWT Authorization Grant
(draft-ietf-oauth-identity-assertion-authz-grant)."""

# RFC 7523 names no type; its successor has one for client assertions (draft-ietf-oauth-rfc7523bis).
_TYPES = ("JWT", "client-authentication+jwt", None)
_KEYS_TRIED = 20


async def verify_assertion(
    issuer: Issuer,
    assertion: str,
    *,
    keys: Mapping[str, Any],
    audience: Collection[str],
    error: str = "invalid_grant",
) -> dict[str, Any]:
    """Judge an assertion by RFC 7523 section 3, and use it up: it is good once.

    The caller says who ``iss`` and ``sub`` must be.

    Args:
        issuer: to whom it was sent.
        assertion: a compact JWS.
        keys: the JWK Set of whoever is meant to have signed it.
        audience: the names of this issuer that ``aud`` may have.
        error: the code of the refusal.

    Returns:
        The claims.

    Raises:
        OAuthError: it is not good, or was used before.
    """
    try:
        jwt = read_assertion(issuer, assertion, keys=keys, audience=audience)
        once(issuer, jwt)
    except Refused as refused:
        raise OAuthError(error, f"the assertion is not good: {refused.reason}") from None
    return dict(jwt.claims)


def read_assertion(
    issuer: Issuer,
    token: str,
    *,
    keys: Mapping[str, Any],
    audience: Collection[str] | None,
    types: Collection[str | None] = _TYPES,
) -> Unverified:
    """Check type, signature, ``iss``, ``sub``, ``aud`` and times; ``audience`` None lets any ``aud`` pass.

    Raises:
        Refused: something is not good.
    """
    jwt = read(token)
    if not matches_type(jwt.header, *types):
        raise Refused("it is another kind of token")
    if not any(_signed(jwt, key) for key in _candidates(keys, jwt)):
        raise Refused("no key of its issuer signed it")
    claims = jwt.claims
    check_times(claims, now=issuer.clock.now())
    for name in ("iss", "sub"):
        value = claims.get(name)
        if not isinstance(value, str) or not value or not value.isprintable():
            raise Refused(f"{name} is no name")
    found = claims.get("aud")
    audiences = found if isinstance(found, list) else [found]
    if audience is not None and not any(each in audience for each in audiences if isinstance(each, str)):
        raise Refused("it is for another audience")
    return jwt


def once(issuer: Issuer, jwt: Unverified) -> None:
    """Use the assertion up: by its ``jti``, or as a whole when it has none (RFC 7523 section 3, point 7).

    Raises:
        Refused: it was used before.
    """
    jti = jwt.claims.get("jti", token_digest(jwt.token))
    if not isinstance(jti, str) or not jti:
        raise Refused("jti is no id")
    key = digest(f"{jwt.claims['iss']}\0{jti}")
    with issuer.state.transaction():
        if issuer.state.get("jti", key) is not None:
            raise Refused("it was used before")
        issuer.state.put("jti", key, {"expires_at": jwt.claims["exp"]})


def keys_of(issuer: Issuer, iss: object, *, client: Client | None = None) -> Mapping[str, Any]:
    """The JWK Set of whoever has that name.

    Args:
        issuer: who asks.
        iss: the claim, not believed yet.
        client: whose own assertions are good too, under its client id.

    Raises:
        Refused: it is nobody whom the issuer trusts.
    """
    if isinstance(iss, str):
        if client is not None and iss == client.client_id and client.jwks is not None:
            return client.jwks
        for known in (issuer, *issuer.neighbours):
            if iss in (known.url, known.token_issuer):
                return known.keys.jwks()
        if (record := issuer.state.get("trusted", iss)) is not None:
            return dict(record["jwks"])
    raise Refused("its issuer is not trusted here")


def _candidates(keys: Mapping[str, Any], jwt: Unverified) -> list[Mapping[str, Any]]:
    """The keys with the token's ``kid``; every one for a token without."""
    found = keys.get("keys")
    listed = [key for key in found if isinstance(key, Mapping)] if isinstance(found, list) else []
    if "kid" in jwt.header:
        listed = [key for key in listed if key.get("kid", jwt.header["kid"]) == jwt.header["kid"]]
    return listed[:_KEYS_TRIED]


def _signed(jwt: Unverified, key: Mapping[str, Any]) -> bool:
    try:
        return signature_is_good(jwt.token, public_key(key, jwt.algorithm), jwt.algorithm)
    except Refused:
        return False
