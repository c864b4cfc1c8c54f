"""What can go wrong, as a tree.

* ``HarnessError`` - the root
    * ``UsageError`` - the person asked for something that is not there (exit 2)
    * ``TargetError`` - the server under test did not start or died (a ``fail``, never an ``error``)
    * ``Mismatch`` - the server under test answered otherwise than the rule says (a ``fail``)
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["HarnessError", "Mismatch", "TargetError", "UsageError", "no_such"]


class HarnessError(Exception):
    """The root of the errors that the harness raises on purpose."""


class UsageError(HarnessError):
    """A flag, a name or an argument is wrong; the text names it and the nearest right one."""


class TargetError(HarnessError):
    """The server under test could not be started, or ended by itself."""


class Mismatch(HarnessError, AssertionError):
    """The server under test broke a rule.

    Attributes:
        expected: what the rule asks for, in a few words.
        observed: what the server did, in a few words; no token or secret is in it.
    """

    def __init__(self, *, expected: str, observed: str) -> None:
        super().__init__(f"expected {expected}; observed {observed}")
        self.expected = expected
        self.observed = observed


def no_such(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that does not exist: names it, and the nearest that does."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(names)}"
    return UsageError(f"no {kind} {name!r}{hint}")
