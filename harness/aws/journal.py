"""What AWS saw, in order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

__all__ = ["Call", "Journal"]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call to AWS. It holds no token and no secret.

    Attributes:
        time: seconds since the epoch, by the clock of this AWS.
        service: ``sts``, ``iam``, ``cloudwatch``, ``logs``, ``cognito-idp``, ``cognito-identity``, or the
            host name where it is none of them.
        operation: for example ``AssumeRole``; empty when the call names none.
        account: account id.
        principal: ARN of the principal that signed; None for an unsigned call or a signature refused.
        access_key_id: the key that signed, or claimed to; None for an unsigned call.
        decision: ``allow``, or ``deny`` where identity or permission was refused. Any other error is an
            ``allow`` with an ``error``.
        error: AWS's error code in its query form (``AccessDenied``, not ``AccessDeniedException``), or as the
            service names it; None for a success.
        status: HTTP status code.
    """

    time: float
    service: str
    operation: str
    account: str
    principal: str | None
    access_key_id: str | None
    decision: str
    error: str | None
    status: int


class Journal(Sequence[Call]):
    """Calls in the order in which they were answered; grows only at its end, so an index stays good."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def append(self, call: Call) -> None:
        """Add a call; safe from any thread."""
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> list[Call]: ...
    def __getitem__(self, index: int | slice) -> Call | list[Call]:
        return self._calls[index]

    def __len__(self) -> int:
        return len(self._calls)

    def __repr__(self) -> str:
        return f"Journal({self._calls!r})"
