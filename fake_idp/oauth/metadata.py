"""The discovery document and the JWK Set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_idp.oauth.messages import Request, Response, json_response

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["handle"]


async def handle(issuer: Issuer, request: Request) -> Response:
    """OpenID Connect Discovery 1.0 section 4.2, RFC 8414 section 3.2, RFC 7517 section 5."""
    document = issuer.discovery() if request.endpoint == "discovery" else issuer.jwks()
    cached = issuer.preset.cache_control
    return json_response(document, headers=(("cache-control", cached),) if cached else ())
