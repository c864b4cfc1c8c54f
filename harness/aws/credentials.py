"""A key to sign calls with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["Credentials"]


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A key to sign with. The secret parts are kept out of its text.

    Attributes:
        access_key_id: ``AKIA...`` of a user, ``ASIA...`` of a session.
        secret_access_key: signs, and is never sent.
        session_token: sent beside the key of a session; None for a user's.
        expiration: when the session ends, in UTC; None for a user's.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expiration: datetime | None = None
