"""boto3 clients without a socket: what a client would send is answered in this process."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import boto3.session
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from harness.aws.credentials import Credentials
from harness.aws.faults import Late
from harness.aws.models import blind_session, session
from harness.aws.wire import Request, Response

__all__ = ["boto3_session", "call", "client"]

_PATIENCE = 60.0  # seconds; how long botocore waits for an answer unless told otherwise

_CONFIG = Config(
    retries={"total_max_attempts": 1},
    ignore_configured_endpoint_urls=True,
    parameter_validation=True,
)
_lock = threading.Lock()  # making clients of one session is not thread-safe, using them is


class _Raw(io.BytesIO):
    """The body as urllib3 would hand it to botocore."""

    def stream(self, _amount: int | None = None, *, decode_content: bool | None = None) -> Iterator[bytes]:
        del decode_content
        yield self.read()


def client(
    service: str, *, credentials: Credentials, region: str, handle: Callable[[Request], Response]
) -> Any:
    """Return a boto3 client that asks ``handle``.

    It is blind to the environment and to configuration files, and does not retry.

    Args:
        service: boto3's name of a service, for example ``cloudwatch``.
        credentials: to sign with.
        region: for example ``us-east-1``.
        handle: answers its requests.
    """
    with _lock:
        made = _shared().client(
            service,
            region_name=region,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            config=_CONFIG,
        )

    def answer(request: Any, **_: Any) -> AWSResponse:
        return _answer(handle, request)

    made.meta.events.register("before-send", answer)
    return made


def boto3_session(
    *, credentials: Credentials, region: str, handle: Callable[[Request], Response]
) -> boto3.session.Session:
    """Return a session whose clients and resources ask ``handle``, and otherwise are boto3's own.

    Args:
        credentials: to sign with.
        region: for example ``us-east-1``.
        handle: answers its requests.
    """
    made = blind_session()
    made.set_default_client_config(Config(ignore_configured_endpoint_urls=True, proxies={}))

    def answer(request: Any, **_: Any) -> AWSResponse:
        return _answer(handle, request)

    made.register("before-send", answer)
    return boto3.session.Session(
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
        region_name=region,
        botocore_session=made,
    )


class _Signer(threading.local):
    """Who calls in this thread, and who answers."""

    credentials: Credentials
    handle: Callable[[Request], Response]


_signer = _Signer()


def call(
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
    *,
    credentials: Credentials,
    region: str,
    handle: Callable[[Request], Response],
) -> dict[str, Any]:
    """Call one operation by a client that the whole process shares, since making one costs ten calls.

    Args:
        service: boto3's name of a service.
        operation: boto3's name of the operation, for example ``create_role``.
        parameters: the operation's own.
        credentials: to sign with.
        region: for example ``us-east-1``.
        handle: answers the request.

    Raises:
        ClientError: botocore's, if it is refused.
    """
    _signer.credentials, _signer.handle = credentials, handle
    answer: dict[str, Any] = getattr(_shared_client(service, region), operation)(**parameters)
    return answer


@lru_cache
def _shared_client(service: str, region: str) -> Any:
    """A client without credentials, signed for by whoever calls in the thread."""
    with _lock:
        made = _shared().client(
            service, region_name=region, config=_CONFIG.merge(Config(signature_version=UNSIGNED))
        )
    name = made.meta.service_model.signing_name
    # Not always the client's: IAM is in one region only. botocore says so nowhere else.
    scope = made._request_signer.region_name

    def sign(request: Any, **_: Any) -> None:
        mine = _signer.credentials
        key = BotocoreCredentials(mine.access_key_id, mine.secret_access_key, mine.session_token)
        SigV4Auth(key, name, scope).add_auth(request)

    def answer(request: Any, **_: Any) -> AWSResponse:
        return _answer(_signer.handle, request)

    made.meta.events.register("request-created", sign)
    made.meta.events.register("before-send", answer)
    return made


def _answer(handle: Callable[[Request], Response], request: Any) -> AWSResponse:
    response = handle(_request(request))
    if isinstance(response, Late):
        time.sleep(min(response.delay, _PATIENCE))
        if response.delay >= _PATIENCE:
            raise ReadTimeoutError(endpoint_url=request.url)
        if response.is_lost:
            raise ConnectionClosedError(endpoint_url=request.url)
    return AWSResponse(request.url, response.status, dict(response.headers), _Raw(response.body))


@lru_cache(maxsize=1)
def _shared() -> Any:
    return boto3.session.Session(botocore_session=session())


def _request(prepared: Any) -> Request:
    """Take a request out of botocore's record of it, in which a header may be text or bytes."""
    url = urlsplit(prepared.url)
    headers = {_text(name).lower(): _text(value) for name, value in prepared.headers.items()}
    body = prepared.body or b""
    return Request(
        method=prepared.method,
        host=headers.get("host", url.netloc),
        path=url.path or "/",
        query=url.query,
        headers=headers,
        body=body.encode() if isinstance(body, str) else bytes(body),
    )


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
