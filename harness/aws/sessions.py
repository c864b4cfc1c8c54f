"""Temporary credentials: what STS and Cognito give out, and to whom each belongs."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from harness.aws.credentials import Credentials
from harness.aws.iam.account import Role
from harness.aws.policy import Document

__all__ = ["Session", "Sessions"]

_UPPER = string.ascii_uppercase + "234567"


@dataclass(frozen=True, kw_only=True)
class Session:
    """A role, taken on by somebody for a while.

    Attributes:
        credentials: the key of the session.
        role: the role as it was when it was taken on; its policies are read anew at every call.
        name: the role session name.
        issued: when, in seconds since the epoch.
        expires: until when, in seconds since the epoch; not after.
        policies: session policies, which cut what the role may do; None for none.
        context: condition keys that every call of this session carries, such as
            ``aws:FederatedProvider`` or ``aws:PrincipalTag/team``.
        source_identity: set by ``sts:SetSourceIdentity``; it stays through role chaining.
    """

    credentials: Credentials
    role: Role
    name: str
    issued: float
    expires: float
    policies: tuple[Document, ...] | None = None
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    source_identity: str | None = None

    @property
    def arn(self) -> str:
        """``arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME``; a role's path is left out."""
        return f"arn:aws:sts::{self.role.account}:assumed-role/{self.role.name}/{self.name}"

    @property
    def user_id(self) -> str:
        """``AROA...:NAME``, the ``AssumedRoleId`` of STS."""
        return f"{self.role.id}:{self.name}"


class Sessions:
    """The sessions of one account. Safe to use from several threads."""

    def __init__(self) -> None:
        self._by_key: dict[str, Session] = {}
        self._lock = threading.Lock()

    def issue(
        self,
        role: Role,
        *,
        name: str,
        now: float,
        duration: float,
        policies: tuple[Document, ...] | None = None,
        context: Mapping[str, str | Sequence[str]] | None = None,
        source_identity: str | None = None,
    ) -> Session:
        """Make credentials for ``role``; the caller has decided that they are due.

        Args:
            role: the role taken on.
            name: the role session name.
            now: seconds since the epoch.
            duration: lifetime in seconds.
            policies: session policies; None for none.
            context: condition keys that every call of the session carries.
            source_identity: a source identity, if one is set.
        """
        expires = float(int(now + duration))
        session = Session(
            credentials=Credentials(
                access_key_id="ASIA" + "".join(secrets.choice(_UPPER) for _ in range(16)),
                secret_access_key=secrets.token_urlsafe(30),
                session_token="IQoJb3JpZ2lu" + secrets.token_urlsafe(192),
                expiration=datetime.fromtimestamp(expires, UTC),
            ),
            role=role,
            name=name,
            issued=now,
            expires=expires,
            policies=policies,
            context=dict(context or {}),
            source_identity=source_identity,
        )
        with self._lock:
            self._by_key[session.credentials.access_key_id] = session
        return session

    def find(self, access_key_id: str) -> Session | None:
        """Return the session of a key, expired or not."""
        return self._by_key.get(access_key_id)
