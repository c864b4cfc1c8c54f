"""The clocks by which the issuers sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from fake_idp.clock import Clock
from fake_idp.console.frame import Form, Frame, Note, number
from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.issuer import Issuer

__all__ = ["add_routes"]

_STEPS = {"1 minute": 60, "1 hour": 3600, "1 day": 86_400, "30 days": 2_592_000}


def add_routes(router: APIRouter, frame: Frame) -> None:
    """Add ``/console/clock``."""

    @router.get("/console/clock")
    def clock(request: Request) -> Response:
        return show(request)

    @router.post("/console/clock")
    async def change(request: Request) -> Response:
        return await frame.change(request, act, show, back="/console/clock")

    def show(request: Request, *, status: int = 200, error: str = "") -> Response:
        chosen = request.query_params.get("issuer", "")
        rows = [_described(issuer) for issuer in frame.site.issuers]
        first = next((row for row in rows if row["issuer"].url == chosen), rows[0])
        return frame.page(
            request, "clock", status=status, error=error, rows=rows, first=first, chosen=chosen, steps=_STEPS
        )

    def act(form: Form) -> Note:
        chosen = [frame.issuer(form["issuer"])] if "issuer" in form else frame.site.issuers
        for clock in {id(issuer.clock): issuer.clock for issuer in chosen}.values():  # each once
            _change(clock, form)
        return f"It is {_moment(chosen[0].clock.now())}."


def _change(clock: Clock, form: Form) -> None:
    action = form.get("action", "")
    if action == "advance":
        seconds = number(form.get("seconds"), "seconds")
        if seconds is None:
            raise InvalidValue("seconds", "is empty")
        clock.advance(seconds)
    elif action == "freeze":
        clock.freeze(_epoch(form.get("at")))
    elif action == "reset":
        clock.reset()
    else:
        raise UnknownName("action", action, ("advance", "freeze", "reset"))


def _epoch(text: str | None) -> float | None:
    """A moment that somebody typed: ISO 8601, in UTC unless it says otherwise, or seconds since the epoch."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return number(text, "at")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _described(issuer: Issuer) -> dict[str, Any]:
    state = issuer.clock.state
    distance = str(timedelta(seconds=round(abs(state.offset))))
    return {"issuer": issuer, "now": _moment(state.now), "state": state, "distance": distance}


def _moment(when: float) -> str:
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%d %H:%M:%S} UTC"
