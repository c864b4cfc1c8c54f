"""Faults of an issuer's endpoints: a status, a delay, a body that is none."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.presets.base import ENDPOINTS, Endpoint

__all__ = ["Fault", "Faults"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What an endpoint does instead of answering as it should.

    Attributes:
        endpoint: which endpoint.
        status: the HTTP status, or None for the usual one.
        delay: how long it waits before it answers, in seconds.
        body: what it answers, or None for the usual document (an error, when there is a status).
    """

    endpoint: Endpoint
    status: int | None = None
    delay: float = 0.0
    body: bytes | None = None


class Faults:
    """The faults of one issuer. The oldest one of an endpoint applies until it is used up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: list[tuple[Fault, float]] = []

    def add(
        self,
        endpoint: str,
        *,
        status: int | None = None,
        delay: float = 0.0,
        body: bytes | str | None = None,
        times: int | None = None,
    ) -> Fault:
        """Break an endpoint.

        Args:
            endpoint: ``"jwks"`` or ``"discovery"`` (with all its aliases).
            status: answer with this HTTP status, 200 to 599.
            delay: answer after so many seconds.
            body: answer this instead of the document; text is sent as UTF-8.
            times: for the next so many requests; until cleared when left out.

        Returns:
            The fault.

        Raises:
            UnknownName: there is no such endpoint.
            InvalidValue: a number is out of range, or the fault would change nothing.
        """
        name = next((known for known in ENDPOINTS if known == endpoint), None)
        if name is None:
            raise UnknownName("endpoint", endpoint, ENDPOINTS)
        if status is not None and not 200 <= status <= 599:
            raise InvalidValue("status", "must be 200 to 599")
        if not (math.isfinite(delay) and delay >= 0):
            raise InvalidValue("delay", "must be a number of seconds, 0 or more")
        if times is not None and times < 1:
            raise InvalidValue("times", "must be 1 or more")
        if status is None and body is None and not delay:
            raise InvalidValue("fault", "give a status, a delay or a body")
        fault = Fault(
            endpoint=name,
            status=status,
            delay=delay,
            body=body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body,
        )
        with self._lock:
            self._queue.append((fault, math.inf if times is None else times))
        return fault

    def clear(self, endpoint: str | None = None) -> None:
        """End the faults of one endpoint, or all of them."""
        with self._lock:
            self._queue = [
                entry for entry in self._queue if endpoint is not None and entry[0].endpoint != endpoint
            ]

    @property
    def active(self) -> tuple[Fault, ...]:
        """The faults that are not used up, oldest first."""
        with self._lock:
            return tuple(fault for fault, _ in self._queue)

    def take(self, endpoint: Endpoint) -> Fault | None:
        """Use the endpoint's oldest fault for one request, or return None when it has none."""
        with self._lock:
            for index, (fault, left) in enumerate(self._queue):
                if fault.endpoint == endpoint:
                    if left <= 1:
                        del self._queue[index]
                    else:
                        self._queue[index] = (fault, left - 1)
                    return fault
        return None
