"""Families: everything that was issued for one sign-in, so that it can be ended as one.

A family begins with an authorization code (or another grant with a person) and grows with every
refresh. The record is ``{"revoked", "access": {digest: expires_at}, "expires_at"}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_idp import random_ids

if TYPE_CHECKING:
    from fake_idp.state import Record, State

__all__ = ["LIFETIME", "add_access", "is_revoked", "last_until", "new_id", "revoke"]

LIFETIME = 30 * 86_400
"""How long a family lives after its last refresh, in seconds; a refresh token as long.

Where a client's refresh tokens live longer, so does the family (``last_until``).
"""


def new_id() -> str:
    """The id of a family that does not exist yet."""
    return random_ids.token_urlsafe(16)


def is_revoked(state: State, family: str) -> bool:
    """Whether the family was ended."""
    record = state.get("family", family)
    return record is not None and bool(record["revoked"])


def add_access(state: State, family: str, key: str, *, expires_at: float, now: float) -> None:
    """Count an access token in, by its digest. Call it inside a transaction.

    One that comes to a family which has been ended meanwhile is revoked at once.
    """
    record = state.get("family", family) or {"revoked": False, "access": {}}
    if record["revoked"]:
        state.put("revoked", key, {"expires_at": expires_at})
    live = {known: until for known, until in record["access"].items() if until > now}
    kept = record | {"access": live | {key: expires_at}, "expires_at": _until(record, now)}
    state.put("family", family, kept)


def last_until(state: State, family: str, expires_at: float, *, now: float) -> None:
    """Keep the family as long as a refresh token of it. Call it inside a transaction."""
    record = state.get("family", family) or {"revoked": False, "access": {}}
    state.put("family", family, record | {"expires_at": max(expires_at, _until(record, now))})


def revoke(state: State, family: str, *, now: float) -> None:
    """End the family: its refresh tokens and its access tokens. Call it inside a transaction."""
    record = state.get("family", family) or {"access": {}}
    for key, expires_at in record["access"].items():
        state.put("revoked", key, {"expires_at": expires_at})
    state.put("family", family, record | {"revoked": True, "expires_at": _until(record, now)})


def _until(record: Record, now: float) -> float:
    return max(now + LIFETIME, float(record.get("expires_at", 0)))
