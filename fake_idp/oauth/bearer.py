"""What one of this issuer's own access tokens says, once it is known to be one.

The endpoints that take access tokens call ``verify``: userinfo, introspection, revocation and token
exchange. A JWT is judged as a stranger would judge it, and then by what only the issuer knows: whether
it was revoked, and whether the person may still sign in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fake_idp.oauth.jwt_validation import (
    ALGORITHMS,
    Refused,
    Unverified,
    check_times,
    matches_type,
    read,
    signature_is_good,
)
from fake_idp.oauth.messages import OAuthError
from fake_idp.oauth.records import token_digest
from fake_idp.oauth.subjects import active, user_of
from fake_idp.presets.base import TokenRequest
from fake_idp.users import User

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer
    from fake_idp.presets.base import TokenUse

__all__ = ["AccessToken", "challenge", "own_jwt", "own_name", "read_access_token", "verify"]

# Where the vendors put the client: RFC 9068 and Cognito, Okta, OpenID Connect and Entra v2, Entra v1.
_CLIENT = ("client_id", "cid", "azp", "appid")
# What a token cannot do without when this issuer's tokens have it.
_TELLING = ("sub", "aud", "iat", "jti", "token_use", *_CLIENT)


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """An access token that is good, whatever the vendor's shape.

    Attributes:
        key: the digest of the token, under which it is kept.
        sub: the subject.
        user: the person; None for a machine's token, and for a subject whom nobody knows.
        client_id: the client that it was issued to.
        scope: the granted scopes.
        claims: every claim, or for an opaque token those that a JWT would have.
        family: the sign-in that it belongs to; empty for one that ``mint`` made.
    """

    key: str
    sub: str
    user: User | None
    client_id: str
    scope: tuple[str, ...]
    claims: Mapping[str, Any]
    family: str = ""

    @property
    def jkt(self) -> str | None:
        """The thumbprint of the key that it is bound to (RFC 9449 section 6), or None."""
        confirmation = self.claims.get("cnf")
        found = confirmation.get("jkt") if isinstance(confirmation, Mapping) else None
        return found if isinstance(found, str) else None

    def request(self, issuer: Issuer) -> TokenRequest:
        """As it was asked for, for the preset."""
        said = self.claims
        audience = said.get("aud", issuer.audience)
        issued_at = int(said.get("iat", issuer.clock.now()))
        auth_time = said.get("auth_time")
        return TokenRequest(
            issuer=issuer.token_issuer,
            client_id=self.client_id,
            audience=tuple(audience) if isinstance(audience, list) else audience,
            sub=self.sub,
            user=self.user or User(""),
            use="access",
            scope=self.scope,
            issued_at=issued_at,
            expires_at=said["exp"],
            auth_time=auth_time if isinstance(auth_time, int) else issued_at,
            session=self.family,
        )


async def verify(issuer: Issuer, token: str) -> AccessToken:
    """Judge an access token.

    Raises:
        OAuthError: it is none of this issuer's, is over, was revoked, or the person is gone
            (invalid_token, 401, with the challenge of RFC 6750 section 3).
    """
    try:
        return read_access_token(issuer, token)
    except Refused as refused:
        raise OAuthError(
            "invalid_token",
            refused.reason,
            status=401,
            headers=challenge(issuer, error="invalid_token", error_description=refused.reason),
        ) from None


def read_access_token(issuer: Issuer, token: str) -> AccessToken:
    """As ``verify``, for endpoints that have their own way to say no.

    Raises:
        Refused: it is not good.
    """
    key = token_digest(token)
    record = issuer.state.get("access", key)
    if record is not None and record["opaque"]:
        claims: Mapping[str, Any] = record["claims"] | {"exp": record["expires_at"]}
        check_times(claims, now=issuer.clock.now())
    elif issuer.preset.access_tokens == "opaque":
        raise Refused("this issuer did not issue it")
    else:
        claims = own_jwt(issuer, token, use="access").claims
    if issuer.state.get("revoked", key) is not None:
        raise Refused("it was revoked")
    client_id = _client_of(claims) or (record["client_id"] if record else "")
    if record is not None:
        # The name of a person who was taken away leads nowhere, which ``active`` notices.
        user = issuer.users.find(record["user"]) if record["user"] else None
    else:
        user = user_of(issuer, claims["sub"], client_id=client_id)
    return AccessToken(
        key=key,
        sub=claims["sub"],
        user=active(user) if user is not None else None,
        client_id=client_id,
        scope=tuple(record["scope"]) if record is not None else _scope_of(claims),
        claims=claims,
        family=record["family"] if record is not None else "",
    )


def own_jwt(issuer: Issuer, token: str, *, use: TokenUse, expired: bool = False) -> Unverified:
    """A JWT that this issuer signed for that use, with a key that it still publishes.

    Access tokens and ID tokens are told apart as the vendor lets them: by ``typ`` (RFC 9068 section 4),
    by the key, by ``token_use``, and by the client, whom an access token names and for whom an ID token
    is. What this issuer's tokens always say, a token of its own has to say too.

    Args:
        issuer: the issuer.
        token: a compact JWS.
        use: what the token is used as.
        expired: whether one that is over is good enough.

    Raises:
        Refused: it is no such token.
    """
    jwt = read(token)
    usual = issuer.draft("somebody", token_use=use)
    if not matches_type(jwt.header, usual.header.get("typ")):
        raise Refused("it is another kind of token")
    kid, signer = jwt.header.get("kid"), issuer.preset.key_use(use)
    keys = [
        held.key
        for held in issuer.keys.held
        if held.state != "retired" and held.use == signer and held.key.kid == kid
    ]
    good = [
        key
        for key in keys
        if key.algorithm == jwt.algorithm and signature_is_good(token, key.public, key.algorithm)
    ]
    if not good:
        raise Refused("no key of this issuer signed it")
    _check_claims(issuer, jwt.claims, usual.claims, use=use, expired=expired)
    return jwt


def own_name(issuer: Issuer) -> str:
    """What ``iss`` is in this issuer's tokens, which for some vendors is not its identifier."""
    return str(issuer.draft("somebody", token_use="access").claims["iss"])  # noqa: S106 (a name)


def _check_claims(
    issuer: Issuer, claims: Mapping[str, Any], usual: Mapping[str, Any], *, use: TokenUse, expired: bool
) -> None:
    if claims.get("iss") != usual["iss"]:
        raise Refused("another issuer issued it")
    now = issuer.clock.now()
    if expired:
        claims = {"exp": now + 1} | {name: value for name, value in claims.items() if name != "exp"}
    check_times(claims, now=now)
    for name in _TELLING:
        if name in usual and name not in claims:
            raise Refused(f"{name} is missing")
    if claims.get("token_use", use) != usual.get("token_use", use):
        raise Refused("it is another kind of token")
    sub, audience = claims.get("sub"), claims.get("aud", "none")
    # Printable text: what is shown to people and written to logs hides nothing (RFC 8725 section 2.8).
    if not isinstance(sub, str) or not sub or not sub.isprintable():
        raise Refused("sub is no name")
    audiences = audience if isinstance(audience, list) else [audience]
    if not audiences or not all(isinstance(each, str) and each for each in audiences):
        raise Refused("aud is no audience")
    if use == "access" and not _client_of(claims):
        raise Refused("it names no client, so it is no access token")


def challenge(issuer: Issuer, *schemes: str, **attributes: str) -> list[tuple[str, str]]:
    """The challenges of a protected resource: RFC 6750 section 3, RFC 9449 section 7.1.

    Args:
        issuer: who challenges.
        schemes: ``Bearer`` or ``DPoP``; all that the vendor has when left out.
        attributes: for instance ``error``; none for a request without credentials, which is not told
            of an error (RFC 6750 section 3.1).
    """
    said = ", ".join(f'{name}="{value}"' for name, value in {"realm": "fake-idp", **attributes}.items())
    also = {"Bearer": "", "DPoP": f', algs="{" ".join(ALGORITHMS)}"'}
    usual = ("Bearer", "DPoP") if issuer.preset.dpop else ("Bearer",)
    return [("www-authenticate", f"{scheme} {said}{also[scheme]}") for scheme in schemes or usual]


def _client_of(claims: Mapping[str, Any]) -> str:
    return next((claims[name] for name in _CLIENT if isinstance(claims.get(name), str)), "")


def _scope_of(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """``scope`` or ``scp``, a string or a list (RFC 8693 section 4.2; Okta; Entra)."""
    value = claims.get("scope", claims.get("scp", ""))
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
