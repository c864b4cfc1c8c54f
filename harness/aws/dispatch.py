"""The way of a call: parsed, authenticated, authorised, answered, rendered and journalled."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.aws import constraints
from harness.aws.access import signature
from harness.aws.access.authentication import authenticate
from harness.aws.access.permissions import authorise, authorise_actions
from harness.aws.backend import pass_on
from harness.aws.context import Caller, Context, WebApi, implementation, web_api
from harness.aws.errors import AwsError
from harness.aws.faults import Fault
from harness.aws.journal import REFUSALS, Call
from harness.aws.models import (
    code_of_invalid,
    error_shapes,
    is_known,
    is_unsigned,
    operation_model,
    partition_of,
    service_model,
)
from harness.aws.services import SERVICES, Service, by_host, by_request
from harness.aws.wire import (
    Protocol,
    Request,
    Response,
    error_code,
    guess_protocol,
    identify,
    protocol_of,
    read,
    render,
    render_error,
)

if TYPE_CHECKING:
    from harness.aws.front import Aws

__all__ = ["handle", "invoke"]

_PARTITION = "aws"  # of all ARNs here

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class _Known:
    """What is known of a call so far, so that a refusal can be written and journalled at any point."""

    time: float
    region: str
    service: Service | None = None
    protocol: Protocol = Protocol.QUERY
    operation: str = ""
    access_key_id: str | None = None
    caller: Caller | None = None
    fault: Fault | None = None
    web: WebApi | None = None


def handle(aws: Aws, request: Request, *, broken: AwsError | None = None) -> Response:
    """Answer a request. It never raises: a refusal is an answer.

    Args:
        aws: who answers.
        request: as it arrived.
        broken: what is wrong with it as HTTP, such as a body that is too large; it is then the answer.
    """
    known, error = _Known(time=aws.now(), region=aws.region), None
    try:
        response = _answer(aws, request, known, broken)
    except AwsError as refusal:
        error = refusal
        namespace = known.service.namespace if known.service else ""
        shapes = error_shapes(known.service.name) if known.service else {}
        response = render_error(known.protocol, refusal, namespace=namespace, shapes=shapes)
    except Exception:
        logger.exception("this AWS failed on %s of %s", known.operation, known.service)
        error = AwsError("InternalFailure", "This AWS has a defect; its log has more.", status=500)
        response = render_error(known.protocol, error)
    code = error.code if error is not None else error_code(response)
    _record(aws, known, code, response.status, host=request.host)
    return response if known.fault is None else known.fault.deliver(response)


def invoke(
    aws: Aws, service: str, operation: str, fields: Mapping[str, Any], *, by: Context, as_caller: bool
) -> Mapping[str, Any]:
    """Do, as a part of one call, what another call would do; it is journalled too.

    Args:
        aws: who does it.
        service: botocore's name of the service.
        operation: for example ``CreateRole``.
        fields: of the operation, in Python's types.
        by: the call that it is a part of: its region, its time and its caller count.
        as_caller: whether the caller needs the permission; if not, AWS does it by itself.

    Raises:
        AwsError: if it is refused.
    """
    caller = by.caller if as_caller else None
    known = _Known(
        time=by.now,
        region=by.region,
        service=SERVICES[service],
        operation=operation,
        caller=caller,
        access_key_id=caller.access_key_id if caller else None,
    )
    try:
        answer = _perform(_context(aws, known, None), fields)
    except AwsError as error:
        _record(aws, known, error.code, error.status)
        raise
    if isinstance(answer, Response):
        raise TypeError(f"{operation} of {service} answers with a response where members are due")
    _record(aws, known, None, 200)
    return answer


def _answer(aws: Aws, request: Request, known: _Known, broken: AwsError | None) -> Response:
    try:
        service = _parse(request, known)
    except AwsError as unknown:
        raise broken or unknown from None
    if broken is not None:
        raise broken
    fields = (
        {} if known.web else read(request, known.protocol, operation_model(service.name, known.operation))
    )
    if known.web or not is_unsigned(service.name, known.operation):
        _authenticate(aws, request, service, known)
    if aws.faults:
        known.fault = aws.faults.take(service.name, known.operation, known.region, known.access_key_id)
    if known.fault is not None:
        known.fault.check()
        if known.fault.kind.drop == "before":
            return Response(status=0, headers={}, body=b"")
    call = _context(aws, known, request)
    if known.web is not None:
        authorise_actions(call, known.web.ACTIONS[known.operation])
        return known.web.answer(call)
    answer = _perform(call, fields)
    if isinstance(answer, Response):  # moto says text/html of much that is none
        headers = {**answer.headers, "content-type": known.protocol.value}
        return Response(status=answer.status, headers=headers, body=answer.body)
    model = operation_model(service.name, known.operation)
    return render(known.protocol, answer, operation=model, namespace=service.namespace)


def _parse(request: Request, known: _Known) -> Service:
    """Find out which service and operation is meant, and in which protocol."""
    known.protocol = guess_protocol(request)
    found: tuple[Service, str | None] | None = by_host(request.host)
    if found is None and request.host.lower().partition(":")[0].endswith("amazonaws.com"):
        raise AwsError("UnknownEndpoint", f"This AWS has no service at {request.host}.", status=404)
    found = found or by_request(request)
    if found is None:
        raise AwsError("UnknownEndpoint", "This request names no service of AWS.", status=404)
    service, region = found
    known.service, known.region = service, region or known.region
    if partition_of(known.region) != _PARTITION:
        message = f"This AWS is the partition {_PARTITION}, which has no region {known.region}."
        raise AwsError("UnknownEndpoint", message, status=404)
    web = web_api(service)
    named = web.operation(request) if web is not None else None
    if named is not None:
        known.web, known.protocol, known.operation = web, Protocol.REST_JSON, named
        return service
    known.protocol = protocol_of(request, service.protocols)
    operation = identify(request, known.protocol, target=service.target, model=service_model(service.name))
    if not is_known(service.name, operation):
        raise AwsError("InvalidAction", f"Could not find operation {operation[:100]} for {service.name}")
    known.operation = operation
    return service


def _authenticate(aws: Aws, request: Request, service: Service, known: _Known) -> None:
    claim = signature.read(request)
    known.access_key_id = claim.access_key_id if claim is not None else None
    known.caller = authenticate(
        request,
        claim,
        service=service,
        region=known.region,
        iam=aws.iam,
        sessions=aws.sessions,
        now=known.time,
    )


def _context(aws: Aws, known: _Known, request: Request | None) -> Context:
    assert known.service is not None  # noqa: S101 - a call without a service was refused
    return Context(
        aws=aws,
        service=known.service.name,
        operation=known.operation,
        region=known.region,
        now=known.time,
        caller=known.caller,
        protocol=known.protocol,
        request=request,
    )


def _perform(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
    """Answer a call whose caller is known: is it permitted, is it well-formed, what comes of it."""
    service = SERVICES[call.service]
    if call.caller is not None:
        authorise(call, fields)
    shape = operation_model(call.service, call.operation).input_shape
    if shape is not None:
        code = code_of_invalid(service.name, call.operation, service.invalid)
        constraints.check(shape, fields, code=code, repeats=service.repeats)
    operation = implementation(service).OPERATIONS.get(call.operation)
    return operation(call, fields) if operation is not None else pass_on(call, fields)


def _record(aws: Aws, known: _Known, code: str | None, status: int, *, host: str = "") -> None:
    session = known.caller.session if known.caller is not None else None
    aws.journal.append(
        Call(
            time=known.time,
            service=known.service.name if known.service else host,
            operation=known.operation,
            account=aws.account_id,
            region=known.region,
            principal=known.caller.arn if known.caller else None,
            access_key_id=known.access_key_id,
            source_identity=session.source_identity if session is not None else None,
            decision="deny" if code in REFUSALS else "allow",
            error=code,
            status=status,
            fault=known.fault.name if known.fault is not None else "",
        )
    )
