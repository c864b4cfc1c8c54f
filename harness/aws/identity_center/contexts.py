"""Identity contexts: the assertions by which a role session tells for whom it is.

``CreateTokenWithIAM`` gives one out, in the ``sts:identity_context`` claim of its ID token, and
``AssumeRole`` takes it among its ``ProvidedContexts``. STS signs and encrypts them, so that they are opaque
to everybody else; here they are random, and looked up.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass

__all__ = ["IdentityContext", "IdentityContexts"]


@dataclass(frozen=True, kw_only=True)
class IdentityContext:
    """For whom an application acts.

    Attributes:
        user_id: of the identity store.
        instance_arn: of Identity Center.
        identity_store_arn: of the user.
        application_arn: which application asked.
        expires: until when, in seconds since the epoch.
    """

    user_id: str
    instance_arn: str
    identity_store_arn: str
    application_arn: str
    expires: float


class IdentityContexts:
    """The identity contexts of one account. Safe to use from several threads."""

    def __init__(self) -> None:
        self._by_assertion: dict[str, IdentityContext] = {}
        self._lock = threading.Lock()

    def issue(self, context: IdentityContext) -> str:
        """Return a new assertion of a context."""
        assertion = secrets.token_urlsafe(96)
        with self._lock:
            self._by_assertion[assertion] = context
        return assertion

    def find(self, assertion: str) -> IdentityContext | None:
        """Return the context of an assertion, expired or not; None for one that AWS has not made."""
        return self._by_assertion.get(assertion)
