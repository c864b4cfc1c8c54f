"""Dynamic client registration (RFC 7591), open to everybody.

There is no management of what was registered (RFC 7592), so the answer names no place for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fake_idp import random_ids
from fake_idp.oauth.client_metadata import checked_metadata
from fake_idp.oauth.messages import NO_STORE, OAuthError, Request, Response, json_response

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["details_of", "handle"]


async def handle(issuer: Issuer, request: Request) -> Response:
    """Register a client and answer with everything that is known about it (RFC 7591 section 3.2.1)."""
    media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise OAuthError("invalid_client_metadata", "the body must be application/json")
    given = request.json
    issuer.preset.check_request("registration", {})
    metadata = checked_metadata(issuer, given)
    method = metadata["token_endpoint_auth_method"]
    secret = random_ids.token_urlsafe(32) if method.startswith("client_secret_") else ""
    client = issuer.clients.add(client_secret=secret, source="registered", **details_of(metadata))
    answer: dict[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(issuer.clock.now()),
        **metadata,
    }
    if secret:
        answer |= {"client_secret": secret, "client_secret_expires_at": 0}
    return json_response(answer, status=201, headers=NO_STORE)


def details_of(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata as the attributes of a ``Client``."""
    return {
        "client_name": metadata.get("client_name", ""),
        "redirect_uris": tuple(metadata.get("redirect_uris", ())),
        "token_endpoint_auth_methods": (metadata["token_endpoint_auth_method"],),
        "grant_types": tuple(metadata["grant_types"]),
        "jwks": metadata.get("jwks"),
        "post_logout_redirect_uris": tuple(metadata.get("post_logout_redirect_uris", ())),
    }
