"""The one file of a state folder, in SQLite: opened, checked and shared.

Several processes may have it open, and any of them may be killed at any moment: SQLite's write-ahead
log sees to that. A file that cannot be used is reported and left as it was found.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fake_idp.errors import StateError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["FILE", "VERSION", "Database"]

FILE = "state.sqlite3"
VERSION = 1
"""The version of the tables below; a file of a higher one is refused."""

_APPLICATION = 0x66_6B_69_64  # "fkid", at offset 68 of the file (sqlite.org/fileformat.html section 1.3)
_BUSY_SECONDS = 10.0
_LOOK_SECONDS = 0.1
_SMALLEST_PAGE = 512
_BROKEN = "is broken and was left alone; move it away to start afresh"

_TABLES = (
    """create table issuer (
        name text primary key,
        url text not null,
        client_id text not null,
        audience text not null,
        scope text not null,
        algorithm text,
        keys_version integer not null default 0,
        included text not null default '[]'
    )""",
    """create table key (
        id integer primary key,
        issuer text not null,
        kid text not null,
        use text not null,
        state text not null,
        algorithm text not null,
        private_key text not null,
        members text not null
    )""",
    """create table record (
        id integer primary key,
        issuer text not null,
        kind text not null,
        key text not null,
        expires_at real,
        body text not null,
        unique (issuer, kind, key)
    )""",
    "create index record_expires_at on record (expires_at) where expires_at is not null",
    "create table journal (id integer primary key autoincrement, issuer text not null, body text not null)",
)


class Database:
    """The connection of this process to a state file; opened at its first use, by any thread.

    Args:
        folder: the state folder; made, for its owner only, when something is first written to it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._depth = 0
        self._seen = -1
        self._inode = 0
        self._look_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether anything was asked of the file yet."""
        return self._connection is not None

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.exists()

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement; outside a transaction it is one.

        Raises:
            StateError: the file cannot be used.
        """
        with self._lock, self._told():
            return self._opened().execute(sql, values).fetchall()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Read and write with nobody in between, in this process or another; undone when the block raises.

        Inside another transaction it is a part of that one, which can fail by itself.

        Raises:
            StateError: the file cannot be used.
        """
        with self._lock:
            depth = self._depth
            begin, commit, undo = (
                ("begin immediate", "commit", "rollback")
                if depth == 0
                else (f"savepoint s{depth}", f"release s{depth}", f"rollback to s{depth}")
            )
            self.query(begin)
            self._depth += 1
            try:
                yield
                self.query(commit)
            except BaseException:
                # Some errors (a full disk) have ended the transaction already.
                if self._connection is not None and self._connection.in_transaction:
                    with contextlib.suppress(StateError):
                        self.query(undo)
                raise
            finally:
                self._depth = depth

    def changed(self) -> bool:
        """Whether another process has written since this was last asked; cheap enough for every request.

        Raises:
            StateError: the file is gone, or another one is in its place; said every 0.1 seconds.
        """
        with self._lock:
            try:
                (found,) = self._opened().execute("pragma data_version").fetchone()
            except Exception:  # said by ``query``, which is too slow for every request
                (found,) = self.query("pragma data_version")[0]
            now = time.monotonic()
            if now > self._look_at:  # a file that was moved away keeps its version
                self._look_at = now + _LOOK_SECONDS
                self._check_place()
            if found == self._seen:
                return False
            self._seen = found
            return True

    def close(self) -> None:
        """Close the file; whatever is asked later opens it again."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _check_place(self) -> None:
        try:
            inode = self.path.stat().st_ino
        except OSError:
            inode = 0
        if inode != self._inode:
            raise StateError(self.path, "is gone, or another file is in its place")

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        import sqlite3  # 7 ms, for those who need it

        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._prepare()
        except OSError as error:
            raise StateError(self.path, f"cannot be used ({error.strerror})") from None
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("pragma synchronous = normal")
            self._check(connection)
            (self._seen,) = connection.execute("pragma data_version").fetchone()
            self._inode = self.path.stat().st_ino
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        """Make the file, since SQLite would make it readable for everybody; the log beside it is as it is.

        One that is there is not opened here: to close it would end the locks that this process has on it
        (sqlite.org/howtocorrupt.html section 2.2).
        """
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        if 0 < self.path.stat().st_size < _SMALLEST_PAGE:  # which SQLite would take for an empty one
            raise StateError(self.path, _BROKEN)

    def _check(self, connection: sqlite3.Connection) -> None:
        """See that it is a state file of this version, and make it one if it is empty."""
        (version,) = connection.execute("pragma user_version").fetchone()
        if version == 0:
            _to_wal(connection)
            connection.execute("begin immediate")
            # Another process may have been quicker; one that was killed meanwhile has left nothing.
            (version,) = connection.execute("pragma user_version").fetchone()
            (tables,) = connection.execute("select count(*) from sqlite_schema").fetchone()
            if version == 0 and tables == 0:
                for statement in _TABLES:
                    connection.execute(statement)
                connection.execute(f"pragma application_id = {_APPLICATION}")
                connection.execute(f"pragma user_version = {VERSION}")
                version = VERSION
            connection.execute("commit")
        (application,) = connection.execute("pragma application_id").fetchone()
        if application != _APPLICATION:
            raise StateError(self.path, "is not a state file of fake-idp, and was left alone")
        if version != VERSION:
            raise StateError(
                self.path,
                f"is of version {version} and this fake-idp knows version {VERSION}; it was left alone",
            )

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Say in one line what SQLite says in many ways."""
        import sqlite3

        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorname", "")
            if code.startswith("SQLITE_BUSY"):
                reason = f"was in use by another process for {_BUSY_SECONDS:.0f} seconds"
            elif code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")) or code == "SQLITE_ERROR":
                reason = _BROKEN
            else:
                reason = f"cannot be used ({error})"
            raise StateError(self.path, reason) from None


def _to_wal(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log.

    SQLite does not wait for others here, whatever the timeout, so this does.
    """
    import sqlite3

    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > until:
                raise
            time.sleep(0.005)
        else:
            return
