"""Take credentials out of what the journal shows."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

__all__ = ["redact_body", "redact_headers", "redact_query", "redact_text", "user_of"]

_GONE = "[redacted]"
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "dpop", "x-api-key"})
_SECRET_NAME = re.compile(
    r"(?i)[\w.-]*(?:token|secret|password|assertion|code|code[_-]verifier|_hint|request|api[_-]?key)"
)
_JWT = re.compile(r"\beyJ[\w-]*\.[\w.-]*")
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})  # RFC 7518 section 6


def redact_text(text: str) -> str:
    """The text without anything that looks like a JWT."""
    return _JWT.sub(_GONE, text) if "eyJ" in text else text


def redact_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers, repeated ones joined, with the scheme of a credential kept and the rest of it gone."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return {name: _header(name, value) for name, value in found.items()}


def redact_query(query: str) -> str:
    """The query as sent, with the values of credential parameters and of whatever holds a JWT gone."""
    return "&".join(_pair(pair) for pair in query.split("&"))


def redact_body(body: bytes, content_type: str) -> dict[str, str]:
    """The parameters of a form, or the members of a JSON object, credentials redacted.

    Values that are no text are written as JSON. A body of another kind has no parameters.
    """
    text = body.decode("utf-8", "replace")
    if "json" in content_type:
        try:
            value = json.loads(text)
            members = _members(value) if isinstance(value, dict) else {}
            return {
                name: member if isinstance(member, str) else json.dumps(member)
                for name, member in members.items()
            }
        except (ValueError, RecursionError):
            return {}
    found: dict[str, str] = {}
    if content_type.startswith("application/x-www-form-urlencoded"):
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=200)
        except ValueError:
            return {}
        for name, value in pairs:
            shown = _value(name, value)
            found[name] = f"{found[name]}, {shown}" if name in found else shown
    return found


def user_of(authorization: str) -> str | None:
    """Whose credentials they are: the client id of HTTP Basic authentication (RFC 6749 section 2.3.1)."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, separator, _ = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return redact_text(unquote_plus(user)) if separator else None


def _header(name: str, value: str) -> str:
    if name in _SECRET_HEADERS or _SECRET_NAME.fullmatch(name):
        scheme, separator, _ = value.partition(" ")
        # Several Authorization headers arrive joined; whatever the first one's scheme, all else goes.
        return f"{scheme} {_GONE}" if separator and scheme.isalpha() and len(scheme) <= 20 else _GONE
    address, mark, query = value.partition("?")  # a Referer is a URL, and may have an authorization code
    return redact_text(f"{address}?{redact_query(query)}" if mark else value)


def _pair(pair: str) -> str:
    name, separator, value = pair.partition("=")
    plain_name, plain = unquote_plus(name), unquote_plus(value)
    # As sent where nothing had to go, so that a percent sign too many is seen.
    kept_name = name if redact_text(plain_name) == plain_name else _GONE
    return f"{kept_name}{separator}{value if _value(plain_name, plain) == plain else _GONE}"


def _value(name: str, value: str) -> str:
    return _GONE if value and _SECRET_NAME.fullmatch(name) else redact_text(value)


def _members(value: Mapping[str, Any]) -> dict[str, Any]:
    private = _PRIVATE_MEMBERS if "kty" in value else frozenset()
    return {name: _GONE if name in private else _member(name, member) for name, member in value.items()}


def _member(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _value(name, value)
    if isinstance(value, dict):
        return _members(value)
    return [_member(name, each) for each in value] if isinstance(value, list) else value
