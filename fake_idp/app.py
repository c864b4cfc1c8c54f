"""An issuer over HTTP: discovery and JWKS, as a thin ASGI application.

It imports nothing but the standard library and has no 5xx of its own: what it answers with one is a
fault that somebody asked for.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fake_idp.faults import Endpoint, Fault
from fake_idp.journal import Request, redact_headers, redact_query

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["ASGIApp", "IssuerApp", "Receive", "Scope", "Send", "Site"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_JSON = (b"content-type", b"application/json")


class Site:
    """Several issuers at one address, told apart by their paths.

    Args:
        issuers: the issuers; where two have the same path, the first answers.
        before: called with the issuer before each of its answers, for instance to look whether
            another process has rotated its keys.
    """

    def __init__(self, issuers: Iterable[Issuer], *, before: Callable[[Issuer], None] | None = None) -> None:
        self._issuers = tuple(issuers)
        self._before = before
        self._routes: dict[str, tuple[Issuer, Endpoint]] = {}
        for issuer in self._issuers:
            for path, endpoint in issuer.routes.items():
                self._routes.setdefault(unquote(path), (issuer, endpoint))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request (or the server's start and stop)."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, scope: Scope, send: Send) -> None:
        issuer, endpoint = self._routes.get(scope["path"], (None, None))
        fault: Fault | None = None
        headers: list[tuple[bytes, bytes]] = [_JSON]
        if issuer is None or endpoint is None:
            status, body = 404, _error("not_found", f"served here: {', '.join(sorted(self._routes))}")
        elif scope["method"] not in ("GET", "HEAD"):
            status, body = 405, _error("method_not_allowed", "use GET or HEAD")
            headers.append((b"allow", b"GET, HEAD"))
        else:
            fault = issuer.faults.take(endpoint)
            status, body = self._document(issuer, endpoint, fault)
            if issuer.preset.cache_control and fault is None:
                headers.append((b"cache-control", issuer.preset.cache_control.encode()))
        # Written down before the answer leaves, so that whoever has the answer finds it in the journal.
        for witness in (issuer,) if issuer else self._issuers:
            witness.journal.add(_request(scope, endpoint, status, time=witness.clock.now()))
        if fault is not None and fault.delay:
            import asyncio  # costs more than the rest of this package; the server has it already

            await asyncio.sleep(fault.delay)
        await _send(send, status, headers, body, head=scope["method"] == "HEAD")

    def _document(self, issuer: Issuer, endpoint: Endpoint, fault: Fault | None) -> tuple[int, bytes]:
        if fault is not None and fault.body is not None:
            return fault.status or 200, fault.body
        if fault is not None and fault.status is not None:
            return fault.status, _error("fault", "this answer was asked for")
        if self._before is not None:
            self._before(issuer)
        document = issuer.discovery() if endpoint == "discovery" else issuer.keys.jwks()
        return 200, json.dumps(document, separators=(",", ":")).encode()


class IssuerApp(Site):
    """One issuer at its real paths, the path of its identifier included."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__((issuer,))


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _send(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes, *, head: bool
) -> None:
    if status in (204, 304):  # no content by definition (RFC 9110 section 6.4.1)
        body, headers = b"", []
    else:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


def _request(scope: Scope, endpoint: str | None, status: int, *, time: float) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(
        time=time,
        method=scope["method"],
        path=scope["path"],
        query=redact_query(scope["query_string"].decode("latin-1")),
        headers=redact_headers(headers),
        endpoint=endpoint,
        status=status,
    )


def _error(code: str, description: str) -> bytes:
    return json.dumps({"error": code, "error_description": description}).encode()
