"""A fake OIDC issuer for tests: tokens that look like a vendor's, and hostile ones that almost do.

>>> from fake_idp import Issuer
>>> issuer = Issuer("okta", audience="https://mcp.example.com/mcp")
>>> token = issuer.mint(sub="alice", claims={"groups": ["ops"]}, expires_in=600)
>>> forged = issuer.forge("sig.hs-confusion[jwk]", sub="alice")

For tests only: nothing here is hardened, and it signs whatever it is asked to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fake_idp.clock import Clock
    from fake_idp.errors import FakeIdpError, InvalidValue, MalformedToken, NotSeen, StateError, UnknownName
    from fake_idp.forgeries import FORGERIES, Forgery
    from fake_idp.issuer import Issuer
    from fake_idp.journal import Request
    from fake_idp.key import Key
    from fake_idp.key_ring import KeyRing
    from fake_idp.presets import PRESETS, Preset

__all__ = [
    "FORGERIES",
    "PRESETS",
    "Clock",
    "FakeIdpError",
    "Forgery",
    "InvalidValue",
    "Issuer",
    "Key",
    "KeyRing",
    "MalformedToken",
    "NotSeen",
    "Preset",
    "Request",
    "StateError",
    "UnknownName",
]

_MODULES = {
    "clock": ("Clock",),
    "errors": ("FakeIdpError", "InvalidValue", "MalformedToken", "NotSeen", "StateError", "UnknownName"),
    "forgeries": ("FORGERIES", "Forgery"),
    "issuer": ("Issuer",),
    "journal": ("Request",),
    "key": ("Key",),
    "key_ring": ("KeyRing",),
    "presets": ("PRESETS", "Preset"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: ``fake-idp serve`` answers before it needs half of these (PEP 562)."""
    import importlib

    for module, names in _MODULES.items():
        if name in names:
            found = getattr(importlib.import_module(f"fake_idp.{module}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
