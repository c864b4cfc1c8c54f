"""The authorization code grant (RFC 6749 section 4.1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fake_idp.oauth import families
from fake_idp.oauth.authenticate import method_of
from fake_idp.oauth.issue import issue
from fake_idp.oauth.messages import OAuthError, Request, Response
from fake_idp.oauth.pkce import check_verifier
from fake_idp.oauth.records import Login, digest
from fake_idp.oauth.resources import narrowed_target
from fake_idp.oauth.scopes import gets_refresh_token

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer
    from fake_idp.state import Record

__all__ = ["exchange"]


async def exchange(
    issuer: Issuer, request: Request, client: Client, confirmation: Mapping[str, Any] | None
) -> Response:
    """Redeem a code, once; a second time ends what the first one gave (RFC 6749 section 4.1.2)."""
    code = request.form.get("code")
    if code is None:
        raise OAuthError("invalid_request", "code is missing")
    state, key = issuer.state, digest(code)
    with state.transaction():
        record = state.get("code", key)
        if record is None or record["client_id"] != client.client_id:
            raise OAuthError("invalid_grant", "there is no such code of this client")
        reused = record["used"] and "codes" not in issuer.lax
        if reused:
            families.revoke(state, record["family"], now=issuer.clock.now())
        else:
            _check(issuer, request, confirmation, record)
            login = Login.of(record["login"])
            lasting, login = (
                login,
                replace(login, audience=narrowed_target(issuer, login.audience, request.form)),
            )
            state.put("code", key, record | {"used": True})
    if reused:
        raise OAuthError("invalid_grant", "the code was used before; what it gave is revoked")
    return await issue(
        issuer,
        client,
        login,
        grant="authorization_code",
        refresh=gets_refresh_token(issuer, client, login.scope),
        confirmation=confirmation,
        family=record["family"],
        lasting=lasting,
    )


def _check(issuer: Issuer, request: Request, confirmation: Mapping[str, Any] | None, record: Record) -> None:
    """What the code is bound to: its time, the redirect URI, the verifier, a key, a person."""
    form = request.form
    if record["expires_at"] <= issuer.clock.now():
        raise OAuthError("invalid_grant", "the code has expired")
    if record["redirect_uri"] != form.get("redirect_uri") and "redirect-uris" not in issuer.lax:
        raise OAuthError("invalid_grant", "redirect_uri is not the one that the code was asked for with")
    check_verifier(
        issuer, record["challenge"], form.get("code_verifier"), authenticated=method_of(request) != "none"
    )
    if record["jkt"] and (confirmation or {}).get("jkt") != record["jkt"]:
        raise OAuthError("invalid_grant", "the code is bound to another DPoP key (RFC 9449 section 10)")
    if issuer.users.find(record["login"]["user"]).disabled:
        raise OAuthError("invalid_grant", "this person may not sign in any more")
