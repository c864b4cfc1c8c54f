"""The operations of Identity Center's portal: none yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.context import Context, Operation

__all__ = ["OPERATIONS", "condition_keys", "resources"]

OPERATIONS: Mapping[str, Operation] = {}


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """None: its permissions are for all of it."""
    return ["*"]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """None beside the global ones."""
    return {}
