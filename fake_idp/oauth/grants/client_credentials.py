"""The client credentials grant (RFC 6749 section 4.4): a client speaks for itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fake_idp.oauth.authenticate import method_of
from fake_idp.oauth.issue import issue
from fake_idp.oauth.messages import OAuthError, Request, Response
from fake_idp.oauth.records import Login
from fake_idp.oauth.resources import target
from fake_idp.oauth.scopes import machine_scope

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer

__all__ = ["exchange"]


async def exchange(
    issuer: Issuer, request: Request, client: Client, confirmation: Mapping[str, Any] | None
) -> Response:
    """Confidential clients only, no refresh token, no ID token (RFC 6749 sections 4.4 and 4.4.3)."""
    if method_of(request) == "none" and "clients" not in issuer.lax:
        raise OAuthError(
            "unauthorized_client", "this grant is for clients that authenticate (RFC 6749 section 4.4)"
        )
    login = Login(
        user="",
        scope=machine_scope(issuer, client, request.form.get("scope")),
        audience=target(issuer, request.form),
    )
    return await issue(
        issuer, client, login, grant="client_credentials", refresh=False, confirmation=confirmation
    )
