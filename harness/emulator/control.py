"""The control plane of an emulated AWS under ``/_control``: what Python can do to it, over HTTP.

Who may use it, and how it says no, is as at the issuer (``fake_idp.control``).
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from fake_idp.control.answers import REFUSALS, AsciiResponse, Body, Done, handle_errors, known_parameters
from fake_idp.control.guard import Guard
from harness.aws.app import AsgiApp
from harness.aws.faults import FAULTS, LONGEST_DELAY, Fault, FaultError, Kind
from harness.aws.journal import Call, NotSeenError
from harness.emulator.aws import EmulatedAws

__all__ = ["build"]

_OPENAPI = "/_control/openapi.json"
_WARNING = "For tests only: whoever reaches it can do anything to this account."
_LONGEST_WAIT = 60.0  # seconds


class Operation(BaseModel):
    """One thing that can be asked for."""

    method: str
    path: str
    summary: str


class Index(BaseModel):
    """What there is here.

    Attributes:
        warning: what this must not be used for.
        openapi: where the full description is.
        account: the account id.
        region: the account's usual region.
        issuers: the names of the issuers that it reaches beside its own.
        operations: everything that can be asked for.
    """

    warning: str
    openapi: str
    account: str
    region: str
    issuers: list[str]
    operations: list[Operation]


class CallView(BaseModel):
    """One call, as ``harness.aws.journal.Call``."""

    number: int
    time: float
    service: str
    operation: str
    account: str
    region: str
    principal: str | None
    access_key_id: str | None
    source_identity: str | None
    decision: str
    error: str | None
    status: int
    fault: str


class JournalView(BaseModel):
    """Calls, oldest first.

    Attributes:
        calls: those that match.
        last: the number of the last call of all; as ``since`` it asks for those after it.
    """

    calls: list[CallView]
    last: int


class KindView(BaseModel):
    """A kind of fault, as ``harness.aws.faults.Kind``."""

    id: str
    title: str
    source: str
    code: str
    status: int


class FaultView(BaseModel):
    """A fault that is not over.

    Attributes:
        number: of this fault.
        where: ``service:Operation``, ``service:*`` or ``*``.
        fault: its kind.
        region: only there; null for everywhere.
        access_key_id: only for this caller; null for all.
        code: of the error that is answered; empty when none is.
        delay: seconds until anything is answered.
        times: how many calls it is still for; null for any number.
    """

    number: int
    where: str
    fault: str
    region: str | None
    access_key_id: str | None
    code: str
    delay: float
    times: int | None


class FaultBody(Body):
    """How to break an operation, as ``aws.faults.add``."""

    where: str
    fault: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    times: int | None = Field(default=None, ge=1)
    seconds: float | None = Field(default=None, gt=0)
    delay: float = Field(default=0.0, ge=0, le=LONGEST_DELAY)
    code: str | None = None
    status: int | None = Field(default=None, ge=400, le=599)
    message: str | None = None


class RoleBody(Body):
    """A role, by its name."""

    role: str


def build(aws: EmulatedAws, *, token: str | None = None) -> AsgiApp:
    """Make the application for an AWS, with its guard in front.

    Args:
        aws: the AWS.
        token: what lets a caller in who is not on this machine; nobody when None.
    """
    app = FastAPI(
        title="Control plane of an emulated AWS (for tests only)",
        version="1",
        description=f"{_WARNING}\n\nBodies are JSON. It answers callers on this machine, and others only "
        "with the control token (`Authorization: Bearer`).",
        openapi_url=_OPENAPI,
        docs_url=None,  # it would load its scripts from elsewhere, and nothing leaves the machine
        redoc_url=None,
        redirect_slashes=False,
        default_response_class=AsciiResponse,
    )
    handle_errors(app)
    app.add_exception_handler(FaultError, _refused)
    app.add_exception_handler(NotSeenError, _not_seen)
    options: dict[str, Any] = {"responses": REFUSALS, "dependencies": [Depends(known_parameters)]}
    part = _Part(aws)
    app.get("/_control", summary="What there is here", tags=["index"], **options)(part.index)
    app.get("/_control/", include_in_schema=False)(part.index)
    app.post("/_control/reset", summary="Begin anew", tags=["account"], **options)(part.reset)
    app.post("/_control/revocations", summary="Revoke a role's sessions", tags=["account"], **options)(
        part.revoke
    )
    app.get("/_control/journal", summary="The calls that were answered", tags=["journal"], **options)(
        part.journal
    )
    app.get("/_control/journal/next", summary="Wait for a call", tags=["journal"], **options)(part.next)
    app.delete("/_control/journal", summary="Forget the calls", tags=["journal"], **options)(part.forget)
    app.get("/_control/faults/catalogue", summary="The faults that there are", tags=["faults"], **options)(
        part.catalogue
    )
    app.get("/_control/faults", summary="The faults that are not over", tags=["faults"], **options)(
        part.faults
    )
    app.post("/_control/faults", status_code=201, summary="Break an operation", tags=["faults"], **options)(
        part.add_fault
    )
    app.delete("/_control/faults", summary="End faults", tags=["faults"], **options)(part.clear_faults)
    return Guard(app, token=token)


Service = Annotated[str | None, Query(description="Only calls of this service, by botocore's name.")]
OfOperation = Annotated[str | None, Query(description="Only calls of this operation.")]
Principal = Annotated[str | None, Query(description="Only calls signed by this ARN.")]
Since = Annotated[
    int, Query(ge=0, description="Only calls with a higher number; `last` of an answer goes here.")
]


class _Part:
    """The operations, of one AWS. What may block runs in a thread."""

    def __init__(self, aws: EmulatedAws) -> None:
        self._aws = aws

    async def index(self, request: Request) -> Index:
        """Every operation, with its method, path and summary."""
        paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
        return Index(
            warning=_WARNING,
            openapi=_OPENAPI,
            account=self._aws.account_id,
            region=self._aws.region,
            issuers=[issuer.url for issuer in self._aws.issuers],
            operations=[
                Operation(method=method.upper(), path=path, summary=operation["summary"])
                for path, methods in paths.items()
                for method, operation in methods.items()
            ],
        )

    async def reset(self) -> Done:
        """Nothing is left in the account but its administrator, whose key stays; no faults, no journal."""
        await asyncio.to_thread(self._aws.reset)
        return Done(done=1)

    async def revoke(self, body: RoleBody) -> Done:
        """As the console of IAM does: by the inline policy AWSRevokeOlderSessions."""
        from botocore.exceptions import ClientError, ParamValidationError

        try:
            await asyncio.to_thread(self._aws.revoke_sessions, body.role)
        except ClientError as error:
            raise FaultError(f"role: {error.response['Error']['Message']}") from None
        except ParamValidationError as error:
            raise FaultError(f"role: {error}") from None
        return Done(done=1)

    async def journal(
        self,
        *,
        service: Service = None,
        operation: OfOperation = None,
        principal: Principal = None,
        since: Since = 0,
        limit: Annotated[int, Query(ge=1, le=10_000, description="The last so many of them.")] = 1000,
    ) -> JournalView:
        """Those that match everything given."""
        last = self._aws.journal.last
        found = self._aws.journal.calls(
            service=service, operation=operation, principal=principal, since=since
        )
        return _view(found[-limit:], last)

    async def next(
        self,
        *,
        service: Service = None,
        operation: OfOperation = None,
        principal: Principal = None,
        since: Annotated[
            int | None,
            Query(ge=0, description="After the call of that number; after the last when left out."),
        ] = None,
        count: Annotated[int, Query(ge=1, le=1000, description="How many to wait for.")] = 1,
        timeout: Annotated[  # noqa: ASYNC109 (a parameter of the operation)
            float, Query(ge=0, le=_LONGEST_WAIT, description="How long to wait at most, in seconds.")
        ] = 5.0,
    ) -> JournalView:
        """Answers as soon as they are there; with 404 and what did come when they are not there in time."""
        found = await self._aws.journal.wait_for_async(
            operation,
            service=service,
            principal=principal,
            count=count,
            since=self._aws.journal.last if since is None else since,
            timeout=timeout,
        )
        return _view(found, found[-1].number)

    async def forget(self) -> Done:
        """Their numbers go on."""
        count = len(self._aws.journal)
        self._aws.journal.clear()
        return Done(done=count)

    async def catalogue(self) -> list[KindView]:
        """Each with the error that is answered, where one is."""
        return [_kind_view(kind) for kind in FAULTS.values()]

    async def faults(self) -> list[FaultView]:
        """Oldest first; of those that a call meets, the oldest counts."""
        return [_fault_view(fault) for fault in self._aws.faults.active]

    async def add_fault(self, body: FaultBody) -> FaultView:
        """For so many calls, for a time, or until cleared."""
        return _fault_view(self._aws.faults.add(**body.given()))

    async def clear_faults(
        self,
        where: Annotated[
            str | None, Query(description="Those that were added with this `where`; all when left out.")
        ] = None,
    ) -> Done:
        """What is broken answers again."""
        before = len(self._aws.faults.active)
        self._aws.faults.clear(where)
        return Done(done=before - len(self._aws.faults.active))


def _view(found: list[Call], last: int) -> JournalView:
    return JournalView(calls=[CallView(**asdict(call)) for call in found], last=last)


def _kind_view(kind: Kind) -> KindView:
    code = "" if kind.id == "error" else kind.code
    return KindView(id=kind.id, title=kind.title, source=kind.source, code=code, status=kind.status)


def _fault_view(fault: Fault) -> FaultView:
    return FaultView(
        number=fault.number,
        where=fault.where,
        fault=fault.name,
        region=fault.region,
        access_key_id=fault.access_key_id,
        code=fault.code,
        delay=fault.delay,
        times=fault.times,
    )


async def _refused(_: Request, error: Exception) -> JSONResponse:
    nearest = getattr(error, "nearest", None)
    status, code = (404, "unknown_name") if nearest else (400, "invalid_value")
    return _problem(status, code, str(error), nearest)


async def _not_seen(_: Request, error: Exception) -> JSONResponse:
    return _problem(404, "not_seen", str(error), None)


def _problem(status: int, error: str, description: str, nearest: str | None) -> JSONResponse:
    body = {"error": error, "error_description": description[:500], "nearest": nearest}
    return AsciiResponse(body, status_code=status)
