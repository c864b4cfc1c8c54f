"""Microsoft Entra ID, version 2.0: one tenant, or ``common``.

The shapes are those of Microsoft's claims references, and of discovery documents that its own test
suites recorded; ``sources`` names them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from fake_idp import random_ids
from fake_idp.jws import b64url
from fake_idp.presets.base import (
    OPENID_SCOPES,
    STANDARD_SOURCES,
    Endpoint,
    Preset,
    TokenRequest,
    TokenUse,
    address,
    cite,
    stable_uuid,
    standard_claims,
    words,
)
from fake_idp.presets.certificates import x5c
from fake_idp.presets.entra_refusals import check_machine_scope, check_resource, error_body
from fake_idp.users import User

if TYPE_CHECKING:
    from fake_idp.key import Key

__all__ = ["Entra", "EntraCommon"]

TENANT = "fa4e1d90-7e4a-4c0d-9b1f-3c5d7e9f0a12"
"""The tenant of every preset here, unless the issuer's name says another."""

API = "fa4e1d90-a417-4f00-8d2c-5b6a7c8d9e0f"
"""The client id of the API that access tokens are for."""

_LEARN = "https://learn.microsoft.com/entra/identity-platform/"
ACCESS = _LEARN + "access-token-claims-reference"
_ID = _LEARN + "id-token-claims-reference"
_OPTIONAL = _LEARN + "optional-claims-reference"
_GRAPH = "https://graph.microsoft.com"
LOGIN = "https://login.microsoftonline.com"
_CERTIFICATE = "accounts.accesscontrol.windows.net"
#: ID tokens have ``at_hash`` only when the authorization endpoint issued them with an access token.
_STANDARD = {name: source for name, source in STANDARD_SOURCES.items() if name != "at_hash"}
NOT_HERE = "nothing answers there in this issuer"
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

#: A token names no more groups than these (access-token-claims-reference, "Groups overage claim").
_MOST_GROUPS = 200

_HIDDEN = {
    "authorization_code": _LEARN + "v2-oauth2-auth-code-flow",
    "refresh_token": _LEARN + "refresh-tokens",
    "client_credentials": _LEARN + "v2-oauth2-client-creds-grant-flow",
    "password": _LEARN + "v2-oauth-ropc",
    _DEVICE: _LEARN + "v2-oauth2-device-code",
    _JWT_BEARER: _LEARN + "v2-oauth2-on-behalf-of-flow",
    "device_verification": _LEARN + "v2-oauth2-device-code",
}
CLOUD = {
    "cloud_instance_name": "microsoftonline.com",
    "cloud_graph_host_name": "graph.windows.net",
    "msgraph_host": "graph.microsoft.com",
    "rbac_url": "https://pas.windows.net",
}


class Entra(Preset):
    """``https://login.microsoftonline.com/{tenant}/v2.0``, tokens of version 2.0.

    Access tokens: ``aud`` the API's client id, the client in ``azp`` and how it authenticated in
    ``azpacr``, ``scp`` a string and only for people, ``roles`` a list, ``sub`` pairwise, ``oid`` the
    same everywhere. Applications: ``roles`` in place of ``scp``, ``idtyp`` ``app``, ``sub`` as ``oid``.
    Groups are GUIDs, and more than 200 are a link instead. ``resource`` is refused unless the scopes
    say the same, no PKCE methods and no grant types are in the metadata, and there is no introspection,
    revocation or registration.
    """

    name = "entra"
    title = "Microsoft Entra ID, v2.0"
    url = f"{LOGIN}/{TENANT}/v2.0"
    client_id = "fa4e1d90-c11e-4000-9a8b-7c6d5e4f3a2b"
    audience: str | None = API
    scope: tuple[str, ...] = ("openid", "profile", "email", "access_as_user")
    machine_scope: tuple[str, ...] = (f"api://{API}/.default",)
    app_roles: tuple[str, ...] = ("Metrics.Read.All",)
    lifetime = 4500  # between 60 and 90 minutes at random, 75 on average (configurable-token-lifetimes)
    id_lifetime = 3600
    cache_control = "max-age=86400, private"
    grants = ("authorization_code", "refresh_token", "client_credentials", "password", _DEVICE, _JWT_BEARER)
    pkce = "never"
    resource: Literal["audience", "ignored", "refused"] = "refused"
    rotates_refresh_tokens = False
    renews_refresh_tokens = True  # and the old one stays good (refresh-tokens#token-lifetime)
    paths: Mapping[Endpoint, str] = {
        "token": "/oauth2/v2.0/token",
        "jwks": "/discovery/v2.0/keys",
        "userinfo": "/oidc/userinfo",
        "authorization": "/oauth2/v2.0/authorize",
        "device_authorization": "/oauth2/v2.0/devicecode",
        "device_verification": "/v2.0/devicelogin",
        "end_session": "/oauth2/v2.0/logout",
    }
    metadata: Mapping[str, Any] = {
        "token_endpoint": ...,
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "private_key_jwt",
            "client_secret_basic",
        ],
        "jwks_uri": ...,
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": ...,
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": ...,
        "authorization_endpoint": ...,
        "device_authorization_endpoint": ...,
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": ...,
        "claims_supported": words(
            "sub iss cloud_instance_name cloud_instance_host_name cloud_graph_host_name msgraph_host "
            "aud exp iat auth_time acr nonce preferred_username name tid ver at_hash c_hash email"
        ),
        "tenant_region_scope": "WW",
        **CLOUD,
    }
    left_out: Mapping[str, str] = {"kerberos_endpoint": NOT_HERE}
    hidden = _HIDDEN
    sources: Mapping[str, str] = _STANDARD | cite(
        (ACCESS + "#header-claims", "header.typ header.alg header.kid"),
        (
            ACCESS + "#payload-claims",
            "aud iss iat nbf exp aio azp azpacr name oid preferred_username rh scp",
        ),
        (ACCESS + "#payload-claims", "roles groups sub tid uti ver"),
        (ACCESS + "#groups-overage-claim", "_claim_names _claim_sources"),
        (_OPTIONAL, "idtyp email"),
        (_ID + "#payload-claims", "nonce"),
    )

    def new_kid(self) -> str:
        """27 characters, as the SHA-1 thumbprint of a certificate is."""
        return random_ids.token_urlsafe(20)

    def jwk(self, key: Key, *, url: str) -> dict[str, Any]:
        """Without ``alg``; with the certificate, and ``x5t`` the same as ``kid``.

        So it is with Microsoft, whose key ids are thumbprints. Here a key has its id before it has a
        certificate, so the thumbprint of the certificate in ``x5c`` is another. A key for another
        algorithm than Microsoft's keeps its ``alg``, for nobody could guess it.
        """
        jwk = key.public_jwk()
        alg = jwk.pop("alg")
        jwk |= {"x5t": key.kid, "x5c": [x5c(key, _CERTIFICATE)]} | self._key_issuer(url)
        return jwk if alg == self.algorithm else jwk | {"alg": alg}

    def _key_issuer(self, url: str) -> dict[str, Any]:
        return {"issuer": self.discovery(url, algorithm=self.algorithm)["issuer"]}

    def _tenant_base(self, url: str) -> str:
        """The tenant, below which the endpoints are: the issuer without the version."""
        return address(url).removesuffix("/v2.0")

    def endpoints(self, url: str) -> dict[Endpoint, str]:
        """Below the tenant; userinfo is Microsoft Graph's by Microsoft's name, and a device signs in at
        microsoft.com.
        """
        base = self._tenant_base(url)
        at = {name: base + path for name, path in self.paths.items()}
        if is_microsoft(url):
            at |= {
                "userinfo": f"{_GRAPH}/oidc/userinfo",
                "device_verification": "https://microsoft.com/devicelogin",
            }
        return at

    def tenant(self, issuer: str) -> str:
        """The tenant that an issuer's name says, or the one of these presets."""
        return next((part for part in urlsplit(issuer).path.split("/") if _GUID.fullmatch(part)), TENANT)

    def subject(self, user: User, *, issuer: str, client_id: str, use: TokenUse) -> str:
        """Another for every application: 43 characters of base64."""
        return user.sub or _opaque(32, "sub", issuer, client_id, user.name)

    def machine_subject(self, client_id: str) -> str:
        """The object id of the application's service principal."""
        return stable_uuid("service-principal", client_id)

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """``typ`` is ``JWT``, for access tokens too."""
        return {"typ": "JWT", "alg": algorithm, "kid": kid}

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """The claims of Microsoft's references, with their types."""
        said: dict[str, Any] = {
            "aud": self._audience(request),
            "iss": request.issuer,
            "iat": request.issued_at,
            "nbf": request.issued_at,
            "exp": request.expires_at,
        }
        if request.machine:
            said |= self._of_a_machine(request)
        elif request.use == "access":
            said |= self._access(request)
        else:
            said |= self._id(request)
        return said | self._groups(request) | self._roles(request) | standard_claims(request, at_hash=False)

    def _audience(self, request: TokenRequest) -> str | list[str]:
        if request.use == "id":
            return request.client_id
        return request.audience if isinstance(request.audience, str) else list(request.audience)

    def _access(self, request: TokenRequest) -> dict[str, Any]:
        person = request.person
        return {
            "aio": aio(),
            "azp": request.client_id,
            "azpacr": "0",
            "name": person.profile(("profile",))["name"],
            "oid": self._object_id(request),
            "preferred_username": person.email,
            "rh": self._rh(request),
            "scp": scp(request.scope),
            "sub": request.sub,
            "tid": self.tenant(request.issuer),
            "uti": uti(),
            "ver": "2.0",
        }

    def _of_a_machine(self, request: TokenRequest) -> dict[str, Any]:
        return {
            "aio": aio(),
            "azp": request.client_id,
            "azpacr": "1",
            "idtyp": "app",
            "oid": self._object_id(request),
            "rh": self._rh(request),
            "sub": request.sub,
            "tid": self.tenant(request.issuer),
            "uti": uti(),
            "ver": "2.0",
        }

    def _id(self, request: TokenRequest) -> dict[str, Any]:
        person, scope = request.person, request.openid_scope
        said: dict[str, Any] = {"aio": aio()}
        if "email" in scope:
            said["email"] = person.email
        if "profile" in scope:
            said |= {
                "name": person.profile(("profile",))["name"],
                "oid": self._object_id(request),
                "preferred_username": person.email,
            }
        return said | {
            "rh": self._rh(request),
            "sub": request.sub,
            "tid": self.tenant(request.issuer),
            "uti": uti(),
            "ver": "2.0",
        }

    def _object_id(self, request: TokenRequest) -> str:
        if request.machine:
            return self.machine_subject(request.client_id)
        return stable_uuid("oid", self.tenant(request.issuer), request.person.name)

    def _rh(self, request: TokenRequest) -> str:
        return "1.A" + _opaque(30, "rh", request.client_id) + "."

    def _groups(self, request: TokenRequest) -> dict[str, Any]:
        """The groups as GUIDs; when they are too many, where Microsoft Graph lists them."""
        names = request.user.groups
        if not names:
            return {}
        if len(names) > _MOST_GROUPS:
            url = f"{_GRAPH}/v1.0/users/{self._object_id(request)}/getMemberObjects"
            return {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": url}}}
        return {"groups": [name if _GUID.fullmatch(name) else stable_uuid("group", name) for name in names]}

    def _roles(self, request: TokenRequest) -> dict[str, Any]:
        """What an application is allowed, or which roles the person has in it.

        By ``{API}/.default`` an application gets everything that it was granted.
        """
        roles = list(request.user.roles)
        if request.machine:
            every = any(scope.endswith("/.default") for scope in request.scope)
            roles += self.app_roles if every else [scope.rpartition("/")[2] for scope in request.scope]
        return {"roles": roles} if roles else {}

    def userinfo(self, request: TokenRequest) -> dict[str, Any]:
        """Microsoft Graph's answer (userinfo#calling-the-api)."""
        person = request.person
        said: dict[str, Any] = {"sub": request.sub}
        if "profile" in request.scope:
            name = person.profile(("profile",))
            said |= {"name": name["name"], "given_name": name["given_name"]}
            said["picture"] = f"{_GRAPH}/v1.0/me/photo/$value"
        if "email" in request.scope:
            said["email"] = person.email
        return said | dict(person.claims)

    def check_request(self, endpoint: Endpoint, parameters: Mapping[str, str]) -> None:
        """See ``entra_refusals``."""
        check_resource(endpoint, parameters)
        check_machine_scope(endpoint, parameters)

    def token_response(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """With ``ext_expires_in`` (v2-oauth2-client-creds-grant-flow, "Successful response")."""
        return {**answer, "ext_expires_in": answer["expires_in"]}

    def error_body(self, error: str, description: str, *, now: float) -> dict[str, Any]:
        """See ``entra_refusals``."""
        return error_body(error, description, now=now)


class EntraCommon(Entra):
    """``https://login.microsoftonline.com/common/v2.0``: for accounts of any tenant.

    The issuer's name is where clients look, and no token's ``iss``: the metadata have the literal
    ``{tenantid}`` in ``issuer``, which a client has to fill in from ``tid``, and every token carries
    the tenant of its person.
    """

    name = "entra_common"
    title = "Microsoft Entra ID, v2.0, any tenant (common)"
    url = f"{LOGIN}/common/v2.0"
    metadata = dict(Entra.metadata) | {"tenant_region_scope": None}

    def token_issuer(self, url: str) -> str:
        """The tenant's own issuer."""
        return _with_tenant(url, TENANT)

    def discovery(self, url: str, *, algorithm: str) -> dict[str, Any]:
        """``issuer`` is a template."""
        return super().discovery(url, algorithm=algorithm) | {"issuer": _with_tenant(url, "{tenantid}")}


def is_microsoft(url: str) -> bool:
    return urlsplit(url).hostname in ("login.microsoftonline.com", "sts.windows.net")


def _with_tenant(url: str, tenant: str) -> str:
    return re.sub(r"(?<=[^/])/common(?=/|$)", f"/{tenant}", url, count=1)


def scp(scope: tuple[str, ...]) -> str:
    """The API's scopes without its name; those of OpenID only when there are no others."""
    own = [each.rpartition("/")[2] for each in scope if each not in OPENID_SCOPES]
    return " ".join(own or scope)


def _opaque(length: int, *seed: str) -> str:
    return b64url(hashlib.sha512("\0".join(seed).encode("utf-8", "surrogatepass")).digest()[:length])


def aio() -> str:
    return random_ids.token_urlsafe(33)


def uti() -> str:
    return random_ids.token_urlsafe(16)
