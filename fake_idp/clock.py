"""The one clock by which an issuer signs, and which a test may move."""

from __future__ import annotations

import threading
import time

from fake_idp.errors import InvalidValue

__all__ = ["Clock"]

_END_OF_9999 = 253_402_300_799


class Clock:
    """Wall time, with an offset that a test sets, or stopped.

    It asks ``time.time`` at every call, so whatever moves that (time-machine, libfaketime) moves
    this clock too. Nothing here sleeps.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        """Return the time in seconds since 1970-01-01T00:00:00Z."""
        with self._lock:
            return time.time() + self._offset if self._frozen is None else self._frozen

    def advance(self, seconds: float) -> None:
        """Move the clock by that many seconds; a negative number moves it back.

        Raises:
            InvalidValue: that would leave the years 1970 to 9999.
        """
        with self._lock:
            if self._frozen is None:
                _checked(time.time() + self._offset + seconds, name="seconds")
                self._offset += seconds
            else:
                self._frozen = _checked(self._frozen + seconds, name="seconds")

    def freeze(self, at: float | None = None) -> None:
        """Stop the clock, now or at the given time (seconds since the epoch).

        Raises:
            InvalidValue: the time is not in the years 1970 to 9999.
        """
        stopped = _checked(self.now() if at is None else at, name="at")
        with self._lock:
            self._frozen = stopped

    def reset(self) -> None:
        """Go back to wall time and run."""
        with self._lock:
            self._offset = 0.0
            self._frozen = None


def _checked(when: float, *, name: str) -> float:
    if not 0 <= when <= _END_OF_9999:  # false for NaN too
        raise InvalidValue(name, "the clock must stay in the years 1970 to 9999")
    return when
