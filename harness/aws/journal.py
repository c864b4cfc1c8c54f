"""What AWS saw, in order."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import overload

__all__ = ["LIMIT", "REFUSALS", "Call", "Journal", "NotSeenError"]

LIMIT = 100_000
"""How many calls are kept; the oldest ones go."""

REFUSALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "ForbiddenException",
        "IDPCommunicationError",
        "IDPRejectedClaim",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidGrantException",
        "InvalidIdentityPoolConfigurationException",
        "InvalidIdentityToken",
        "MissingAuthenticationToken",
        "NotAuthorizedException",
        "SignatureDoesNotMatch",
        "UnauthorizedException",
    }
)
"""The codes by which AWS refuses an identity or a permission; any other error is about the call itself."""


class NotSeenError(AssertionError):
    """A call that was waited for and did not come in time.

    Attributes:
        seen: the calls that did come, as ``"sts:AssumeRole 200"``.
    """

    def __init__(self, wanted: str, seen: Sequence[str]) -> None:
        self.seen = tuple(seen)
        super().__init__(f"did not see {wanted}; saw {', '.join(self.seen) or 'nothing'}")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call to AWS. It holds no token and no secret.

    Attributes:
        number: counts up from 1, and goes on when the journal is cleared.
        time: seconds since the epoch, by the clock of this AWS.
        service: botocore's name of it: ``sts``, ``iam``, ``cloudwatch``, ``logs`` and so on; the host name
            where it is no service that is there.
        operation: for example ``AssumeRole``; empty when the call names none.
        account: account id.
        region: which the call was for.
        principal: ARN of the principal that signed; None for an unsigned call or a signature refused.
        access_key_id: the key that signed, or claimed to; None for an unsigned call.
        source_identity: of the session that signed; None where none was set.
        decision: ``allow``, or ``deny`` where identity or permission was refused. Any other error is an
            ``allow`` with an ``error``.
        error: AWS's error code in its query form (``AccessDenied``, not ``AccessDeniedException``), or as the
            service names it; None for a success.
        status: HTTP status code; 0 when a fault left nothing to answer.
        fault: the fault that the call met, such as ``throttling``; empty when it met none.
    """

    number: int = 0
    time: float
    service: str
    operation: str
    account: str
    region: str = ""
    principal: str | None
    access_key_id: str | None
    source_identity: str | None = None
    decision: str
    error: str | None
    status: int
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.service}:{self.operation} {self.error or self.status}"


class Journal(Sequence[Call]):
    """Calls in the order in which they were answered. Safe to use from several threads.

    Args:
        limit: how many are kept; the oldest ones go. Until then an index stays good.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._calls: deque[Call] = deque(maxlen=limit)
        self._total = 0
        self._changed = threading.Condition()
        self._wakers: tuple[Callable[[], object], ...] = ()

    @property
    def last(self) -> int:
        """The number of the last call, 0 before the first; ``since=journal.last`` means from now on."""
        return self._total

    def append(self, call: Call) -> None:
        """Add a call."""
        with self._changed:
            self._total += 1
            self._calls.append(replace(call, number=self._total))
            self._changed.notify_all()
            wakers = self._wakers
        for wake in wakers:
            wake()

    def clear(self) -> None:
        """Forget all calls; the numbers go on."""
        with self._changed:
            self._calls.clear()

    def calls(
        self,
        *,
        service: str | None = None,
        operation: str | None = None,
        principal: str | None = None,
        since: int = 0,
    ) -> list[Call]:
        """Return the calls that match everything given.

        Args:
            service: botocore's name of it.
            operation: for example ``AssumeRole``.
            principal: the ARN of who signed.
            since: those with a higher number only.
        """
        with self._changed:
            skipped = max(0, since - (self._total - len(self._calls)))
            later = list(islice(self._calls, skipped, None))
        return [
            call
            for call in later
            if service in (None, call.service)
            and operation in (None, call.operation)
            and principal in (None, call.principal)
        ]

    def wait_for(
        self,
        operation: str | None = None,
        *,
        service: str | None = None,
        principal: str | None = None,
        count: int = 1,
        since: int = 0,
        timeout: float = 5.0,
    ) -> list[Call]:
        """Block until that many calls match, those already there included, and return them.

        Args:
            operation: as in ``calls``.
            service: as in ``calls``.
            principal: as in ``calls``.
            count: how many.
            since: as in ``calls``; whoever passes the number of the last one seen misses none.
            timeout: how long to wait at most, in seconds.

        Raises:
            NotSeenError: they did not come in time; it says what came.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                found = self.calls(service=service, operation=operation, principal=principal, since=since)
                if len(found) >= count:
                    return found
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    raise self._not_seen(service, operation, count=count, since=since)

    async def wait_for_async(
        self,
        operation: str | None = None,
        *,
        service: str | None = None,
        principal: str | None = None,
        count: int = 1,
        since: int = 0,
        timeout: float = 5.0,  # noqa: ASYNC109 - as ``wait_for`` has it
    ) -> list[Call]:
        """``wait_for`` without blocking the event loop, and without a thread (asyncio).

        Raises:
            NotSeenError: they did not come in time; it says what came.
        """
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop was closed under whoever waited
                loop.call_soon_threadsafe(arrived.set)

        with self._changed:
            self._wakers = (*self._wakers, wake)
        try:
            async with asyncio.timeout(timeout):
                while True:
                    arrived.clear()
                    found = self.calls(service=service, operation=operation, principal=principal, since=since)
                    if len(found) >= count:
                        return found
                    await arrived.wait()
        except TimeoutError:
            raise self._not_seen(service, operation, count=count, since=since) from None
        finally:
            with self._changed:
                self._wakers = tuple(each for each in self._wakers if each is not wake)

    def _not_seen(
        self, service: str | None, operation: str | None, *, count: int, since: int
    ) -> NotSeenError:
        wanted = f"{service or '*'}:{operation or '*'}"
        seen = [str(call) for call in self.calls(since=since)[-20:]]
        return NotSeenError(f"{wanted} {count} times" if count > 1 else wanted, seen)

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> list[Call]: ...
    def __getitem__(self, index: int | slice) -> Call | list[Call]:
        with self._changed:
            return list(self._calls)[index] if isinstance(index, slice) else self._calls[index]

    def __len__(self) -> int:
        return len(self._calls)

    def __repr__(self) -> str:
        return f"<Journal of {len(self)} calls>"
