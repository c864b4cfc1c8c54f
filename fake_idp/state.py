"""What an issuer remembers besides its keys: users, clients, codes, refresh tokens.

Everything is a small JSON record under a kind and a key. In tests it is held in memory; ``fake-idp
serve`` keeps it in a file (``fake_idp.store``).
"""

from __future__ import annotations

import contextlib
import copy
import functools
import threading
from collections.abc import Callable, Iterator
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
        self._open = 0  # transactions, one within the other
        self._undo: list[Callable[[], object]] = []  # what to do, last first, when one fails

    def get(self, kind: str, key: str) -> Record | None:
        """The record, or None."""
        with self._lock:
            return copy.deepcopy(self._kinds.get(kind, {}).get(key))

    def put(self, kind: str, key: str, record: Record) -> None:
        """Keep the record."""
        with self._lock:
            records = self._kinds.setdefault(kind, {})
            if self._open:
                before = records.get(key)
                self._undo.append(
                    functools.partial(records.pop, key, None)
                    if before is None
                    else functools.partial(records.__setitem__, key, before)
                )
            records[key] = copy.deepcopy(record)

    def delete(self, kind: str, key: str) -> None:
        """Forget the record, if it is there."""
        with self._lock:
            if key in self._kinds.get(kind, {}):
                self._keep_all(kind)
                del self._kinds[kind][key]

    def items(self, kind: str) -> list[tuple[str, Record]]:
        """The records of a kind with their keys, oldest first."""
        with self._lock:
            return copy.deepcopy(list(self._kinds.get(kind, {}).items()))

    def clear(self, *kinds: str) -> None:
        """Forget every record, or those of these kinds."""
        with self._lock:
            for kind in kinds or tuple(self._kinds):
                self._keep_all(kind)
                self._kinds.pop(kind, None)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Read and write with nobody in between; undone when the block raises."""
        with self._lock:
            self._open += 1
            begun = len(self._undo)
            try:
                yield
            except BaseException:
                while len(self._undo) > begun:
                    self._undo.pop()()
                raise
            finally:
                self._open -= 1
                if not self._open:
                    self._undo.clear()

    def prune(self, now: float) -> None:
        """Forget the records whose ``expires_at`` is over for more than a day."""
        with self._lock:
            for kind, records in self._kinds.items():
                over = [k for k, r in records.items() if r.get("expires_at", now) < now - KEPT_AFTER_EXPIRY]
                if over:
                    self._keep_all(kind)
                for key in over:
                    del records[key]

    def _keep_all(self, kind: str) -> None:
        """Before records of the kind are forgotten in a transaction: they come back in their order."""
        records = self._kinds.get(kind)
        if self._open and records is not None:
            before = dict(records)

            def restore() -> None:
                records.clear()
                records.update(before)
                self._kinds[kind] = records

            self._undo.append(restore)
