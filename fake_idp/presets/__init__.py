"""The vendors that an issuer can look like, one file each."""

from __future__ import annotations

from fake_idp.errors import UnknownName
from fake_idp.presets.base import ENDPOINTS, GRANTS, Endpoint, Preset, TokenRequest, TokenUse
from fake_idp.presets.cognito import Cognito
from fake_idp.presets.identity_center import IdentityCenter
from fake_idp.presets.okta import Okta
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
]

PRESETS: dict[str, Preset] = {
    preset.name: preset for preset in (Plain(), IdentityCenter(), Cognito(), Okta())
}
"""Every preset by name."""


def find_preset(name: str) -> Preset:
    """Look a preset up.

    Raises:
        UnknownName: there is none of that name.
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise UnknownName("preset", name, PRESETS) from None
