"""Hostile tokens, each with one defect: the catalogue, and what makes them.

``FORGERIES`` has them all; ``Issuer.forge`` makes one.
"""

from __future__ import annotations

# Importing a theme enters its forgeries, in the order in which they are listed.
# isort: off
from fake_idp.forgeries import encoding  # noqa: F401
from fake_idp.forgeries import signatures  # noqa: F401
from fake_idp.forgeries import headers  # noqa: F401
from fake_idp.forgeries import times  # noqa: F401
from fake_idp.forgeries import claims  # noqa: F401
from fake_idp.forgeries import key_sets  # noqa: F401

# isort: on
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
