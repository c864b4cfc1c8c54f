"""What the control plane reads and answers: strict bodies, plain JSON, and errors of one shape."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import fastapi
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, model_validator
from starlette.exceptions import HTTPException

from fake_idp.errors import FakeIdpError, InvalidValue, MalformedToken, NotSeen, StateError, UnknownName

__all__ = [
    "DEEPEST",
    "REFUSALS",
    "AsciiResponse",
    "Body",
    "Done",
    "Problem",
    "body_of",
    "handle_errors",
    "known_parameters",
    "nested_deeper",
]

_LONGEST = 500  # of an error's description, in characters


DEEPEST = 100
"""How deep a body or an answer may be nested; what writes JSON gives up a little later."""


class AsciiResponse(JSONResponse):
    """JSON in ASCII: a hostile token may carry half a character, which has no form in UTF-8."""

    def render(self, content: Any) -> bytes:
        """Serialize, members in the given order."""
        return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")


class Body(BaseModel):
    """A JSON body. A member that it does not have is an error, which names the nearest one."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        if nested_deeper(value, DEEPEST):
            raise InvalidValue("body", f"is nested more than {DEEPEST} deep")
        if isinstance(value, Mapping):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for name in value:
                if name not in known:
                    raise UnknownName("member", name, known)
        return value

    def given(self) -> dict[str, Any]:
        """The members that were sent."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def body_of(kind: type[Body]) -> Any:
    """For ``Annotated``: an operation whose body can be left out, since every member of it can."""
    return fastapi.Body(default_factory=kind)


class Problem(BaseModel):
    """Why a request was not done.

    Attributes:
        error: a code: ``invalid_request``, ``unknown_name``, ``not_found``, ``forbidden`` and so on.
        error_description: for people, in one line.
        nearest: the known name that looks most like the one that was given.
    """

    error: str
    error_description: str
    nearest: str | None = None


class Done(BaseModel):
    """Something was done, and there is no more to say than how often.

    Attributes:
        done: how many things were changed.
    """

    done: int


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "a value that cannot be used"},
    403: {"model": Problem, "description": "from another machine or another site, without the token"},
    404: {"model": Problem, "description": "a name that does not exist here; the nearest one is given"},
    409: {"model": Problem, "description": "the state on disk cannot be used"},
    415: {"model": Problem, "description": "the body is not sent as application/json"},
    422: {"model": Problem, "description": "the request is not of this form"},
}
"""What every operation may answer besides its result."""


def nested_deeper(value: Any, levels: int) -> bool:
    """Whether there are more than so many objects and lists in each other."""
    layer = [value]
    for _ in range(levels):
        layer = [inner for each in layer for inner in _inside(each)]
    return any(isinstance(each, dict | list) for each in layer)


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def handle_errors(app: FastAPI) -> None:
    """Turn what this package raises, and what FastAPI finds, into a ``Problem``."""
    app.add_exception_handler(FakeIdpError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def known_parameters(request: Request) -> None:
    """Refuse a misspelt parameter: ``DELETE /_control/faults?endpont=jwks`` must not clear them all."""
    operations = request.app.openapi()["paths"].get(request.scope["route"].path, {})
    described = operations.get(request.method.lower(), {}).get("parameters", ())
    known = [parameter["name"] for parameter in described if parameter["in"] == "query"]
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            raise UnknownName("parameter", name, known)
        if given.count(name) > 1:
            raise InvalidValue(name, "is there twice")


_CODES: tuple[tuple[type[FakeIdpError], int, str], ...] = (
    (UnknownName, 404, "unknown_name"),
    (NotSeen, 404, "not_seen"),
    (InvalidValue, 400, "invalid_value"),
    (MalformedToken, 400, "malformed_token"),
    (StateError, 409, "state_error"),
    (FakeIdpError, 400, "invalid_request"),
)


async def _refused(request: Request, error: Exception) -> AsciiResponse:
    if isinstance(error, UnknownName) and error.kind in ("member", "parameter"):
        return _problem(422, "invalid_request", str(error), nearest=error.nearest)
    status, code = next((status, code) for kind, status, code in _CODES if isinstance(error, kind))
    return _problem(status, code, str(error), nearest=getattr(error, "nearest", None))


async def _invalid(request: Request, error: Exception) -> AsciiResponse:
    """Say where the request is wrong and how, and not what was sent: it may be a secret."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 (narrows the type)
    places = []
    for found in error.errors()[:3]:
        where = ".".join(str(part) for part in found["loc"])
        places.append(f"{where}: {found['msg']}")
    return _problem(422, "invalid_request", "; ".join(places))


async def _http(request: Request, error: Exception) -> AsciiResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 (narrows the type)
    if error.status_code == 404:
        known = sorted(request.app.openapi()["paths"])
        unknown = UnknownName("path", request.url.path, known)
        return _problem(404, "not_found", f"{unknown}; all are listed at /_control", nearest=unknown.nearest)
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return _problem(405, "method_not_allowed", f"use {allowed}", headers=error.headers)
    return _problem(error.status_code, "invalid_request", str(error.detail), headers=error.headers)


def _problem(
    status: int,
    error: str,
    description: str,
    *,
    nearest: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsciiResponse:
    if len(description) > _LONGEST:
        description = description[:_LONGEST] + "..."
    body = {"error": error, "error_description": description, "nearest": nearest}
    return AsciiResponse(body, status_code=status, headers=headers)
