"""Requests and answers between ASGI and the endpoints: bodies, headers, and other origins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any

from fake_idp.oauth.messages import OAuthError, Request, Response, json_response

if TYPE_CHECKING:
    from fake_idp.presets.base import Endpoint

__all__ = [
    "SHARED",
    "SHARED_HEAD",
    "ASGIApp",
    "Head",
    "Receive",
    "Scope",
    "Send",
    "error",
    "head_of",
    "is_preflight",
    "make_request",
    "preflight",
    "read_body",
    "send_response",
]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_LIMIT = 1_000_000
_BODILESS = (204, 304)  # no content by definition (RFC 9110 section 6.4.1)

Head = tuple[tuple[bytes, bytes], ...]

#: Pages of every origin may read it (https://fetch.spec.whatwg.org/#http-cors-protocol).
SHARED: Head = ((b"access-control-allow-origin", b"*"),)

#: And what an OAuth client has to know from the head (RFC 6750 section 3, RFC 9449 section 8).
SHARED_HEAD: Head = (*SHARED, (b"access-control-expose-headers", b"WWW-Authenticate, DPoP-Nonce"))


async def read_body(receive: Receive) -> bytes | None:
    """Read the body, or return None when the client has gone.

    Raises:
        OAuthError: it is longer than a million bytes (413).
    """
    chunks: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body = message.get("body", b"")
        length += len(body)
        if length > BODY_LIMIT:
            raise OAuthError("invalid_request", f"the body is over {BODY_LIMIT} bytes", status=413)
        chunks.append(body)
        if not message.get("more_body", False):
            return b"".join(chunks)


def make_request(scope: Scope, endpoint: Endpoint, url: str, body: bytes) -> Request:
    """The request as endpoints see it; ``url`` is the endpoint's, by the issuer's name."""
    return Request(
        endpoint=endpoint,
        method=scope["method"],
        url=url,
        path=scope["path"],
        query_string=scope["query_string"].decode("latin-1"),
        headers=[
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]
        ],
        body=body,
    )


def head_of(answer: Response, more: Head) -> list[tuple[bytes, bytes]]:
    """The headers as they are sent, those of ``more`` that are missing too, but ``content-length``."""
    head = [(name.encode("latin-1"), _header_value(value)) for name, value in answer.headers]
    if more:
        said = {name for name, _ in head}
        head += [header for header in more if header[0] not in said]
    return head


async def send_response(send: Send, answer: Response, *, head: bool, more: Head = ()) -> None:
    """Send an answer; without its body when only the head was asked for."""
    headers, body = head_of(answer, more), answer.body
    if answer.status in _BODILESS:
        body = b""
    else:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


def is_preflight(scope: Scope) -> bool:
    """Whether a browser asks if it may ask (https://fetch.spec.whatwg.org/#cors-preflight-fetch)."""
    if scope["method"] != "OPTIONS":
        return False
    names = {name for name, _ in scope["headers"]}
    return b"origin" in names and b"access-control-request-method" in names


def preflight(methods: Iterable[str]) -> Response:
    """Every origin may, with these methods, and with the headers that OAuth clients send."""
    return Response(
        status=204,
        headers=(
            ("access-control-allow-methods", ", ".join(methods)),
            # Named, since a star does not stand for Authorization.
            ("access-control-allow-headers", "authorization, content-type, dpop"),
            ("access-control-max-age", "3600"),
        ),
    )


def error(code: str, description: str, *, status: int, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """An error in the shape of RFC 6749 section 5.2."""
    return json_response(
        {"error": code, "error_description": description}, status=status, headers=tuple(headers)
    )


def _header_value(value: str) -> bytes:
    if not value.isprintable():  # a line break would make the server give up, and the client see a 500
        value = "".join(character if character.isprintable() else "?" for character in value)
    return value.encode("latin-1", "replace")
