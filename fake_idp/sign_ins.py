"""The refresh tokens of one issuer, for whoever signs people in otherwise than by its endpoints.

They are the very records that the token endpoint keeps (``fake_idp.oauth.records``): a refresh token that was
given here is good there, one that was given there is found here, and revocation holds for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fake_idp import random_ids

if TYPE_CHECKING:
    from fake_idp.clock import Clock
    from fake_idp.state import Record, State

__all__ = ["SignIn", "SignIns"]


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """What a refresh token stands for.

    Attributes:
        key: under which the token is kept.
        client_id: to whom it was given.
        user: the name that the person signed in with.
        scope: the granted scopes.
        session: the same for every token of the sign-in.
        auth_time: when the person signed in, in seconds since the epoch.
        family: all that was issued for the sign-in.
        used: whether a newer token has replaced it.
        revoked: whether it was ended.
        expires_at: when it is over, in seconds since the epoch.
    """

    key: str
    client_id: str
    user: str
    scope: tuple[str, ...]
    session: str
    auth_time: int
    family: str
    used: bool
    revoked: bool
    expires_at: float


class SignIns:
    """The sign-ins of one issuer, in its state."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def __iter__(self) -> Iterator[SignIn]:
        """Every sign-in with a refresh token, once for each of its tokens."""
        return iter([self._sign_in(key, record) for key, record in self._state.items("refresh")])

    def start(self, user: str, *, client_id: str, scope: tuple[str, ...], lifetime: float) -> str:
        """Sign somebody in now; returns the refresh token, good for ``lifetime`` seconds."""
        from fake_idp.oauth import families
        from fake_idp.oauth.records import Login

        now = self._clock.now()
        login = Login(user=user, scope=scope, auth_time=int(now), session=random_ids.uuid4())
        return self._keep(
            {
                "client_id": client_id,
                "login": login.record(),
                "confirmation": None,
                "used": False,
                "family": families.new_id(),
                "expires_at": now + lifetime,
            }
        )

    def find(self, token: str) -> SignIn | None:
        """What a refresh token stands for; None for one that this issuer never gave."""
        from fake_idp.oauth.records import digest

        record = self._state.get("refresh", digest(token))
        return None if record is None else self._sign_in(digest(token), record)

    def renew(self, token: str, *, grace: float = 0) -> str:
        """Replace a refresh token, which is good for ``grace`` more seconds; the new one ends no later."""
        from fake_idp.oauth.records import digest

        key, now = digest(token), self._clock.now()
        with self._state.transaction():
            record = self._state.get("refresh", key)
            if record is None:
                raise KeyError(key)
            if grace:
                over = min(record["expires_at"], now + grace)
                self._state.put("refresh", key, record | {"expires_at": over})
            else:
                self._state.put("refresh", key, record | {"used": True})
            return self._keep({**record, "used": False})

    def count_in(self, sign_in: SignIn, token: str, *, expires_at: float) -> None:
        """Let an access token end with the sign-in."""
        from fake_idp.oauth import families
        from fake_idp.oauth.records import token_digest

        with self._state.transaction():
            families.add_access(
                self._state,
                sign_in.family,
                token_digest(token),
                expires_at=expires_at,
                now=self._clock.now(),
            )

    def revoke(self, sign_in: SignIn) -> None:
        """End a sign-in: its refresh tokens, and the tokens that were counted in."""
        from fake_idp.oauth import families

        with self._state.transaction():
            families.revoke(self._state, sign_in.family, now=self._clock.now())

    def revoke_all(self, is_theirs: Callable[[str], bool]) -> None:
        """End every sign-in of a person, whom ``is_theirs`` knows by the name they signed in with."""
        for sign_in in self:
            if not sign_in.revoked and is_theirs(sign_in.user):
                self.revoke(sign_in)

    def is_revoked(self, token: str) -> bool:
        """Whether an access token was ended before its time."""
        from fake_idp.oauth.records import token_digest

        return self._state.get("revoked", token_digest(token)) is not None

    def _keep(self, record: Record) -> str:
        from fake_idp.oauth import families
        from fake_idp.oauth.records import digest

        token = random_ids.token_urlsafe(32)
        with self._state.transaction():
            self._state.put("refresh", digest(token), record)
            families.last_until(self._state, record["family"], record["expires_at"], now=self._clock.now())
        return token

    def _sign_in(self, key: str, record: Record) -> SignIn:
        from fake_idp.oauth import families

        login = record["login"]
        return SignIn(
            key=key,
            client_id=record["client_id"],
            user=login["user"],
            scope=tuple(login["scope"]),
            session=login["session"],
            auth_time=login["auth_time"],
            family=record["family"],
            used=record["used"],
            revoked=families.is_revoked(self._state, record["family"]),
            expires_at=record["expires_at"],
        )
