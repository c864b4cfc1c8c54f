"""How a broken answer leaves: late, in drops, cut short or not at all.

Whatever waits here ends when the client hangs up, and with the server's task.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress

from fake_idp.asgi import Receive, Send
from fake_idp.faults import Fault
from fake_idp.faults.kinds import Effect

__all__ = ["deliver"]

_PIECE = 65_536
_TICKS = 10  # pieces a second, at a given rate


async def deliver(
    fault: Fault,
    *,
    status: int,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    head: bool,
    receive: Receive,
    send: Send,
) -> None:
    """Send an answer as the fault has it.

    Args:
        fault: the fault.
        status: the HTTP status.
        headers: without ``content-length``.
        body: without the padding.
        head: whether only the head was asked for.
        receive: the request's, read to its end.
        send: the request's.
    """
    effect = fault.effect
    if fault.delay and await _gone(receive, fault.delay):
        return
    if effect.drop:
        await _hang_up(send)
        return
    size = len(body) + effect.pad
    cut = size // 2 if effect.cut == -1 else effect.cut
    if status in (204, 304):  # no content by definition (RFC 9110 section 6.4.1)
        head = True
    else:
        # Cut short even an answer that has no body: then one byte is promised, and none comes.
        promised = size if cut is None else max(size, cut + 1)
        headers = [*headers, (b"content-length", b"%d" % promised)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if not head:
        length, pause = _pace(effect, size)
        for start in range(0, size if cut is None else min(cut, size), length):
            if start and pause and await _gone(receive, pause):
                return
            end = min(start + length, size if cut is None else cut)
            piece = body[start:end]
            piece += b" " * (min(end, size) - start - len(piece))
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if cut is not None:
            return  # and the server closes the connection, since the answer is not complete
    await send({"type": "http.response.body", "body": b""})


def _pace(effect: Effect, size: int) -> tuple[int, float]:
    """How many bytes go out at once, and how many seconds pass between two pieces."""
    if effect.rate is not None:
        length = max(1, int(effect.rate / _TICKS))
        return length, length / effect.rate
    if effect.chunks > 1:
        return max(1, math.ceil(size / effect.chunks)), effect.pause
    return _PIECE, 0.0


async def _gone(receive: Receive, seconds: float) -> bool:
    """Wait, and say whether the client hung up meanwhile."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
        return True
    return False


async def _hang_up(send: Send) -> None:
    """Close the connection without an answer.

    ASGI has no word for it. A head that cannot be written (RFC 9110 section 5.1: a name is a token)
    makes the server send nothing, and close the connection since the answer is never complete.
    """
    with suppress(Exception):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"\0", b"")]})
