"""The clock by which an issuer signs, and the way back to the beginning."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel

from fake_idp.control.answers import Body, body_of
from fake_idp.control.issuers import All, Chosen
from fake_idp.issuer import Issuer

__all__ = ["router"]

router = APIRouter(prefix="/_control", tags=["clock and reset"])


class ClockView(BaseModel):
    """An issuer's time.

    Attributes:
        now: in seconds since the epoch.
        iso: the same in ISO 8601, in UTC.
        offset: how far it is ahead of this machine's, in seconds; negative when it is behind.
        frozen: whether it stands still.
    """

    now: float
    iso: str
    offset: float
    frozen: bool


class FreezeBody(Body):
    """When to stop the clock.

    Attributes:
        at: seconds since the epoch, or a date and time with its offset; now when left out.
    """

    at: float | AwareDatetime | None = None


class AdvanceBody(Body):
    """How far to move the clock.

    Attributes:
        seconds: how many; a negative number moves it back.
    """

    seconds: float


class ClockResetBody(Body):
    """Nothing needs to be said."""


class ResetBody(Body):
    """What to reset.

    Attributes:
        keys: the keys too: new ones sign, and all the old ones are withdrawn.
    """

    keys: bool = False


class ResetView(BaseModel):
    """What was reset.

    Attributes:
        issuers: the names of the issuers.
    """

    issuers: list[str]


@router.get("/clock", summary="What time it is at the issuer")
async def show_clock(issuer: Chosen) -> ClockView:
    """Issuers that share a clock have one time."""
    return _view(issuer)


@router.post("/clock/freeze", summary="Stop the clock")
async def freeze(issuer: Chosen, body: Annotated[FreezeBody, body_of(FreezeBody)]) -> ClockView:
    """Now, or at a moment of choice."""
    issuer.clock.freeze(body.at.timestamp() if isinstance(body.at, datetime) else body.at)
    return _view(issuer)


@router.post("/clock/advance", summary="Move the clock")
async def advance(issuer: Chosen, body: AdvanceBody) -> ClockView:
    """Forwards or backwards, running or stopped."""
    issuer.clock.advance(body.seconds)
    return _view(issuer)


@router.post("/clock/reset", summary="Go back to this machine's time, and run")
async def reset_clock(issuer: Chosen, body: Annotated[ClockResetBody, body_of(ClockResetBody)]) -> ClockView:
    """Whatever was done to the clock is undone."""
    issuer.clock.reset()
    return _view(issuer)


@router.post("/reset", summary="Begin anew")
async def reset(every: All, body: Annotated[ResetBody, body_of(ResetBody)]) -> ResetView:
    """Users, clients, grants, devices, faults, journal and clock are as they were at the start.

    Keys stay unless asked for. Without the parameter ``issuer``, of every issuer.
    """
    for issuer in every.values():
        issuer.reset(keys=body.keys)
    return ResetView(issuers=list(every))


def _view(issuer: Issuer) -> ClockView:
    state = issuer.clock.state
    iso = datetime.fromtimestamp(state.now, UTC).isoformat(timespec="milliseconds")
    return ClockView(now=state.now, iso=iso, offset=state.offset, frozen=state.frozen)
