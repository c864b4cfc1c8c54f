"""The state folder: what ``serve`` in one shell, ``mint`` and ``keys`` in others share.

One SQLite file has every issuer by name, with its settings, its keys, its users, clients, codes and
refresh tokens, and its journal. A change in one process is seen by the others at once.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fake_idp.issuer import Issuer
from fake_idp.presets import Preset, find_preset, loopback_url
from fake_idp.store.database import FILE, Database
from fake_idp.store.records import SqliteState

if TYPE_CHECKING:
    from fake_idp.algorithms import Algorithm
    from fake_idp.key_ring import KeyRing
    from fake_idp.store.ring import StoredRing

__all__ = ["DEFAULT_ADDRESS", "FILE", "KeyRow", "Store", "default_folder"]

DEFAULT_ADDRESS = "http://127.0.0.1:9000"
"""Where issuers live until ``serve`` has put them elsewhere."""


def default_folder() -> Path:
    """``$FAKE_IDP_STATE``, or ``fake-idp`` in ``$XDG_STATE_HOME`` (``~/.local/state``)."""
    if chosen := os.environ.get("FAKE_IDP_STATE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "fake-idp"


class KeyRow(NamedTuple):
    """A key in the state file."""

    preset: str
    kid: str
    use: str
    state: str
    algorithm: str
    issuer: str


class _Settings(NamedTuple):
    """A row of the table ``issuer``, less the keys' version."""

    url: str
    client_id: str
    audience: str
    scope: str
    algorithm: str | None


class Store:
    """A state folder. Nothing is read before it is needed, and nothing is made before it is written.

    Args:
        folder: the folder; ``default_folder()`` when left out.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = default_folder() if folder is None else folder
        self.database = Database(self.folder)
        self._issuers: dict[str, Issuer] = {}
        self._rings: dict[str, StoredRing] = {}

    def names(self) -> list[str]:
        """The issuers that are saved here, by the names of their presets, oldest first.

        Raises:
            StateError: the file or the folder cannot be used.
        """
        if not self.database.exists():
            return []
        return [name for (name,) in self.database.query("select name from issuer order by rowid")]

    def keys(self, preset: str | None = None) -> list[KeyRow]:
        """Every key in the file, or those of one preset, oldest first; makes none.

        Raises:
            UnknownName: there is no such preset.
            StateError: the file or the folder cannot be used.
        """
        name = None if preset is None else find_preset(preset).name
        if not self.database.exists():
            return []
        rows = self.database.query(
            "select issuer.name, kid, use, state, key.algorithm, url from key join issuer"
            " on key.issuer = issuer.name where ? in (issuer.name, '') order by issuer.rowid, key.id",
            (name or "",),
        )
        return [KeyRow(*row) for row in rows]

    def issuer(self, preset: str | Preset, *, url: str | None = None, **options: Any) -> Issuer:
        """The issuer of that preset, as it was saved; the vendor's defaults where nothing was.

        Its keys and records are read and made when they are first used.

        Args:
            preset: whose issuer.
            url: its name, in place of the saved one.
            options: as for ``Issuer``, in place of what was saved.

        Raises:
            UnknownName: there is no such preset.
            InvalidValue: the url is none.
            StateError: the file or the folder cannot be used.
        """
        shape = find_preset(preset) if isinstance(preset, str) else preset
        saved = self._settings(shape.name)
        if saved is not None:
            options = {
                "client_id": saved.client_id,
                "audience": _audience(saved.audience),
                "scope": saved.scope,
                "algorithm": saved.algorithm,
                **{name: value for name, value in options.items() if value is not None},
            }
        if url is None:
            url = loopback_url(shape, DEFAULT_ADDRESS) if saved is None else saved.url

        def ring(algorithm: Algorithm) -> KeyRing:
            return self._ring(issuer, algorithm)

        # Made inside a transaction of somebody else's, new keys would be undone with it.
        state = SqliteState(self.database, shape.name, before_transactions=lambda: issuer.keys)
        issuer = self._issuers[shape.name] = Issuer(shape, url=url, keys=ring, state=state, **options)
        return issuer

    def save(self, issuer: Issuer) -> None:
        """Save the issuer's settings: the next ``fake-idp mint`` makes tokens under its name.

        Raises:
            StateError: the folder cannot be used.
        """
        values = (
            issuer.preset.name,
            issuer.url,
            issuer.client_id,
            json.dumps(issuer.audience),
            " ".join(issuer.scope),
            issuer.algorithm,
        )
        self.database.query(
            "insert into issuer (name, url, client_id, audience, scope, algorithm)"
            " values (?, ?, ?, ?, ?, ?) on conflict (name) do update set url = excluded.url,"
            " client_id = excluded.client_id, audience = excluded.audience, scope = excluded.scope,"
            " algorithm = excluded.algorithm",
            values,
        )

    def put(self, issuer: Issuer) -> None:
        """Save an issuer that was made elsewhere, with its keys, in place of the one of its preset.

        From then on ``fake-idp mint --state`` makes tokens that this issuer's JWKS vouches for.

        Raises:
            StateError: the folder cannot be used.
        """
        with self.database.transaction():
            self.save(issuer)
            self._ring(issuer, issuer.algorithm).restore(issuer.keys.held)

    def refresh(self) -> None:
        """Take over what other processes have done to the keys since this was last called.

        Raises:
            StateError: the file cannot be used any more; every issuer keeps the keys that it has.
        """
        if not (self.database.is_open and self.database.changed()):
            return
        for name, version in self.database.query("select name, keys_version from issuer"):
            issuer = self._issuers.get(name)
            if issuer is not None and version:
                issuer.keys  # noqa: B018 (read now if they were not yet, so that ``algorithm`` is right)
                self._rings[name].refresh()

    def _ring(self, issuer: Issuer, algorithm: Algorithm) -> StoredRing:
        from fake_idp.store.ring import StoredRing

        name = issuer.preset.name
        with self.database.transaction():
            ring = self._rings.get(name)
            if ring is None:
                if self._settings(name) is None:
                    self.save(issuer)
                ring = StoredRing(self.database, name, issuer.preset, algorithm=algorithm)
                self._rings[name] = ring
        return ring

    def _settings(self, name: str) -> _Settings | None:
        if not self.database.exists():
            return None
        rows = self.database.query(
            "select url, client_id, audience, scope, algorithm from issuer where name = ?", (name,)
        )
        return _Settings(*rows[0]) if rows else None


def _audience(text: str) -> str | tuple[str, ...]:
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return tuple(found) if isinstance(found, list) else str(found)
