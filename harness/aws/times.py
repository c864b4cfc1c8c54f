"""Seconds since the epoch, in which this AWS counts, as AWS's models and policies write a time."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["iso", "moment"]


def moment(seconds: float) -> datetime:
    """Return a time, in UTC, as the members of an answer have it."""
    return datetime.fromtimestamp(seconds, UTC)


def iso(seconds: float, precision: str = "seconds") -> str:
    """Return a time as policies compare it: ISO 8601 with a ``Z``.

    Args:
        seconds: since the epoch.
        precision: ``seconds``, or ``microseconds`` with fractions.
    """
    return moment(seconds).isoformat(timespec=precision).replace("+00:00", "Z")
