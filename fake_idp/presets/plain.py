"""An issuer by the book: OpenID Connect Core 1.0 and JWT access tokens of RFC 9068."""

from __future__ import annotations

import secrets
from typing import Any

from fake_idp.presets.base import DISCOVERY, Preset, TokenRequest, address, email_of, path_of

__all__ = ["Plain"]


class Plain(Preset):
    """Nobody's dialect.

    Access tokens as RFC 9068 section 2 requires (``typ: at+jwt``; iss, exp, aud, sub, client_id,
    iat, jti), ``scope`` as a string (RFC 8693 section 4.2). ID tokens as OpenID Connect Core 1.0
    section 2. Metadata at the OpenID Connect path and at RFC 8414's, which is inserted before the
    issuer's own path (RFC 8414 section 3.1).
    """

    name = "plain"
    title = "a plain issuer, by the standards"
    url = "https://idp.example.com"
    client_id = "example-client"
    audience = "https://api.example.com"

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """``typ`` is ``at+jwt`` for access tokens (RFC 9068 section 2.1), ``JWT`` for ID tokens."""
        return {"alg": algorithm, "typ": "at+jwt" if request.use == "access" else "JWT", "kid": kid}

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """RFC 9068 section 2.2 for access tokens, OpenID Connect Core 2 and 5.1 for ID tokens."""
        common = {"iss": request.issuer, "sub": request.sub}
        times = {"iat": request.issued_at, "exp": request.expires_at}
        if request.use == "access":
            return common | {
                "aud": request.audience,
                **times,
                "jti": secrets.token_urlsafe(16),
                "client_id": request.client_id,
                "scope": " ".join(request.scope),
            }
        return common | {
            "aud": request.client_id,
            **times,
            "auth_time": request.issued_at,
            "email": email_of(request.sub),
            "email_verified": True,
            "preferred_username": request.sub,
        }

    def discovery(self, url: str, *, algorithm: str) -> dict[str, Any]:
        """The members that OpenID Connect Discovery 1.0 section 3 requires or recommends."""
        base = address(url)
        return {
            "issuer": url,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "jwks_uri": f"{base}{self.jwks_path}",
            "scopes_supported": list(self.scope),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [algorithm],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": ["iss", "sub", "aud", "iat", "exp", "auth_time", "email", "email_verified"],
        }

    def metadata_paths(self, url: str) -> tuple[str, ...]:
        """OpenID Connect's path and RFC 8414's."""
        path = path_of(url)
        return (path + DISCOVERY, "/.well-known/oauth-authorization-server" + path)
