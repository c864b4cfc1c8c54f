"""moto, called in this process as the state behind the front, and what neither of the two implements.

moto answers a call that it lacks with an exception or an HTML page of status 500, which SDKs retry. Here each
such call gets an error in AWS's form that names the operation.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from boto3.session import Session
from botocore.parsers import ResponseParserError, create_parser
from botocore.serialize import create_serializer
from moto.core import utils as moto_utils
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import EnvironBuilder, run_wsgi_app

from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.models import is_unsigned, operation_model, session
from harness.aws.services import SERVICES, Service
from harness.aws.wire import Protocol, Request, Response

__all__ = ["ask", "forget_account", "not_implemented", "pass_on"]

logger = logging.getLogger(__name__)

# moto signs all user pools' tokens with one key that its wheel ships, finds clients and tokens in every
# account, and checks no SRP proof: what makes or takes a user's token is not left to it.
_USER_TOKENS = frozenset({"AdminInitiateAuth", "AdminRespondToAuthChallenge", "AdminUserGlobalSignOut"})


def _keep_moto_blind() -> None:
    """Let moto, which asks boto3 for the names of regions, not read whose machine this is.

    It would make a session of the developer's own profile and files, and fail where ``AWS_PROFILE`` names one
    that is not there.
    """
    AccountSpecificBackend.get_session = lru_cache(lambda: Session(botocore_session=session()))
    moto_utils.Session = session


_keep_moto_blind()


def not_implemented(call: Context) -> AwsError:
    """Return the refusal of an operation that AWS has and this AWS has not."""
    return AwsError("NotImplemented", f"This AWS does not implement {call.operation} of {call.service}.")


def pass_on(call: Context, fields: Mapping[str, Any]) -> Response | dict[str, Any]:
    """Let moto answer a call that was authenticated and authorised: its response, or the members of it.

    moto is sent what was read and judged, never the request itself, which it may read otherwise: it takes an
    ``Action`` of the query string before ``X-Amz-Target``, and the form of a GET.

    Raises:
        AwsError: as ``ask``.
    """
    if call.request is None or call.protocol is not SERVICES[call.service].protocols[0]:
        return ask(call, fields)
    return _run(call, _request(call, fields, call.operation))


def ask(call: Context, fields: Mapping[str, Any], *, operation: str | None = None) -> dict[str, Any]:
    """Ask moto, in the place of the caller, and return the members of its answer.

    Args:
        call: the call on behalf of which it is.
        fields: of the operation.
        operation: of the call's service; the call's own when left out.

    Raises:
        AwsError: what moto refuses; ``NotImplemented``, where moto does not; ``ValidationError``, where the
            call made it fail.
    """
    operation = operation or call.operation
    response = _run(call, _request(call, fields, operation))
    try:
        parsed: dict[str, Any] = create_parser(_protocol(call)).parse(
            {"headers": response.headers, "status_code": response.status, "body": response.body},
            operation_model(call.service, operation).output_shape,
        )
    except ResponseParserError:  # moto repeats in XML what XML cannot hold
        raise _failed(call) from None
    if response.status >= 400:
        error = parsed.get("Error", {})
        raise AwsError(str(error.get("Code", "")), str(error.get("Message", "")), status=response.status)
    parsed.pop("ResponseMetadata", None)
    return parsed


def _protocol(call: Context) -> str:
    """Return in which protocol moto is asked, by botocore's name of it: the first of the service's."""
    return "query" if SERVICES[call.service].protocols[0] is Protocol.QUERY else "json"


def _request(call: Context, fields: Mapping[str, Any], operation: str) -> Request:
    serializer = create_serializer(_protocol(call), include_validation=False)
    made = serializer.serialize_to_request(dict(fields), operation_model(call.service, operation))
    body = made["body"]
    return Request(
        host="",
        headers={name.lower(): str(value) for name, value in made["headers"].items()},
        body=urlencode(body).encode() if isinstance(body, dict) else body or b"",
    )


def forget_account(account_id: str) -> None:
    """Drop all that moto keeps of an account."""
    for backend in list(BackendDict._instances):
        backend.pop(account_id, None)


def _run(call: Context, request: Request) -> Response:
    service = SERVICES[call.service]
    is_user_token = call.operation in _USER_TOKENS or is_unsigned(service.name, call.operation)
    if not service.moto or (service.name == "cognito-idp" and is_user_token):
        raise not_implemented(call)
    if service.name == "cognito-idp":
        _without_key()
    try:
        with call.aws.lock:
            chunks, status, headers = run_wsgi_app(
                _moto(service.moto), _environ(call, service, request), buffered=True
            )
        body = b"".join(chunks)
    except NotImplementedError:
        raise not_implemented(call) from None
    except Exception as error:
        logger.info("moto failed on %s of %s: %s", call.operation, call.service, type(error).__name__)
        raise _failed(call) from None
    code = int(str(status).split(" ", 1)[0])
    if code >= 500 or body.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise _failed(call)
    kept = {
        name.lower(): value
        for name, value in headers.items()
        if name.lower() == "content-type" or name.lower().startswith("x-amz")
    }
    return Response(status=code, headers=kept, body=body)


def _failed(call: Context) -> AwsError:
    return AwsError(
        "ValidationError", f"This AWS could not answer {call.operation} of {call.service} with these fields."
    )


@lru_cache
def _moto(package: str) -> Any:
    """moto's application for a service.

    Not its dispatcher by host: the service is known here, and the dispatcher lists its own folder of 180
    packages for every request.
    """
    return create_backend_app(package)


@lru_cache(maxsize=1)
def _without_key() -> None:
    """Keep moto from reading the private key that its wheel ships, which takes 60 ms for every user pool.

    Everybody has that key, so no token is to be signed by it: a call by which moto would sign one is refused.
    """
    from moto.cognitoidp import models

    models.jwk = SimpleNamespace(RSAKey=SimpleNamespace(import_key=lambda _: None))


def _environ(call: Context, service: Service, request: Request) -> dict[str, Any]:
    """Make the WSGI environment; moto reads the region from the host, and the account from its own header."""
    host = (
        f"{service.host}.amazonaws.com"
        if service.name == "iam"
        else f"{service.host}.{call.region}.amazonaws.com"
    )
    builder = EnvironBuilder(
        method="POST",
        base_url=f"https://{host}",
        headers={**request.headers, "host": host, "x-moto-account-id": call.aws.account_id},
        input_stream=io.BytesIO(request.body),
        content_length=len(request.body),
    )
    environ: dict[str, Any] = builder.get_environ()
    return environ
