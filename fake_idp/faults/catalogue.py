"""Every fault there is, by id; each with a source and its parameters."""

from __future__ import annotations

import re

from fake_idp.errors import UnknownName
from fake_idp.faults import discovery, http, jwks  # noqa: F401 - they enter their faults
from fake_idp.faults.kinds import FAULTS, Kind, Parameter

__all__ = ["FAULTS", "Kind", "Parameter", "find_fault"]

_NAME = re.compile(r"(?P<id>[^\[\]]+)(?:\[(?P<variant>.*)\])?", re.DOTALL)


def find_fault(name: str) -> tuple[Kind, str]:
    """Look a fault up by id, with or without a variant.

    Returns:
        The kind and the variant, which is empty for a fault of one form.

    Raises:
        UnknownName: there is no such fault, or no such variant of it.
    """
    match = _NAME.fullmatch(name)
    kind = FAULTS.get(match["id"]) if match else None
    if match is None or kind is None or match["variant"] not in (None, *kind.variants):
        raise UnknownName("fault", name, [name for each in FAULTS.values() for name in each.names])
    return kind, match["variant"] or next(iter(kind.variants), "")
