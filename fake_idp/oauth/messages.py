"""A request and its answer, and the one error that an endpoint may raise.

Endpoints are functions ``async def handle(issuer, request) -> Response``; they know nothing of ASGI.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from fake_idp.errors import FakeIdpError

if TYPE_CHECKING:
    from fake_idp.presets.base import Endpoint

__all__ = ["NO_STORE", "OAuthError", "Request", "Response", "json_response"]

NO_STORE = (("cache-control", "no-store"), ("pragma", "no-cache"))
"""On every answer with a token or about one (RFC 6749 section 5.1)."""

_FORM = "application/x-www-form-urlencoded"


class OAuthError(FakeIdpError):
    """An error answer of RFC 6749 section 5.2 and its relatives.

    Attributes:
        error: the code, for example ``invalid_grant``.
        description: for people; ASCII without quotes and backslashes (RFC 6749 section 5.2).
        status: the HTTP status.
        headers: more headers, for example ``WWW-Authenticate``.
    """

    def __init__(
        self, error: str, description: str, *, status: int = 400, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status
        self.headers = tuple(headers)


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer.

    Attributes:
        status: the HTTP status.
        headers: names in lower case; ``content-length`` is added when it is sent.
        body: the bytes.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def json_response(
    value: Mapping[str, Any], *, status: int = 200, headers: Sequence[tuple[str, str]] = ()
) -> Response:
    """An answer in JSON."""
    return Response(
        status=status,
        headers=(("content-type", "application/json"), *headers),
        body=json.dumps(value, separators=(",", ":")).encode(),
    )


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, read whole.

    Attributes:
        endpoint: which endpoint it is for.
        method: in upper case.
        url: by the name that the issuer has, without the query; for ``htu`` (RFC 9449 section 4.2).
        path: decoded.
        query_string: as sent.
        headers: as sent, names in lower case.
        body: the bytes.
    """

    endpoint: Endpoint
    method: str
    url: str
    path: str
    query_string: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The header's value, or None.

        Raises:
            OAuthError: it is there twice (invalid_request).
        """
        found = [value for key, value in self.headers if key == name]
        if len(found) > 1:
            raise OAuthError("invalid_request", f"the header {name} must not be repeated")
        return found[0] if found else None

    @cached_property
    def query(self) -> dict[str, str]:
        """The parameters of the query.

        Raises:
            OAuthError: one is there twice (RFC 6749 section 3.1), or it is not UTF-8.
        """
        return _parameters(self.query_string)

    @cached_property
    def form(self) -> dict[str, str]:
        """The parameters of the body (RFC 6749 appendix B).

        Raises:
            OAuthError: it is no form, a parameter is there twice, or it is not UTF-8.
        """
        media_type = (self.header("content-type") or "").partition(";")[0].strip().lower()
        if media_type != _FORM:
            raise OAuthError("invalid_request", f"the body must be {_FORM}")
        try:
            text = self.body.decode("utf-8")
        except UnicodeDecodeError:
            raise OAuthError("invalid_request", "the body is not UTF-8") from None
        return _parameters(text)

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            OAuthError: it is none (invalid_request).
        """
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            raise OAuthError("invalid_request", "the body is not JSON") from None
        if not isinstance(value, dict):
            raise OAuthError("invalid_request", "the body is not a JSON object")
        return value

    def cookie(self, name: str) -> str | None:
        """A cookie's value, or None."""
        for key, value in self.headers:
            if key == "cookie":
                for pair in value.split(";"):
                    found, _, content = pair.strip().partition("=")
                    if found == name:
                        return content
        return None


def _parameters(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=200)
    except (ValueError, UnicodeDecodeError):
        raise OAuthError("invalid_request", "the parameters cannot be read") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        # RFC 8707 section 2 lets ``resource`` be repeated, RFC 8693 section 2.1 ``audience`` too: they
        # arrive here joined by spaces, which no URI contains.
        if name in found and name in ("resource", "audience"):
            found[name] = f"{found[name]} {value}"
        elif name in found:
            raise OAuthError("invalid_request", "a parameter is there twice")
        elif value:  # RFC 6749 section 3.1: one without a value is treated as if it were not there
            found[name] = value
    return found
