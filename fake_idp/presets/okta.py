"""Okta, with a custom authorization server.

Sources: Okta's reference of the custom authorization server
(https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/tag/CustomAS/) and its guide to tokens
(https://developer.okta.com/docs/reference/api/oidc/#access-token and #id-token).
"""

from __future__ import annotations

import secrets
from typing import Any

from fake_idp.presets.base import (
    DISCOVERY,
    Endpoint,
    Preset,
    TokenRequest,
    address,
    email_of,
    path_of,
    stable_id,
)

__all__ = ["Okta"]

_CLIENT_AUTH = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"]
_REQUEST_ALGORITHMS = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]
# fmt: off
_CLAIMS = [
    "iss", "ver", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "idp", "nonce", "name", "nickname",
    "preferred_username", "given_name", "middle_name", "family_name", "email", "email_verified", "profile",
    "zoneinfo", "locale", "address", "phone_number", "picture", "website", "gender", "birthdate",
    "updated_at", "at_hash", "c_hash",
]
# fmt: on


class Okta(Preset):
    """``https://{domain}/oauth2/{authorization server}``.

    The header is ``kid`` and ``alg``, without ``typ``. Access tokens: ``ver`` the number 1, ``jti``
    beginning with ``AT.``, ``aud`` a string, ``cid`` the client, ``uid`` the user's id, ``scp`` a
    list, ``sub`` the login. ID tokens: ``aud`` the client id, ``jti`` beginning with ``ID.``, ``amr``
    a list, ``idp``; their real ``sub`` is the user's id (``00u...``), here it is what it was told.
    """

    name = "okta"
    title = "Okta, custom authorization server"
    url = "https://acme.okta.com/oauth2/default"
    client_id = "0oa1fake2idp3client4"
    audience = "api://default"
    scope = ("cw:read",)
    # Okta lets metadata be cached for a day, and keys until the next planned rotation.
    cache_control = "max-age=86400, must-revalidate"

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """``kid`` and ``alg``, nothing else."""
        return {"kid": kid, "alg": algorithm}

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """The claims of Okta's reference, with its types."""
        uid = stable_id("00u", request.sub, length=20)
        if request.use == "access":
            return {
                "ver": 1,
                "jti": f"AT.{secrets.token_urlsafe(32)}",
                "iss": request.issuer,
                "aud": request.audience,
                "iat": request.issued_at,
                "exp": request.expires_at,
                "cid": request.client_id,
                "uid": uid,
                "scp": list(request.scope),
                "auth_time": request.issued_at,
                "sub": request.sub,
            }
        return {
            "sub": request.sub,
            "name": request.sub,
            "email": email_of(request.sub),
            "ver": 1,
            "iss": request.issuer,
            "aud": request.client_id,
            "iat": request.issued_at,
            "exp": request.expires_at,
            "jti": f"ID.{secrets.token_urlsafe(32)}",
            "amr": ["pwd"],
            "idp": stable_id("00o", request.issuer, length=20),
            "preferred_username": email_of(request.sub),
            "auth_time": request.issued_at,
        }

    def discovery(self, url: str, *, algorithm: str) -> dict[str, Any]:
        """As Okta answers it, member for member."""
        base = address(url)
        return {
            "issuer": url,
            "authorization_endpoint": f"{base}/v1/authorize",
            "token_endpoint": f"{base}/v1/token",
            "userinfo_endpoint": f"{base}/v1/userinfo",
            "registration_endpoint": f"{base.partition('/oauth2/')[0]}/oauth2/v1/clients",
            "jwks_uri": f"{base}/v1/keys",
            "response_types_supported": [
                "code",
                "id_token",
                "code id_token",
                "code token",
                "id_token token",
                "code id_token token",
            ],
            "response_modes_supported": ["query", "fragment", "form_post", "okta_post_message"],
            "grant_types_supported": [
                "authorization_code",
                "implicit",
                "refresh_token",
                "password",
                "urn:ietf:params:oauth:grant-type:device_code",
                "urn:openid:params:grant-type:ciba",
                "urn:okta:params:oauth:grant-type:otp",
                "http://auth0.com/oauth/grant-type/mfa-otp",
                "urn:okta:params:oauth:grant-type:oob",
                "http://auth0.com/oauth/grant-type/mfa-oob",
            ],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [algorithm],
            "scopes_supported": [
                "openid",
                "profile",
                "email",
                "address",
                "phone",
                "offline_access",
                "device_sso",
            ],
            "token_endpoint_auth_methods_supported": list(_CLIENT_AUTH),
            "claims_supported": list(_CLAIMS),
            "code_challenge_methods_supported": ["S256"],
            "introspection_endpoint": f"{base}/v1/introspect",
            "introspection_endpoint_auth_methods_supported": list(_CLIENT_AUTH),
            "revocation_endpoint": f"{base}/v1/revoke",
            "revocation_endpoint_auth_methods_supported": list(_CLIENT_AUTH),
            "end_session_endpoint": f"{base}/v1/logout",
            "request_parameter_supported": True,
            "request_object_signing_alg_values_supported": list(_REQUEST_ALGORITHMS),
            "device_authorization_endpoint": f"{base}/v1/device/authorize",
            "pushed_authorization_request_endpoint": f"{base}/v1/par",
            "backchannel_token_delivery_modes_supported": ["poll"],
            "backchannel_authentication_request_signing_alg_values_supported": list(_REQUEST_ALGORITHMS),
            "dpop_signing_alg_values_supported": ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"],
        }

    def endpoints(self, url: str) -> dict[Endpoint, str]:
        """The paths of Okta's custom authorization server."""
        base = address(url)
        return {
            "jwks": f"{base}/v1/keys",
            "authorization": f"{base}/v1/authorize",
            "token": f"{base}/v1/token",
            "userinfo": f"{base}/v1/userinfo",
            "introspection": f"{base}/v1/introspect",
            "revocation": f"{base}/v1/revoke",
            "end_session": f"{base}/v1/logout",
        }

    def metadata_urls(self, url: str) -> tuple[str, ...]:
        """OpenID Connect's path, Okta's own OAuth path below the issuer, and RFC 8414's."""
        base, path = address(url), path_of(url)
        oauth = "/.well-known/oauth-authorization-server"
        return tuple(dict.fromkeys((base + DISCOVERY, base + oauth, base.removesuffix(path) + oauth + path)))
