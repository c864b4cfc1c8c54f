"""Device authorizations (RFC 8628): a device asks, a person answers somewhere else, the device polls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from fake_idp import random_ids
from fake_idp.clock import Clock
from fake_idp.errors import UnknownName
from fake_idp.oauth.records import digest
from fake_idp.state import Record, State

__all__ = ["EXPIRES_IN", "INTERVAL", "Device", "Devices", "Outcome", "normal_user_code"]

EXPIRES_IN = 600
"""How long a device authorization lives, in seconds."""

INTERVAL = 5
"""How long a device has to wait between two polls, and how much longer each time it did not, in seconds."""

Outcome = Literal["authorization_pending", "slow_down", "access_denied", "expired_token", "invalid_grant"]
"""What a poll is told (RFC 8628 section 3.5), short of the tokens."""

_BASE20 = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628 section 6.1: no vowels, so no words
_CODE_LENGTH = 8


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device that waits for a person's answer.

    Attributes:
        user_code: what the person types in, as it is shown.
        client_id: the application on the device.
        scope: the scopes that it asks for.
        answer: the name of the person who approved; empty when it was denied; None as long as nobody
            answered.
        pending_polls: how many more polls are told that nobody answered, although somebody did.
        expires_at: in seconds since the epoch.
    """

    user_code: str
    client_id: str
    scope: tuple[str, ...]
    answer: str | None
    pending_polls: int
    expires_at: float


class Devices:
    """The device authorizations of one issuer, in its state."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def __iter__(self) -> Iterator[Device]:
        """Those that nobody answered yet and that are not over, oldest first."""
        now = self._clock.now()
        for _, record in self._state.items("device"):
            if record["answer"] is None and record["expires_at"] > now:
                yield _device(record)

    def get(self, user_code: str) -> Device:
        """Find one by its user code, upper or lower case, with or without the dash.

        Raises:
            UnknownName: there is none that waits for an answer, or no more.
        """
        return _device(self._open(user_code)[1])

    def approve(self, user_code: str, *, user: str = "alice", pending_polls: int = 0, **login: Any) -> None:
        """Answer yes, as a person would at the verification page.

        Args:
            user_code: which one.
            user: who signs in.
            pending_polls: how many more polls are told ``authorization_pending`` first.
            login: more of the sign-in, attributes of ``fake_idp.oauth.records.Login``.

        Raises:
            UnknownName: there is none that waits for an answer.
        """
        self._answer(user_code, {"answer": user, "pending_polls": pending_polls, "login": login})

    def deny(self, user_code: str, *, pending_polls: int = 0) -> None:
        """Answer no; otherwise as ``approve``."""
        self._answer(user_code, {"answer": "", "pending_polls": pending_polls})

    def script(self, *, user: str | None = "alice", pending_polls: int = 0) -> None:
        """Answer the next device authorization as soon as it is made; None as the user denies it.

        Several scripts are used one after the other.
        """
        self._state.put(
            "device-script", random_ids.token_hex(8), {"answer": user or "", "pending_polls": pending_polls}
        )

    def start(self, *, client_id: str, **asked: Any) -> tuple[str, str]:
        """Begin one.

        Args:
            client_id: the application.
            asked: ``scope`` and ``audience``, as it asks for them.

        Returns:
            The device code and the user code.
        """
        device_code = random_ids.token_urlsafe(32)
        user_code = random_ids.characters(_BASE20, _CODE_LENGTH)
        record = {
            "user_code": user_code,
            "client_id": client_id,
            "answer": None,
            "pending_polls": 0,
            "login": {},
            "interval": INTERVAL,
            "polled_at": None,
            "expires_at": self._clock.now() + EXPIRES_IN,
            **asked,
        }
        key = digest(device_code)
        with self._state.transaction():
            if scripts := self._state.items("device-script"):
                name, answer = scripts[0]
                self._state.delete("device-script", name)
                record |= answer | {"answered_at": self._clock.now()}
            self._state.put("device", key, record)
            self._state.put("user-code", user_code, {"device": key, "expires_at": record["expires_at"]})
        return device_code, _shown(user_code)

    def poll(self, device_code: str, *, client_id: str) -> Record | Outcome:
        """Ask whether somebody answered; an answer that is yes is given out once.

        Returns:
            The record with ``answer``, ``answered_at``, ``login`` and what was asked for, or what the
            device is told.
        """
        key, now = digest(device_code), self._clock.now()
        with self._state.transaction():
            record = self._state.get("device", key)
            if record is None or record["client_id"] != client_id:
                return "invalid_grant"
            outcome = _outcome(record, now)
            if outcome is None:
                self._state.delete("device", key)
                return record
            record["polled_at"] = now
            if outcome == "slow_down":  # "for this and all subsequent requests"
                record["interval"] += INTERVAL
            elif outcome == "authorization_pending":
                record["pending_polls"] = max(0, record["pending_polls"] - 1)
            self._state.put("device", key, record)
            return outcome

    def _answer(self, user_code: str, answer: Record) -> None:
        with self._state.transaction():
            key, record = self._open(user_code)
            self._state.put("device", key, record | answer | {"answered_at": self._clock.now()})

    def _open(self, user_code: str) -> tuple[str, Record]:
        found = self._state.get("user-code", normal_user_code(user_code))
        record = self._state.get("device", found["device"]) if found else None
        if not found or not record or record["answer"] is not None:
            raise UnknownName("user code", user_code, (device.user_code for device in self))
        if record["expires_at"] <= self._clock.now():
            raise UnknownName("user code", user_code, ())
        return found["device"], record


def normal_user_code(text: str) -> str:
    """A user code less what people type along with it (RFC 8628 section 6.1)."""
    return "".join(letter for letter in text.upper() if letter in _BASE20)


def _outcome(record: Record, now: float) -> Outcome | None:
    """What to tell the device; None when it gets its tokens."""
    if record["expires_at"] <= now:
        return "expired_token"
    if record["answer"] is not None and record["pending_polls"] == 0:
        return None if record["answer"] else "access_denied"
    # ``slow_down`` is a kind of ``authorization_pending``: an answer that is there is not held back.
    if record["polled_at"] is not None and now - record["polled_at"] < record["interval"]:
        return "slow_down"
    return "authorization_pending"


def _device(record: Record) -> Device:
    return Device(
        user_code=_shown(record["user_code"]),
        client_id=record["client_id"],
        scope=tuple(record.get("scope", ())),
        answer=record["answer"],
        pending_polls=record["pending_polls"],
        expires_at=record["expires_at"],
    )


def _shown(user_code: str) -> str:
    return f"{user_code[:4]}-{user_code[4:]}"
