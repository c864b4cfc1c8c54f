"""Microsoft Entra ID, version 1.0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fake_idp.presets.base import Endpoint, TokenRequest, cite, words
from fake_idp.presets.entra import (
    ACCESS,
    API,
    CLOUD,
    LOGIN,
    NOT_HERE,
    TENANT,
    Entra,
    aio,
    is_microsoft,
    scp,
    uti,
)
from fake_idp.presets.entra_refusals import check_machine_resource

__all__ = ["EntraV1"]


class EntraV1(Entra):
    """``https://sts.windows.net/{tenant}/``, tokens of version 1.0, trailing slash and all.

    The v2.0 endpoint issues them too, when the API asks for them. The header has ``x5t`` as well; the
    client is in ``appid`` and ``appidacr``, ``aud`` is the API's URI, there are ``amr``, ``unique_name``
    and ``upn``. ``resource`` chooses the API here.
    """

    name = "entra_v1"
    title = "Microsoft Entra ID, v1.0"
    url = f"https://sts.windows.net/{TENANT}/"
    audience = f"api://{API}"
    resource = "audience"
    machine_scope = ()
    paths = {
        "token": "/oauth2/token",
        "jwks": "/discovery/keys",
        "userinfo": "/openid/userinfo",
        "authorization": "/oauth2/authorize",
        "device_authorization": "/oauth2/devicecode",
        "device_verification": "/devicelogin",
        "end_session": "/oauth2/logout",
    }
    metadata = {
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
        "response_types_supported": ["code", "id_token", "code id_token", "token id_token", "token"],
        "scopes_supported": ["openid"],
        "issuer": ...,
        "microsoft_multi_refresh_token": True,
        "authorization_endpoint": ...,
        "device_authorization_endpoint": ...,
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": ...,
        "claims_supported": words(
            "sub iss cloud_instance_name cloud_instance_host_name cloud_graph_host_name msgraph_host "
            "aud exp iat auth_time acr amr nonce email given_name family_name nickname"
        ),
        "userinfo_endpoint": ...,
        "tenant_region_scope": "WW",
        **CLOUD,
    }
    left_out = {"kerberos_endpoint": NOT_HERE, "check_session_iframe": NOT_HERE}
    sources = {
        name: source
        for name, source in Entra.sources.items()
        if name not in ("azp", "azpacr", "preferred_username")
    } | cite(
        (ACCESS + "#header-claims", "header.x5t"),
        (ACCESS + "#payload-claims", "acr amr appid appidacr idp unique_name"),
        (ACCESS + "#v10-basic-claims", "ipaddr family_name given_name upn"),
    )

    def _key_issuer(self, url: str) -> dict[str, Any]:
        return {}

    def endpoints(self, url: str) -> dict[Endpoint, str]:
        """By Microsoft's name the keys are those of all tenants, and the host is not the issuer's."""
        if not is_microsoft(url):
            return super().endpoints(url)
        tenant = f"{LOGIN}/{self.tenant(url)}"
        return {name: tenant + path for name, path in self.paths.items()} | {
            "jwks": f"{LOGIN}/common/discovery/keys",
            "device_verification": "https://microsoft.com/devicelogin",
        }

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """``x5t`` says the same as ``kid``."""
        return {"typ": "JWT", "alg": algorithm, "x5t": kid, "kid": kid}

    def check_request(self, endpoint: Endpoint, parameters: Mapping[str, str]) -> None:
        """``resource`` says for which API."""
        check_machine_resource(endpoint, parameters)

    def _roles(self, request: TokenRequest) -> dict[str, Any]:
        """There are no scopes here: an application gets everything that it was granted."""
        roles = [*request.user.roles, *(self.app_roles if request.machine else ())]
        return {"roles": roles} if roles else {}

    def _access(self, request: TokenRequest) -> dict[str, Any]:
        person = request.person
        name = person.profile(("profile",))
        return {
            "acr": "1",
            "aio": aio(),
            "amr": ["pwd"],
            "appid": request.client_id,
            "appidacr": "0",
            "family_name": "Example",
            "given_name": name["given_name"],
            "ipaddr": "127.0.0.1",
            "name": name["name"],
            "oid": self._object_id(request),
            "rh": self._rh(request),
            "scp": scp(request.scope),
            "sub": request.sub,
            "tid": self.tenant(request.issuer),
            "unique_name": person.email,
            "upn": person.email,
            "uti": uti(),
            "ver": "1.0",
        }

    def _of_a_machine(self, request: TokenRequest) -> dict[str, Any]:
        return {
            "aio": aio(),
            "appid": request.client_id,
            "appidacr": "1",
            "idp": request.issuer,
            "idtyp": "app",
            "oid": self._object_id(request),
            "rh": self._rh(request),
            "sub": request.sub,
            "tid": self.tenant(request.issuer),
            "uti": uti(),
            "ver": "1.0",
        }

    def _id(self, request: TokenRequest) -> dict[str, Any]:
        person, scope = request.person, request.openid_scope
        name = person.profile(("profile",))
        said: dict[str, Any] = {"amr": ["pwd"]}
        if "email" in scope:
            said["email"] = person.email
        return said | {
            "family_name": "Example",
            "given_name": name["given_name"],
            "ipaddr": "127.0.0.1",
            "name": name["name"],
            "oid": self._object_id(request),
            "rh": self._rh(request),
            "sub": request.sub,
            "tid": self.tenant(request.issuer),
            "unique_name": person.email,
            "upn": person.email,
            "uti": uti(),
            "ver": "1.0",
        }
