"""An issuer by the book: OpenID Connect Core 1.0 and JWT access tokens of RFC 9068."""

from __future__ import annotations

import secrets
from typing import Any

from fake_idp.presets.base import (
    DISCOVERY,
    GRANTS,
    OAUTH_METADATA,
    Endpoint,
    Preset,
    TokenRequest,
    address,
    email_of,
    path_of,
)

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
    grants = tuple(grant for grant in GRANTS if grant != "password")  # OAuth 2.1 has no password grant
    pkce = "public"
    resource = "audience"
    iss_parameter = True
    dpop = True
    client_id_documents = True

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
                **({"cnf": dict(request.confirmation)} if request.confirmation else {}),
                **({"act": dict(request.actor)} if request.actor else {}),
            }
        return common | {
            "aud": request.client_id,
            **times,
            "auth_time": request.issued_at,
            "email": email_of(request.sub),
            "email_verified": True,
            "preferred_username": request.sub,
        }

    def endpoints(self, url: str) -> dict[Endpoint, str]:
        """Every endpoint that there is, below the issuer."""
        base = address(url)
        return {
            "jwks": f"{base}/.well-known/jwks.json",
            "authorization": f"{base}/authorize",
            "token": f"{base}/token",
            "userinfo": f"{base}/userinfo",
            "introspection": f"{base}/introspect",
            "revocation": f"{base}/revoke",
            "end_session": f"{base}/logout",
            "registration": f"{base}/register",
            "device_authorization": f"{base}/device_authorization",
            "device_verification": f"{base}/device",
            "pushed_authorization_request": f"{base}/par",
        }

    def metadata_urls(self, url: str) -> tuple[str, ...]:
        """OpenID Connect's place and RFC 8414's."""
        path = path_of(url)
        origin = address(url).removesuffix(path)
        return (address(url) + DISCOVERY, origin + OAUTH_METADATA + path)

    def discovery(self, url: str, *, algorithm: str) -> dict[str, Any]:
        """The members of OpenID Connect Discovery 1.0 section 3 and RFC 8414 section 2."""
        at = self.endpoints(url)
        return {
            "issuer": url,
            "authorization_endpoint": at["authorization"],
            "token_endpoint": at["token"],
            "userinfo_endpoint": at["userinfo"],
            "jwks_uri": at["jwks"],
            "registration_endpoint": at["registration"],
            "introspection_endpoint": at["introspection"],
            "revocation_endpoint": at["revocation"],
            "end_session_endpoint": at["end_session"],
            "device_authorization_endpoint": at["device_authorization"],
            "pushed_authorization_request_endpoint": at["pushed_authorization_request"],
            "scopes_supported": [*self.scope, "offline_access"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "grant_types_supported": list(self.grants),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [algorithm],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic",
                "client_secret_post",
                "private_key_jwt",
                "none",
            ],
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": ["iss", "sub", "aud", "iat", "exp", "auth_time", "email", "email_verified"],
            "dpop_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
            "authorization_response_iss_parameter_supported": True,
            "client_id_metadata_document_supported": True,
        }
