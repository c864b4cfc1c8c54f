"""Google as an OpenID provider.

The shapes are those of Google's reference and of its discovery document; ``sources`` names them.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fake_idp import random_ids
from fake_idp.presets.base import (
    STANDARD_SOURCES,
    Endpoint,
    Preset,
    TokenRequest,
    TokenUse,
    cite,
    google_id,
    standard_claims,
    words,
)
from fake_idp.users import User

__all__ = ["Google"]

_REFERENCE = "https://developers.google.com/identity/openid-connect/reference"
_TOKENINFO = "https://cloud.google.com/docs/authentication/token-types#access-contents"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

#: Where each endpoint is; the issuer's own host has only the sign-in and the metadata.
_HOSTS: dict[Endpoint, str] = {
    "authorization": "https://accounts.google.com",
    "device_authorization": "https://oauth2.googleapis.com",
    "device_verification": "https://www.google.com",
    "token": "https://oauth2.googleapis.com",
    "userinfo": "https://openidconnect.googleapis.com",
    "revocation": "https://oauth2.googleapis.com",
    "jwks": "https://www.googleapis.com",
}


class Google(Preset):
    """``https://accounts.google.com``.

    Access tokens are opaque: the JWTs that ``mint(token_use="access")`` makes say what Google's
    tokeninfo endpoint says of one. ID tokens: ``sub`` 21 digits, the client in ``aud`` and in ``azp``.
    There is no client credentials grant: a service account proves itself by a JWT (RFC 7523).
    """

    name = "google"
    title = "Google"
    url = "https://accounts.google.com"
    client_id = "123456789012-fake1dp2cl3nt4fake1dp2cl3nt4fake.apps.googleusercontent.com"
    default_use = "id"
    grants = (
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
        _JWT_BEARER,
    )
    access_tokens = "opaque"
    lifetime = 3599
    id_lifetime = 3600
    pkce = "never"
    iss_parameter = True
    rotates_refresh_tokens = False
    paths = {
        "authorization": "/o/oauth2/v2/auth",
        "device_authorization": "/device/code",
        "device_verification": "/device",
        "token": "/token",
        "userinfo": "/v1/userinfo",
        "revocation": "/revoke",
        "jwks": "/oauth2/v3/certs",
    }
    metadata = {
        "issuer": ...,
        "authorization_endpoint": ...,
        "device_authorization_endpoint": ...,
        "token_endpoint": ...,
        "userinfo_endpoint": ...,
        "revocation_endpoint": ...,
        "jwks_uri": ...,
        "response_types_supported": [
            "code",
            "token",
            "id_token",
            "code token",
            "code id_token",
            "token id_token",
            "code token id_token",
            "none",
        ],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": words(
            "aud email email_verified exp family_name given_name iat iss name picture sub"
        ),
        "code_challenge_methods_supported": ["plain", "S256"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
            _JWT_BEARER,
        ],
    }
    hidden = {
        "device_verification": "https://developers.google.com/identity/protocols/oauth2/limited-input-device"
    }
    sources = STANDARD_SOURCES | cite(
        (
            "https://developers.google.com/identity/openid-connect/openid-connect",
            "header.alg header.kid header.typ",
        ),
        (_REFERENCE + "#id-token", "iss azp aud sub email email_verified at_hash nonce name picture"),
        (_REFERENCE + "#id-token", "given_name iat exp hd"),
        (_TOKENINFO, "scope access_type"),
    )

    def new_kid(self) -> str:
        """40 hexadecimal digits."""
        return random_ids.token_hex(20)

    def endpoints(self, url: str) -> dict[Endpoint, str]:
        """On five hosts by Google's name, below the issuer by any other."""
        if urlsplit(url).hostname != "accounts.google.com":
            return super().endpoints(url)
        return {name: _HOSTS[name] + path for name, path in self.paths.items()}

    def subject(self, user: User, *, issuer: str, client_id: str, use: TokenUse) -> str:
        """21 digits, the same for every client."""
        return user.sub or google_id(user.name)

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """``typ`` is ``JWT``."""
        return {"alg": algorithm, "kid": kid, "typ": "JWT"}

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """The claims of Google's reference, with its types."""
        person = request.person
        said: dict[str, Any] = {
            "iss": request.issuer,
            "azp": request.client_id,
            "aud": request.client_id,
            "sub": request.sub,
        }
        if request.use == "access":
            said |= {"scope": " ".join(request.scope or self.scope), "access_type": "online"}
        else:
            if hosted := _hosted(person):
                said["hd"] = hosted
            said |= _profile(person, request.openid_scope)
        return said | {"iat": request.issued_at, "exp": request.expires_at} | standard_claims(request)

    def userinfo(self, request: TokenRequest) -> dict[str, Any]:
        """The same profile as in the ID token."""
        said = {"sub": request.sub} | _profile(request.person, request.scope)
        return said | dict(request.user.claims)


def _hosted(person: User) -> str:
    """The Workspace domain of the account; personal accounts have none."""
    domain = person.email.partition("@")[2]
    return "" if domain in ("gmail.com", "googlemail.com") else domain


def _profile(person: User, scope: tuple[str, ...]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if "email" in scope:
        said |= {"email": person.email, "email_verified": True}
    if "profile" in scope:
        name = person.profile(("profile",))
        said |= {
            "name": name["name"],
            "picture": f"https://lh3.googleusercontent.com/a/{google_id(person.name)}=s96-c",
            "given_name": name["given_name"],
        }
    return said
