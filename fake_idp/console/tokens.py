"""The token workbench: mint or forge a token, and see what it says and what a verifier makes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import Response

from fake_idp.console.frame import Form, Frame, Refused, json_object, number, words
from fake_idp.decode import explain, stripped
from fake_idp.errors import FakeIdpError, MalformedToken, UnknownName
from fake_idp.forgeries import FORGERIES, find_forgery
from fake_idp.issuer import Issuer
from fake_idp.judge import judge, read
from fake_idp.options import ForgeOptions, TokenOptions

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
            token = stripped(form["token"]) if "token" in form else _made(issuer, form)
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
    if "forgery" not in form:
        return issuer.mint(form.get("sub"), **options)
    forgery, _ = find_forgery(form["forgery"])
    parameters = json_object(form.get("parameters"), "the defect's parameters")
    for name in parameters:
        if name not in forgery.parameters:
            raise UnknownName(f"parameter of {forgery.id}", name, forgery.parameters)
    return issuer.forge(form["forgery"], form.get("sub"), **cast("ForgeOptions", {**options, **parameters}))


def _result(issuer: Issuer, token: str, form: Form) -> dict[str, Any]:
    checks, times = judge(token, issuer), {}
    with suppress(MalformedToken):
        found = explain(token, now=issuer.clock.now(), issuer=issuer)
        checks, times = found.checks, found.times
    header, claims = read(token)
    forged = "forgery" in form and "token" not in form
    forgery, variant = find_forgery(form["forgery"]) if forged else (None, None)
    return {
        "token": token,
        "parts": token.split("."),
        "issuer": issuer,
        "header": _texts(header),
        "claims": _texts(claims),
        "times": times,
        "checks": checks,
        "failed": [check.name for check in checks if check.verdict == "fail"],
        "forgery": forgery,
        "variant": variant,
    }


def _texts(members: Mapping[str, Any] | None) -> dict[str, str] | None:
    """The members with their values in JSON; None where there is nothing that can be read."""
    if members is None:
        return None
    return {name: json.dumps(value, ensure_ascii=False) for name, value in members.items()}


def _grouped() -> dict[str, list[tuple[str, str]]]:
    """The names of the forgeries, with their titles, by group."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for forgery in FORGERIES.values():
        names = forgery.names[1:] or forgery.names
        groups.setdefault(forgery.id.partition(".")[0], []).extend((name, forgery.title) for name in names)
    return groups
