"""The device authorization endpoint (RFC 8628 section 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from fake_idp.devices import EXPIRES_IN, INTERVAL
from fake_idp.oauth.authenticate import authenticate
from fake_idp.oauth.messages import NO_STORE, OAuthError, Request, Response, json_response
from fake_idp.oauth.resources import target
from fake_idp.oauth.scopes import granted_scope

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["GRANT", "handle"]

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


async def handle(issuer: Issuer, request: Request) -> Response:
    """Answer with a device code, and a user code to show (RFC 8628 section 3.2).

    Raises:
        OAuthError: as at the token endpoint (RFC 6749 section 5.2).
    """
    client = await authenticate(issuer, request)
    if client.grant_types and GRANT not in client.grant_types:
        raise OAuthError("unauthorized_client", "this client was not registered for this grant type")
    issuer.preset.check_request("device_authorization", request.form)
    device_code, user_code = issuer.devices.start(
        client_id=client.client_id,
        scope=granted_scope(issuer, client, request.form.get("scope")),
        audience=target(issuer, request.form),
    )
    page = issuer.endpoints.get("device_verification", issuer.url)
    return json_response(
        {
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?{urlencode({'user_code': user_code})}",
            "expires_in": EXPIRES_IN,
            "interval": INTERVAL,
        },
        headers=NO_STORE,
    )
