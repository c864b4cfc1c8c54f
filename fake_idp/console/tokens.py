"""The token workbench: mint or forge a token, and see what it says and what a verifier makes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from fake_idp.console.frame import Form, Frame, Refused, json_object, number, words
from fake_idp.decode import explain
from fake_idp.errors import FakeIdpError
from fake_idp.forgeries import FORGERIES
from fake_idp.issuer import Issuer, TokenOptions
from fake_idp.judge import judge

__all__ = ["add_routes"]


def add_routes(router: APIRouter, frame: Frame) -> None:
    """Add ``/console/tokens``."""

    @router.get("/console/tokens")
    def workbench(request: Request) -> Response:
        return show(request, {"issuer": request.query_params.get("issuer", "")})

    @router.post("/console/tokens")
    async def make(request: Request) -> Response:
        # A token is made and judged without anything being changed, so the answer is the page itself:
        # a redirect would have to carry the token in its URL.
        form: Form = {}
        try:
            form = await frame.form(request)
            issuer = frame.issuer(form.get("issuer"))
            token = form["token"] if "token" in form else _made(issuer, form)
            return show(request, form, result=_result(issuer, token, form))
        except FakeIdpError as error:
            return show(request, form, status=403 if isinstance(error, Refused) else 400, error=str(error))

    def show(
        request: Request, form: Form, *, result: Any = None, status: int = 200, error: str = ""
    ) -> Response:
        return frame.page(
            request, "tokens", status=status, error=error, form=form, result=result, forgeries=_grouped()
        )


def _made(issuer: Issuer, form: Form) -> str:
    options: TokenOptions = {
        "claims": json_object(form.get("claims"), "claims"),
        "headers": json_object(form.get("headers"), "header members"),
        "without": words(form.get("without")),
        "expires_in": number(form.get("expires_in"), "expires in"),
        "scope": words(form["scope"]) if "scope" in form else None,
        "audience": form.get("audience"),
        "token_use": "id" if form.get("use") == "id" else "access" if form.get("use") == "access" else None,
    }
    if form.get("use") == "machine":
        options["grant"] = "client_credentials"
    if "forgery" in form:
        return issuer.forge(form["forgery"], form.get("sub"), **options)
    return issuer.mint(form.get("sub"), **options)


def _result(issuer: Issuer, token: str, form: Form) -> dict[str, Any]:
    found = explain(token, now=issuer.clock.now())
    forgery = FORGERIES.get(form.get("forgery", "").partition("[")[0]) if "token" not in form else None
    return {
        "token": token,
        "parts": token.split("."),
        "issuer": issuer,
        "header": _texts(found.header),
        "claims": _texts(found.claims),
        "times": found.times,
        "suspicious": found.suspicious,
        "checks": judge(token, issuer),
        "forgery": forgery,
    }


def _texts(members: Mapping[str, Any]) -> dict[str, str]:
    return {name: json.dumps(value, ensure_ascii=False) for name, value in members.items()}


def _grouped() -> dict[str, list[tuple[str, str]]]:
    """The names of the forgeries, with their titles, by group."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for forgery in FORGERIES.values():
        names = forgery.names[1:] or forgery.names
        groups.setdefault(forgery.id.partition(".")[0], []).extend((name, forgery.title) for name in names)
    return groups
