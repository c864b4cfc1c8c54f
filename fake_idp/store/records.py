"""One issuer's records in the state file: the ``State`` protocol over SQLite."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

from fake_idp.errors import StateError
from fake_idp.state import KEPT_AFTER_EXPIRY, Record
from fake_idp.store.database import Database

__all__ = ["SqliteState"]


class SqliteState:
    """What one issuer remembers, in a file that other processes may have open as well.

    Keys are kept as JSON: one that a request brought may contain what SQLite has no text for.

    Args:
        database: the state file.
        issuer: the issuer's name in it.
        before_transactions: called before a transaction begins, for what must not be undone with it.
    """

    def __init__(
        self, database: Database, issuer: str, *, before_transactions: Callable[[], object] = int
    ) -> None:
        self._database = database
        self._issuer = issuer
        self._before_transactions = before_transactions

    def get(self, kind: str, key: str) -> Record | None:
        """The record, or None."""
        rows = self._database.query(
            "select body from record where issuer = ? and kind = ? and key = ?",
            (self._issuer, kind, json.dumps(key)),
        )
        return self._read(rows[0][0]) if rows else None

    def put(self, kind: str, key: str, record: Record) -> None:
        """Keep the record; one that is replaced keeps its place in the order."""
        self._database.query(
            "insert into record (issuer, kind, key, expires_at, body) values (?, ?, ?, ?, ?)"
            " on conflict (issuer, kind, key) do update set expires_at = excluded.expires_at,"
            " body = excluded.body",
            (self._issuer, kind, json.dumps(key), record.get("expires_at"), json.dumps(record)),
        )

    def delete(self, kind: str, key: str) -> None:
        """Forget the record, if it is there."""
        self._database.query(
            "delete from record where issuer = ? and kind = ? and key = ?",
            (self._issuer, kind, json.dumps(key)),
        )

    def items(self, kind: str) -> list[tuple[str, Record]]:
        """The records of a kind with their keys, oldest first."""
        rows = self._database.query(
            "select key, body from record where issuer = ? and kind = ? order by id", (self._issuer, kind)
        )
        return [(json.loads(key), self._read(body)) for key, body in rows]

    def clear(self, *kinds: str) -> None:
        """Forget every record, or those of these kinds."""
        with self._database.transaction():
            if not kinds:
                self._database.query("delete from record where issuer = ?", (self._issuer,))
            for kind in kinds:
                self._database.query("delete from record where issuer = ? and kind = ?", (self._issuer, kind))

    def transaction(self) -> AbstractContextManager[None]:
        """Read and write with nobody in between, in this process or another; all or nothing."""
        self._before_transactions()
        return self._database.transaction()

    def prune(self, now: float) -> None:
        """Forget the records whose ``expires_at`` is over for more than a day."""
        self._database.query(
            "delete from record where issuer = ? and expires_at < ?", (self._issuer, now - KEPT_AFTER_EXPIRY)
        )

    def _read(self, body: str) -> Record:
        try:
            record = json.loads(body)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise StateError(self._database.path, "has a record that is broken; it was left alone")
        return record
