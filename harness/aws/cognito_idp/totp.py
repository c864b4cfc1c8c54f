"""Codes of an authenticator app (RFC 6238): six digits by HMAC-SHA-1, another one every 30 seconds."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct

__all__ = ["code", "new_secret", "step_of"]

_STEP = 30  # seconds
_DRIFT = 1  # steps that an app's clock may be off; RFC 6238 section 5.2 recommends one


def new_secret() -> str:
    """A fresh key of 32 bytes, base32 without padding."""
    return base64.b32encode(secrets.token_bytes(32)).decode().rstrip("=")


def code(secret: str, step: int) -> str:
    """The code of a time step (RFC 4226 section 5.3)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    made = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = made[-1] & 0x0F
    number = struct.unpack(">I", made[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06}"


def step_of(secret: str, given: str, now: float) -> int | None:
    """The time step whose code was given; None for a code of no step near ``now``."""
    current = int(now) // _STEP
    for step in range(max(0, current - _DRIFT), current + _DRIFT + 1):
        if hmac.compare_digest(code(secret, step).encode(), given.encode()):
            return step
    return None
