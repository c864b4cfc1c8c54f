"""Who calls."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

__all__ = ["Caller"]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The person behind one request, as the verified token of that request tells it.

    Attributes:
        issuer: who vouches for the person.
        subject: who the person is; unique at that issuer only.
        client_id: the application that the person uses.
        role: the AWS role that the person gets, ``""`` where AWS chooses it.
        scopes: what the token allows, ``None`` where this kind of token has no scopes and the
            permissions of the AWS role decide alone.
        expires_at: when the token expires, seconds since the epoch.
        token: the token itself, which AWS wants to see on two of the three paths. It is sent to
            nobody else.
    """

    issuer: str
    subject: str
    client_id: str
    role: str
    scopes: frozenset[str] | None
    expires_at: float
    token: str = field(repr=False)

    @property
    def pseudonym(self) -> str:
        """A name for the logs that is the same for the same person and does not say who it is."""
        return hashlib.sha256(f"{self.issuer}\n{self.subject}".encode()).hexdigest()[:12]
