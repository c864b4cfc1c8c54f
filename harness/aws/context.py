"""What an operation is given: who calls, when, where, and the AWS that it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.aws.sessions import Session
from harness.aws.wire import Request

if TYPE_CHECKING:
    from harness.aws.front import Aws

__all__ = ["Caller", "Context", "Operation"]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The principal that signed a call.

    Attributes:
        arn: of the user or of the assumed-role session.
        user_id: ``AIDA...`` of a user, ``AROA...:name`` of a session.
        account: account id.
        access_key_id: the key that signed.
        user_name: of a user; empty for a session.
        session: the session, when it is one; None for a user.
    """

    arn: str
    user_id: str
    account: str
    access_key_id: str
    user_name: str = ""
    session: Session | None = None

    @property
    def arns(self) -> tuple[str, ...]:
        """Every ARN by which a policy may name this caller: its own, and that of its role."""
        return (self.arn,) if self.session is None else (self.arn, self.session.role.arn)


@dataclass(frozen=True, kw_only=True)
class Context:
    """One call.

    Attributes:
        aws: the AWS that answers: ``account_id``, ``iam``, ``sessions``, ``fetch``, ``token_tolerance``,
            ``state(kind)``.
        service: ``sts``, ``iam``, ``cloudwatch``, ``logs``, ``cognito-idp`` or ``cognito-identity``.
        operation: its name in AWS's model, for example ``AssumeRole``.
        region: for example ``us-east-1``.
        now: seconds since the epoch, one reading for the whole call.
        caller: who signed; None for an unsigned call.
        request: the request as it came.
    """

    aws: Aws
    service: str
    operation: str
    region: str
    now: float
    caller: Caller | None
    request: Request


Operation = Callable[[Context, Mapping[str, Any]], Mapping[str, Any]]
"""An operation: a context and the call's fields in, the members of the answer out; raises AwsError."""
