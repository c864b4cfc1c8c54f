"""An issuer by the book: OpenID Connect Core 1.0 and JWT access tokens of RFC 9068."""

from __future__ import annotations

from typing import Any

from fake_idp import random_ids
from fake_idp.presets.base import (
    GRANTS,
    STANDARD_SOURCES,
    Preset,
    TokenRequest,
    cite,
    standard_claims,
)

__all__ = ["Plain"]

_GRANTS = tuple(grant for grant in GRANTS if grant != "password")  # OAuth 2.1 has no password grant
_SCOPES = ("openid", "profile", "email")
_CLIENT_AUTH = ["client_secret_basic", "client_secret_post", "private_key_jwt"]


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
    scope = _SCOPES
    grants = _GRANTS
    pkce = "public"
    resource = "audience"
    iss_parameter = True
    asks_before_logout = True
    dpop = True
    client_id_documents = True
    manages_registrations = True
    oauth_metadata = True
    paths = {
        "jwks": "/.well-known/jwks.json",
        "authorization": "/authorize",
        "token": "/token",
        "userinfo": "/userinfo",
        "introspection": "/introspect",
        "revocation": "/revoke",
        "end_session": "/logout",
        "registration": "/register",
        "device_authorization": "/device_authorization",
        "device_verification": "/device",
        "pushed_authorization_request": "/par",
    }
    #: The members of OpenID Connect Discovery 1.0 section 3 and RFC 8414 section 2.
    metadata = {
        "issuer": ...,
        "authorization_endpoint": ...,
        "token_endpoint": ...,
        "userinfo_endpoint": ...,
        "jwks_uri": ...,
        "registration_endpoint": ...,
        "introspection_endpoint": ...,
        "revocation_endpoint": ...,
        "end_session_endpoint": ...,
        "device_authorization_endpoint": ...,
        "pushed_authorization_request_endpoint": ...,
        "scopes_supported": [*_SCOPES, "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": list(_GRANTS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": [*_CLIENT_AUTH, "none"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": ["iss", "sub", "aud", "iat", "exp", "auth_time", "email", "email_verified"],
        "dpop_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
    }
    sources = STANDARD_SOURCES | cite(
        ("RFC 7515 section 4.1.1", "header.alg"),
        ("RFC 7515 section 4.1.4", "header.kid"),
        ("RFC 9068 section 2.1 (access tokens), RFC 7519 section 5.1 (ID tokens)", "header.typ"),
        ("RFC 9068 section 2.2 (access tokens), OpenID Connect Core 1.0 section 2 (ID tokens)", "iss exp"),
        (
            "RFC 9068 section 2.2 (access tokens), OpenID Connect Core 1.0 section 2 (ID tokens)",
            "aud sub iat",
        ),
        ("RFC 9068 section 2.2", "client_id jti"),
        ("RFC 9068 section 2.2.3, RFC 8693 section 4.2", "scope"),
        ("RFC 9068 section 2.2.1, OpenID Connect Core 1.0 section 2", "auth_time"),
        ("RFC 9068 section 2.2.3.1, RFC 7643 section 4.1.2", "groups roles"),
        ("OpenID Connect Core 1.0 section 5.1", "email email_verified name given_name preferred_username"),
    )

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """``typ`` is ``at+jwt`` for access tokens (RFC 9068 section 2.1), ``JWT`` for ID tokens."""
        return {"alg": algorithm, "typ": "at+jwt" if request.use == "access" else "JWT", "kid": kid}

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """RFC 9068 section 2.2 for access tokens, OpenID Connect Core 2 and 5.1 for ID tokens."""
        said: dict[str, Any] = {
            "iss": request.issuer,
            "sub": request.sub,
            "aud": _audience(request),
            "iat": request.issued_at,
            "exp": request.expires_at,
        }
        if not request.machine:
            said["auth_time"] = request.auth_time
        if request.use == "access":
            said |= {"jti": random_ids.token_urlsafe(16), "client_id": request.client_id}
            if request.scope:
                said["scope"] = " ".join(request.scope)
        else:
            said |= request.person.profile(request.openid_scope)
        if request.user.groups:
            said["groups"] = list(request.user.groups)
        if request.user.roles:
            said["roles"] = list(request.user.roles)
        return said | standard_claims(request)


def _audience(request: TokenRequest) -> str | list[str]:
    if request.use == "id":
        return request.client_id
    return request.audience if isinstance(request.audience, str) else list(request.audience)
