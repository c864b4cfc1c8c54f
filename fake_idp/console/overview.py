"""The first page: the issuers, where they answer, and their keys."""

from __future__ import annotations

import shlex
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import Response

from fake_idp.console.faults import fault_names
from fake_idp.console.frame import Form, Frame, Note
from fake_idp.errors import UnknownName
from fake_idp.forgeries import publish
from fake_idp.issuer import Issuer

__all__ = ["add_routes"]


def add_routes(router: APIRouter, frame: Frame) -> None:
    """Add ``/`` and ``/console/keys``."""

    @router.get("/")
    def overview(request: Request) -> Response:
        return show(request)

    @router.post("/console/keys")
    async def keys(request: Request) -> Response:
        return await frame.change(request, act, show, back="/")

    def show(request: Request, *, status: int = 200, error: str = "") -> Response:
        chosen = request.query_params.get("issuer")
        address = str(request.base_url).rstrip("/")
        return frame.page(
            request,
            "overview",
            status=status,
            error=error,
            rows=[_described(issuer, address) for issuer in frame.site.issuers],
            jwks_faults=fault_names("jwks"),
            chosen=chosen or (frame.site.issuers[0].url if len(frame.site.issuers) == 1 else None),
        )

    def act(form: Form) -> Note:
        issuer = frame.issuer(form.get("issuer"))
        action = form.get("action", "")
        if action not in _ACTIONS:
            raise UnknownName("action", action, _ACTIONS)
        return _ACTIONS[action](issuer, form)


def _rotate(issuer: Issuer, _: Form) -> Note:
    return f"It signs with {issuer.keys.rotate().kid} now; the old keys are still published."


def _rotate_hard(issuer: Issuer, _: Form) -> Note:
    return f"It signs with {issuer.keys.rotate(overlap=False).kid} now; the old keys are withdrawn."


def _announce(issuer: Issuer, _: Form) -> Note:
    return f"{issuer.keys.announce().kid} is published, and does not sign yet."


def _retire(issuer: Issuer, form: Form) -> Note:
    kid = form.get("kid", "")
    issuer.keys.retire(kid)
    return f"{kid} is not published any more."


def _publish(issuer: Issuer, form: Form) -> Note:
    key = publish(form.get("forgery", ""), issuer.keys)
    return "There is no key to publish." if key is None else f"{key.kid} is in the JWKS now."


_ACTIONS = {
    "rotate": _rotate,
    "rotate-hard": _rotate_hard,
    "announce": _announce,
    "retire": _retire,
    "publish": _publish,
}


def _described(issuer: Issuer, address: str) -> dict[str, Any]:
    def here(url: str) -> str:
        return address + (urlsplit(url).path or "/")

    client = issuer.clients.get(issuer.client_id)
    urls = {"discovery": here(issuer.discovery_url)} | {
        name: here(url) for name, url in issuer.endpoints.items()
    }
    commands = {"metadata": f"curl -s {shlex.quote(urls['discovery'])}"}
    if "token" in urls and "client_credentials" in issuer.preset.grants:
        credentials = shlex.quote(f"{client.client_id}:{client.client_secret}")
        commands["a token for the client itself"] = (
            f"curl -s {shlex.quote(urls['token'])} -u {credentials} -d grant_type=client_credentials"
        )
    return {
        "issuer": issuer,
        "client": client,
        "urls": urls,
        "commands": commands,
        "by_other_name": not issuer.url.startswith(f"{address}/") and issuer.url != address,
    }
