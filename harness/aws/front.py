"""The AWS that says no: one account, as those who set it up and look into it see it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from harness.aws import clients, dispatch
from harness.aws.access.sessions import Sessions
from harness.aws.app import App, AsgiApp
from harness.aws.backend import forget_account
from harness.aws.context import Context
from harness.aws.credentials import Credentials
from harness.aws.errors import AwsError
from harness.aws.faults import Faults
from harness.aws.iam.account import Iam
from harness.aws.identity_token import Fetch
from harness.aws.issuers import NewIssuer, no_issuers
from harness.aws.journal import Journal
from harness.aws.times import iso
from harness.aws.wire import Request, Response

__all__ = ["Aws"]

_State = TypeVar("_State")


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
        faults: what goes wrong on purpose.
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
        self.faults = Faults(account_id, lambda: self.now())  # noqa: PLW0108 - tests give it another clock
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
                self._clients[key] = clients.client(
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
        return clients.call(
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
        return dispatch.invoke(self, service, operation, fields, by=by, as_caller=as_caller)

    def boto3(self, credentials: Credentials | None = None, *, region: str | None = None) -> Any:
        """Return a ``boto3.Session`` whose clients and resources need no socket.

        They behave as boto3's own do, retries included; ``client`` is quicker and does not retry.

        Args:
            credentials: to sign with; the administrator's by default.
            region: by default that of this AWS.
        """
        return clients.boto3_session(
            credentials=credentials or self.administrator, region=region or self.region, handle=self.handle
        )

    def revoke_sessions(self, role: str) -> None:
        """Revoke the credentials of a role that were given out until now, as the console of IAM does.

        The role gets the inline policy ``AWSRevokeOlderSessions``, a deny by ``aws:TokenIssueTime`` (IAM User
        Guide, "Revoke IAM role temporary security credentials").

        Args:
            role: its name.

        Raises:
            ClientError: botocore's, if there is no such role.
        """
        deny = {
            "Effect": "Deny",
            "Action": ["*"],
            "Resource": ["*"],
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": iso(self.now(), "microseconds")}},
        }
        self.call(
            "iam",
            "put_role_policy",
            RoleName=role,
            PolicyName="AWSRevokeOlderSessions",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
        )

    def state(self, kind: type[_State]) -> _State:
        """Return the one ``kind`` of this account, made by ``kind()`` when first asked for."""
        with self.lock:
            if kind not in self._state:
                self._state[kind] = kind()
            found: _State = self._state[kind]
            return found

    def reset(self) -> None:
        """Begin anew: nothing in the account but its administrator, whose key stays as it is."""
        with self.lock:
            forget_account(self.account_id)
            self.iam = Iam(self.account_id)
            self.sessions = Sessions()
            self._state.clear()
            self._app.withdraw_all()
            self.faults.clear()
            self.journal.clear()
            self.iam.create_user("administrator")
            self.iam.replace_key("administrator", self.administrator)

    def close(self) -> None:
        """Forget the account."""
        forget_account(self.account_id)

    def handle(self, request: Request, *, broken: AwsError | None = None) -> Response:
        """Answer a request. It never raises: a refusal is an answer.

        Args:
            request: as it arrived.
            broken: what is wrong with it as HTTP, such as a body that is too large; it is then the answer.
        """
        return dispatch.handle(self, request, broken=broken)
