"""The ASGI side of AWS: bounded bodies, worker threads, and the well-known documents of user pools."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from harness.aws.errors import AwsError
from harness.aws.wire import Protocol, Request, Response, render_error

__all__ = ["App", "AsgiApp"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_MAX_BODY = 2 * 1024 * 1024  # bytes; PutLogEvents, the largest call, may have 1 MiB


class App:
    """ASGI application for every host name of AWS.

    Args:
        handle: answers one request; may block, since it runs in a worker thread.
    """

    def __init__(self, handle: Callable[[Request], Response]) -> None:
        self._handle = handle
        self._published: dict[tuple[str, str], AsgiApp] = {}

    def publish(self, host: str, prefix: str, app: AsgiApp) -> None:
        """Let ``app`` answer, on one host name, what begins with a path."""
        self._published = {**self._published, (host, prefix): app}

    def withdraw(self, host: str, prefix: str) -> None:
        """Undo ``publish``."""
        self._published = {key: app for key, app in self._published.items() if key != (host, prefix)}

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one connection event of ASGI 3."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            app = self._find(scope)
            if app is not None:
                await app(scope, receive, send)
            else:
                with contextlib.suppress(_ClientLeftError):  # half a request is none
                    await self._answer(scope, receive, send)

    def _find(self, scope: MutableMapping[str, Any]) -> AsgiApp | None:
        """Return what was published for a request, by the longest prefix."""
        if not self._published:
            return None
        host = _headers(scope).get("host", "").lower().partition(":")[0]
        found = [
            (len(prefix), app)
            for (name, prefix), app in self._published.items()
            if name == host and scope["path"].startswith(prefix)
        ]
        return max(found, key=lambda each: each[0])[1] if found else None

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            error = AwsError("RequestEntityTooLarge", "The request is too large.", status=413)
            response = render_error(Protocol.JSON_1_1, error)
        else:
            headers = _headers(scope)
            request = Request(
                method=scope["method"],
                host=headers.get("host", ""),
                path=(scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0],
                query=scope["query_string"].decode("latin-1"),
                headers=headers,
                body=body,
                address=(scope.get("client") or ("127.0.0.1", 0))[0],
            )
            response = await asyncio.to_thread(self._handle, request)
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
        raw.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": raw})
        await send({"type": "http.response.body", "body": response.body})


def _headers(scope: MutableMapping[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


class _ClientLeftError(Exception):
    """The client went away before its request was whole."""


async def _body(receive: Receive) -> bytes | None:
    """Read the body; None when it is too large."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientLeftError
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _MAX_BODY:
            return None
    return bytes(body)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
