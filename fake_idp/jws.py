"""JWS compact serialization, written and taken apart without judging it (RFC 7515 section 7.1).

Libraries refuse to write most of what a forgery needs (``alg: none``, HS256 keyed with a public
key, a ``kid`` that is no string), and rightly. So there is one writer here, for honest and for
forged tokens alike: what a forgery leaves alone is then byte for byte what ``mint`` makes.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fake_idp.errors import InvalidValue, MalformedToken

__all__ = ["Parts", "b64url", "from_b64url", "json_bytes", "parse_object", "seal", "split", "write"]

_ALPHABET = re.compile(rb"[A-Za-z0-9_-]*\Z")
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class Parts(NamedTuple):
    """The three segments of a compact JWS, still encoded."""

    header: str
    payload: str
    signature: str


def b64url(data: bytes) -> str:
    """Encode as base64url without padding (RFC 7515 section 2)."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL, b"=").decode("ascii")


def from_b64url(text: str, *, part: str) -> bytes:
    """Decode base64url, strictly: no padding, no foreign character (RFC 7515 section 2).

    Raises:
        MalformedToken: it is anything else; ``part`` names the segment.
    """
    try:
        raw = text.encode("ascii")
    except UnicodeEncodeError:
        raise MalformedToken(part, "is not base64url") from None
    if not _ALPHABET.match(raw):
        raise MalformedToken(part, "is not base64url")
    try:
        return binascii.a2b_base64(raw.translate(_FROM_URL) + b"=" * (-len(raw) % 4))
    except binascii.Error:
        raise MalformedToken(part, "is not base64url") from None


def json_bytes(value: Mapping[str, Any], *, what: str) -> bytes:
    """Serialize as compact JSON, members in the given order.

    Raises:
        InvalidValue: some member has no JSON form; ``what`` and the member name it.
    """
    try:
        return _encode(value).encode("ascii")
    except (TypeError, ValueError, RecursionError):
        raise InvalidValue(f"{what} {_culprit(value)}", "has no JSON form") from None


def parse_object(data: bytes, *, part: str) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        MalformedToken: it is not JSON, or no object; ``part`` names the segment.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise MalformedToken(part, "is not JSON") from None
    if not isinstance(value, dict):
        raise MalformedToken(part, "is not a JSON object")
    return value


def split(token: str) -> Parts:
    """Split a compact JWS into its segments.

    Raises:
        MalformedToken: there are not exactly three.
    """
    segments = token.split(".")
    if len(segments) != len(Parts._fields):
        raise MalformedToken("token", f"has {len(segments)} segments, a JWS has 3")
    return Parts(*segments)


def write(header: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """Write a compact JWS: serialize both objects and append what ``sign`` makes of them."""
    return seal(json_bytes(header, what="header"), json_bytes(claims, what="claim"), sign)


def seal(header: bytes, payload: bytes, sign: Callable[[bytes], bytes]) -> str:
    """Write a compact JWS of these bytes, whatever they are."""
    signed = f"{b64url(header)}.{b64url(payload)}"
    return f"{signed}.{b64url(sign(signed.encode('ascii')))}"


def _culprit(value: Mapping[str, Any]) -> str:
    for name, member in value.items():
        try:
            json.dumps({name: member}, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            return repr(name)
    return "set"
