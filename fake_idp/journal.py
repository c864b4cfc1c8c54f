"""What an issuer was asked, in order."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from fake_idp.errors import NotSeen

__all__ = ["Journal", "Request", "redact_headers", "redact_query"]

_LIMIT = 10_000
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "dpop", "x-api-key"})
_SECRET_PARAMETERS = re.compile(r"(?i)(\b\w*(?:token|secret|password|assertion|code|code_verifier)=)[^&]*")
_JWT = re.compile(r"\beyJ[\w-]*\.[\w.-]*")


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as the issuer saw it.

    Attributes:
        time: by the issuer's clock, in seconds since the epoch.
        method: for example ``GET``.
        path: decoded, without the query.
        query: as sent, credentials redacted.
        headers: names in lower case, credentials redacted.
        endpoint: ``discovery``, ``jwks``, or None for a path that the issuer does not serve.
        status: the HTTP status of the answer.
    """

    time: float
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    endpoint: str | None
    status: int


class Journal(Sequence[Request]):
    """The requests that one issuer answered, oldest first; the last 10,000 are kept."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: deque[Request] = deque(maxlen=_LIMIT)

    def __len__(self) -> int:
        return len(self._requests)

    def __iter__(self) -> Iterator[Request]:
        with self._changed:
            return iter(tuple(self._requests))

    @overload
    def __getitem__(self, index: int) -> Request: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Request]: ...
    def __getitem__(self, index: int | slice) -> Request | Sequence[Request]:
        with self._changed:
            return tuple(self._requests)[index]

    def __repr__(self) -> str:
        return f"<Journal of {len(self)} requests>"

    def add(self, request: Request) -> None:
        """Write a request down; the issuer does it before it answers."""
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()

    def requests(
        self, *, path: str | None = None, endpoint: str | None = None, method: str | None = None
    ) -> tuple[Request, ...]:
        """The requests that match everything given."""
        return tuple(
            request
            for request in self
            if path in (None, request.path)
            and endpoint in (None, request.endpoint)
            and method in (None, request.method)
        )

    def wait_for(
        self,
        *,
        path: str | None = None,
        endpoint: str | None = None,
        method: str | None = None,
        count: int = 1,
        timeout: float = 5.0,
    ) -> tuple[Request, ...]:
        """Block until that many requests match, those already there included, and return them.

        Args:
            path: as in ``requests``.
            endpoint: as in ``requests``.
            method: as in ``requests``.
            count: how many.
            timeout: how long to wait at most, in seconds.

        Raises:
            NotSeen: they did not come in time; it says what came.
        """

        def matching() -> tuple[Request, ...]:
            return self.requests(path=path, endpoint=endpoint, method=method)

        with self._changed:
            if not self._changed.wait_for(lambda: len(matching()) >= count, timeout):
                wanted = " ".join(
                    str(part) for part in (count, "x", method, endpoint, path) if part is not None
                )
                raise NotSeen(wanted, (f"{each.method} {each.path} {each.status}" for each in self))
            return matching()

    def clear(self) -> None:
        """Forget every request."""
        with self._changed:
            self._requests.clear()


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers, with the scheme of a credential kept and the credential itself gone."""
    return {name: _redact(value) if name in _SECRET_HEADERS else value for name, value in headers.items()}


def redact_query(query: str) -> str:
    """The query, with the values of credential parameters and anything that looks like a JWT gone."""
    return _JWT.sub("[redacted]", _SECRET_PARAMETERS.sub(r"\1[redacted]", query))


def _redact(value: str) -> str:
    scheme, separator, _ = value.partition(" ")
    # Several Authorization headers arrive joined; whatever the first one's scheme, all else goes.
    return f"{scheme} [redacted]" if separator and scheme.isalpha() and len(scheme) <= 20 else "[redacted]"
