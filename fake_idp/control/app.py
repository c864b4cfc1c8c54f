"""The FastAPI application behind ``/_control`` and the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel

from fake_idp.console import console_router
from fake_idp.control import clock, devices, faults, issuers, journal, keys, people, tokens
from fake_idp.control.answers import REFUSALS, AsciiResponse, handle_errors, known_parameters
from fake_idp.control.guard import Guard

if TYPE_CHECKING:
    from fake_idp.app import ASGIApp, Site

__all__ = ["build"]

_OPENAPI = "/_control/openapi.json"
_WARNING = "fake-idp is for tests only: whoever reaches it can mint any token."
_DESCRIPTION = f"""{_WARNING}

Everything that Python can do to a fake issuer, over HTTP. An operation is for the issuer that the
`issuer` parameter names; where there is only one it can be left out. Bodies are JSON. An error has
`error`, `error_description` and, for a name that does not exist, `nearest`.

It answers callers on this machine, and others only with the control token (`Authorization: Bearer`).
"""


class Operation(BaseModel):
    """One thing that can be asked for.

    Attributes:
        method: the HTTP method.
        path: the path.
        summary: what it does.
    """

    method: str
    path: str
    summary: str


class Index(BaseModel):
    """What there is here.

    Attributes:
        warning: what this must not be used for.
        openapi: where the full description is.
        issuers: what the ``issuer`` parameter takes.
        operations: everything that can be asked for.
    """

    warning: str
    openapi: str
    issuers: list[str]
    operations: list[Operation]


def build(site: Site) -> ASGIApp:
    """Make the application for these issuers, with its guard in front."""
    app = FastAPI(
        title="fake-idp control plane (for tests only)",
        version="1",
        description=_DESCRIPTION,
        openapi_url=_OPENAPI,
        docs_url=None,  # it would load its scripts from elsewhere, and nothing leaves the machine
        redoc_url=None,
        redirect_slashes=False,
        default_response_class=AsciiResponse,
    )
    app.state.issuers = issuers.name_issuers(site.issuers)
    handle_errors(app)
    strict = [Depends(known_parameters)]
    app.add_api_route(
        "/_control",
        _index,
        tags=["index"],
        summary="What there is here",
        responses=REFUSALS,
        dependencies=strict,
    )
    app.add_api_route("/_control/", _index, include_in_schema=False)
    for part in (issuers, tokens, people, devices, keys, faults, clock, journal):
        app.include_router(part.router, responses=REFUSALS, dependencies=strict)
    app.include_router(console_router(site))
    return Guard(app, token=site.control_token)


async def _index(request: Request) -> Index:
    """Every operation, with its method, path and summary."""
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    return Index(
        warning=_WARNING,
        openapi=_OPENAPI,
        issuers=list(request.app.state.issuers),
        operations=[
            Operation(method=method.upper(), path=path, summary=operation["summary"])
            for path, methods in paths.items()
            for method, operation in methods.items()
        ],
    )
