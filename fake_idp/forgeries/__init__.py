"""Hostile tokens, each with one defect: the catalogue, and what makes them.

``FORGERIES`` has them all; ``Issuer.forge`` makes one.
"""

from __future__ import annotations

from fake_idp.forgeries import claims, encoding, headers, key_sets, signatures, times  # noqa: F401 (they register)
from fake_idp.forgeries.registry import (
    FORGERIES,
    Expectation,
    Forgery,
    Parameter,
    Variant,
    find_forgery,
    forge,
    publish,
)

__all__ = [
    "FORGERIES",
    "Expectation",
    "Forgery",
    "Parameter",
    "Variant",
    "find_forgery",
    "forge",
    "publish",
]
