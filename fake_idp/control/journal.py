"""What an issuer was asked."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from fake_idp.control.answers import Done
from fake_idp.control.issuers import Chosen
from fake_idp.journal import Request as Seen
from fake_idp.presets.base import Endpoint

__all__ = ["router"]

router = APIRouter(prefix="/_control/journal", tags=["journal"])

_LONGEST_WAIT = 60.0

Path = Annotated[str | None, Query(description="Only requests for this path, decoded, without the query.")]
OfEndpoint = Annotated[Endpoint | None, Query(description="Only requests for this endpoint.")]
Method = Annotated[str | None, Query(description="Only requests with this method, in upper case.")]
Since = Annotated[
    int, Query(ge=0, description="Only requests with a higher number; `last` of an answer goes here.")
]


class RequestView(BaseModel):
    """One request as the issuer saw it, credentials redacted; as ``fake_idp.journal.Request``."""

    number: int
    time: float
    method: str
    path: str
    query: str
    headers: dict[str, str]
    endpoint: str | None
    status: int
    parameters: dict[str, str]
    client_id: str | None
    fault: str


class JournalView(BaseModel):
    """Requests, oldest first.

    Attributes:
        requests: those that match.
        last: the number of the last request of all; as ``since`` it asks for those after it.
    """

    requests: list[RequestView]
    last: int


@router.get("", summary="The requests that the issuer answered")
async def list_requests(
    *,
    issuer: Chosen,
    path: Path = None,
    endpoint: OfEndpoint = None,
    method: Method = None,
    since: Since = 0,
    limit: Annotated[int, Query(ge=1, le=10_000, description="The last so many of them.")] = 1000,
) -> JournalView:
    """Those that match everything given."""
    found = issuer.journal.requests(path=path, endpoint=endpoint, method=method, since=since)
    return _view(found[-limit:], issuer.journal.last)


@router.get("/next", summary="Wait for a request")
async def wait_for_next(
    *,
    issuer: Chosen,
    path: Path = None,
    endpoint: OfEndpoint = None,
    method: Method = None,
    since: Annotated[
        int | None, Query(ge=0, description="After the request of that number; after the last when left out.")
    ] = None,
    count: Annotated[int, Query(ge=1, le=1000, description="How many to wait for.")] = 1,
    timeout: Annotated[  # noqa: ASYNC109 (a parameter of the operation)
        float, Query(ge=0, le=_LONGEST_WAIT, description="How long to wait at most, in seconds.")
    ] = 5.0,
) -> JournalView:
    """Answers as soon as they are there; with 404 and what did come when they are not there in time."""
    found = await issuer.journal.wait_for_async(
        path=path,
        endpoint=endpoint,
        method=method,
        count=count,
        since=issuer.journal.last if since is None else since,
        timeout=timeout,
    )
    return _view(found, found[-1].number)


@router.delete("", summary="Forget the requests")
async def clear(issuer: Chosen) -> Done:
    """Their numbers go on."""
    count = len(issuer.journal)
    issuer.journal.clear()
    return Done(done=count)


def _view(found: tuple[Seen, ...], last: int) -> JournalView:
    return JournalView(requests=[RequestView(**asdict(each)) for each in found], last=last)
