"""Why a token is refused, in no service's words."""

from __future__ import annotations

from enum import Enum

__all__ = ["Reason", "TokenRejected"]


class Reason(Enum):
    """Why a token is refused."""

    MALFORMED = "not a JSON Web Token"
    ALGORITHM = "signature algorithm not accepted"
    SIGNATURE = "signature does not verify"
    UNREACHABLE = "the issuer's keys cannot be had"
    CERTIFICATE = "the issuer's certificate is not the one that was registered"
    ISSUER = "issuer differs"
    MISSING_CLAIM = "required claim missing"
    EXPIRED = "expired"
    TOO_OLD = "issued too long ago"
    NOT_YET_VALID = "not yet valid"


class TokenRejected(Exception):
    """A token that AWS refuses.

    Attributes:
        reason: what is wrong.
        detail: which claim or which rule; never a part of the token but a claim's name or its issuer.
        expires: the ``exp`` claim, seconds since the epoch, when ``reason`` is ``EXPIRED``.
        age: seconds since ``iat``, when ``reason`` is ``TOO_OLD``.
    """

    def __init__(
        self, reason: Reason, detail: str, *, expires: int | None = None, age: int | None = None
    ) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
        self.expires = expires
        self.age = age
