"""Regular expressions that somebody else wrote: they may take only so long."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from harness.aws.foreign_patterns import InvalidPatternError, compiled

__all__ = ["InvalidExpressionError", "RegularExpression", "patience"]

_SECONDS = 2.0


class InvalidExpressionError(Exception):
    """What is no regular expression; the message says why."""


@dataclass
class _Patience:
    """How many seconds of this process's time are left."""

    seconds: float = _SECONDS


_patience: ContextVar[_Patience | None] = ContextVar("patience", default=None)


@contextmanager
def patience() -> Iterator[None]:
    """Let all the expressions that are used meanwhile take two seconds together; then they match nothing.

    One alone is not to be bound: a query may have hundreds of them, and each is tried on every event.
    """
    token = _patience.set(_Patience())
    try:
        yield
    finally:
        _patience.reset(token)


class RegularExpression:
    """A regular expression.

    Raises:
        InvalidExpressionError: it is none.
    """

    def __init__(self, pattern: str) -> None:
        try:
            self._compiled: Any = compiled(pattern, dot_all=True)
        except InvalidPatternError as error:
            raise InvalidExpressionError(str(error)) from None

    @property
    def names(self) -> Sequence[str]:
        """The names of its groups."""
        return tuple(self._compiled.groupindex)

    @property
    def groups(self) -> int:
        """How many groups it has."""
        return int(self._compiled.groups)

    def matches(self, subject: str) -> bool:
        """Tell whether it is found in ``subject``."""
        return self.parts(subject) is not None

    def parts(self, subject: str) -> Sequence[str | None] | None:
        """Return what its groups are in ``subject``; None where it is not found, or not in time."""
        left = _patience.get() or _Patience()
        if left.seconds <= 0:
            return None
        began = time.process_time()  # as ``regex`` counts its timeout
        try:
            found = self._compiled.search(subject, timeout=left.seconds)
        except TimeoutError:
            found = None
        left.seconds -= time.process_time() - began
        return None if found is None else found.groups()
