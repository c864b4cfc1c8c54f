"""The compact form of a signed token (RFC 7515), read strictly."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any

from harness.aws.identity_token.refusal import Reason, TokenRejected

__all__ = ["Jws", "base64url", "decode", "json_object"]

_MAX_TOKEN = 20_000  # characters; the bound of WebIdentityToken in the API reference of STS
_SEGMENT = re.compile(r"[A-Za-z0-9_-]*")


@dataclass(frozen=True, kw_only=True)
class Jws:
    """A token taken apart, its signature unchecked.

    Attributes:
        header: the JOSE header.
        claims: the payload, a JSON object.
        signed: what the signature is over.
        signature: the signature.
    """

    header: dict[str, Any]
    claims: dict[str, Any] = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def decode(token: str) -> Jws:
    """Take a token apart.

    Raises:
        TokenRejected: ``MALFORMED``. So are a ``kid`` that is no string (RFC 7515 section 4.1.4), any
            ``crit``, since no extension is understood here (section 4.1.11), and ``b64`` false, which must
            come with ``crit`` (RFC 7797 section 6).
    """
    segments = token.split(".") if len(token) <= _MAX_TOKEN else []
    if len(segments) != 3:
        raise TokenRejected(Reason.MALFORMED, "not three segments")
    header, claims = (json_object(base64url(segment)) for segment in segments[:2])
    if "crit" in header or header.get("b64", True) is not True:
        raise TokenRejected(Reason.MALFORMED, "an extension in the header")
    if not isinstance(header.get("kid", ""), str):
        raise TokenRejected(Reason.MALFORMED, "kid")
    signed = f"{segments[0]}.{segments[1]}".encode("ascii")
    return Jws(header=header, claims=claims, signed=signed, signature=base64url(segments[2]))


def base64url(segment: str) -> bytes:
    """Decode base64url without padding (RFC 7515 section 2).

    The unused bits of the last character must be zero: RFC 4648 section 3.5 lets a decoder insist, and one
    that does not takes several spellings of one signature.

    Raises:
        TokenRejected: ``MALFORMED``.
    """
    try:
        decoded = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        decoded = b""
    spelt = base64.urlsafe_b64encode(decoded).rstrip(b"=").decode("ascii")
    if spelt != segment or not _SEGMENT.fullmatch(segment):
        raise TokenRejected(Reason.MALFORMED, "not base64url")
    return decoded


def json_object(document: bytes) -> dict[str, Any]:
    """Read a JSON object in UTF-8.

    Raises:
        TokenRejected: ``MALFORMED``.
    """
    try:
        value = json.loads(document.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise TokenRejected(Reason.MALFORMED, "not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that comes twice (RFC 7519 section 4): readers would disagree on its value."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members
