"""How AWS gets a document: straight from the service behind a name, over kept connections.

The way through the proxy and TLS is left out. Every host of the world has a good certificate by definition,
and the way took longer than all that AWS does with a token.
"""

from __future__ import annotations

import http.client
import select
import threading
import time
from urllib.parse import urlsplit

from harness.internet.proxy import Network, normal
from harness.internet.record import Connection
from harness.serving import Address

__all__ = ["Fetcher"]

_SECONDS = 5.0  # STS waits for an identity provider no longer (AWS re:Post, "InvalidIdentityToken")
_LIMIT = 4 * 1024 * 1024  # bytes
_CHUNK = 64 * 1024
_HEADERS = {"User-Agent": "aws-internal/3", "Accept": "application/json"}


class Fetcher:
    """Gets documents for one caller. Safe to use from several threads.

    Args:
        network: whose hosts it reaches, and whose record says so: a connection is noted when it is opened.
        caller: its name in the record.
    """

    def __init__(self, network: Network, caller: str) -> None:
        self._network = network
        self._caller = caller
        self._idle: dict[Address, list[http.client.HTTPConnection]] = {}
        self._lock = threading.Lock()

    def fetch(self, url: str) -> tuple[int, bytes]:
        """Get a document, redirects not followed, within five seconds.

        Returns:
            The HTTP status and the body.

        Raises:
            OSError: if it is no https URL, the host cannot be reached, is too slow, or sends too much.
        """
        try:
            parts = urlsplit(url)
            host, port = normal(parts.hostname or ""), parts.port or 443
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            if parts.scheme != "https":
                raise OSError("no https URL")
            address = self._network.locate(host) if port == 443 else None
            if address is None:
                self._note(host, port, allowed=False)
                raise OSError(f"{host[:255]} cannot be reached")
            return self._get(address, host, target)
        except (http.client.HTTPException, ValueError) as error:
            raise OSError(f"{type(error).__name__} from the identity provider") from error

    def close(self) -> None:
        """End every kept connection."""
        with self._lock:
            for connections in self._idle.values():
                for connection in connections:
                    connection.close()
            self._idle.clear()

    def _get(self, address: Address, host: str, target: str) -> tuple[int, bytes]:
        connection = self._take(address) or self._open(address, host)
        is_whole = False
        try:
            connection.request("GET", target, headers={"Host": host, **_HEADERS})
            answer = connection.getresponse()
            body = _read(answer)
            is_whole = not answer.will_close
            answer.close()
        finally:
            if not is_whole:
                connection.close()
        if is_whole:
            with self._lock:
                self._idle.setdefault(address, []).append(connection)
        return answer.status, body

    def _take(self, address: Address) -> http.client.HTTPConnection | None:
        """Return a kept connection that the other side has not closed."""
        while True:
            with self._lock:
                idle = self._idle.get(address)
                connection = idle.pop() if idle else None
            if connection is None:
                return None
            poll = select.poll()
            poll.register(connection.sock, select.POLLIN)
            if not poll.poll(0):  # nothing is to come before something is asked
                return connection
            connection.close()

    def _open(self, address: Address, host: str) -> http.client.HTTPConnection:
        self._note(host, 443, allowed=True)
        return http.client.HTTPConnection(*address, timeout=_SECONDS)

    def _note(self, host: str, port: int, *, allowed: bool) -> None:
        self._network.note(Connection(caller=self._caller, host=host, port=port, allowed=allowed))


def _read(answer: http.client.HTTPResponse) -> bytes:
    """Read the body, however slowly it comes, but not for longer than AWS would."""
    deadline = time.monotonic() + _SECONDS
    length, body = answer.length, bytearray()
    while length is None or len(body) < length:
        chunk = answer.read1(_CHUNK if length is None else min(_CHUNK, length - len(body)))
        if not chunk:
            break
        body += chunk
        if len(body) > _LIMIT:
            raise OSError(f"the answer is larger than {_LIMIT} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError(f"no whole answer within {_SECONDS} seconds")
    if length is not None and len(body) < length:
        raise OSError("half an answer")
    return bytes(body)
