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
        return frame.page(request, "journal_rows", rows=_rows(frame, request.query_params.get("issuer")))

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


def _rows(frame: Frame, chosen: str | None) -> list[dict[str, Any]]:
    """The last requests, newest first; those that came for no issuer are in every journal, so once here."""
    seen = [
        (request.time, index, issuer, request)
        for index, issuer in enumerate(frame.site.issuers)
        if chosen in (None, "", issuer.url)
        for request in issuer.journal[-_SHOWN:]
    ]
    seen.sort(key=lambda entry: entry[0], reverse=True)
    return [
        {
            "clock": f"{datetime.fromtimestamp(time, UTC):%H:%M:%S.%f}"[:-3],
            "issuer": issuer,
            "request": request,
        }
        for time, _, issuer, request in seen[:_SHOWN]
    ]
