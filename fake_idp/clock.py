"""The one clock by which an issuer signs, and which a test may move."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

from fake_idp.errors import InvalidValue

__all__ = ["Clock", "ClockState"]

_END_OF_9999 = 253_402_300_799


class ClockState(NamedTuple):
    """How a clock stands.

    Attributes:
        now: its time, in seconds since the epoch.
        offset: how far it is ahead of wall time, in seconds; negative when it is behind.
        frozen: whether it is stopped.
    """

    now: float
    offset: float
    frozen: bool


class Clock:
    """Wall time, with an offset that a test sets, or stopped.

    It asks ``time.time`` at every call, so whatever moves that (time-machine, libfaketime) moves
    this clock too. Nothing here sleeps. Every thread may read it and move it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # One attribute, replaced whole: whoever reads it needs no lock.
        self._offset_or_stop: tuple[float, float | None] = (0.0, None)

    def __repr__(self) -> str:
        return f"<Clock at {self.now():.3f}{', frozen' if self.state.frozen else ''}>"

    def now(self) -> float:
        """Return the time in seconds since 1970-01-01T00:00:00Z."""
        offset, stopped = self._offset_or_stop
        return time.time() + offset if stopped is None else stopped

    @property
    def state(self) -> ClockState:
        """How the clock stands, for whoever shows it."""
        offset, stopped = self._offset_or_stop
        wall = time.time()
        if stopped is None:
            return ClockState(now=wall + offset, offset=offset, frozen=False)
        return ClockState(now=stopped, offset=stopped - wall, frozen=True)

    def advance(self, seconds: float) -> None:
        """Move the clock by that many seconds; a negative number moves it back.

        Raises:
            InvalidValue: that would leave the years 1970 to 9999.
        """
        with self._lock:
            offset, stopped = self._offset_or_stop
            if stopped is None:
                _checked(time.time() + offset + seconds, name="seconds")
                self._offset_or_stop = (offset + seconds, None)
            else:
                self._offset_or_stop = (offset, _checked(stopped + seconds, name="seconds"))

    def freeze(self, at: float | None = None) -> None:
        """Stop the clock, now or at the given time (seconds since the epoch).

        Raises:
            InvalidValue: the time is not in the years 1970 to 9999.
        """
        with self._lock:
            stopped = _checked(self.now() if at is None else at, name="at")
            self._offset_or_stop = (self._offset_or_stop[0], stopped)

    def reset(self) -> None:
        """Go back to wall time and run."""
        with self._lock:
            self._offset_or_stop = (0.0, None)


def _checked(when: float, *, name: str) -> float:
    if not 0 <= when <= _END_OF_9999:  # false for NaN too
        raise InvalidValue(name, "the clock must stay in the years 1970 to 9999")
    return when
