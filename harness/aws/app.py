"""The ASGI side of AWS: bounded bodies, worker threads, published applications, and broken answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from harness.aws.errors import AwsError
from harness.aws.faults import Late
from harness.aws.wire import Request, Response

__all__ = ["App", "AsgiApp", "Handle"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_MAX_BODY = 2 * 1024 * 1024  # bytes; PutLogEvents, the largest call, may have 1 MiB
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})


class Handle(Protocol):
    """Answers one request; may block, since it runs in a worker thread."""

    def __call__(self, request: Request, *, broken: AwsError | None = None) -> Response:
        """Answer it; ``broken`` is what is wrong with it as HTTP."""
        ...


class App:
    """ASGI application for every host name of AWS.

    Args:
        handle: answers one request.
        body_seconds: how long a client may take to send a body.
    """

    def __init__(self, handle: Handle, *, body_seconds: float = 20.0) -> None:
        self._handle = handle
        self._body_seconds = body_seconds
        self._published: dict[tuple[str, str], AsgiApp] = {}

    def publish(self, host: str, prefix: str, app: AsgiApp) -> None:
        """Let ``app`` answer, on one host name, what begins with a path."""
        self._published = {**self._published, (host, prefix): app}

    def withdraw(self, host: str, prefix: str) -> None:
        """Undo ``publish``."""
        self._published = {key: app for key, app in self._published.items() if key != (host, prefix)}

    def withdraw_all(self) -> None:
        """Undo every ``publish``."""
        self._published = {}

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
        """Return what was published for a request, by the longest prefix.

        On loopback, as under ``AWS_ENDPOINT_URL``, the path alone tells; what has a host to itself is not
        there.
        """
        if not self._published:
            return None
        host = _headers(scope).get("host", "").lower().partition(":")[0]
        found = [
            (len(prefix), app)
            for (name, prefix), app in self._published.items()
            if (name == host or (host in _LOOPBACK and prefix != "/")) and scope["path"].startswith(prefix)
        ]
        return max(found, key=lambda each: each[0])[1] if found else None

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        body, broken = b"", None
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await _body(receive)
        except AwsError as error:
            broken = error
        except TimeoutError:  # AWS's code for it, by the S3 API Reference, "Error responses"
            message = "The request was not received within the timeout period."
            broken = AwsError("RequestTimeout", message)
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
        response = await asyncio.to_thread(self._handle, request, broken=broken)
        if isinstance(response, Late):
            if await _left_within(response.delay, receive):
                return
            if response.is_lost:
                await _hang_up(send)
                return
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
        raw.append((b"content-length", str(len(response.body)).encode()))
        if broken is not None:  # the rest of its body must not be read as another request
            raw.append((b"connection", b"close"))
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


async def _body(receive: Receive) -> bytes:
    """Read the body.

    Raises:
        AwsError: it is too large.
    """
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientLeftError
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _MAX_BODY:
            raise AwsError("RequestEntityTooLarge", "The request is too large.", status=413)
    return bytes(body)


async def _left_within(seconds: float, receive: Receive) -> bool:
    """Wait, without a thread, and tell whether the client left meanwhile."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
        return True
    return False


async def _hang_up(send: Send) -> None:
    """End the connection without an answer.

    ASGI has no word for it. A head that cannot be written (RFC 9110 section 5.1: a name is a token) makes the
    server send nothing, and close the connection since the answer is never complete.
    """
    with contextlib.suppress(Exception):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"\0", b"")]})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
