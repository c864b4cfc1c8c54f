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
        expires: until when STS takes it, in seconds since the epoch; not after.
        instance_arn: of Identity Center; empty where nobody said.
        application_arn: which application asked; empty where nobody said.
    """

    user_id: str
    expires: float
    instance_arn: str = ""
    application_arn: str = ""


class IdentityContexts:
    """The identity contexts of one account. Safe to use from several threads."""

    def __init__(self) -> None:
        self._by_assertion: dict[str, IdentityContext] = {}
        self._lock = threading.Lock()

    def issue(
        self, user_id: str, *, expires: float, instance_arn: str = "", application_arn: str = ""
    ) -> str:
        """Return a new assertion; the arguments are those of ``IdentityContext``."""
        assertion = secrets.token_urlsafe(192)
        with self._lock:
            self._by_assertion[assertion] = IdentityContext(
                user_id=user_id,
                expires=expires,
                instance_arn=instance_arn,
                application_arn=application_arn,
            )
        return assertion

    def find(self, assertion: str) -> IdentityContext | None:
        """Return the context of an assertion, expired or not; None for one that was not issued here."""
        return self._by_assertion.get(assertion)

    def user_id(self, assertion: str, *, now: float) -> str | None:
        """Return the user whom an assertion is about; None if it was not issued here or has expired."""
        found = self.find(assertion)
        return found.user_id if found is not None and now < found.expires else None
