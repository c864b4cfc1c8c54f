"""The way out: a forward proxy that reaches the hosts of the world and refuses every other.

``CONNECT`` (RFC 9110 section 9.3.6) for TLS, and for plain HTTP both ``CONNECT host:80`` (Node's fetch)
and the absolute form (RFC 9112 section 3.2.2: curl, Python's clients). TLS ends at one listener that
chooses the certificate by the name the client asks for (SNI); what was inside is spliced, byte for
byte, to the service behind the name.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

from harness.internet.authority import Authority
from harness.internet.record import Connection
from harness.serving import Address

__all__ = ["Network", "ProxyServer"]

_HEAD_LIMIT = 256 * 1024
_CHUNK = 64 * 1024


class Network(Protocol):
    """What the proxy asks of the internet it belongs to."""

    def locate(self, host: str) -> Address | None:
        """The service behind a name, ``None`` if there is none or it cannot be reached."""

    def knows(self, host: str) -> bool:
        """Whether the name is part of the world."""

    def note(self, connection: Connection) -> None:
        """Record an attempt."""


class ProxyServer:
    """The proxy's doors and the TLS listener behind them, all on one event loop."""

    def __init__(self, network: Network, authority: Authority) -> None:
        self._network = network
        self._authority = authority
        self._servers: list[asyncio.Server] = []
        self._open: dict[asyncio.StreamWriter, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._tls = Address("127.0.0.1", 0)

    async def start(self) -> None:
        """Open the TLS listener."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        hosts: dict[ssl.SSLContext, str] = {}

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
            host = normal(name or "")
            if not self._network.knows(host):
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            chosen = self._authority.server_context(host)
            hosts[chosen] = host
            connection.context = chosen
            return None

        context.sni_callback = choose

        async def inside(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
            host = hosts.get(tls.context)
            service = self._network.locate(host) if host else None
            if host and service:
                await self._splice(host, reader, writer, service)

        self._tls = await self._listen(inside, context)

    async def door(self, caller: str) -> Address:
        """Open a port for one caller, so that the record can say whose connection it was."""

        async def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._proxy(caller, reader, writer)

        return await self._listen(enter, None)

    def drop(self, host: str) -> None:
        """Cut every connection to a host."""
        for writer in [writer for writer, name in self._open.items() if name == host]:
            writer.transport.abort()

    async def close(self) -> None:
        """End every listener and every connection."""
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(
        self,
        handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object],
        context: ssl.SSLContext | None,
    ) -> Address:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a connection's handler is always a task
            self._tasks.add(task)
            try:
                with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                    await handle(reader, writer)  # type: ignore[misc]  # both handlers are coroutines
            except asyncio.CancelledError:  # the internet is closing: an end, not an error
                pass
            finally:
                self._tasks.discard(task)
                writer.transport.abort() if writer.is_closing() else writer.close()

        server = await asyncio.start_server(
            guarded, "127.0.0.1", 0, ssl=context, limit=_HEAD_LIMIT, backlog=256
        )
        self._servers.append(server)
        return Address(*server.sockets[0].getsockname())

    async def _proxy(self, caller: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        request, _, headers = head.partition(b"\r\n")
        words = request.decode("latin-1").split(" ")
        if len(words) != 3:
            await _answer(writer, 400, "Bad Request", "not an HTTP request")
            return
        method, asked, version = words
        connect = method == "CONNECT"
        try:
            parts = urlsplit(f"//{asked}" if connect else asked)
            host, port = normal(parts.hostname or ""), parts.port or 80
        except ValueError:
            host, port = "", 0
        if not host or (not connect and parts.scheme != "http"):
            await _answer(
                writer, 400, "Bad Request", "a proxy needs CONNECT host:port or GET http://host/path"
            )
            return
        service = self._network.locate(host) if port in {80, 443} else None
        self._network.note(Connection(caller=caller, host=host, port=port, allowed=service is not None))
        if service is None:
            if self._network.knows(host) and port in {80, 443}:
                await _answer(writer, 502, "Bad Gateway", f"{host} is unplugged in this world")
            else:
                await _answer(
                    writer, 403, "Host outside the world", f"{host}:{port} is not part of this world"
                )
            return
        if connect:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self._splice(host, reader, writer, self._tls if port == 443 else service)
        else:
            await self._splice(
                host, reader, writer, service, first=_origin_form(method, asked, version, headers)
            )

    async def _splice(
        self,
        host: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        service: Address,
        *,
        first: bytes = b"",
    ) -> None:
        """Copy bytes both ways until both sides have ended."""
        inner_reader, inner_writer = await asyncio.open_connection(*service)
        self._open[writer] = host
        try:
            inner_writer.write(first)
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
        finally:
            self._open.pop(writer, None)
            inner_writer.close()


def normal(host: str) -> str:
    """A host's name as the world knows it: lower case, no trailing dot (RFC 1034 section 3.1)."""
    return host.lower().removesuffix(".")


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    finally:
        # The end of one direction is the end of the connection: HTTP has no use for half-open ones.
        writer.close()


def _origin_form(method: str, asked: str, version: str, headers: bytes) -> bytes:
    """The request as the origin server expects it: one request a connection, no proxy headers.

    A client may send its next request, on the same connection, to another host; ``Connection: close``
    makes it come in by the door again.
    """
    parts = urlsplit(asked)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [
        line
        for line in headers.split(b"\r\n")
        if line
        and line.split(b":", 1)[0].strip().lower()
        not in {b"connection", b"proxy-connection", b"proxy-authorization"}
    ]
    lines = [f"{method} {target} {version}".encode("latin-1"), *kept, b"Connection: close"]
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def _answer(writer: asyncio.StreamWriter, status: int, reason: str, text: str) -> None:
    body = f"{text}\n".encode()
    writer.write(
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )
    await writer.drain()
