"""Faults of an issuer's endpoints: in place of an answer, to an answer, or on its way.

>>> issuer.faults.add("jwks", status=503, times=2)
>>> issuer.faults.add("jwks", "jwks.duplicate-kid[foreign-first]", seconds=60)
>>> issuer.faults.add("token", "http.drop[after]", times=1)
>>> issuer.faults.answer("token", status=400, json={"error": "temporarily_unavailable"})

The catalogue is ``fake_idp.faults.catalogue.FAULTS``.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypedDict

from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.presets.base import ENDPOINTS, Endpoint

if TYPE_CHECKING:
    from typing import Unpack

    from fake_idp.faults.kinds import Effect
    from fake_idp.issuer import Issuer
    from fake_idp.key import Key

__all__ = ["FOLLOWED", "Fault", "FaultOptions", "Faults"]

FOLLOWED = b"redirected"
"""The query of a redirect to the same endpoint; it is answered honestly, so that no loop comes of it."""

_LONGEST = 86_400.0  # seconds
_ANY_JSON = ("json", "value")


class FaultOptions(TypedDict, total=False):
    """The parameters of all faults; ``FAULTS[id].parameters`` says which one has which, and its range.

    Attributes:
        status: the HTTP status.
        headers: more headers.
        body: what is answered; text is sent as UTF-8.
        json: what is answered, as JSON.
        chunks: in how many pieces the body comes.
        pause: seconds between two pieces.
        bytes_per_second: in place of ``chunks`` and ``pause``.
        keep: bytes of the body that still come.
        location: where a redirect or a member points.
        value: of a header or a member.
        member: a member's name.
        megabytes: how much is added, in millions of bytes.
        count: how many keys are added.
        kid: the key that it happens to; the one that signs when left out.
    """

    status: int | None
    headers: Mapping[str, str] | None
    body: bytes | str | None
    json: Any
    chunks: int | None
    pause: float | None
    bytes_per_second: float | None
    keep: int | None
    location: str | None
    value: Any
    member: str | None
    megabytes: float | None
    count: int | None
    kid: str | None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault of one endpoint.

    Attributes:
        endpoint: which endpoint.
        name: the id in the catalogue, with the variant if it has any.
        options: its parameters, as given.
        delay: seconds until anything is answered.
        times: how many requests it is (still) for; None for any number.
        seconds: how long it lasts by the issuer's clock; None for ever.
        key: the key that the fault published or leaves in use, where there is one, to sign tokens with.
    """

    endpoint: Endpoint
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    delay: float = 0.0
    times: int | None = None
    seconds: float | None = None
    effect: Effect = field(repr=False, compare=False)

    @property
    def key(self) -> Key | None:
        """The key that the fault brought in, for ``issuer.mint(key=fault.key)``."""
        return self.effect.key


class Faults:
    """The faults of one issuer; those of an endpoint apply one after the other, in the order given.

    A fault's time begins when its turn comes.

    Args:
        issuer: whose clock and keys they go by.
    """

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._lock = threading.Lock()
        self._queues: dict[Endpoint, deque[_Turn]] = {}

    def __bool__(self) -> bool:
        """Whether there may be one; the way of every answer, so it takes no lock."""
        return bool(self._queues)

    def __repr__(self) -> str:
        return f"<Faults: {', '.join(f'{each.endpoint} {each.name}' for each in self.active) or 'none'}>"

    def add(
        self,
        endpoint: str,
        fault: str = "http.answer",
        *,
        times: int | None = None,
        seconds: float | None = None,
        delay: float = 0.0,
        **options: Unpack[FaultOptions],
    ) -> Fault:
        """Break an endpoint: for so many requests, for a time, or until cleared.

        Args:
            endpoint: which of those that the issuer has, with all its aliases.
            fault: an id of the catalogue, with or without a variant, such as
                ``"jwks.malformed[base64]"``; an answer put together from ``status``, ``headers``,
                ``body`` or ``json`` when left out.
            times: for the next so many requests.
            seconds: for so long by the issuer's clock, from when its turn comes.
            delay: answer after so many seconds; with any fault.
            options: the fault's parameters.

        Returns:
            The fault.

        Raises:
            UnknownName: there is no such endpoint, fault, variant, parameter or key.
            InvalidValue: a value is out of range, the fault is none of this endpoint's, or it would
                change nothing.
        """
        from fake_idp.faults.catalogue import find_fault  # most issuers never have a fault

        served = dict.fromkeys(self._issuer.routes.values())
        name = next((known for known in served if known == endpoint), None)
        if name is None:
            raise UnknownName("endpoint", endpoint, served)
        if times is not None and times < 1:
            raise InvalidValue("times", "must be 1 or more")
        if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
            raise InvalidValue("seconds", "must be a number of seconds, more than 0")
        if not 0 <= delay <= _LONGEST:
            raise InvalidValue("delay", f"must be 0 to {_LONGEST:.0f} seconds")
        kind, variant = find_fault(fault)
        # None is a value only where any JSON is one.
        given = {key: value for key, value in options.items() if value is not None or key in _ANY_JSON}
        effect = kind.effect(self._issuer, name, variant, given)
        if effect.changes_nothing and not delay:
            raise InvalidValue(kind.id, f"give a delay{''.join(f' or {each}' for each in kind.parameters)}")
        made = Fault(
            endpoint=name,
            name=f"{kind.id}[{variant}]" if variant else kind.id,
            options=given,
            delay=delay,
            times=times,
            seconds=seconds,
            effect=effect,
        )
        with self._lock:
            queue = self._turn(name)
            queue.append(_Turn(made))
            if len(queue) == 1:
                queue[0].begin(self._issuer.clock.now())
            self._queues = {**self._queues, name: queue}
        return made

    def answer(
        self,
        endpoint: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        json: Any = None,
        times: int = 1,
    ) -> Fault:
        """Script the next answer of an endpoint, or the next few; the endpoint is not asked.

        Args:
            endpoint: as in ``add``.
            status: the HTTP status, 200 to 599.
            headers: more headers; ``content-type`` is JSON when it is not among them.
            body: the body; empty when neither this nor ``json`` is given.
            json: the body, as JSON.
            times: how often.

        Raises:
            UnknownName: there is no such endpoint.
            InvalidValue: a value is out of range.
        """
        said: FaultOptions = {"status": status, "headers": headers}
        if json is None:
            said["body"] = body or b""
        else:
            said["json"] = json
        return self.add(endpoint, times=times, **said)

    def clear(self, endpoint: str | None = None) -> None:
        """End the faults of one endpoint, or all of them.

        Raises:
            UnknownName: there is no such endpoint.
        """
        if endpoint is not None and endpoint not in ENDPOINTS:
            raise UnknownName("endpoint", endpoint, ENDPOINTS)
        with self._lock:
            self._queues = {
                name: queue for name, queue in self._queues.items() if endpoint not in (None, name)
            }

    @property
    def active(self) -> tuple[Fault, ...]:
        """The faults that are not over, each with the ``times`` that are left, by endpoint and in order."""
        with self._lock:
            return tuple(
                replace(turn.fault, times=turn.left) for name in self._queues for turn in self._turn(name)
            )

    def take(self, endpoint: Endpoint) -> Fault | None:
        """Use the endpoint's fault for one request, or return None when it has none."""
        with self._lock:
            queue = self._turn(endpoint)
            if not queue:
                self._queues = {name: each for name, each in self._queues.items() if name != endpoint}
                return None
            turn = queue[0]
            if turn.left is not None:
                turn.left -= 1
                if turn.left == 0:
                    self._next(queue, self._issuer.clock.now())
            if not queue:
                self._queues = {name: each for name, each in self._queues.items() if name != endpoint}
            return turn.fault

    def _turn(self, endpoint: Endpoint) -> deque[_Turn]:
        """The endpoint's faults, those whose time is over taken out."""
        queue = self._queues.get(endpoint) or deque()
        now = self._issuer.clock.now()
        while queue and queue[0].ends <= now:
            self._next(queue, queue[0].ends)
        return queue

    @staticmethod
    def _next(queue: deque[_Turn], now: float) -> None:
        queue.popleft()
        if queue:
            queue[0].begin(now)


class _Turn:
    """A fault in its queue: how many requests it is still for, and when it is over."""

    __slots__ = ("ends", "fault", "left")

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.left = fault.times
        self.ends = math.inf

    def begin(self, now: float) -> None:
        if self.fault.seconds is not None:
            self.ends = now + self.fault.seconds
