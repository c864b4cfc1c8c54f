"""Regular expressions that somebody else wrote: they may take only so long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.aws.foreign_patterns import InvalidPatternError, compiled

__all__ = ["InvalidExpressionError", "RegularExpression"]

_SECONDS = 2.0


class InvalidExpressionError(Exception):
    """What is no regular expression; the message says why."""


class RegularExpression:
    """A regular expression. When it once takes longer than two seconds, it matches nothing from then on.

    Raises:
        InvalidExpressionError: it is none.
    """

    def __init__(self, pattern: str) -> None:
        try:
            self._compiled: Any = compiled(pattern, dot_all=True)
        except InvalidPatternError as error:
            raise InvalidExpressionError(str(error)) from None
        self._is_slow = False

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
        """Return what its groups are in ``subject``; None where it is not found."""
        if self._is_slow:
            return None
        try:
            found = self._compiled.search(subject, timeout=_SECONDS)
        except TimeoutError:
            self._is_slow = True
            return None
        return None if found is None else found.groups()
