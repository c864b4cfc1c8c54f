"""A user pool as the identity pools of the same account see it: its keys, and who is still signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.issuers import Issuer

__all__ = ["KnownPool"]


class KnownPool:
    """A user pool of this account.

    Args:
        pool: moto's user pool.
        issuer: whose tokens they are.
        deleted: the ``sub`` of users who are gone.
    """

    def __init__(self, pool: Any, issuer: Issuer, deleted: set[str]) -> None:
        self._pool = pool
        self._issuer = issuer
        self._deleted = deleted

    def jwks(self) -> dict[str, Any]:
        """Its public keys, a JWK Set."""
        return self._issuer.jwks()

    def honours(self, claims: Mapping[str, Any]) -> bool:
        """Whether the user of a verified ID token is there and enabled, and the sign-in has not been ended.

        Of a subject who was never a user of the pool, as tests mint them, nothing is known and nothing held
        against them.
        """
        sub, sign_in = claims.get("sub"), claims.get("origin_jti")
        if sub in self._deleted:
            return False
        user = next((user for user in list(self._pool.users.values()) if user.id == sub), None)
        if user is not None and not user.enabled:
            return False
        ended = (each.session for each in self._issuer.sign_ins if each.revoked)
        return sign_in is None or all(self._origin(session) != sign_in for session in ended)

    def _origin(self, session: str) -> Any:
        """``origin_jti`` of a sign-in's tokens."""
        draft = self._issuer.draft("anybody", session=session, token_use="access")  # noqa: S106 (a kind)
        return draft.claims["origin_jti"]
