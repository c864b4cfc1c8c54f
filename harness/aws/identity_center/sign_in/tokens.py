"""Who is signed in: access tokens and refresh tokens of Identity Center, opaque to everybody but AWS."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, replace

from harness.aws.identity_center.directory.store import User
from harness.aws.identity_center.records import Instance

__all__ = ["ACCOUNT_ACCESS", "SignedIn", "Tokens"]

#: The scope of the access portal. A client that registers no scopes has it, and no refresh tokens: AWS CLI,
#: "Legacy non-refreshable configuration for IAM Identity Center".
ACCOUNT_ACCESS = "sso:account:access"
SESSION = 8 * 3600  # seconds; User Guide, "Configure the session duration", the default
HOUR = 3600  # seconds that the access token of a client that can refresh it lives


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """What somebody signed in for.

    Attributes:
        instance: where.
        user_id: who.
        client_id: for which client, or which application by its ARN.
        scopes: what the client may do.
        ends: when the session ends, in seconds since the epoch.
        expires: when this token does.
        refreshes: whether it is a refresh token.
    """

    instance: Instance
    user_id: str
    client_id: str
    scopes: tuple[str, ...]
    ends: float
    expires: float = 0
    refreshes: bool = False

    @property
    def user(self) -> User | None:
        """The user; None for one who was deleted."""
        return self.instance.store.users.get(self.user_id)


class Tokens:
    """The tokens of one account. Safe to use from several threads."""

    def __init__(self) -> None:
        self._by_token: dict[str, SignedIn] = {}
        self._lock = threading.Lock()

    def issue(self, signed_in: SignedIn, *, lifetime: float, now: float, refreshes: bool = False) -> str:
        """Return a new token, which does not outlive the session.

        Args:
            signed_in: what it is for.
            lifetime: in seconds.
            now: in seconds since the epoch.
            refreshes: whether it is a refresh token, and no access token.
        """
        token = ("aorAAAAA" if refreshes else "aoaAAAAA") + secrets.token_urlsafe(96)
        expires = min(signed_in.ends, now + lifetime)
        with self._lock:
            self._by_token[token] = replace(signed_in, expires=expires, refreshes=refreshes)
        return token

    def find(self, token: str, *, now: float, refreshes: bool = False) -> SignedIn | None:
        """Return what a token is for; None for one that is not known, has expired, or whose user is gone."""
        found = self._by_token.get(token)
        if found is None or found.refreshes is not refreshes or found.expires <= now or found.user is None:
            return None
        return found

    def sign_out(self, token: str) -> None:
        """End the session that a token belongs to: every token of it dies."""
        with self._lock:
            found = self._by_token.get(token)
            if found is not None:
                session = (found.user_id, found.client_id, found.ends)
                self._by_token = {
                    key: each
                    for key, each in self._by_token.items()
                    if (each.user_id, each.client_id, each.ends) != session
                }

    def forget(self, instance: Instance) -> None:
        """End every session of an instance."""
        with self._lock:
            self._by_token = {
                key: each for key, each in self._by_token.items() if each.instance is not instance
            }
