"""What an issuer was asked, in order.

Every answer passes through here, so what is written down at that moment is what is at hand. It
becomes a ``Request``, and its credentials go, when somebody reads it; nothing else leaves this file.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import overload

from fake_idp.errors import NotSeen

__all__ = ["Journal", "Request"]

LIMIT = 10_000
_LONGEST_BODY = 16_384  # bytes; a longer one is no form that any client of an issuer sends
_SHOWN = 20

_Headers = Sequence[tuple[bytes, bytes]]
#: time, method, path, query, headers, endpoint, status, body, fault
_Raw = tuple[float, str, str, bytes, _Headers, str | None, int, bytes, str]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as the issuer saw it.

    Attributes:
        number: 1 for the issuer's first request, and so on; a cursor for ``since``.
        time: by the issuer's clock, in seconds since the epoch.
        method: for example ``GET``.
        path: decoded, without the query.
        query: as sent, credentials redacted.
        headers: names in lower case, credentials redacted.
        endpoint: which one it was for, or None for a path that the issuer does not serve.
        status: the HTTP status of the answer; 0 when a fault dropped the connection.
        parameters: of a form, or the members of a JSON object, credentials redacted.
        client_id: of the client that asked, as far as the request says.
        fault: what was done to the answer, for example ``http.drip``; empty for nothing.
    """

    time: float
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    endpoint: str | None
    status: int
    parameters: Mapping[str, str] = field(default_factory=dict)
    client_id: str | None = None
    fault: str = ""
    number: int = 0

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"


class Journal(Sequence[Request]):
    """The requests that one issuer answered, oldest first. Every thread may read it and write to it.

    Args:
        limit: how many are kept; the oldest ones go.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._lock = threading.Lock()
        self._entries: deque[_Raw | Request] = deque(maxlen=limit)
        self._total = 0
        self._drained = 0
        self._headers: _Headers = ()
        self._waiting: list[Callable[[], object]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Request]:
        return iter(self.requests())

    @overload
    def __getitem__(self, index: int) -> Request: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Request]: ...
    def __getitem__(self, index: int | slice) -> Request | Sequence[Request]:
        with self._lock:
            numbered = list(enumerate(self._entries, self._total - len(self._entries) + 1))
        if isinstance(index, slice):
            return tuple(_finished(number, entry) for number, entry in numbered[index])
        return _finished(*numbered[index])

    def __repr__(self) -> str:
        return f"<Journal of {len(self)} requests>"

    @property
    def last(self) -> int:
        """The number of the last request, 0 before the first; ``since=journal.last`` means from now on."""
        return self._total

    def note(  # noqa: PLR0917 - once an answer, and by position it takes half the time
        self,
        when: float,
        method: str,
        path: str,
        query: bytes,
        headers: _Headers,
        endpoint: str | None,
        status: int,
        body: bytes = b"",
        fault: str = "",
        /,
    ) -> None:
        """Write a request down as it came; the issuer does it before it answers."""
        if len(body) > _LONGEST_BODY:
            body = b""
        with self._lock:
            if headers == self._headers:  # a busy client sends the same ones each time: 1 kB less to keep
                headers = self._headers
            else:
                self._headers = headers
            self._entries.append((when, method, path, query, headers, endpoint, status, body, fault))
            self._total += 1
        if self._waiting:
            for wake in tuple(self._waiting):
                wake()

    def requests(
        self,
        *,
        path: str | None = None,
        endpoint: str | None = None,
        method: str | None = None,
        since: int = 0,
    ) -> tuple[Request, ...]:
        """The requests that match everything given.

        Args:
            path: decoded, without the query.
            endpoint: for example ``token``.
            method: in upper case.
            since: those with a higher number only.
        """
        return _matching(self._after(since)[0], path, endpoint, method)

    def wait_for(
        self,
        *,
        path: str | None = None,
        endpoint: str | None = None,
        method: str | None = None,
        count: int = 1,
        since: int = 0,
        timeout: float = 5.0,
    ) -> tuple[Request, ...]:
        """Block until that many requests match, those already there included, and return them.

        Args:
            path: as in ``requests``.
            endpoint: as in ``requests``.
            method: as in ``requests``.
            count: how many.
            since: as in ``requests``; whoever passes the number of the last one seen misses none.
            timeout: how long to wait at most, in seconds.

        Raises:
            NotSeen: they did not come in time; it says what came.
        """
        arrived = threading.Event()
        deadline = time.monotonic() + timeout
        found: tuple[Request, ...] = ()
        cursor = since
        with self._woken(arrived.set):
            while True:
                arrived.clear()
                entries, cursor = self._after(cursor)
                found += _matching(entries, path, endpoint, method)
                if len(found) >= count:
                    return found
                if not arrived.wait(max(0.0, deadline - time.monotonic())):
                    raise self._not_seen(count, method, endpoint, path, since=since)

    async def wait_for_async(
        self,
        *,
        path: str | None = None,
        endpoint: str | None = None,
        method: str | None = None,
        count: int = 1,
        since: int = 0,
        timeout: float = 5.0,  # noqa: ASYNC109 - as ``wait_for`` has it
    ) -> tuple[Request, ...]:
        """``wait_for`` without blocking the event loop (asyncio).

        Raises:
            NotSeen: they did not come in time; it says what came.
        """
        import asyncio  # costs more than the rest of this package

        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop was closed under whoever waited
                loop.call_soon_threadsafe(arrived.set)

        found: tuple[Request, ...] = ()
        cursor = since
        with self._woken(wake):
            try:
                async with asyncio.timeout(timeout):
                    while True:
                        arrived.clear()
                        entries, cursor = self._after(cursor)
                        found += _matching(entries, path, endpoint, method)
                        if len(found) >= count:
                            return found
                        await arrived.wait()
            except TimeoutError:
                raise self._not_seen(count, method, endpoint, path, since=since) from None

    def clear(self) -> None:
        """Forget every request; the numbers go on."""
        with self._lock:
            self._entries.clear()
            self._headers = ()

    def drain(self, most: int = LIMIT) -> tuple[Request, ...]:
        """The requests since the last call, oldest first, for whoever keeps them elsewhere.

        They stay here too. Of more than ``limit`` between two calls, the oldest are lost.

        Args:
            most: how many at a time; the next call has those that follow.
        """
        entries, _ = self._after(self._drained)
        entries = entries[:most]
        if entries:
            self._drained = entries[-1][0]
        return _matching(entries)

    def restore(self, requests: Iterable[Request]) -> None:
        """Take over requests that were kept elsewhere, before the first one of this process."""
        with self._lock:
            for request in requests:
                self._entries.append(request)
                self._total += 1
            self._drained = self._total

    def _after(self, number: int) -> tuple[list[tuple[int, _Raw | Request]], int]:
        """The entries that came after that one, with their numbers, and the last number."""
        with self._lock:
            total = self._total
            new = min(total - number, len(self._entries))
            entries = list(islice(reversed(self._entries), max(new, 0)))
        entries.reverse()
        return list(enumerate(entries, total - len(entries) + 1)), total

    @contextmanager
    def _woken(self, wake: Callable[[], object]) -> Iterator[None]:
        self._waiting.append(wake)
        try:
            yield
        finally:
            self._waiting.remove(wake)

    def _not_seen(
        self, count: int, method: str | None, endpoint: str | None, path: str | None, *, since: int
    ) -> NotSeen:
        wanted = [str(count), "x", *(part for part in (method, endpoint, path) if part is not None)]
        seen = [str(request) for request in self.requests(since=since)[-_SHOWN:]]
        return NotSeen(" ".join(wanted if len(wanted) > 2 else (*wanted, "any request")), seen)


def _matching(
    entries: Iterable[tuple[int, _Raw | Request]],
    path: str | None = None,
    endpoint: str | None = None,
    method: str | None = None,
) -> tuple[Request, ...]:
    return tuple(
        _finished(number, entry)
        for number, entry in entries
        if path in (None, _part(entry, "path", 2))
        and endpoint in (None, _part(entry, "endpoint", 5))
        and method in (None, _part(entry, "method", 1))
    )


def _part(entry: _Raw | Request, name: str, index: int) -> object:
    return getattr(entry, name) if isinstance(entry, Request) else entry[index]


def _finished(number: int, entry: _Raw | Request) -> Request:
    from fake_idp import redaction  # only whoever reads pays for it

    if isinstance(entry, Request):
        return replace(entry, number=number)
    when, method, path, query, raw_headers, endpoint, status, body, fault = entry
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw_headers]
    sent = dict(headers)
    shown_query = redaction.redact_query(query.decode("latin-1"))
    parameters = redaction.redact_body(body, sent.get("content-type", "").strip().lower()) if body else {}
    asked = redaction.redact_body(query, "application/x-www-form-urlencoded") if query else {}
    return Request(
        number=number,
        time=when,
        method=method,
        path=redaction.redact_text(path),
        query=shown_query,
        headers=redaction.redact_headers(headers),
        endpoint=endpoint,
        status=status,
        parameters=parameters,
        client_id=redaction.user_of(sent.get("authorization", ""))
        or parameters.get("client_id")
        or asked.get("client_id"),
        fault=fault,
    )
