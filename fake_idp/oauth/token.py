"""The token endpoint (RFC 6749 section 3.2): who asks, for which grant, and who answers that."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from fake_idp.oauth.authenticate import authenticate
from fake_idp.oauth.messages import OAuthError, Request, Response

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer

    Exchange = Callable[[Issuer, Request, Client, Mapping[str, Any] | None], Awaitable[Response]]

__all__ = ["handle"]

_URN = "urn:ietf:params:oauth:grant-type:"

_exchanges: dict[str, Exchange] = {}


async def handle(issuer: Issuer, request: Request) -> Response:
    """Answer with tokens, or raise why not (RFC 6749 section 5.2)."""
    if request.query_string and not {"client_secret", "client_assertion"}.isdisjoint(request.query):
        raise OAuthError(
            "invalid_request", "client credentials belong into the body (RFC 6749 section 2.3.1)"
        )
    form = request.form
    grant = form.get("grant_type")
    if grant is None:
        raise OAuthError("invalid_request", "grant_type is missing")
    client = await authenticate(issuer, request)
    if grant not in issuer.preset.grants:
        known = ", ".join(issuer.preset.grants) or "none"
        raise OAuthError("unsupported_grant_type", f"this issuer has the grant types: {known}")
    if client.grant_types and grant not in client.grant_types:
        raise OAuthError("unauthorized_client", "this client was not registered for this grant type")
    issuer.preset.check_request("token", form)
    confirmation = None
    if issuer.preset.dpop and any(name == "dpop" for name, _ in request.headers):
        from fake_idp.oauth import dpop

        confirmation = await dpop.confirmation(issuer, request)
    exchange = _exchanges.get(grant)
    if exchange is None:
        name = grant.removeprefix(_URN).replace("-", "_")
        module = importlib.import_module(f"fake_idp.oauth.grants.{name}")
        exchange = _exchanges[grant] = cast("Exchange", module.exchange)
    return await exchange(issuer, request, client, confirmation)
