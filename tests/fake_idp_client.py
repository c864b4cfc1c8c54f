"""A client that sees everything: whole answers by ``http.client``, and bytes by socket."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fake_idp import Issuer
from fake_idp.server import LoopbackServer

Headers = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """One answer; without its ``Date``, which is no part of what was asked for."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """By name, in lower case; the last where there are several."""
        return dict(self.fields)

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def challenges(self) -> list[str]:
        return [value for name, value in self.fields if name == "www-authenticate"]

    def is_refused(self, error: str, status: int = 400) -> bool:
        """Whether it is that error, in the form of RFC 6749 section 5.2, and no cache keeps it."""
        assert self.status == status, (self.status, self.body)
        assert self.json()["error"] == error, self.body
        assert set(self.json()["error_description"]) <= {chr(n) for n in range(0x20, 0x7F)} - {'"', "\\"}
        assert self.headers["cache-control"] == "no-store"
        return True


def ask(url: str, *, method: str = "GET", body: bytes | None = None, headers: Headers = ()) -> Answer:
    """Send exactly these headers, and ``Host`` and ``Content-Length``."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.putrequest(
            method, f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        )
        for name, value in headers.items() if isinstance(headers, Mapping) else headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        fields = tuple((name.lower(), value) for name, value in response.getheaders())
        return Answer(response.status, tuple(each for each in fields if each[0] != "date"), response.read())
    finally:
        connection.close()


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def begin(url: str, *, method: str = "GET") -> socket.socket:
    """A connection on which the request has been sent."""
    parts = urlsplit(url)
    connection = connect(url)
    connection.sendall(f"{method} {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    return connection


def all_of(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    received = b""
    with connection:
        while piece := connection.recv(65536):
            received += piece
    return received


def exchange(url: str, request: bytes) -> bytes:
    """What comes back for these bytes when nothing follows them."""
    connection = connect(url)
    try:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return all_of(connection)
    except ConnectionError:  # it hung up before it had read everything
        return b""
    finally:
        connection.close()


def url_of(issuer: Issuer, endpoint: str) -> str:
    return {"discovery": issuer.discovery_url, **issuer.endpoints}[endpoint]  # type: ignore[index]


def is_idle(server: LoopbackServer) -> bool:
    """Whether nothing is being answered, or nothing any more within some seconds."""
    deadline = time.monotonic() + 5
    while (tasks := server._server.server_state.tasks) and time.monotonic() < deadline:
        time.sleep(0.005)
    return not tasks
