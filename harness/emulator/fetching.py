"""How the emulated AWS reaches issuers: in this process, and elsewhere only where it was told to."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.client
import ipaddress
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from harness.aws.app import AsgiApp
from harness.serving import LoopThread

__all__ = ["TrustError", "Trusted", "ask", "get"]

_SECONDS = 5.0  # how long AWS waits for an identity provider; STS documents five
_LIMIT = 4 * 1024 * 1024  # bytes
_AGENT = "aws-internal/3"


class TrustError(ValueError):
    """An issuer that cannot be trusted as it was written; the message says how to write it."""


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """An issuer elsewhere whose documents may be fetched.

    Attributes:
        host: of its name, with a port if it has one.
        address: where it really is; its name when that is its address.
    """

    host: str
    address: SplitResult

    @classmethod
    def parse(cls, text: str) -> Trusted:
        """Read ``https://NAME`` or ``https://NAME=http://127.0.0.1:PORT``.

        AWS takes issuers by https only, so one that runs on this machine in plain http needs a name, too.

        Raises:
            TrustError: it is neither.
        """
        name, equals, address = text.partition("=")
        named, located = _split(name, text), _split(address, text) if equals else None
        if named.scheme != "https":
            raise TrustError(
                f"{text}: AWS takes issuers by https only; to trust one on this machine, give it a name: "
                f"https://NAME={named.scheme}://{named.netloc}"
            )
        if located is not None and not _is_loopback(located.hostname or ""):
            raise TrustError(f"{text}: behind the equals sign belongs an address of this machine")
        if located is not None and located.path not in {"", "/"}:
            raise TrustError(f"{text}: the address has no path; the paths are those of the name")
        return cls(host=named.netloc.lower(), address=located or named)


def _split(url: str, text: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or parts.query or parts.fragment or parts.username is not None or not url.isprintable():
        raise TrustError(f"{text!r} is neither https://NAME nor https://NAME=http://127.0.0.1:PORT")
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def ask(app: AsgiApp, url: str) -> tuple[int, bytes]:
    """Get a document from an application of this process.

    Raises:
        OSError: it is too slow, fails, or sends too much.
    """
    try:
        return _loop().run(_ask(app, urlsplit(url)), seconds=2 * _SECONDS)
    except OSError:  # TimeoutError is one
        raise
    except Exception as error:
        raise OSError(f"{type(error).__name__} from the identity provider") from error


async def _ask(app: AsgiApp, url: SplitResult) -> tuple[int, bytes]:
    status, promised, body, asked = 0, 0, bytearray(), False
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": url.scheme,
        "path": unquote(url.path) or "/",
        "raw_path": (url.path or "/").encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": [(b"host", url.netloc.encode()), (b"user-agent", _AGENT.encode())],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 443),
    }

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:  # and it does not leave
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, promised
        if message["type"] == "http.response.start":
            headers = {name.strip(b"\0").lower(): value for name, value in message.get("headers", ())}
            if b"" in headers:  # a head that no server can write: it hangs up
                raise OSError("the identity provider hung up")
            status, promised = message["status"], int(headers.get(b"content-length", 0))
        body.extend(message.get("body", b""))
        if len(body) > _LIMIT:
            raise OSError("the answer is larger than 4 MiB")

    async with asyncio.timeout(_SECONDS):
        await app(scope, receive, send)
    if not status or len(body) < promised:
        raise OSError("the identity provider hung up")
    return status, bytes(body)


def get(url: str, trusted: Trusted) -> tuple[int, bytes]:
    """Get a document over the network, from a trusted issuer and from nobody else: no redirect, no proxy.

    Raises:
        OSError: it cannot be reached, is too slow, or sends too much.
    """
    parts, at = urlsplit(url), trusted.address
    kind = http.client.HTTPSConnection if at.scheme == "https" else http.client.HTTPConnection
    connection = kind(at.hostname or "", at.port, timeout=_SECONDS)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.connect()
        with _hanging_up(connection.sock):
            connection.request("GET", target, headers={"Host": parts.netloc, "User-Agent": _AGENT})
            answer = connection.getresponse()
            body = answer.read(_LIMIT + 1)
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"{type(error).__name__} from the identity provider") from error
    finally:
        connection.close()
    if len(body) > _LIMIT:
        raise OSError("the answer is larger than 4 MiB")
    if answer.length:  # what is still missing
        raise OSError("the identity provider hung up")
    return answer.status, body


@contextlib.contextmanager
def _hanging_up(connected: socket.socket) -> Iterator[None]:
    """Hang up after five seconds: the timeout of a socket begins anew with each byte that trickles in."""

    def hang_up() -> None:
        with contextlib.suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(_SECONDS, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@functools.cache
def _loop() -> LoopThread:
    """Applications answer on a loop of their own: whoever calls AWS may be on one already."""
    return LoopThread("emulator")
