"""Who can sign in, and which applications may ask for tokens."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from fake_idp.console.frame import Form, Frame, Note, json_object, words
from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.issuer import Issuer

__all__ = ["add_routes"]


def add_routes(router: APIRouter, frame: Frame) -> None:
    """Add ``/console/people``."""

    @router.get("/console/people")
    def people(request: Request) -> Response:
        return show(request)

    @router.post("/console/people")
    async def change(request: Request) -> Response:
        return await frame.change(request, act, show, back="/console/people")

    def show(request: Request, *, status: int = 200, error: str = "") -> Response:
        try:
            issuer = frame.issuer(request.query_params.get("issuer"))
        except UnknownName as unknown:
            issuer, status, error = frame.issuer(None), 404, str(unknown)
        return frame.page(request, "people", status=status, error=error, issuer=issuer)

    def act(form: Form) -> Note:
        issuer = frame.issuer(form.get("issuer"))
        action = form.get("action", "")
        if action not in _ACTIONS:
            raise UnknownName("action", action, _ACTIONS)
        return _ACTIONS[action](issuer, form)


def _add_user(issuer: Issuer, form: Form) -> Note:
    details = {
        "groups": words(form.get("groups")),
        "roles": words(form.get("roles")),
        "claims": json_object(form.get("claims"), "claims"),
        "provider": form.get("provider", ""),
        "sub": form.get("sub", ""),
    }
    user = issuer.users.add(_required(form, "name"), **details)
    return f"{user.name} can sign in."


def _remove_user(issuer: Issuer, form: Form) -> Note:
    issuer.users.remove(_required(form, "name"))
    return f"{form['name']} is gone."


def _add_client(issuer: Issuer, form: Form) -> Note:
    client = issuer.clients.add(
        form.get("client_id"),
        client_secret=form.get("client_secret", ""),
        client_name=form.get("client_name", ""),
        redirect_uris=words(form.get("redirect_uris")),
        scope=words(form.get("scope")),
    )
    return f"{client.client_id} may ask for tokens."


def _remove_client(issuer: Issuer, form: Form) -> Note:
    issuer.clients.remove(_required(form, "client_id"))
    return f"{form['client_id']} is gone."


_ACTIONS = {
    "add-user": _add_user,
    "remove-user": _remove_user,
    "add-client": _add_client,
    "remove-client": _remove_client,
}


def _required(form: Form, field: str) -> str:
    if field not in form:
        raise InvalidValue(field, "is empty")
    return form[field]
