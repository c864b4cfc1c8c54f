"""The state folder: what ``mint`` in one shell and ``serve`` in another share.

One JSON file an issuer, named after its preset, with the issuer's name, its defaults and its keys. A file is
replaced whole or not at all, changes of two processes go one after the other, and a file that cannot
be read is reported and left alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from fake_idp.errors import FakeIdpError, StateError
from fake_idp.issuer import Issuer
from fake_idp.keys import ALGORITHMS, Held, Key, KeyRing, KeyState
from fake_idp.presets import PRESETS, find_preset, loopback_url

__all__ = ["DEFAULT_ADDRESS", "Store", "default_folder", "default_url"]

DEFAULT_ADDRESS = "http://127.0.0.1:9000"
"""Where issuers live until ``serve`` has put them elsewhere."""

_VERSION = 1


def default_folder() -> Path:
    """``$FAKE_IDP_STATE``, or ``fake-idp`` in ``$XDG_STATE_HOME`` (``~/.local/state``)."""
    if chosen := os.environ.get("FAKE_IDP_STATE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "fake-idp"


class Store:
    """A state folder; made, for its owner only, when something is first written to it.

    Args:
        folder: the folder; ``default_folder()`` when left out.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = default_folder() if folder is None else folder
        self._seen: dict[str, tuple[int, ...]] = {}

    def names(self) -> list[str]:
        """The presets that have an issuer here."""
        return [name for name in PRESETS if self._path(name).exists()]

    def issuer(self, preset: str) -> Issuer:
        """The issuer of that preset; made, with new keys, when there is none yet.

        Raises:
            UnknownName: there is no such preset.
            StateError: its file or the folder cannot be used.
        """
        find_preset(preset)
        if (issuer := self._load(preset)) is not None:
            return issuer
        with self.changing(preset) as issuer:
            return issuer

    @contextlib.contextmanager
    def changing(self, preset: str, *, url: str | None = None) -> Iterator[Issuer]:
        """Lock the folder, hand out the issuer, and save what was done to its keys.

        Nothing is saved when the block raises.

        Args:
            preset: whose issuer.
            url: the issuer's name from now on; the one that it has when left out.

        Raises:
            UnknownName: there is no such preset.
            InvalidValue: the url is none.
            StateError: its file or the folder cannot be used.
        """
        find_preset(preset)
        with self._locked():
            issuer = self._load(preset) or Issuer(preset, url=default_url(preset))
            if url is not None:
                issuer = issuer.renamed(url=url)
            yield issuer
            self._save(issuer)

    def put(self, issuer: Issuer) -> None:
        """Save an issuer that was made elsewhere, in place of the one of its preset.

        From then on ``fake-idp mint --state`` makes tokens that this issuer's JWKS vouches for.

        Raises:
            StateError: the folder cannot be used.
        """
        with self._locked():
            self._save(issuer)

    def refresh(self, issuer: Issuer) -> bool:
        """Take over the keys that another process has saved since this one last looked.

        Returns:
            Whether there was a change.

        Raises:
            StateError: the file cannot be used any more; the issuer keeps the keys that it has.
        """
        name = issuer.preset.name
        if self._stamp(name) == self._seen.get(name):
            return False
        saved = self._load(name)
        if saved is None:
            raise StateError(self._path(name), "is gone")
        issuer.keys.restore(saved.keys.held)
        return True

    def _path(self, preset: str) -> Path:
        return self.folder / f"{preset}.json"

    def _stamp(self, preset: str) -> tuple[int, ...]:
        try:
            stat = self._path(preset).stat()
        except OSError:
            return ()
        return (stat.st_mtime_ns, stat.st_ino, stat.st_size)

    def _load(self, preset: str) -> Issuer | None:
        path = self._path(preset)
        # Remembered even when the file turns out to be broken: it is reported once, not at every request.
        self._seen[preset] = self._stamp(preset)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StateError(
                path, f"cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8'})"
            ) from None
        try:
            return _issuer(preset, json.loads(text))
        except (FakeIdpError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
            raise StateError(path, "is broken and was left alone; move it away to start afresh") from None

    def _save(self, issuer: Issuer) -> None:
        name = issuer.preset.name
        document = {
            "version": _VERSION,
            "preset": name,
            "issuer": issuer.url,
            "client_id": issuer.client_id,
            "audience": issuer.audience,
            "scope": " ".join(issuer.scope),
            "algorithm": issuer.keys.algorithm,
            "keys": [
                {"kid": held.key.kid, "use": held.use, "state": held.state, "private_key": held.key.pem()}
                for held in issuer.keys.held
            ],
        }
        path = self._path(name)
        try:
            # mkstemp makes the file 0600 (it holds private keys) and under a name that nobody else has.
            descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=f".{name}.")
            try:
                with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123
                    json.dump(document, file, indent=1)
                    file.flush()
                    os.fsync(descriptor)
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StateError(path, f"cannot be written ({error.strerror})") from None
        self._seen[name] = self._stamp(name)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        import fcntl

        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StateError(self.folder, f"cannot be used ({error.strerror})") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)  # which lets go of the lock; a killed process lets go of it too


def default_url(preset: str, address: str = DEFAULT_ADDRESS) -> str:
    """The name of a preset's issuer at a loopback address: the vendor's path below it."""
    return loopback_url(preset, address)


def _issuer(preset: str, document: dict[str, Any]) -> Issuer:
    if document["version"] != _VERSION or document["preset"] != preset:
        raise ValueError
    if document["algorithm"] not in ALGORITHMS:
        raise ValueError
    shape = find_preset(preset)
    held = [
        Held(
            key=Key.from_pem(each["private_key"], kid=str(each["kid"]), algorithm=document["algorithm"]),
            use=str(each["use"]),
            state=_member(each["state"], get_args(KeyState)),
        )
        for each in document["keys"]
    ]
    for use in shape.key_uses:
        if sum(each.use == use and each.state == "current" for each in held) != 1:
            raise ValueError
    ring = KeyRing(new_kid=shape.new_kid, uses=shape.key_uses, algorithm=document["algorithm"], held=held)
    return Issuer(
        shape,
        url=document["issuer"],
        client_id=str(document["client_id"]),
        audience=str(document["audience"]),
        scope=str(document["scope"]),
        keys=ring,
    )


def _member(value: Any, allowed: tuple[Any, ...]) -> Any:
    if value not in allowed:
        raise ValueError
    return value
