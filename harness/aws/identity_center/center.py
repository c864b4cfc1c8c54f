"""Identity Center of the account that is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.identity_center.records import IdentityCenter

__all__ = ["center", "locked"]


def center(call: Context) -> IdentityCenter:
    """Return Identity Center of the account."""
    return call.aws.state(IdentityCenter)


def locked(operations: Mapping[str, Operation]) -> dict[str, Operation]:
    """Return operations each of which holds the records while it works."""
    return {name: _locked(operation) for name, operation in operations.items()}


def _locked(operation: Operation) -> Operation:
    def work(call: Context, fields: Mapping[str, Any]) -> Any:
        with center(call).lock:
            return operation(call, fields)

    return work
