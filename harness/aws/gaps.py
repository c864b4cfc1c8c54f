"""moto, called in this process as the state behind the front, and what neither of the two implements.

moto answers a call that it lacks with an exception or an HTML page of status 500, which SDKs retry. Here each
such call gets an error in AWS's form that names the operation.
"""

from __future__ import annotations

import io
import logging
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import EnvironBuilder, run_wsgi_app

from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.services import SERVICES, Service, is_unsigned
from harness.aws.wire import Request, Response

__all__ = ["call_moto", "forget_account", "not_implemented"]

logger = logging.getLogger(__name__)

# moto's answers here are constants: of these services it keeps nothing.
_OURS = frozenset({"sts", "cognito-identity"})
# moto signs all user pools' tokens with one key that its wheel ships, finds clients and tokens in every
# account, and checks no SRP proof: what makes or takes a user's token is not left to it.
_USER_TOKENS = frozenset({"AdminInitiateAuth", "AdminRespondToAuthChallenge", "AdminUserGlobalSignOut"})


def not_implemented(call: Context) -> AwsError:
    """Return the refusal of an operation that AWS has and this AWS has not."""
    return AwsError("NotImplemented", f"This AWS does not implement {call.operation} of {call.service}.")


def call_moto(call: Context) -> Response:
    """Let moto answer a call that was authenticated and authorised.

    Raises:
        AwsError: ``NotImplemented``, where moto does not; ``ValidationError``, where the call made it fail.
    """
    service = SERVICES[call.service]
    is_user_token = call.operation in _USER_TOKENS or is_unsigned(service, call.operation)
    if service.name in _OURS or (service.name == "cognito-idp" and is_user_token):
        raise not_implemented(call)
    if service.name == "cognito-idp":
        _load_key_once()
    try:
        chunks, status, headers = run_wsgi_app(_moto(service.name), _environ(call, service), buffered=True)
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


def forget_account(account_id: str) -> None:
    """Drop all that moto keeps of an account."""
    for backend in list(BackendDict._instances):
        backend.pop(account_id, None)


def _failed(call: Context) -> AwsError:
    return AwsError(
        "ValidationError", f"This AWS could not answer {call.operation} of {call.service} with these fields."
    )


@lru_cache
def _moto(service: str) -> Any:
    """moto's application for a service.

    Not its dispatcher by host: the service is known here, and the dispatcher lists its own folder of 180
    packages for every request.
    """
    return create_backend_app(service.replace("-", ""))


@lru_cache(maxsize=1)
def _load_key_once() -> None:
    """Let moto read the key that its wheel ships once, not for every user pool: that takes 60 ms.

    Nobody takes a token of that key here, but moto will not make a pool without it.
    """
    from moto.cognitoidp import models

    key = models.jwk.RSAKey.import_key(models.load_resource("cognitoidp/resources/jwks-private.json"))
    models.jwk = SimpleNamespace(RSAKey=SimpleNamespace(import_key=lambda _: key))


def _environ(call: Context, service: Service) -> dict[str, Any]:
    """Make the WSGI environment; moto reads the region from the host, and the account from its own header."""
    request: Request = call.request
    host = (
        f"{service.host}.amazonaws.com"
        if service.name == "iam"
        else f"{service.host}.{call.region}.amazonaws.com"
    )
    headers = {name: value for name, value in request.headers.items() if not name.startswith("x-moto")}
    headers |= {"host": host, "x-moto-account-id": call.aws.account_id}
    headers.pop("content-length", None)
    headers.pop("transfer-encoding", None)
    builder = EnvironBuilder(
        method=request.method,
        path=unquote(request.path),
        query_string=request.query,
        base_url=f"https://{host}",
        headers=headers,
        input_stream=io.BytesIO(request.body),
        content_length=len(request.body),
    )
    environ: dict[str, Any] = builder.get_environ()
    return environ
