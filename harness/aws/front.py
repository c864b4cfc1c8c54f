"""The AWS that says no.

Every call is parsed, authenticated, authorised, answered, rendered and journalled here.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.aws import bridge, constraints, signature
from harness.aws.app import App, AsgiApp
from harness.aws.authentication import authenticate
from harness.aws.backend import forget_account, pass_on
from harness.aws.context import Caller, Context, implementation
from harness.aws.credentials import Credentials
from harness.aws.errors import AwsError
from harness.aws.iam.account import Iam
from harness.aws.identity_token import Fetch
from harness.aws.issuers import NewIssuer, no_issuers
from harness.aws.journal import Call, Journal
from harness.aws.models import is_known, is_unsigned, operation_model, service_model
from harness.aws.permissions import authorise
from harness.aws.services import SERVICES, Service, by_host, by_request
from harness.aws.sessions import Sessions
from harness.aws.wire import Protocol, Request, Response, identify, protocol_of, read, render, render_error

__all__ = ["Aws"]

logger = logging.getLogger(__name__)

_State = TypeVar("_State")

_REFUSALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "ForbiddenException",
        "IDPCommunicationError",
        "IDPRejectedClaim",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidGrantException",
        "InvalidIdentityPoolConfigurationException",
        "InvalidIdentityToken",
        "MissingAuthenticationToken",
        "NotAuthorizedException",
        "SignatureDoesNotMatch",
        "UnauthorizedException",
    }
)


@dataclass(kw_only=True)
class _Call:
    """What is known of a call so far, so that a refusal can be written and journalled at any point."""

    service: Service | None = None
    protocol: Protocol = Protocol.QUERY
    region: str = ""
    operation: str = ""
    access_key_id: str | None = None
    caller: Caller | None = None


def _now() -> float:
    return time.time()  # looked up at each call, so that time-machine moves it


def _unreachable(url: str) -> tuple[int, bytes]:
    raise OSError(f"this AWS reaches no issuer: {url}")


class Aws:
    """One AWS account, with nothing in it but its administrator, shut off from every other ``Aws``.

    Args:
        account_id: twelve digits; what an earlier ``Aws`` of this process kept under the same id is lost.
        region: of unsigned calls to hosts without one, and of ``client``; for example ``us-east-1``.
        fetch: how AWS reaches issuers; by default it reaches none. Raises OSError where it cannot.
        now: the time in seconds since the epoch; by default that of this machine.
        token_tolerance: seconds after ``exp`` in which a token is still accepted: five minutes by the IAM
            User Guide (OIDC federation, Note).
        new_issuer: makes the issuers that AWS itself runs, user pools and the like; by default it has none.
        thumbprint: SHA-1 of the last certificate that a host shows, in hexadecimal, for the thumbprints of
            OpenID Connect providers to be compared with; None, the default, if AWS trusts the authority that
            signed it, since then they do not count. Raises OSError where it cannot tell.

    Attributes:
        account_id, region, fetch, now, token_tolerance, new_issuer, thumbprint: as given.
        administrator: key of an IAM user whose policy allows everything.
        app: ASGI application for every host name of AWS.
        hosts: the patterns of those names.
        iam: the identities of the account.
        sessions: the temporary credentials given out.
        journal: every call, in order.
        lock: held while moto works, whose state has no lock of its own.
    """

    hosts = ("*.amazonaws.com", "*.amazoncognito.com", "*.awsapps.com")

    def __init__(
        self,
        *,
        account_id: str = "123456789012",
        region: str = "us-east-1",
        fetch: Fetch = _unreachable,
        now: Callable[[], float] | None = None,
        token_tolerance: float = 300,
        new_issuer: NewIssuer = no_issuers,
        thumbprint: Callable[[str], str] | None = None,
    ) -> None:
        if len(account_id) != 12 or not account_id.isdecimal():
            raise ValueError(f"an AWS account id is 12 digits, not {account_id!r}")
        if "MOTO_ACCOUNT_ID" in os.environ:
            raise ValueError("MOTO_ACCOUNT_ID is set: moto would put every account into that one")
        self.account_id = account_id
        self.region = region
        self.fetch = fetch
        self.now = now if now is not None else _now
        self.token_tolerance = token_tolerance
        self.new_issuer = new_issuer
        self.thumbprint = thumbprint
        self.iam = Iam(account_id)
        self.sessions = Sessions()
        self.journal = Journal()
        self.lock = threading.RLock()
        self._state: dict[type[Any], Any] = {}
        self._clients: dict[tuple[str, Credentials, str], Any] = {}
        self._app = App(self.handle)
        forget_account(account_id)
        self.administrator = self.iam.create_user("administrator")

    @property
    def app(self) -> AsgiApp:
        """ASGI application: answers every host name of AWS."""
        return self._app

    def publish(self, host: str, prefix: str, app: AsgiApp) -> None:
        """Let ``app`` answer on a host name of AWS what begins with a path, such as a user pool's documents.

        Args:
            host: for example ``cognito-idp.us-east-1.amazonaws.com``.
            prefix: of the path; ``/`` for all of it.
            app: in place of an earlier one for the same host and prefix.
        """
        self._app.publish(host, prefix, app)

    def withdraw(self, host: str, prefix: str) -> None:
        """Undo ``publish``."""
        self._app.withdraw(host, prefix)

    def client(
        self, service: str, *, credentials: Credentials | None = None, region: str | None = None
    ) -> Any:
        """Return a boto3 client of this AWS, which needs no socket; the same one if asked again.

        Args:
            service: boto3's name of the service.
            credentials: to sign with; the administrator's by default.
            region: by default that of this AWS.
        """
        key = (service, credentials or self.administrator, region or self.region)
        with self.lock:
            if key not in self._clients:
                self._clients[key] = bridge.client(
                    service, credentials=key[1], region=key[2], handle=self.handle
                )
            return self._clients[key]

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call one operation as the administrator; quicker than by a client of one's own.

        Args:
            service: boto3's name of the service.
            operation: boto3's name of the operation, for example ``create_role``.
            parameters: the operation's own.

        Raises:
            ClientError: botocore's, if it is refused.
        """
        return bridge.call(
            service,
            operation,
            parameters,
            credentials=self.administrator,
            region=self.region,
            handle=self.handle,
        )

    def invoke(
        self, service: str, operation: str, fields: Mapping[str, Any], *, by: Context, as_caller: bool = True
    ) -> Mapping[str, Any]:
        """Do, as a part of one call, what another call would do; it is journalled too.

        Args:
            service: botocore's name of the service.
            operation: for example ``CreateRole``.
            fields: of the operation, in Python's types.
            by: the call that it is a part of: its region, its time and its caller count.
            as_caller: whether the caller needs the permission; if not, AWS does it by itself.

        Raises:
            AwsError: if it is refused.
        """
        known = _Call(
            service=SERVICES[service],
            region=by.region,
            operation=operation,
            caller=by.caller if as_caller else None,
            access_key_id=by.caller.access_key_id if by.caller and as_caller else None,
        )
        call = Context(
            aws=self,
            service=service,
            operation=operation,
            region=by.region,
            now=by.now,
            caller=known.caller,
            protocol=known.protocol,
            request=None,
        )
        try:
            answer = self._perform(call, fields)
        except AwsError as error:
            self._record(known, by.now, error.code, error.status)
            raise
        if isinstance(answer, Response):
            raise TypeError(f"{operation} of {service} answers with a response where members are due")
        self._record(known, by.now, None, 200)
        return answer

    def state(self, kind: type[_State]) -> _State:
        """Return the one ``kind`` of this account, made by ``kind()`` when first asked for."""
        with self.lock:
            if kind not in self._state:
                self._state[kind] = kind()
            found: _State = self._state[kind]
            return found

    def close(self) -> None:
        """Forget the account."""
        forget_account(self.account_id)

    def handle(self, request: Request) -> Response:
        """Answer a request. It never raises: a refusal is an answer."""
        known, now, error = _Call(region=self.region), self.now(), None
        try:
            response = self._answer(request, known, now)
        except AwsError as refusal:
            error = refusal
            namespace = known.service.namespace if known.service else ""
            response = render_error(known.protocol, refusal, namespace=namespace)
        except Exception:
            logger.exception("this AWS failed on %s of %s", known.operation, known.service)
            error = AwsError("InternalFailure", "This AWS has a defect; its log has more.", status=500)
            response = render_error(known.protocol, error)
        code = error.code if error is not None else _code(response)
        self._record(known, now, code, response.status, host=request.host)
        return response

    def _answer(self, request: Request, known: _Call, now: float) -> Response:
        service = self._parse(request, known)
        model = operation_model(service.name, known.operation)
        fields = read(request, known.protocol, model)
        if not is_unsigned(service.name, known.operation):
            claim = signature.read(request)
            known.access_key_id = claim.access_key_id if claim is not None else None
            known.caller = authenticate(
                request,
                claim,
                service=service,
                region=known.region,
                iam=self.iam,
                sessions=self.sessions,
                now=now,
            )
        call = Context(
            aws=self,
            service=service.name,
            operation=known.operation,
            region=known.region,
            now=now,
            caller=known.caller,
            protocol=known.protocol,
            request=request,
        )
        answer = self._perform(call, fields)
        if isinstance(answer, Response):
            return answer
        return render(known.protocol, answer, operation=model, namespace=service.namespace)

    def _perform(self, call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
        """Answer a call whose caller is known: is it permitted, is it well-formed, what comes of it."""
        service = SERVICES[call.service]
        if call.caller is not None:
            authorise(call, fields)
        shape = operation_model(call.service, call.operation).input_shape
        if shape is not None:
            constraints.check(shape, fields, code=service.invalid)
        operation = implementation(service).OPERATIONS.get(call.operation)
        return operation(call, fields) if operation is not None else pass_on(call, fields)

    def _parse(self, request: Request, known: _Call) -> Service:
        """Find out which service and operation is meant, and in which protocol."""
        is_json = "x-amz-target" in request.headers or "json" in request.headers.get("content-type", "")
        known.protocol = Protocol.JSON_1_1 if is_json else Protocol.QUERY
        found: tuple[Service, str | None] | None = by_host(request.host)
        if found is None and request.host.lower().partition(":")[0].endswith("amazonaws.com"):
            raise AwsError("UnknownEndpoint", f"This AWS has no service at {request.host}.", status=404)
        found = found or by_request(request)
        if found is None:
            raise AwsError("UnknownEndpoint", "This request names no service of AWS.", status=404)
        service, region = found
        known.service, known.region = service, region or self.region
        known.protocol = protocol_of(request, service.protocols)
        operation = identify(
            request, known.protocol, target=service.target, model=service_model(service.name)
        )
        if not is_known(service.name, operation):
            raise AwsError("InvalidAction", f"Could not find operation {operation[:100]} for {service.name}")
        known.operation = operation
        return service

    def _record(self, known: _Call, now: float, code: str | None, status: int, *, host: str = "") -> None:
        self.journal.append(
            Call(
                time=now,
                service=known.service.name if known.service else host,
                operation=known.operation,
                account=self.account_id,
                principal=known.caller.arn if known.caller else None,
                access_key_id=known.access_key_id,
                decision="deny" if code in _REFUSALS else "allow",
                error=code,
                status=status,
            )
        )


_XML_CODE = re.compile(rb"<Code>([\w.:-]+)</Code>")


def _code(response: Response) -> str | None:
    """Read the error code out of an answer of moto's; None when it is no error."""
    if response.status < 400:
        return None
    if "x-amzn-query-error" in response.headers:
        return response.headers["x-amzn-query-error"].partition(";")[0]
    match = _XML_CODE.search(response.body)
    if match is not None:
        return match[1].decode()
    try:
        return str(json.loads(response.body)["__type"]).rpartition("#")[2]
    except (ValueError, LookupError, TypeError):
        return str(response.status)
