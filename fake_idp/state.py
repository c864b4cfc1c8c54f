"""What an issuer remembers besides its keys: users, clients, codes, refresh tokens.

Everything is a small JSON record under a kind and a key. In tests it is held in memory; ``fake-idp
serve`` keeps it in a file (``fake_idp.store``).
"""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

__all__ = ["KEPT_AFTER_EXPIRY", "MemoryState", "Record", "State"]

Record = dict[str, Any]


class State(Protocol):
    """Records by kind and key. What is handed out is a copy; ``put`` changes what is kept."""

    def get(self, kind: str, key: str) -> Record | None:
        """The record, or None."""

    def put(self, kind: str, key: str, record: Record) -> None:
        """Keep the record; one with ``expires_at`` may be forgotten some time after that moment."""

    def delete(self, kind: str, key: str) -> None:
        """Forget the record, if it is there."""

    def items(self, kind: str) -> list[tuple[str, Record]]:
        """The records of a kind with their keys, oldest first."""

    def clear(self, *kinds: str) -> None:
        """Forget every record, or those of these kinds."""

    def transaction(self) -> AbstractContextManager[None]:
        """Read and write with nobody in between, in this process or another; all or nothing."""

    def prune(self, now: float) -> None:
        """Forget the records whose ``expires_at`` is over for more than a day."""


KEPT_AFTER_EXPIRY = 86_400
"""Seconds, so that a clock that a test moves a little does not lose anything."""


class MemoryState:
    """A state that ends with the process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._kinds: dict[str, dict[str, Record]] = {}

    def get(self, kind: str, key: str) -> Record | None:
        """The record, or None."""
        with self._lock:
            return copy.deepcopy(self._kinds.get(kind, {}).get(key))

    def put(self, kind: str, key: str, record: Record) -> None:
        """Keep the record."""
        with self._lock:
            self._kinds.setdefault(kind, {})[key] = copy.deepcopy(record)

    def delete(self, kind: str, key: str) -> None:
        """Forget the record, if it is there."""
        with self._lock:
            self._kinds.get(kind, {}).pop(key, None)

    def items(self, kind: str) -> list[tuple[str, Record]]:
        """The records of a kind with their keys, oldest first."""
        with self._lock:
            return copy.deepcopy(list(self._kinds.get(kind, {}).items()))

    def clear(self, *kinds: str) -> None:
        """Forget every record, or those of these kinds."""
        with self._lock:
            for kind in kinds or tuple(self._kinds):
                self._kinds.pop(kind, None)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Read and write with nobody in between; undone when the block raises."""
        with self._lock:
            before = {kind: dict(records) for kind, records in self._kinds.items()}
            try:
                yield
            except BaseException:
                self._kinds = before
                raise

    def prune(self, now: float) -> None:
        """Forget the records whose ``expires_at`` is over for more than a day."""
        with self._lock:
            for records in self._kinds.values():
                for key in [
                    k for k, r in records.items() if r.get("expires_at", now) < now - KEPT_AFTER_EXPIRY
                ]:
                    del records[key]
