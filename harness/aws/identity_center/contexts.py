"""The identity contexts that Identity Center has vouched for, by the assertions that stand for them."""

from __future__ import annotations

import secrets
import threading

__all__ = ["IdentityContexts"]


class IdentityContexts:
    """The contexts of one account. Safe to use from several threads.

    An assertion is the ``sts:identity_context`` of an ID token of Identity Center, and opaque to everybody
    but AWS.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def issue(self, user_id: str, *, expires: float) -> str:
        """Return a new assertion about a user of the identity store.

        Args:
            user_id: of the user.
            expires: until when STS takes it, in seconds since the epoch; not after.
        """
        assertion = secrets.token_urlsafe(192)
        with self._lock:
            self._known[assertion] = (user_id, expires)
        return assertion

    def user_id(self, assertion: str, *, now: float) -> str | None:
        """Return the user whom an assertion is about; None if it was not issued here or has expired."""
        user_id, expires = self._known.get(assertion, ("", 0.0))
        return user_id if user_id and now < expires else None
