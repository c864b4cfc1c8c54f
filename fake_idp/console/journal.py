"""What the issuers were asked, live."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from fake_idp.console.frame import Form, Frame, Note

__all__ = ["add_routes"]

_SHOWN = 200


def add_routes(router: APIRouter, frame: Frame) -> None:
    """Add ``/console/journal``, and ``/console/journal/rows`` for the script."""

    @router.get("/console/journal")
    def journal(request: Request) -> Response:
        return show(request)

    @router.get("/console/journal/rows")
    def rows(request: Request) -> Response:
        return frame.page(request, "journal_rows", rows=_rows(frame, request.query_params.get("issuer", "")))

    @router.post("/console/journal")
    async def clear(request: Request) -> Response:
        return await frame.change(request, act, show, back="/console/journal")

    def show(request: Request, *, status: int = 200, error: str = "") -> Response:
        chosen = request.query_params.get("issuer", "")
        return frame.page(
            request,
            "journal",
            status=status,
            error=error,
            rows=_rows(frame, chosen),
            chosen=chosen,
            shown=_SHOWN,
        )

    def act(form: Form) -> Note:
        for issuer in [frame.issuer(form["issuer"])] if "issuer" in form else frame.site.issuers:
            issuer.journal.clear()
        return "The journal is empty."


def _rows(frame: Frame, chosen: str) -> list[dict[str, Any]]:
    """The last requests, newest first."""
    issuers = [issuer for issuer in frame.site.issuers if chosen in ("", issuer.url)]
    seen = [
        (request.time, issuer, request)
        for issuer in issuers
        for request in issuer.journal[-_SHOWN:]
        # Every journal has those that were for no issuer; here they are once.
        if request.endpoint is not None or issuer is issuers[0]
    ]
    seen.sort(key=lambda entry: entry[0], reverse=True)
    return [
        {
            "clock": f"{datetime.fromtimestamp(time, UTC):%H:%M:%S.%f}"[:-3],
            "issuer": issuer,
            "request": request,
        }
        for time, issuer, request in seen[:_SHOWN]
    ]
