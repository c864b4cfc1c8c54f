"""User pools, as identity pools see them: Cognito knows its own keys and users without asking anybody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from harness.aws.identity_token import Fetch

__all__ = ["KnownUserPools", "UserPool"]


class UserPool(Protocol):
    """A user pool of this AWS, whoever keeps it."""

    def jwks(self) -> dict[str, Any]:
        """Its public keys, a JWK Set."""
        ...

    def honours(self, claims: Mapping[str, Any]) -> bool:
        """Whether the user of a verified ID token is still there, enabled, and not signed out since."""
        ...


class KnownUserPools:
    """The user pools that identity pools can ask by themselves, and the key sets of all others.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._pools: dict[str, UserPool] = {}
        self._bodies: dict[str, bytes] = {}

    def add(self, provider: str, pool: UserPool) -> None:
        """Make a user pool known.

        Args:
            provider: its name as a provider: ``cognito-idp.us-east-1.amazonaws.com/us-east-1_Abc123``.
            pool: its keys and users.
        """
        self._pools = {**self._pools, provider: pool}

    def remove(self, provider: str) -> None:
        """Forget a user pool; nothing happens if it is not known."""
        self._pools = {name: pool for name, pool in self._pools.items() if name != provider}

    def find(self, provider: str) -> UserPool | None:
        """Return a user pool that was made known."""
        return self._pools.get(provider)

    def keys(self, provider: str, fetch: Fetch) -> Fetch:
        """Return what answers the URL of a user pool's keys.

        A pool that is known is asked; any other one is fetched. An outage of the public endpoint does not
        concern identity pools, so the last good key set stays.
        """
        pool = self.find(provider)
        if pool is not None:
            return lambda url: (200, json.dumps(pool.jwks()).encode())

        def remembering(url: str) -> tuple[int, bytes]:
            try:
                status, body = fetch(url)
            except OSError:
                if url not in self._bodies:
                    raise
                return 200, self._bodies[url]
            if status == 200 and _is_key_set(body):
                self._bodies[url] = body
            return (200, self._bodies[url]) if url in self._bodies else (status, body)

        return remembering


def _is_key_set(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body)["keys"], list)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
