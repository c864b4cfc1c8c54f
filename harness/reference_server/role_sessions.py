"""What is the same for every role that is assumed for a person: the session's name and its length."""

from __future__ import annotations

import hashlib
import re
import time

__all__ = ["session_duration", "session_name"]

_VALID = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}")
_INVALID_CHARACTER = re.compile(r"[^A-Za-z0-9_+=,.@-]")
_MAPPED = re.compile(r".*=[0-9a-f]{20}")


def session_name(subject: str) -> str:
    """A ``RoleSessionName`` for a person, by which CloudTrail tells who it was.

    AWS wants ``[\\w+=,.@-]{2,64}`` (STS API reference, AssumeRole). A subject of that form is the name.
    Any other, such as Auth0's ``auth0|5f7c``, becomes its readable part and a digest of the whole, so
    that no two subjects share a name; and so does a subject that merely looks like such a name.
    """
    if _VALID.fullmatch(subject) and not _MAPPED.fullmatch(subject):
        return subject
    digest = hashlib.sha256(subject.encode()).hexdigest()[:20]
    return f"{_INVALID_CHARACTER.sub('-', subject)[:43]}={digest}"


def session_duration(expires_at: float) -> int:
    """``DurationSeconds`` for a token that expires at ``expires_at``, seconds since the epoch.

    As long as the token lives; but not under 900, which AWS refuses, and not over 3600, which every
    role allows and which is the most that a chained role gets (STS API reference, AssumeRole).
    """
    return max(900, min(3600, int(expires_at - time.time())))
