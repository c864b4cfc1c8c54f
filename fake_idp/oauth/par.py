"""Pushed authorization requests (RFC 9126)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_idp import random_ids
from fake_idp.oauth.authenticate import authenticate
from fake_idp.oauth.authorization_request import checked, destination
from fake_idp.oauth.messages import NO_STORE, OAuthError, Request, Response, json_response

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["LIFETIME", "handle"]

LIFETIME = 90
"""How long a pushed request is good, in seconds (RFC 9126 section 2.2: 5 to 600)."""

_OF_THE_CLIENT = frozenset(("client_secret", "client_assertion", "client_assertion_type"))


async def handle(issuer: Issuer, request: Request) -> Response:
    """Judge the request as the authorization endpoint would, and keep it under a URI."""
    client = await authenticate(issuer, request)
    if "request_uri" in request.form:
        raise OAuthError("invalid_request", "request_uri cannot be pushed (RFC 9126 section 2.1)")
    parameters = {name: value for name, value in request.form.items() if name not in _OF_THE_CLIENT}
    parameters["client_id"] = client.client_id
    if issuer.preset.dpop and any(name == "dpop" for name, _ in request.headers):
        from fake_idp.oauth import dpop

        # RFC 9449 section 10.1: a proof here binds the code, as dpop_jkt does.
        jkt = (await dpop.confirmation(issuer, request) or {}).get("jkt", "")
        if parameters.setdefault("dpop_jkt", jkt) != jkt:
            raise OAuthError("invalid_dpop_proof", "the DPoP proof is by another key than dpop_jkt")
    checked(issuer, await destination(issuer, parameters), parameters)
    request_uri = f"urn:ietf:params:oauth:request_uri:{random_ids.token_urlsafe(32)}"
    expires_at = issuer.clock.now() + LIFETIME
    record = {"client_id": client.client_id, "parameters": parameters, "expires_at": expires_at}
    issuer.state.put("request", request_uri, record)
    return json_response({"request_uri": request_uri, "expires_in": LIFETIME}, status=201, headers=NO_STORE)
