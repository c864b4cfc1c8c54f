"""The keys of an issuer in the state file: every process that has it open signs with the same ones."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any, cast, get_args

from fake_idp.errors import FakeIdpError, StateError
from fake_idp.keys import ALGORITHMS, Algorithm, Held, Key, KeyRing, KeyState
from fake_idp.presets import Preset
from fake_idp.store.database import Database

__all__ = ["StoredRing"]


class StoredRing(KeyRing):
    """A key ring that is read from the state file and written back with every change.

    An issuer without keys gets them here, and all processes get the same: whoever is first in a
    transaction has made them.

    Args:
        database: the state file.
        issuer: the issuer's name in it.
        preset: for the form of key ids, and the uses.
        algorithm: of the keys that this ring makes.

    Raises:
        StateError: the keys in the file cannot be read.
    """

    def __init__(self, database: Database, issuer: str, preset: Preset, *, algorithm: Algorithm) -> None:
        self._database = database
        self._issuer = issuer
        self._version = 0
        held = self._read()
        super().__init__(new_kid=preset.new_kid, uses=preset.key_uses, algorithm=algorithm, held=held)
        if not held:
            for each in self.held:
                each.key.private  # noqa: B018 (made now, while nobody has to wait for it)
            with self._changing():
                pass

    def refresh(self) -> bool:
        """Take over what another process has done to the keys.

        Returns:
            Whether there was anything.

        Raises:
            StateError: the keys in the file cannot be read; the ring keeps those that it has.
        """
        before = self._version
        held = self._read()
        if not held or self._version == before:
            return False
        super().restore(held)
        return True

    def announce(self, *args: Any, **options: Any) -> Key:
        """As ``KeyRing.announce``, for every process."""
        with self._changing():
            return super().announce(*args, **options)

    def rotate(self, *args: Any, **options: Any) -> Key:
        """As ``KeyRing.rotate``, for every process."""
        with self._changing():
            return super().rotate(*args, **options)

    def retire(self, kid: str) -> None:
        """As ``KeyRing.retire``, for every process."""
        with self._changing():
            super().retire(kid)

    def restore(self, held: Iterable[Held]) -> None:
        """As ``KeyRing.restore``, for every process."""
        with self._changing():
            super().restore(held)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Begin with what the file says, and write down what becomes of it, or nothing at all."""
        before = self.held
        try:
            with self._database.transaction():
                self.refresh()
                yield
                self._write()
        except BaseException:
            super().restore(before)
            self._version = -1
            raise

    def _read(self) -> list[Held]:
        """The keys in the file; none when they are those that were read or written last."""
        (found,) = self._database.query(
            "select coalesce(max(keys_version), 0) from issuer where name = ?", (self._issuer,)
        )[0]
        if found == self._version:
            return []
        rows = self._database.query(
            "select kid, use, state, algorithm, private_key from key where issuer = ? order by id",
            (self._issuer,),
        )
        try:
            held = [_held(*row) for row in rows]
        except (FakeIdpError, ValueError, TypeError):
            raise StateError(self._database.path, f"has a key of {self._issuer} that is broken") from None
        self._version = found
        return held

    def _write(self) -> None:
        self._database.query("delete from key where issuer = ?", (self._issuer,))
        for held in self.held:
            self._database.query(
                "insert into key (issuer, kid, use, state, algorithm, private_key) values (?, ?, ?, ?, ?, ?)",
                (self._issuer, held.key.kid, held.use, held.state, held.key.algorithm, held.key.pem()),
            )
        self._database.query(
            "update issuer set keys_version = keys_version + 1, algorithm = ? where name = ?",
            (self.algorithm, self._issuer),
        )
        self._version = self._database.query(
            "select keys_version from issuer where name = ?", (self._issuer,)
        )[0][0]


def _held(kid: str, use: str, state: str, algorithm: str, private_key: str) -> Held:
    if state not in get_args(KeyState) or algorithm not in ALGORITHMS:
        raise ValueError
    key = Key.from_pem(private_key, kid=kid)
    return Held(key=key, use=use, state=cast("KeyState", state))
