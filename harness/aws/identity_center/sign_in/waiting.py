"""Signing in: device codes and authorization codes, and whoever approves them.

A person does that on a page (``pages``), a test by ``Devices.approve``; and where nobody is to be asked, as
in CI, ``SignIn.automatic`` names who it is.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field

from harness.aws.identity_center.directory.store import User
from harness.aws.identity_center.records import Instance

__all__ = ["CODE_LIFETIME", "Code", "Codes", "Device", "Devices", "SignIn"]

CODE_LIFETIME = 600  # seconds; of a device code, as AWS says it in expiresIn
INTERVAL = 1  # seconds between two polls, as AWS says it
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628 section 6.1: no vowels, so that no words come about


class SignIn:
    """How people sign in.

    Attributes:
        automatic: the user name of who signs in whenever somebody should, without a page; None to ask.
    """

    def __init__(self) -> None:
        self.automatic: str | None = None


@dataclass(kw_only=True)
class Device:
    """A device that waits for somebody to sign in for it.

    Attributes:
        code: the device code, its secret.
        user_code: what a person types, ``BCDF-GHJK``.
        client_id, client_name, scopes: of the client.
        instance: where one signs in.
        expires: in seconds since the epoch.
        user_id: who approved; None while nobody has.
        denied: whether somebody refused.
        polls: how often it has asked in vain.
        polled: when it last did.
    """

    code: str = field(repr=False)
    user_code: str
    client_id: str
    client_name: str
    scopes: tuple[str, ...]
    instance: Instance
    expires: float
    user_id: str | None = None
    denied: bool = False
    polls: int = 0
    polled: float = field(default=float("-inf"))


class Devices:
    """The devices of one account that wait. Safe to use from several threads."""

    def __init__(self) -> None:
        self._by_code: dict[str, Device] = {}
        self._lock = threading.Lock()

    def start(
        self,
        instance: Instance,
        *,
        client_id: str,
        client_name: str,
        scopes: tuple[str, ...],
        now: float,
    ) -> Device:
        """Let a device wait for ten minutes."""
        with self._lock:
            self._by_code = {code: each for code, each in self._by_code.items() if each.expires > now - 3600}
            taken = {each.user_code for each in self._by_code.values()}
            user_code = _user_code()
            while user_code in taken:
                user_code = _user_code()
            device = Device(
                code=secrets.token_urlsafe(64),
                user_code=user_code,
                client_id=client_id,
                client_name=client_name,
                scopes=scopes,
                instance=instance,
                expires=now + CODE_LIFETIME,
            )
            self._by_code[device.code] = device
        return device

    def find(self, code: str) -> Device | None:
        """Return a device by its own code, expired or not."""
        return self._by_code.get(code)

    def waiting(self, user_code: str, *, now: float) -> Device | None:
        """Return a device by its user code, however it was typed, if it still waits."""
        typed = "".join(character for character in user_code.upper() if character.isalnum())
        for device in list(self._by_code.values()):
            waits = device.user_id is None and not device.denied and device.expires > now
            if waits and device.user_code.replace("-", "") == typed:
                return device
        return None

    def poll(self, device: Device, now: float) -> bool:
        """Count a poll in vain; return whether it came too soon (RFC 8628 section 3.5).

        The first two may follow each other at once: the AWS CLI asks before it shows the code, and again
        right after.
        """
        with self._lock:
            is_soon = device.polls > 1 and now - device.polled < INTERVAL
            device.polls += 1
            device.polled = now
            return is_soon

    def approve(self, user_code: str, *, user: str) -> None:
        """Sign a user in for the device with a user code.

        Args:
            user_code: as the device shows it.
            user: the user name, of the identity store.

        Raises:
            LookupError: no device has that code, or the store has no such user.
        """
        found = [each for each in self._by_code.values() if each.user_code == user_code]
        person = found[0].instance.store.named(user) if found else None
        if person is None:
            what = f"user {user!r}" if found else f"device {user_code!r}"
            raise LookupError(f"there is no {what}")
        self.settle(found[0], person)

    def deny(self, user_code: str) -> None:
        """Refuse the device with a user code.

        Raises:
            LookupError: no device has that code.
        """
        found = [each for each in self._by_code.values() if each.user_code == user_code]
        if not found:
            raise LookupError(f"there is no device {user_code!r}")
        self.settle(found[0], None)

    def settle(self, device: Device, user: User | None) -> None:
        """Sign a user in for a device, or refuse it; who comes second comes too late."""
        with self._lock:
            if device.user_id is None and not device.denied:
                device.user_id, device.denied = (user.id, False) if user is not None else (None, True)

    def take(self, device: Device) -> bool:
        """Use a device's code up; False when somebody was quicker."""
        with self._lock:
            return self._by_code.pop(device.code, None) is not None


@dataclass(frozen=True, kw_only=True)
class Code:
    """An authorization code: for whom, for which client, and the challenge of RFC 7636 section 4.2."""

    instance: Instance
    user_id: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    expires: float


class Codes:
    """The authorization codes of one account; each is good for one use. Safe to use from several threads."""

    def __init__(self) -> None:
        self._by_code: dict[str, Code] = {}
        self._lock = threading.Lock()

    def issue(self, code: Code) -> str:
        """Return a new code."""
        text = secrets.token_urlsafe(48)
        with self._lock:
            self._by_code[text] = code
        return text

    def take(self, text: str) -> Code | None:
        """Return a code and use it up, even by somebody who may not have it."""
        with self._lock:
            return self._by_code.pop(text, None)


def _user_code() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"
