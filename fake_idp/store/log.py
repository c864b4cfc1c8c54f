"""The journals of served issuers in the state file, written beside the answers and not before them."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from fake_idp.errors import StateError
from fake_idp.journal import LIMIT, Request
from fake_idp.store.database import Database

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["Log"]

_SECONDS = 0.5
_SHARE = 0.05  # of the time, at most, goes into writing: under load the file follows more slowly
_AT_A_TIME = 500  # requests: each is a record of a kilobyte or more while it is written
_PRUNE_EVERY = 600  # times


class Log:
    """Keeps the journals across restarts, each as long as it is in memory, and expired records out.

    A process that is killed loses what it was asked in its last half second, or under load in the last
    seconds.

    Args:
        database: the state file.
        issuers: whose journals; what the file has of them is taken over at once.
    """

    def __init__(self, database: Database, issuers: Iterable[Issuer]) -> None:
        self._database = database
        self._issuers = tuple(issuers)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fake-idp-journal", daemon=True)
        for issuer in self._issuers:
            issuer.journal.restore(self._kept(issuer))

    def start(self) -> None:
        """Write from now on, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is not written yet, and end the thread."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        count, pause = 0, _SECONDS
        while not self._stopping.wait(pause):
            begun = time.thread_time()
            self._write()
            pause = max(_SECONDS, (time.thread_time() - begun) / _SHARE)
            if count % _PRUNE_EVERY == 0:
                self._prune()
            count += 1
        self._write()

    def _write(self) -> None:
        for issuer in self._issuers:
            for _ in range(math.ceil(LIMIT / _AT_A_TIME)):  # what comes in meanwhile is for the next time
                if not (requests := issuer.journal.drain(_AT_A_TIME)):
                    break
                try:
                    self._append(issuer.preset.name, requests)
                except StateError:
                    return  # they are in memory, and whoever serves has said what is wrong with the file

    def _append(self, name: str, requests: Iterable[Request]) -> None:
        with self._database.transaction():
            for request in requests:
                self._database.query(
                    "insert into journal (issuer, body) values (?, ?)", (name, json.dumps(vars(request)))
                )
            self._database.query(
                "delete from journal where issuer = ? and id <="
                " (select id from journal where issuer = ? order by id desc limit 1 offset ?)",
                (name, name, LIMIT),
            )

    def _prune(self) -> None:
        for issuer in self._issuers:
            try:
                issuer.state.prune(issuer.clock.now())
            except StateError:
                return

    def _kept(self, issuer: Issuer) -> list[Request]:
        rows = self._database.query(
            "select body from journal where issuer = ? order by id", (issuer.preset.name,)
        )
        try:
            return [Request(**json.loads(body)) for (body,) in rows]
        except (ValueError, TypeError):
            raise StateError(self._database.path, "has a journal that is broken; it was left alone") from None
