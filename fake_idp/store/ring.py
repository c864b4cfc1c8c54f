"""The keys of an issuer in the state file: every process that has it open signs with the same ones."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable, Iterator
from typing import Any, Concatenate, ParamSpec, TypeVar, cast, get_args

from fake_idp.algorithms import Algorithm
from fake_idp.errors import FakeIdpError, StateError
from fake_idp.key import Key
from fake_idp.key_ring import Held, KeyRing, KeyState
from fake_idp.presets import Preset
from fake_idp.store.database import Database

__all__ = ["StoredRing"]

P = ParamSpec("P")
R = TypeVar("R")


def _saved(
    change: Callable[Concatenate[KeyRing, P], R],
) -> Callable[Concatenate[StoredRing, P], R]:
    """A method of ``KeyRing``, between reading the file and writing it."""

    @functools.wraps(change)
    def saved(self: StoredRing, *args: P.args, **options: P.kwargs) -> R:
        with self._changing():
            return change(self, *args, **options)

    return cast("Callable[Concatenate[StoredRing, P], R]", saved)


class StoredRing(KeyRing):
    """A key ring that is read from the state file and written back with every change.

    An issuer without keys gets them here, and all processes get the same: whoever was first in a
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
        self._file_version = 0
        found = self._read() or []
        super().__init__(new_kid=preset.new_kid, uses=preset.key_uses, algorithm=algorithm, held=found)
        self._foreign = self._included()
        if len(self._held) > len(found):
            with self._database.transaction():
                self._write()

    announce = _saved(KeyRing.announce)
    rotate = _saved(KeyRing.rotate)
    add = _saved(KeyRing.add)
    retire = _saved(KeyRing.retire)
    reinstate = _saved(KeyRing.reinstate)
    amend = _saved(KeyRing.amend)
    include = _saved(KeyRing.include)
    restore = _saved(KeyRing.restore)

    def refresh(self) -> bool:
        """Take over what another process has done to the keys.

        Returns:
            Whether there was anything.

        Raises:
            StateError: the keys in the file cannot be read; the ring keeps those that it has.
        """
        held = self._read()
        if held is None:
            return False
        with self._lock:
            self._foreign = self._included()
            self._change(held)
        return True

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Begin with what the file says, and write down what becomes of it, or nothing at all."""
        before = self._held, self._foreign, self._algorithms.copy()
        try:
            with self._database.transaction():
                self.refresh()
                yield
                self._write()
        except BaseException:
            with self._lock:
                held, self._foreign, self._algorithms = before
                self._change(held)
            self._file_version = -1
            raise

    def _read(self) -> list[Held] | None:
        """The keys in the file; None when nobody has written any since they were read or written last."""
        (version,) = self._database.query(
            "select coalesce(max(keys_version), 0) from issuer where name = ?", (self._issuer,)
        )[0]
        if version in (0, self._file_version):
            return None
        rows = self._database.query(
            "select kid, use, state, algorithm, private_key, members from key where issuer = ? order by id",
            (self._issuer,),
        )
        try:
            held = [_held(row) for row in rows]
        except (FakeIdpError, ValueError, TypeError, AttributeError):
            raise self._broken() from None
        self._file_version = version
        return held

    def _included(self) -> tuple[dict[str, Any], ...]:
        """The JWKs in the file that are published as they are."""
        (text,) = self._database.query("select included from issuer where name = ?", (self._issuer,))[0]
        try:
            return tuple(dict(jwk) for jwk in json.loads(text))
        except (ValueError, TypeError):
            raise self._broken() from None

    def _broken(self) -> StateError:
        return StateError(
            self._database.path, f"has a key of {self._issuer!r} that is broken; it was left alone"
        )

    def _write(self) -> None:
        self._database.query("delete from key where issuer = ?", (self._issuer,))
        for held in self._held:
            self._database.query(
                "insert into key (issuer, kid, use, state, algorithm, private_key, members)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                (
                    self._issuer,
                    held.key.kid,
                    held.use,
                    held.state,
                    held.key.algorithm,
                    held.key.pem(),
                    json.dumps(dict(held.members)),
                ),
            )
        self._database.query(
            "update issuer set keys_version = keys_version + 1, algorithm = ?, included = ? where name = ?",
            (self.algorithm, json.dumps([dict(jwk) for jwk in self._foreign]), self._issuer),
        )
        self._file_version = self._database.query(
            "select keys_version from issuer where name = ?", (self._issuer,)
        )[0][0]


def _held(row: tuple[Any, ...]) -> Held:
    kid, use, state, algorithm, private_key, members = row
    if state not in get_args(KeyState):
        raise ValueError(state)
    return Held(
        key=Key.from_pem(private_key, kid=kid, algorithm=cast("Algorithm", algorithm)),
        use=use,
        state=cast("KeyState", state),
        members=dict(json.loads(members)),
    )
