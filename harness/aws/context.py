"""What an operation is given: who calls, when, where, and the AWS that it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from harness.aws.access.sessions import Session
from harness.aws.services import Service
from harness.aws.wire import Protocol as WireProtocol
from harness.aws.wire import Request, Response

if TYPE_CHECKING:
    from harness.aws.front import Aws

__all__ = ["Caller", "Context", "Implementation", "Operation", "WebApi", "implementation", "web_api"]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The principal that signed a call.

    Attributes:
        arn: of the user, of the assumed-role session or of the federated user.
        user_id: ``AIDA...`` of a user, ``AROA...:name`` of a role's session, ``account:name`` of a federated
            user.
        account: account id.
        access_key_id: the key that signed.
        user_name: of the user whose policies count, also in a session; empty for a role's session.
        session: the session, when the key is a temporary one; None for a user's own key.
    """

    arn: str
    user_id: str
    account: str
    access_key_id: str
    user_name: str = ""
    session: Session | None = None

    @property
    def arns(self) -> tuple[str, ...]:
        """Every ARN by which a policy may name this caller: its own, and that of its role or its user."""
        return (self.arn,) if self.session is None else (self.arn, self.session.principal.arn)


@dataclass(frozen=True, kw_only=True)
class Context:
    """One call.

    Attributes:
        aws: the AWS that answers: ``account_id``, ``iam``, ``sessions``, ``fetch``, ``token_tolerance``,
            ``state(kind)``, ``invoke(...)``.
        service: botocore's name of it: ``sts``, ``iam``, ``cloudwatch``, ``logs``, ``cognito-idp``, ...
        operation: its name in AWS's model, for example ``AssumeRole``.
        region: for example ``us-east-1``.
        now: seconds since the epoch, one reading for the whole call.
        caller: who signed; None for an unsigned call, and for what AWS does by itself.
        protocol: in which it came.
        request: the request as it came; None for what AWS does by itself.
    """

    aws: Aws
    service: str
    operation: str
    region: str
    now: float
    caller: Caller | None
    protocol: WireProtocol
    request: Request | None

    def arn(self, resource: str) -> str:
        """Return the ARN of a resource of the call's service and region, such as ``alarm:high-cpu``."""
        return f"arn:aws:{self.service}:{self.region}:{self.aws.account_id}:{resource}"


Operation = Callable[[Context, Mapping[str, Any]], Mapping[str, Any] | Response]
"""An operation: a context and the call's fields in, the members of the answer out; raises AwsError.

Fields and members are named as in AWS's model and have Python's types: timestamps are datetimes in UTC, blobs
are bytes. A ``Response`` (of ``backend.pass_on``) goes out as it is.
"""


class Implementation(Protocol):
    """The module of a service.

    Attributes:
        OPERATIONS: by name; what is not in it goes on to moto where moto keeps the service.
    """

    OPERATIONS: Mapping[str, Operation]

    def resources(self, call: Context, fields: Mapping[str, Any]) -> list[str]:
        """Return the ARNs that a call is about, ``*`` where it has none; the caller needs every one.

        An empty list lets every caller pass: the operation judges for itself, or is open to all.
        """
        ...

    def condition_keys(self, call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
        """Return the condition keys of a call beside the global ones."""
        ...


class WebApi(Protocol):
    """What a service answers beside the operations of AWS's model, by paths of HTTP; callers sign as ever.

    Attributes:
        ACTIONS: the IAM actions that each of its operations needs, on all resources.
    """

    ACTIONS: Mapping[str, Sequence[str]]

    def operation(self, request: Request) -> str | None:
        """Return the name of what is asked for; None where the path is none of it."""
        ...

    def answer(self, call: Context) -> Response:
        """Answer a request that was authenticated and authorised."""
        ...


@lru_cache
def web_api(service: Service) -> WebApi | None:
    """Return what a service answers by paths; None where there is nothing."""
    return cast("WebApi", import_module(service.web)) if service.web else None


@lru_cache
def implementation(service: Service) -> Implementation:
    """Return the module of a service; it is loaded when somebody first calls the service."""
    return cast("Implementation", import_module(service.module))
