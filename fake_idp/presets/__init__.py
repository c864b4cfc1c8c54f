"""The vendors that an issuer can look like, one file each."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping

from fake_idp.errors import UnknownName
from fake_idp.presets.base import ENDPOINTS, GRANTS, Endpoint, Preset, TokenRequest, TokenUse, path_of

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


class _Presets(Mapping[str, Preset]):
    """The vendors' presets by name; a vendor's file is imported when it is first asked for."""

    _CLASSES = {
        "plain": "plain:Plain",
        "identity_center": "identity_center:IdentityCenter",
        "cognito": "cognito:Cognito",
        "cognito_identity": "cognito:CognitoIdentity",
        "okta": "okta:Okta",
        "okta_org": "okta:OktaOrg",
        "auth0": "auth0:Auth0",
        "auth0_rfc9068": "auth0:Auth0Rfc9068",
        "entra": "entra:Entra",
        "entra_v1": "entra_v1:EntraV1",
        "entra_common": "entra:EntraCommon",
        "google": "google:Google",
    }

    def __init__(self) -> None:
        self._made: dict[str, Preset] = {}

    def __getitem__(self, name: str) -> Preset:
        if name not in self._made:
            module, _, attribute = self._CLASSES[name].partition(":")
            self._made[name] = getattr(importlib.import_module(f"fake_idp.presets.{module}"), attribute)()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._CLASSES

    def __iter__(self) -> Iterator[str]:
        return iter(self._CLASSES)

    def __len__(self) -> int:
        return len(self._CLASSES)


PRESETS: Mapping[str, Preset] = _Presets()
"""Every preset by name."""


def find_preset(name: str) -> Preset:
    """Look a preset up, or load one that somebody wrote.

    Args:
        name: one of ``PRESETS``; ``module:Class`` for a class of your own; or the path of a TOML file,
            which ends in ``.toml``.

    Raises:
        UnknownName: there is none of that name, or something in the file has no such name.
        InvalidValue: the class or the file cannot be used.
    """
    if name in PRESETS:
        return PRESETS[name]
    if name.endswith(".toml") or ":" in name:
        from fake_idp.presets.custom import load

        return load(name)
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
    own = shape.name not in PRESETS
    if not path or (own and any(path_of(vendor.url) == path for vendor in PRESETS.values())):
        path = f"/{shape.name}{path}"
    return address + path + ("/" if shape.url.endswith("/") else "")
