"""Faults of an issuer's endpoints, and answers that are scripted once."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from fake_idp.control.answers import Body, Done
from fake_idp.control.issuers import Chosen
from fake_idp.errors import InvalidValue
from fake_idp.faults import Fault
from fake_idp.faults.catalogue import FAULTS, Kind
from fake_idp.presets.base import Endpoint

__all__ = ["router"]

router = APIRouter(prefix="/_control", tags=["faults"])

Broken = Annotated[
    Endpoint | None, Query(description="Only the faults of this endpoint; of all when left out.")
]


class ParameterView(BaseModel):
    """One parameter of a fault; as ``fake_idp.faults.kinds.Parameter``.

    Attributes:
        type: what it takes.
        title: what it is for, in a few words, with the unit.
        default: what it is when left out, as far as that is always the same.
    """

    type: str
    title: str
    default: Any


class KindView(BaseModel):
    """A kind of fault; as ``fake_idp.faults.kinds.Kind``.

    Attributes:
        names: what ``fault`` takes, each variant on its own.
        endpoints: where it can happen.
    """

    id: str
    title: str
    source: str
    names: list[str]
    parameters: dict[str, ParameterView]
    endpoints: list[Endpoint]


class FaultView(BaseModel):
    """A fault that is not over.

    Attributes:
        endpoint: which endpoint.
        fault: its name.
        parameters: the names of the parameters that were given.
        delay: seconds until anything is answered.
        times: how many requests it is still for; null for any number.
        seconds: how long it lasts by the issuer's clock; null for ever.
        kid: the id of a key that it brought in, for ``mint``; null when there is none.
    """

    endpoint: Endpoint
    fault: str
    parameters: list[str]
    delay: float
    times: int | None
    seconds: float | None
    kid: str | None


class FaultBody(Body):
    """How to break an endpoint.

    Attributes:
        endpoint: which one, with all its aliases.
        fault: a name of the catalogue; an answer put together from ``status``, ``headers``, ``body``
            or ``json`` of the parameters when left out.
        times: for the next so many requests.
        seconds: for so long by the issuer's clock, from when its turn comes.
        delay: answer after so many seconds; with any fault.
        parameters: the fault's own, as the catalogue has them.
    """

    endpoint: str
    fault: str = "http.answer"
    times: int | None = Field(default=None, ge=1)
    seconds: float | None = Field(default=None, gt=0)
    delay: float = Field(default=0.0, ge=0)
    parameters: dict[str, Any] = Field(default_factory=dict)


class AnswerBody(Body):
    """What an endpoint says next, in place of what it would say.

    Attributes:
        endpoint: which one.
        status: the HTTP status.
        headers: more headers; ``content-type`` is JSON when it is not among them.
        json: the body, as JSON.
        body: the body, as text.
        body_base64: the body, as bytes in base64.
        times: how often.
    """

    endpoint: str
    status: int = Field(default=200, ge=200, le=599)
    headers: dict[str, str] | None = None
    json_: Any = Field(default=None, alias="json")
    body: str | None = None
    body_base64: str | None = None
    times: int = Field(default=1, ge=1)


@router.get("/faults/catalogue", summary="The faults that there are")
async def list_kinds() -> list[KindView]:
    """Each with its parameters, and where it is described."""
    return [_kind_view(kind) for kind in FAULTS.values()]


@router.get("/faults", summary="The faults that are not over")
async def list_faults(issuer: Chosen, endpoint: Broken = None) -> list[FaultView]:
    """By endpoint, in the order in which they apply."""
    return [_view(fault) for fault in issuer.faults.active if endpoint in (None, fault.endpoint)]


@router.post("/faults", status_code=201, summary="Break an endpoint")
async def add_fault(issuer: Chosen, body: FaultBody) -> FaultView:
    """For so many requests, for a time, or until cleared. Faults of one endpoint come one after the other."""
    parameters: Any = body.parameters  # the fault checks their names and values
    for name in ("times", "seconds", "delay"):
        if name in parameters:
            raise InvalidValue(f"parameters.{name}", "stands beside the parameters, not among them")
    added = issuer.faults.add(
        body.endpoint, body.fault, times=body.times, seconds=body.seconds, delay=body.delay, **parameters
    )
    return _view(added)


@router.delete("/faults", summary="End the faults of one endpoint, or all of them")
async def clear_faults(issuer: Chosen, endpoint: Broken = None) -> Done:
    """Scripted answers too."""
    ended = [fault for fault in issuer.faults.active if endpoint in (None, fault.endpoint)]
    issuer.faults.clear(endpoint)
    return Done(done=len(ended))


@router.post("/answers", status_code=201, summary="Script the next answer of an endpoint")
async def script_answer(issuer: Chosen, body: AnswerBody) -> FaultView:
    """Once, unless told otherwise; the endpoint is not asked."""
    given = [name for name in ("json_", "body", "body_base64") if name in body.model_fields_set]
    if len(given) > 1:
        raise InvalidValue("body", "give one of json, body and body_base64")
    added = issuer.faults.answer(
        body.endpoint,
        status=body.status,
        headers=body.headers,
        body=body.body if body.body_base64 is None else _bytes(body.body_base64),
        json=body.json_,
        times=body.times,
    )
    return _view(added)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidValue("body_base64", "is not base64") from None


def _kind_view(kind: Kind) -> KindView:
    return KindView(
        id=kind.id,
        title=kind.title,
        source=kind.source,
        names=list(kind.names),
        parameters={
            name: ParameterView(type=each.type, title=each.title, default=each.default)
            for name, each in kind.parameters.items()
        },
        endpoints=list(kind.endpoints),
    )


def _view(fault: Fault) -> FaultView:
    return FaultView(
        endpoint=fault.endpoint,
        fault=fault.name,
        parameters=list(fault.options),
        delay=fault.delay,
        times=fault.times,
        seconds=fault.seconds,
        kid=None if fault.key is None else fault.key.kid,
    )
