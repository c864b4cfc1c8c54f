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

from harness.aws import bridge, cognito_identity, signature, sts
from harness.aws.app import App, AsgiApp
from harness.aws.authentication import authenticate
from harness.aws.context import Caller, Context, Operation
from harness.aws.credentials import Credentials
from harness.aws.errors import AwsError
from harness.aws.gaps import call_moto, forget_account
from harness.aws.iam import Iam
from harness.aws.identity_token import Fetch
from harness.aws.journal import Call, Journal
from harness.aws.permissions import authorise
from harness.aws.services import Service, by_host, by_request, check_fields, is_known, is_unsigned
from harness.aws.sessions import Sessions
from harness.aws.wire import Protocol, Request, Response, json_fields, query_fields, render, render_error

__all__ = ["Aws"]

logger = logging.getLogger(__name__)

_State = TypeVar("_State")

_OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    "cognito-identity": cognito_identity.OPERATIONS,
    "sts": sts.OPERATIONS,
}
# STS judges these itself: the first by the trust policy too, the second always passes.
_SELF_JUDGED = frozenset({"AssumeRole", "GetCallerIdentity"})
_REFUSALS = frozenset(
    {
        "AccessDenied",
        "ExpiredToken",
        "ExpiredTokenException",
        "IDPCommunicationError",
        "IDPRejectedClaim",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidIdentityPoolConfigurationException",
        "InvalidIdentityToken",
        "MissingAuthenticationToken",
        "NotAuthorizedException",
        "SignatureDoesNotMatch",
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

    Attributes:
        account_id, region, fetch, now, token_tolerance: as given.
        administrator: key of an IAM user whose policy allows everything.
        app: ASGI application for every host name of AWS.
        iam: the identities of the account.
        sessions: the temporary credentials given out.
        journal: every call, in order.
    """

    def __init__(
        self,
        *,
        account_id: str = "123456789012",
        region: str = "us-east-1",
        fetch: Fetch = _unreachable,
        now: Callable[[], float] | None = None,
        token_tolerance: float = 300,
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
        self.iam = Iam(account_id)
        self.sessions = Sessions()
        self.journal = Journal()
        self._state: dict[type[Any], Any] = {}
        self._clients: dict[tuple[str, Credentials, str], Any] = {}
        self._lock = threading.RLock()  # moto's state of one account has no lock of its own
        self._app = App(self.handle)
        forget_account(account_id)
        self.administrator = self.iam.create_user("administrator")

    @property
    def app(self) -> AsgiApp:
        """ASGI application: answers every host name of AWS."""
        return self._app

    def publish_user_pool(self, pool_id: str, app: AsgiApp) -> None:
        """Let ``app`` answer ``GET /{pool_id}/.well-known/*`` on the hosts of Cognito user pools."""
        self._app.publish(pool_id, app)

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
        with self._lock:
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

    def state(self, kind: type[_State]) -> _State:
        """Return the one ``kind`` of this account, made by ``kind()`` when first asked for."""
        with self._lock:
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
        self.journal.append(
            Call(
                time=now,
                service=known.service.name if known.service else request.host,
                operation=known.operation,
                account=self.account_id,
                principal=known.caller.arn if known.caller else None,
                access_key_id=known.access_key_id,
                decision="deny" if code in _REFUSALS else "allow",
                error=code,
                status=response.status,
            )
        )
        return response

    def _answer(self, request: Request, known: _Call, now: float) -> Response:
        fields = self._parse(request, known)
        service = known.service
        assert service is not None  # noqa: S101 - _parse has found it
        if not is_unsigned(service, known.operation):
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
            request=request,
        )
        if known.caller is not None and not (service.name == "sts" and known.operation in _SELF_JUDGED):
            authorise(call, fields)
        check_fields(service, known.operation, fields, typed=known.protocol is not Protocol.QUERY)
        operation = _OPERATIONS.get(service.name, {}).get(known.operation)
        if operation is not None:
            result = operation(call, fields)
            return render(known.protocol, result, operation=known.operation, namespace=service.namespace)
        if service.name == "iam":
            self.iam.prepare(known.operation, fields)
        with self._lock:
            return call_moto(call)

    def _parse(self, request: Request, known: _Call) -> dict[str, Any]:
        """Find out which service and operation is meant, in which protocol, and with which fields."""
        target = request.headers.get("x-amz-target", "")
        is_json = bool(target) or "json" in request.headers.get("content-type", "")
        known.protocol = Protocol.JSON_1_1 if is_json else Protocol.QUERY
        found: tuple[Service, str | None] | None = by_host(request.host)
        if found is None and request.host.lower().partition(":")[0].endswith("amazonaws.com"):
            raise AwsError("UnknownEndpoint", f"This AWS has no service at {request.host}.", status=404)
        found = found or by_request(request)
        if found is None:
            raise AwsError("UnknownEndpoint", "This request names no service of AWS.", status=404)
        service, region = found
        known.service, known.region = service, region or self.region
        if service.json is not None and (is_json or not service.namespace):
            known.protocol = service.json
        else:
            known.protocol = Protocol.QUERY
        if request.path != "/" or request.method not in {"GET", "POST"}:
            raise AwsError("InvalidAction", f"This AWS has nothing at {request.path[:200]}.", status=404)
        if known.protocol is Protocol.QUERY:
            fields = query_fields(request)
            known.operation = str(fields.pop("Action", ""))
            fields.pop("Version", None)
        else:
            prefix, _, known.operation = target.partition(".")
            fields = json_fields(request) if prefix == service.target else {}
        if not is_known(service, known.operation):
            name, known.operation = known.operation, ""
            raise AwsError("InvalidAction", f"Could not find operation {name[:100]} for {service.name}")
        return fields


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
