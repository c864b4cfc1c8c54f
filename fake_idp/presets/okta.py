"""Okta: a custom authorization server, and the org authorization server.

The shapes are those of Okta's reference and of answers of a real custom authorization server of
September 2026, which somebody published with their tokens; both are named in ``sources``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fake_idp import random_ids
from fake_idp.oauth.messages import OAuthError
from fake_idp.presets.base import (
    OAUTH_METADATA,
    OPENID_SCOPES,
    STANDARD_SOURCES,
    Endpoint,
    Preset,
    TokenRequest,
    TokenUse,
    address,
    cite,
    stable_id,
    standard_claims,
    words,
)
from fake_idp.users import User

__all__ = ["Okta", "OktaOrg"]

_GUIDE = "https://developer.okta.com/docs/"
_CUSTOM = _GUIDE + "api/openapi/okta-oauth/oauth/tag/CustomAS/"
_ORG = _GUIDE + "api/openapi/okta-oauth/oauth/tag/OrgAS/"
_TOKENS = _GUIDE + "reference/api/oidc/#"
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"

_CLIENT_AUTH = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"]
_REQUEST_ALGORITHMS = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]
_PATHS: dict[Endpoint, str] = {
    "jwks": "/v1/keys",
    "authorization": "/v1/authorize",
    "token": "/v1/token",
    "userinfo": "/v1/userinfo",
    "introspection": "/v1/introspect",
    "revocation": "/v1/revoke",
    "end_session": "/v1/logout",
    "registration": "/v1/clients",
    "device_authorization": "/v1/device/authorize",
    "device_verification": "/activate",
    "pushed_authorization_request": "/v1/par",
}
_METADATA: dict[str, Any] = {
    "issuer": ...,
    "authorization_endpoint": ...,
    "token_endpoint": ...,
    "userinfo_endpoint": ...,
    "registration_endpoint": ...,
    "jwks_uri": ...,
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
    "id_token_signing_alg_values_supported": ["RS256"],
    "id_token_encryption_alg_values_supported": ["RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"],
    "id_token_encryption_enc_values_supported": ["A256GCM"],
    "scopes_supported": [
        "openid",
        "profile",
        "email",
        "address",
        "phone",
        "offline_access",
        "device_sso",
        "interclient_access",
    ],
    "token_endpoint_auth_methods_supported": _CLIENT_AUTH,
    "claims_supported": words(
        "iss ver sub aud iat exp jti auth_time amr idp nonce name nickname preferred_username "
        "given_name middle_name family_name email email_verified profile zoneinfo locale address "
        "phone_number picture website gender birthdate updated_at at_hash c_hash"
    ),
    "code_challenge_methods_supported": ["S256"],
    "introspection_endpoint": ...,
    "introspection_endpoint_auth_methods_supported": _CLIENT_AUTH,
    "revocation_endpoint": ...,
    "revocation_endpoint_auth_methods_supported": _CLIENT_AUTH,
    "end_session_endpoint": ...,
    "request_parameter_supported": True,
    "request_object_signing_alg_values_supported": _REQUEST_ALGORITHMS,
    "device_authorization_endpoint": ...,
    "pushed_authorization_request_endpoint": ...,
    "backchannel_token_delivery_modes_supported": ["poll"],
    "backchannel_authentication_request_signing_alg_values_supported": _REQUEST_ALGORITHMS,
    "dpop_signing_alg_values_supported": ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"],
}


class Okta(Preset):
    """``https://{domain}/oauth2/{authorization server}``.

    The header is ``kid`` and ``alg``, without ``typ``. Access tokens: ``ver`` the number 1, ``jti``
    beginning with ``AT.``, ``aud`` a string, ``cid`` the client, ``uid`` the user's id, ``scp`` a
    list, ``sub`` the login; a machine's have the client as ``sub`` and no ``uid``. ID tokens:
    ``aud`` the client id, ``jti`` beginning with ``ID.``, ``amr`` a list, ``idp``, ``sub`` the user's
    id (``00u...``).
    """

    name = "okta"
    title = "Okta, custom authorization server"
    url = "https://acme.okta.com/oauth2/default"
    client_id = "0oa1fake2idp3client4"
    audience: str | None = "api://default"
    scope: tuple[str, ...] = ("cw:read",)
    machine_scope: tuple[str, ...] = ("cw:read",)
    grants: tuple[str, ...] = (
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "password",
        "urn:ietf:params:oauth:grant-type:device_code",
        _EXCHANGE,
    )
    dpop = True
    rotates_refresh_tokens = False  # for anything but single-page apps (Okta's guide to refresh tokens)
    oauth_metadata = True
    # Okta lets metadata be cached for a day, and keys until the next planned rotation.
    cache_control = "max-age=86400, must-revalidate"
    paths: Mapping[Endpoint, str] = _PATHS
    metadata: Mapping[str, Any] = _METADATA
    hidden: Mapping[str, str] = {
        "client_credentials": _GUIDE + "guides/implement-grant-type/clientcreds/main/",
        _EXCHANGE: _GUIDE + "guides/set-up-token-exchange/main/",
        "device_verification": _GUIDE + "guides/device-authorization-grant/main/",
    }
    sources: Mapping[str, str] = STANDARD_SOURCES | cite(
        (_CUSTOM, "header.kid header.alg"),
        (_TOKENS + "access-token-payload", "ver jti cid uid scp"),
        (_TOKENS + "id-token-payload", "iss aud sub iat exp auth_time amr idp nonce at_hash"),
        (_TOKENS + "id-token-payload", "name email preferred_username"),
        (_GUIDE + "guides/customize-tokens-groups-claim/main/", "groups"),
        (_GUIDE + "guides/dpop/nonoktaresourceserver/main/", "cnf"),
        (_GUIDE + "guides/set-up-token-exchange/main/", "act"),
    )

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """``kid`` and ``alg``, nothing else."""
        return {"kid": kid, "alg": algorithm}

    def endpoints(self, url: str) -> dict[Endpoint, str]:
        """Clients and devices are the org's, so on Okta's own hosts their pages are at its root."""
        at = super().endpoints(url)
        org, server, _ = address(url).partition("/oauth2/")
        if server and org.endswith((".okta.com", ".oktapreview.com", ".okta-emea.com")):
            at |= {"registration": f"{org}/oauth2/v1/clients", "device_verification": f"{org}/activate"}
        return at

    def metadata_urls(self, url: str) -> tuple[str, ...]:
        """Okta has RFC 8414's document below the issuer too."""
        return tuple(dict.fromkeys((*super().metadata_urls(url), address(url) + OAUTH_METADATA)))

    def subject(self, user: User, *, issuer: str, client_id: str, use: TokenUse) -> str:
        """The login in access tokens, the user's id in ID tokens."""
        return user.sub or (user.email if use == "access" else _user_id(user))

    def userinfo(self, request: TokenRequest) -> dict[str, Any]:
        """``sub`` is that of the ID token."""
        sub = request.person.sub or _user_id(request.person)
        return super().userinfo(request) | {"sub": sub}

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """The claims of Okta's reference, with its types."""
        return self._access(request) if request.use == "access" else self._id(request)

    def _access(self, request: TokenRequest) -> dict[str, Any]:
        audience = self._audience(request)
        said: dict[str, Any] = {
            "ver": 1,
            "jti": f"AT.{random_ids.token_urlsafe(32)}",
            "iss": request.issuer,
            "aud": audience if isinstance(audience, str) else list(audience),
            "iat": request.issued_at,
            "exp": request.expires_at,
            "cid": request.client_id,
        }
        if not request.machine:
            said["uid"] = _user_id(request.person)
        said["scp"] = list(request.scope)
        if not request.machine:
            said["auth_time"] = request.auth_time
        said["sub"] = request.sub
        return said | self._groups(request) | standard_claims(request)

    def _id(self, request: TokenRequest) -> dict[str, Any]:
        person, scope = request.person, request.openid_scope
        said: dict[str, Any] = {"sub": request.sub}
        if "profile" in scope:
            said["name"] = person.profile(scope)["name"]
        if "email" in scope:
            said["email"] = person.email
        said |= {
            "ver": 1,
            "iss": request.issuer,
            "aud": request.client_id,
            "iat": request.issued_at,
            "exp": request.expires_at,
            "jti": f"ID.{random_ids.token_urlsafe(32)}",
            "amr": ["pwd"],
            "idp": stable_id("00o", request.issuer, person.provider, length=20),
        }
        standard = standard_claims(request)
        if "nonce" in standard:
            said["nonce"] = standard["nonce"]
        if "profile" in scope:
            said["preferred_username"] = person.email
        said["auth_time"] = request.auth_time
        return said | standard | _groups(person)

    def _audience(self, request: TokenRequest) -> str | tuple[str, ...]:
        return request.audience

    def _groups(self, request: TokenRequest) -> dict[str, Any]:
        return _groups(request.user)

    def check_request(self, endpoint: Endpoint, parameters: Mapping[str, str]) -> None:
        """Registration takes an API token, and a client by itself gets no scopes that are a person's."""
        if endpoint == "registration":
            # Okta names the endpoint in its metadata and lets administrators in only.
            raise OAuthError("E0000005", "Invalid session", status=403)
        if endpoint != "token" or parameters.get("grant_type") != "client_credentials":
            return
        if OPENID_SCOPES & set(parameters.get("scope", "").split()):
            raise OAuthError(
                "invalid_scope",
                "One or more scopes are not configured for the authorization server resource.",
            )

    def error_body(self, error: str, description: str, *, now: float) -> dict[str, Any]:
        """As RFC 6749 has it; the errors of Okta's own API have a shape of their own."""
        if not error.startswith("E0"):
            return super().error_body(error, description, now=now)
        return {
            "errorCode": error,
            "errorSummary": description,
            "errorLink": error,
            "errorId": f"oae{random_ids.token_urlsafe(16)}",
            "errorCauses": [],
        }


class OktaOrg(Okta):
    """``https://{domain}``: the authorization server that every Okta org has, for Okta's own APIs.

    Its access tokens are for Okta alone, and the keys that sign them are not in its JWKS: a resource
    server cannot verify them. There are no custom scopes and audiences, and access tokens carry no
    groups. A client by itself may only have ``okta.*`` scopes, and authenticates by ``private_key_jwt``.
    """

    name = "okta_org"
    title = "Okta, org authorization server"
    url = "https://acme.okta.com"
    audience = None
    scope = ("openid", "profile", "email")
    machine_scope = ("okta.users.read",)
    key_uses = ("id", "access")
    publishes = ("id",)
    default_use = "id"
    grants = tuple(grant for grant in Okta.grants if grant != _EXCHANGE)
    paths = {name: f"/oauth2{path}" for name, path in _PATHS.items()} | {"device_verification": "/activate"}
    metadata = _METADATA | {
        "scopes_supported": ["openid", "email", "profile", "address", "phone", "offline_access", "groups"]
    }
    hidden = {name: source for name, source in Okta.hidden.items() if name != _EXCHANGE}
    sources = dict(Okta.sources) | cite((_ORG, "iss aud scp header.kid header.alg"))

    def key_use(self, token_use: TokenUse) -> str:
        """Access tokens have a key of their own, which nobody gets to see."""
        return token_use

    def _audience(self, request: TokenRequest) -> str:
        return request.issuer

    def _groups(self, request: TokenRequest) -> dict[str, Any]:
        return {}

    def check_request(self, endpoint: Endpoint, parameters: Mapping[str, str]) -> None:
        """Nothing but Okta's own scopes for a client by itself, and no shared secret."""
        super().check_request(endpoint, parameters)
        if endpoint != "token" or parameters.get("grant_type") != "client_credentials":
            return
        if "client_assertion" not in parameters:
            raise OAuthError(
                "invalid_client",
                "Client Credentials requests to the Org Authorization Server must use the private_key_jwt "
                "token_endpoint_auth_method.",
                status=401,
            )
        scopes = parameters.get("scope", "").split()
        if not scopes or not all(scope.startswith("okta.") for scope in scopes):
            raise OAuthError(
                "invalid_scope",
                "One or more scopes are not configured for the authorization server resource.",
            )


def _user_id(user: User) -> str:
    return stable_id("00u", user.name, length=20)


def _groups(user: User) -> dict[str, Any]:
    """A claim that an administrator adds. The code flow knows no limit to them."""
    return {"groups": list(user.groups)} if user.groups else {}
