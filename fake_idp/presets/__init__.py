"""The vendors that an issuer can look like, one file each."""

from __future__ import annotations

from fake_idp.errors import UnknownName
from fake_idp.presets.auth0 import Auth0, Auth0Rfc9068
from fake_idp.presets.base import ENDPOINTS, GRANTS, Endpoint, Preset, TokenRequest, TokenUse, path_of
from fake_idp.presets.cognito import Cognito, CognitoIdentity
from fake_idp.presets.entra import Entra, EntraCommon
from fake_idp.presets.entra_v1 import EntraV1
from fake_idp.presets.google import Google
from fake_idp.presets.identity_center import IdentityCenter
from fake_idp.presets.okta import Okta, OktaOrg
from fake_idp.presets.plain import Plain

__all__ = [
    "ENDPOINTS",
    "GRANTS",
    "PRESETS",
    "Endpoint",
    "Preset",
    "TokenRequest",
    "TokenUse",
    "find_preset",
    "loopback_url",
]

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Plain(),
        IdentityCenter(),
        Cognito(),
        CognitoIdentity(),
        Okta(),
        OktaOrg(),
        Auth0(),
        Auth0Rfc9068(),
        Entra(),
        EntraV1(),
        EntraCommon(),
        Google(),
    )
}
"""Every preset by name."""


def find_preset(name: str) -> Preset:
    """Look a preset up.

    Raises:
        UnknownName: there is none of that name.
    """
    if name in PRESETS:
        return PRESETS[name]
    raise UnknownName("preset", name, PRESETS)


def loopback_url(preset: Preset | str, address: str) -> str:
    """What an issuer is called that lives at an address of its own: no two presets get the same name.

    The plain issuer is at the root. A vendor keeps its path, with the trailing slash if it has one; a
    vendor without a path, or somebody's preset with the path of a vendor, gets its name for one.
    """
    shape = find_preset(preset) if isinstance(preset, str) else preset
    if shape.name == "plain":
        return address
    path = path_of(shape.url)
    if not path or any(path_of(other.url) == path for other in PRESETS.values() if other.name != shape.name):
        path = f"/{shape.name}{path}"
    return address + path + ("/" if shape.url.endswith("/") else "")
