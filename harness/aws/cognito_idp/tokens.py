"""The tokens of users: given, refreshed, revoked, and taken as proof of who calls.

Developer guide: "Understanding user pool JSON web tokens", "Ending user sessions with token revocation",
"Refresh tokens".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.aws import identity_token
from harness.aws.cognito_idp import lifetimes, users
from harness.aws.cognito_idp.clients import check_secret
from harness.aws.cognito_idp.pools import UserPools
from harness.aws.cognito_idp.store import client_of, find_client, find_pool
from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.identity_token import Reason, TokenRejected
from harness.aws.issuers import Issuer

__all__ = [
    "Bearer",
    "bearer",
    "get_from_refresh_token",
    "issuer_of",
    "refresh",
    "refreshed",
    "revoke",
    "sign_in",
    "sign_out",
    "sign_out_everywhere",
    "sign_out_user",
]

_SCOPE = "aws.cognito.signin.user.admin"


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """Whoever calls with an access token: moto's pool and user."""

    pool: Any
    user: Any


def issuer_of(call: Context, pool: Any) -> Issuer:
    """The issuer of a pool."""
    return call.aws.state(UserPools).issuers[pool.id]


def sign_in(call: Context, pool: Any, client: Any, user: Any) -> dict[str, Any]:
    """Sign a user in: ``AuthenticationResult``, with a refresh token."""
    sign_ins = issuer_of(call, pool).sign_ins
    token = sign_ins.start(
        user.username,
        client_id=client.id,
        scope=(_SCOPE,),
        lifetime=lifetimes.of_token(client.extended_config, "RefreshToken"),
    )
    return {**_tokens(call, pool, client, user, sign_ins.find(token)), "RefreshToken": token}


def _tokens(call: Context, pool: Any, client: Any, user: Any, sign_in: Any) -> dict[str, Any]:
    issuer, config = issuer_of(call, pool), client.extended_config
    person = issuer.users.find(user.username)
    said = users.id_claims(user, config.get("ReadAttributes"))
    without = {*person.without, *(name for name in ("email", "email_verified") if name not in said)}
    if not config.get("EnableTokenRevocation", True):
        without.add("origin_jti")
    person = replace(person, id_claims=said, without=tuple(without))
    result: dict[str, Any] = {"ExpiresIn": lifetimes.of_token(config, "AccessToken"), "TokenType": "Bearer"}
    for use, kind in (("access", "AccessToken"), ("id", "IdToken")):
        result[kind] = issuer.mint(
            user.id,
            token_use=use,
            user=person,
            client_id=client.id,
            audience=client.id,
            scope=sign_in.scope,
            session=sign_in.session,
            auth_time=sign_in.auth_time,
            expires_in=lifetimes.of_token(config, kind),
        )
    until = call.now + result["ExpiresIn"]
    issuer.sign_ins.count_in(sign_in, result["AccessToken"], expires_at=until)
    return result


def refreshed(call: Context, pool: Any, client: Any, token: str) -> tuple[Any, Any]:
    """Return the sign-in of a refresh token, and the user.

    Raises:
        AwsError: ``NotAuthorizedException``, or ``RefreshTokenReuseException`` for one that was replaced.
    """
    sign_in = issuer_of(call, pool).sign_ins.find(token)
    if sign_in is None or sign_in.client_id != client.id:
        raise AwsError("NotAuthorizedException", "Invalid Refresh Token")
    if sign_in.revoked:
        raise AwsError("NotAuthorizedException", "Refresh Token has been revoked")
    if sign_in.used:  # the text is ours
        raise AwsError("RefreshTokenReuseException", "Refresh Token has been used before")
    if sign_in.expires_at <= call.now:
        raise AwsError("NotAuthorizedException", "Refresh Token has expired")
    user = users.get(pool, sign_in.user)
    if not user.enabled:
        raise AwsError("NotAuthorizedException", "User is disabled.")
    return sign_in, user


def refresh(call: Context, pool: Any, client: Any, token: str) -> dict[str, Any]:
    """Tokens for the same sign-in: ``AuthenticationResult``, with a refresh token where they rotate.

    Raises:
        AwsError: as ``refreshed``.
    """
    sign_in, user = refreshed(call, pool, client, token)
    result = _tokens(call, pool, client, user, sign_in)
    rotation = client.extended_config.get("RefreshTokenRotation") or {}
    if rotation.get("Feature") == "ENABLED":
        grace = rotation.get("RetryGracePeriodSeconds") or 0
        result["RefreshToken"] = issuer_of(call, pool).sign_ins.renew(token, grace=grace)
    return result


def get_from_refresh_token(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """GetTokensFromRefreshToken."""
    pool, client = find_client(call, fields["ClientId"])
    check_secret(client, fields.get("ClientSecret"))
    return {"AuthenticationResult": refresh(call, pool, client, fields["RefreshToken"])}


def revoke(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """RevokeToken: ends a refresh token, and all tokens of the same sign-in. The texts are ours."""
    pool, client = find_client(call, fields["ClientId"])
    check_secret(client, fields.get("ClientSecret"))
    if not client.extended_config.get("EnableTokenRevocation", True):
        raise AwsError("UnsupportedOperationException", "Token revocation is not enabled for this client")
    token = fields["Token"]
    if token.count(".") == 2:
        raise AwsError("UnsupportedTokenTypeException", "Unsupported token type")
    sign_ins = issuer_of(call, pool).sign_ins
    sign_in = sign_ins.find(token)
    if sign_in is not None and sign_in.client_id != client.id:
        raise AwsError("UnauthorizedException", "The token was issued to another client")
    if sign_in is not None:
        sign_ins.revoke(sign_in)
    return {}  # RFC 7009 section 2.2: a token that nobody knows is as good as revoked


def sign_out(call: Context, pool: Any, user: Any) -> None:
    """End every sign-in of a user, those at the domain too; the browser's cookie stays, as with AWS."""
    issuer_of(call, pool).sign_ins.revoke_all(lambda name: users.find(pool, name) is user)


def sign_out_everywhere(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """GlobalSignOut."""
    who = bearer(call, fields["AccessToken"])
    sign_out(call, who.pool, who.user)
    return {}


def sign_out_user(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """AdminUserGlobalSignOut."""
    pool = find_pool(call, fields["UserPoolId"])
    sign_out(call, pool, users.get(pool, fields["Username"]))
    return {}


def bearer(call: Context, token: str) -> Bearer:
    """Return whom an access token speaks for.

    Raises:
        AwsError: ``NotAuthorizedException``, or ``UserNotFoundException`` for a user who was deleted.
    """
    try:
        named = identity_token.unverified_claims(token).get("iss")
        pool_id, issuer = _by_name(call, named)
        claims = _verified(issuer, token, now=call.now)
    except TokenRejected as rejected:
        expired = rejected.reason is Reason.EXPIRED
        message = "Access Token has expired" if expired else "Invalid Access Token"
        raise AwsError("NotAuthorizedException", message) from None
    if claims.get("token_use") != "access":
        raise AwsError("NotAuthorizedException", "Invalid Access Token")
    if issuer.sign_ins.is_revoked(token):
        raise AwsError("NotAuthorizedException", "Access Token has been revoked")
    if _SCOPE not in str(claims.get("scope", "")).split():
        raise AwsError("NotAuthorizedException", "Access Token does not have required scopes")
    pool = find_pool(call, pool_id)
    client_of(pool, str(claims.get("client_id")))
    user = users.find(pool, str(claims.get("username")))
    if user is None or user.id != claims.get("sub"):
        raise AwsError("UserNotFoundException", "User does not exist.")
    if not user.enabled:
        raise AwsError("NotAuthorizedException", "User is disabled.")
    return Bearer(pool=pool, user=user)


def _by_name(call: Context, name: Any) -> tuple[str, Issuer]:
    for pool_id, issuer in call.aws.state(UserPools).issuers.items():
        if issuer.url == name:
            return pool_id, issuer
    raise TokenRejected(Reason.ISSUER, "no user pool of this account")


def _verified(issuer: Issuer, token: str, *, now: float) -> dict[str, Any]:
    keys = json.dumps(issuer.jwks()).encode()
    return identity_token.verify(
        token, issuer=issuer.url, jwks_url=issuer.url, fetch=lambda _: (200, keys), now=now, tolerance=0
    )
