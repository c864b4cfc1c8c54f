"""Temporary credentials: what STS and Cognito give out, and to whom each belongs."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.aws.credentials import Credentials
from harness.aws.iam.account import Role
from harness.aws.policy import Document
from harness.aws.times import moment

__all__ = ["Session", "SessionUser", "Sessions"]


@dataclass(frozen=True, kw_only=True)
class SessionUser:
    """The IAM user behind a session: ARN, ``AIDA...`` id, name and account id."""

    arn: str
    id: str
    name: str
    account: str


@dataclass(frozen=True, kw_only=True)
class Session:
    """Temporary credentials: a role taken on for a while, or a user in another shape.

    There are three kinds, told apart by ``role`` and ``name``: an assumed role has a role; a user's session
    (GetSessionToken) has neither; a federated user (GetFederationToken) has a name, and the policies that
    count are those of the user who asked for it.

    Attributes:
        credentials: the key of the session.
        role: the role as it was when it was taken on; its policies are read anew at every call.
        user: the user, where there is no role.
        name: the role session name, or the name of a federated user.
        issued: when, in seconds since the epoch.
        expires: until when, in seconds since the epoch; not after.
        policies: session policies, which cut what the role or the user may do; None for no cut, and an
            empty tuple allows nothing.
        context: condition keys that every call of this session carries, such as
            ``aws:FederatedProvider`` or ``aws:PrincipalTag/team``.
        source_identity: set by ``sts:SetSourceIdentity``; it stays through role chaining.
        transitive_tags: the session tags that pass on to the next session of a role chain.
        has_mfa: whether the user gave a code of a device when the session was made.
    """

    credentials: Credentials
    role: Role | None = None
    user: SessionUser | None = None
    name: str = ""
    issued: float
    expires: float
    policies: tuple[Document, ...] | None = None
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    source_identity: str | None = None
    transitive_tags: Mapping[str, str] = field(default_factory=dict)
    has_mfa: bool = False

    def __post_init__(self) -> None:
        if (self.role is None) is (self.user is None):
            raise ValueError("a session belongs either to a role or to a user")

    @property
    def principal(self) -> Role | SessionUser:
        """The role or the user whose identity policies count."""
        found = self.role or self.user
        assert found is not None  # noqa: S101 - __post_init__ has seen to it
        return found

    @property
    def is_federated_user(self) -> bool:
        """Whether GetFederationToken made it."""
        return self.user is not None and bool(self.name)

    @property
    def arn(self) -> str:
        """What GetCallerIdentity says: of a role's session, its path is left out."""
        if self.role is not None:
            return f"arn:aws:sts::{self.role.account}:assumed-role/{self.role.name}/{self.name}"
        if self.is_federated_user:
            return f"arn:aws:sts::{self.principal.account}:federated-user/{self.name}"
        return self.principal.arn

    @property
    def user_id(self) -> str:
        """``AROA...:NAME`` of a role's session, ``ACCOUNT:NAME`` of a federated user, else the user's."""
        if self.role is not None:
            return f"{self.role.id}:{self.name}"
        return f"{self.principal.account}:{self.name}" if self.is_federated_user else self.principal.id


class Sessions:
    """The sessions of one account. Safe to use from several threads."""

    def __init__(self) -> None:
        self._by_key: dict[str, Session] = {}
        self._lock = threading.Lock()

    def issue(
        self,
        principal: Role | SessionUser,
        *,
        name: str = "",
        now: float,
        duration: float,
        policies: tuple[Document, ...] | None = None,
        context: Mapping[str, str | Sequence[str]] | None = None,
        source_identity: str | None = None,
        transitive_tags: Mapping[str, str] | None = None,
        has_mfa: bool = False,
    ) -> Session:
        """Make credentials for a role or a user; the caller has decided that they are due.

        Args:
            principal: the role taken on, or the user who asks.
            name: the role session name or the name of the federated user; empty for a user's own session.
            now: seconds since the epoch.
            duration: lifetime in seconds.
            policies: session policies; None for none.
            context: condition keys that every call of the session carries.
            source_identity: a source identity, if one is set.
            transitive_tags: session tags that pass on through role chaining.
            has_mfa: whether a code of an MFA device was given.
        """
        expires = float(int(now + duration))
        session = Session(
            credentials=Credentials(
                access_key_id="ASIA" + base64.b32encode(secrets.token_bytes(10)).decode("ascii"),
                secret_access_key=secrets.token_urlsafe(30),
                session_token="IQoJb3JpZ2lu" + secrets.token_urlsafe(192),
                expiration=moment(expires),
            ),
            role=principal if isinstance(principal, Role) else None,
            user=principal if isinstance(principal, SessionUser) else None,
            name=name,
            issued=now,
            expires=expires,
            policies=policies,
            context=dict(context or {}),
            source_identity=source_identity,
            transitive_tags=dict(transitive_tags or {}),
            has_mfa=has_mfa,
        )
        with self._lock:
            self._by_key[session.credentials.access_key_id] = session
        return session

    def find(self, access_key_id: str) -> Session | None:
        """Return the session of a key, expired or not."""
        return self._by_key.get(access_key_id)
