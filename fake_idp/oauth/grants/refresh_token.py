"""The refresh grant (RFC 6749 section 6), with rotation and reuse detection (RFC 9700 section 4.14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fake_idp.oauth import families
from fake_idp.oauth.authenticate import method_of
from fake_idp.oauth.issue import issue
from fake_idp.oauth.messages import OAuthError, Request, Response
from fake_idp.oauth.records import Login, digest
from fake_idp.oauth.resources import narrowed_target
from fake_idp.oauth.scopes import narrowed_scope

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer
    from fake_idp.state import Record

__all__ = ["exchange"]


async def exchange(
    issuer: Issuer, request: Request, client: Client, confirmation: Mapping[str, Any] | None
) -> Response:
    """Tokens for the same sign-in, or for less of it.

    The ID token has the first one's ``auth_time`` and no ``nonce`` (OpenID Connect Core 1.0 section
    12.2). A forgery that the person chose at sign-in is not repeated: whoever was given an expired
    token can see that a refresh helps.
    """
    token = request.form.get("refresh_token")
    if token is None:
        raise OAuthError("invalid_request", "refresh_token is missing")
    state, key, rotates = issuer.state, digest(token), issuer.preset.rotates_refresh_tokens
    with state.transaction():
        record = state.get("refresh", key)
        if record is None or record["client_id"] != client.client_id:
            raise OAuthError("invalid_grant", "there is no such refresh token of this client")
        reused = record["used"] and "refresh-tokens" not in issuer.lax
        if reused:
            families.revoke(state, record["family"], now=issuer.clock.now())
        else:
            _check(issuer, request, confirmation, record)
            lasting = Login.of(record["login"])
            login = replace(
                lasting,
                scope=narrowed_scope(lasting.scope, request.form.get("scope")),
                audience=narrowed_target(issuer, lasting.audience, request.form),
            )
            if rotates:
                state.put("refresh", key, record | {"used": True})
    if reused:
        raise OAuthError("invalid_grant", "the refresh token was used before; all of its family is revoked")
    return await issue(
        issuer,
        client,
        login,
        grant="refresh_token",
        refresh=rotates or issuer.preset.renews_refresh_tokens,
        confirmation=confirmation,
        family=record["family"],
        lasting=lasting,
    )


def _check(issuer: Issuer, request: Request, confirmation: Mapping[str, Any] | None, record: Record) -> None:
    """That it is still good, and that whoever sends it may."""
    if families.is_revoked(issuer.state, record["family"]):
        raise OAuthError("invalid_grant", "the refresh token was revoked")
    if record["expires_at"] <= issuer.clock.now():
        raise OAuthError("invalid_grant", "the refresh token has expired")
    bound = (record["confirmation"] or {}).get("jkt")
    if bound and method_of(request) == "none" and (confirmation or {}).get("jkt") != bound:
        # RFC 9449 section 5: of a client that authenticates, it is bound to the client instead.
        raise OAuthError("invalid_grant", "the refresh token is bound to another DPoP key")
    user = record["login"]["user"]
    if user and issuer.users.find(user).disabled:
        raise OAuthError("invalid_grant", "this person may not sign in any more")
