"""Auth0, with its own profile of access tokens or with that of RFC 9068.

The shapes are those of Auth0's documentation, and of a discovery document and tokens of a tenant of
August 2025 that somebody published; ``sources`` names them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fake_idp import random_ids
from fake_idp.oauth.messages import OAuthError
from fake_idp.presets.base import (
    STANDARD_SOURCES,
    Endpoint,
    Preset,
    TokenRequest,
    TokenUse,
    address,
    cite,
    google_id,
    stable_id,
    standard_claims,
    words,
)
from fake_idp.presets.certificates import x5c, x5t
from fake_idp.users import User

if TYPE_CHECKING:
    from fake_idp.key import Key

__all__ = ["Auth0", "Auth0Rfc9068"]

_DOCS = "https://auth0.com/docs/"
_PROFILES = _DOCS + "secure/tokens/access-tokens/access-token-profiles"
_ID_TOKEN = _DOCS + "secure/tokens/id-tokens/id-token-structure"
_PROFILE = _DOCS + "manage-users/user-accounts/user-profiles/normalized-user-profile-schema"

#: ID tokens of the token endpoint have no ``at_hash``.
_STANDARD = {name: source for name, source in STANDARD_SOURCES.items() if name != "at_hash"}
_NOT_HERE = "nothing answers there in this issuer"
_NANOID = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-"
_HEX = "0123456789abcdef"
_CONNECTIONS = {"Google": "google-oauth2", "Facebook": "facebook", "GitHub": "github", "Apple": "apple"}
_GTY = {
    "client_credentials": "client-credentials",
    "password": "password",
    "refresh_token": "refresh_token",
}


class Auth0(Preset):
    """``https://{tenant}.{region}.auth0.com/``, with its trailing slash.

    Access tokens: ``aud`` a list with the userinfo endpoint when ``openid`` was granted, a string
    otherwise; the client in ``azp``; ``scope`` a string; ``gty`` for some grants; ``permissions`` where
    an API has role-based access control. A machine's ``sub`` is ``{client}@clients``. Who does not ask
    for an audience gets an opaque access token, and ``resource`` chooses none.
    """

    name = "auth0"
    title = "Auth0"
    url = "https://fake-idp.us.auth0.com/"
    client_id = "fAk3IdPcL13nTfAk3IdPcL13nTfAk3Id"
    audience = "https://api.example.com"
    scope = ("openid", "profile", "email")
    machine_scope = ("read:metrics",)
    lifetime = 86_400
    id_lifetime = 36_000
    grants = (
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "password",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    )
    opaque_without_audience = True
    audience_parameter = True
    rotates_refresh_tokens = False
    oauth_metadata = True
    paths = {
        "jwks": "/.well-known/jwks.json",
        "authorization": "/authorize",
        "token": "/oauth/token",
        "device_authorization": "/oauth/device/code",
        "device_verification": "/activate",
        "userinfo": "/userinfo",
        "registration": "/oidc/register",
        "revocation": "/oauth/revoke",
        "end_session": "/oidc/logout",
    }
    metadata = {
        "issuer": ...,
        "authorization_endpoint": ...,
        "token_endpoint": ...,
        "device_authorization_endpoint": ...,
        "userinfo_endpoint": ...,
        "jwks_uri": ...,
        "registration_endpoint": ...,
        "revocation_endpoint": ...,
        "scopes_supported": words(
            "openid profile offline_access name given_name family_name nickname email email_verified "
            "picture created_at identities phone address"
        ),
        "response_types_supported": [
            "code",
            "token",
            "id_token",
            "code token",
            "code id_token",
            "token id_token",
            "code token id_token",
        ],
        "code_challenge_methods_supported": ["S256", "plain"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
            "tls_client_auth",
            "self_signed_tls_client_auth",
        ],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256"],
        "claims_supported": words(
            "aud auth_time created_at email email_verified exp family_name given_name iat identities "
            "iss name nickname phone_number picture sub"
        ),
        "request_uri_parameter_supported": False,
        "request_parameter_supported": True,
        "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
        "tls_client_certificate_bound_access_tokens": True,
        "request_object_signing_alg_values_supported": ["RS256", "RS384", "PS256"],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "end_session_endpoint": ...,
        "backchannel_token_delivery_modes_supported": ["poll"],
        "global_token_revocation_endpoint_auth_methods_supported": ["global-token-revocation+jwt"],
    }
    left_out: Mapping[str, str] = {
        "mfa_challenge_endpoint": _NOT_HERE,
        "backchannel_authentication_endpoint": _NOT_HERE,
        "global_token_revocation_endpoint": _NOT_HERE,
    }
    hidden: Mapping[str, str] = {
        "client_credentials": _DOCS
        + "get-started/authentication-and-authorization-flow/client-credentials-flow",
        "device_verification": _DOCS
        + "get-started/authentication-and-authorization-flow/device-authorization-flow",
    }
    sources: Mapping[str, str] = _STANDARD | cite(
        (
            _DOCS + "secure/tokens/json-web-tokens/json-web-token-structure",
            "header.alg header.typ header.kid",
        ),
        (_PROFILES, "iss sub aud azp exp iat scope permissions"),
        (_DOCS + "get-started/apis/scopes/sample-use-cases-scopes-and-claims", "gty"),
        (_PROFILE, "nickname name picture updated_at email email_verified"),
        (_ID_TOKEN, "sid nonce"),
    )

    def new_kid(self) -> str:
        """21 characters of the alphabet of nanoid."""
        return random_ids.characters(_NANOID, 21)

    def jwk(self, key: Key, *, url: str) -> dict[str, Any]:
        """With a certificate, and its thumbprint."""
        jwk, name = key.public_jwk(), urlsplit(url).hostname or ""
        alg = jwk.pop("alg")
        return jwk | {"x5t": x5t(key, name), "x5c": [x5c(key, name)], "alg": alg}

    def subject(self, user: User, *, issuer: str, client_id: str, use: TokenUse) -> str:
        """The connection, a bar, and the id there: ``auth0|...``, ``google-oauth2|...``."""
        if user.sub:
            return user.sub
        if not user.provider:
            return "auth0|" + stable_id("", "auth0", user.name, length=24, alphabet=_HEX)
        connection = _CONNECTIONS.get(user.provider, user.provider.lower())
        if user.provider == "Google":
            return f"{connection}|{google_id(user.name)}"
        there = stable_id("1", connection, user.name, length=17, alphabet="0123456789")
        return f"{connection}|{there}"

    def machine_subject(self, client_id: str) -> str:
        """The client, with a suffix."""
        return f"{client_id}@clients"

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """``typ`` is ``JWT``."""
        return {"alg": algorithm, "typ": "JWT", "kid": kid}

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """The claims of Auth0's samples, with their types."""
        if request.use == "id":
            return self._id(request)
        said: dict[str, Any] = {
            "iss": request.issuer,
            "sub": request.sub,
            "aud": _audience(request),
            "iat": request.issued_at,
            "exp": request.expires_at,
        }
        if request.scope:
            said["scope"] = " ".join(request.scope)
        said |= self._client(request)
        if request.user.roles:
            said["permissions"] = list(request.user.roles)
        return said | standard_claims(request)

    def _client(self, request: TokenRequest) -> dict[str, Any]:
        said = {"azp": request.client_id}
        if request.grant in _GTY:
            said["gty"] = _GTY[request.grant]
        return said

    def _id(self, request: TokenRequest) -> dict[str, Any]:
        return self._profile(request, request.openid_scope) | {
            "iss": request.issuer,
            "aud": request.client_id,
            "sub": request.sub,
            "iat": request.issued_at,
            "exp": request.expires_at,
            "sid": stable_id("", "sid", request.session, length=32),
            **standard_claims(request, at_hash=False),
        }

    def _profile(self, request: TokenRequest, scope: tuple[str, ...]) -> dict[str, Any]:
        person = request.person
        said: dict[str, Any] = {}
        if "profile" in scope:
            mail = hashlib.md5(person.email.lower().encode("utf-8", "surrogatepass")).hexdigest()  # noqa: S324
            said = {
                "nickname": person.email.partition("@")[0],
                "name": person.profile(("profile",))["name"],
                "picture": f"https://s.gravatar.com/avatar/{mail}?s=480&r=pg&d=mm",
                "updated_at": datetime.fromtimestamp(request.auth_time, UTC).strftime(
                    "%Y-%m-%dT%H:%M:%S.000Z"
                ),
            }
        if "email" in scope:
            said |= {"email": person.email, "email_verified": True}
        return said

    def userinfo(self, request: TokenRequest) -> dict[str, Any]:
        """The same profile as in the ID token (api/authentication#get-user-info)."""
        return {"sub": request.sub, **self._profile(request, request.scope), **request.user.claims}

    def check_request(self, endpoint: Endpoint, parameters: Mapping[str, str]) -> None:
        """A client by itself must say for which API, as the tenant has no default one."""
        alone = endpoint == "token" and parameters.get("grant_type") == "client_credentials"
        if alone and "audience" not in parameters:
            raise OAuthError(
                "access_denied",
                "No audience parameter was provided, and no default audience has been configured",
                status=403,
            )


class Auth0Rfc9068(Auth0):
    """Auth0 with an API whose access tokens have the profile of RFC 9068.

    ``typ`` is ``at+jwt``, the client is in ``client_id``, there is a ``jti``, and neither ``azp`` nor
    ``gty``. All else is as with Auth0's own profile.
    """

    name = "auth0_rfc9068"
    title = "Auth0, RFC 9068 profile"
    sources = {name: source for name, source in Auth0.sources.items() if name not in ("azp", "gty")} | cite(
        (_PROFILES, "client_id jti header.typ")
    )

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """``typ`` is ``at+jwt`` for access tokens."""
        return {"alg": algorithm, "typ": "at+jwt" if request.use == "access" else "JWT", "kid": kid}

    def _client(self, request: TokenRequest) -> dict[str, Any]:
        return {
            "jti": stable_id("", random_ids.token_hex(16), length=22),
            "client_id": request.client_id,
        }


def _audience(request: TokenRequest) -> str | list[str]:
    """The APIs, and the userinfo endpoint when the token is good there."""
    apis = [request.audience] if isinstance(request.audience, str) else list(request.audience)
    if "openid" in request.scope:
        apis.append(f"{address(request.issuer)}/userinfo")
    return apis[0] if len(apis) == 1 else apis
