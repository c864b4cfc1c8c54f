"""The faults of the endpoints: those that there are, and the catalogue to take more from."""

from __future__ import annotations

from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import Response

from fake_idp.console.frame import Form, Frame, Note, json_object, number
from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.faults import FaultOptions
from fake_idp.faults.catalogue import FAULTS
from fake_idp.presets.base import ENDPOINTS

__all__ = ["add_routes", "fault_names"]


def add_routes(router: APIRouter, frame: Frame) -> None:
    """Add ``/console/faults``."""

    @router.get("/console/faults")
    def faults(request: Request) -> Response:
        return show(request)

    @router.post("/console/faults")
    async def change(request: Request) -> Response:
        return await frame.change(request, act, show, back="/console/faults")

    def show(request: Request, *, status: int = 200, error: str = "") -> Response:
        return frame.page(
            request,
            "faults",
            status=status,
            error=error,
            chosen=request.query_params.get("issuer", ""),
            kinds=FAULTS.values(),
            names=fault_names(),
            endpoints=ENDPOINTS,
        )

    def act(form: Form) -> Note:
        issuer = frame.issuer(form.get("issuer"))
        action, endpoint = form.get("action", ""), form.get("endpoint")
        if action == "clear":
            issuer.faults.clear(endpoint)
            return f"{endpoint or 'Every endpoint'} answers as it should again."
        if action != "add":
            raise UnknownName("action", action, ("add", "clear"))
        made = issuer.faults.add(
            endpoint or "",
            form.get("fault", "http.answer"),
            times=_whole(form.get("times"), "requests"),
            seconds=number(form.get("seconds"), "seconds"),
            delay=number(form.get("delay"), "delay") or 0.0,
            **_options(form),
        )
        return f"{made.endpoint} has the fault {made.name}."


def fault_names(group: str = "") -> dict[str, list[tuple[str, str]]]:
    """The names of the faults, with their titles, by group; or those of one group."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for kind in FAULTS.values():
        of = kind.id.partition(".")[0]
        if group in ("", of):
            groups.setdefault(of, []).extend((name, kind.title) for name in kind.names[1:] or kind.names)
    return groups


def _options(form: Form) -> FaultOptions:
    options: dict[str, Any] = json_object(form.get("options"), "more parameters")
    if (status := _whole(form.get("status"), "status")) is not None:
        options["status"] = status
    if "body" in form:
        options["body"] = form["body"]
    for name in options:
        if name not in FaultOptions.__annotations__:
            raise UnknownName("parameter", name, FaultOptions.__annotations__)
    return cast("FaultOptions", options)


def _whole(text: str | None, field: str) -> int | None:
    value = number(text, field)
    if value is not None and value != int(value):
        raise InvalidValue(field, "is not a whole number")
    return None if value is None else int(value)
