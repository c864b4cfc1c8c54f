"""What can go wrong in ``fake_idp``, under one root.

::

    FakeIdpError
    ├── UnknownName      a preset, forgery, endpoint or key that does not exist
    ├── InvalidValue     an option or a claim that cannot be used
    ├── MalformedToken   text that is not a compact JWS with JSON in it
    ├── StateError       a state folder or file that cannot be used
    └── NotSeen          a request that was waited for and did not come

Every message is one line and names the thing; none contains a token or a private key.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["FakeIdpError", "InvalidValue", "MalformedToken", "NotSeen", "StateError", "UnknownName"]


class FakeIdpError(Exception):
    """The root of every error that this package raises on purpose."""


class UnknownName(FakeIdpError):
    """A name that is not in the list that it was looked up in.

    Attributes:
        kind: what was looked up, for example ``"preset"``.
        name: the name as given.
        nearest: the known name that looks most like it, or None.
        known: every known name, in order.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        import difflib  # only a mistake pays for it

        self.kind = kind
        self.name = name
        self.known = tuple(known)
        self.nearest = next(iter(difflib.get_close_matches(name, self.known, n=1, cutoff=0.5)), None)
        hint = (
            f"did you mean {self.nearest!r}?" if self.nearest else f"known: {', '.join(self.known) or 'none'}"
        )
        super().__init__(f"unknown {kind} {_brief(name)}; {hint}")


class InvalidValue(FakeIdpError):
    """An option, a claim or a header that cannot be used as given.

    Attributes:
        name: what the value was for.
        reason: why it cannot be used, without the value itself.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class MalformedToken(FakeIdpError):
    """Text that is not a token in JWS compact serialization (RFC 7515 section 7.1).

    Attributes:
        part: ``"token"``, ``"header"``, ``"payload"`` or ``"signature"``.
        reason: what is wrong with it.
    """

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(f"malformed token: {part} {reason}")
        self.part = part
        self.reason = reason


class StateError(FakeIdpError):
    """A state folder or file that cannot be used; it is left as it was found.

    Attributes:
        path: the file or the folder.
        reason: what is wrong with it.
    """

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(f"state {path}: {reason}")
        self.path = path
        self.reason = reason


class NotSeen(FakeIdpError):
    """A request that was waited for and did not come in time.

    Attributes:
        wanted: the request that was waited for, in words.
        seen: the requests that did come, as ``"GET /path 200"``.
    """

    def __init__(self, wanted: str, seen: Iterable[str]) -> None:
        self.wanted = wanted
        self.seen = tuple(seen)
        super().__init__(f"did not see {wanted}; saw {', '.join(self.seen) or 'nothing'}")


def _brief(name: str) -> str:
    """The name as a person typed it, cut so that a pasted token does not end up in a message."""
    return repr(name) if len(name) <= 60 else repr(name[:20]) + "..."
