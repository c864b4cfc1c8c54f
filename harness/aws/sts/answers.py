"""What several operations of STS have in common: who signed, and how credentials are handed over."""

from __future__ import annotations

from typing import Any

from harness.aws.access.sessions import Session
from harness.aws.context import Caller, Context
from harness.aws.errors import AwsError

__all__ = ["credentials", "refuse_federated_user", "refuse_session", "refuse_user_session", "signer"]


def signer(call: Context) -> Caller:
    """Return who signed a call.

    Raises:
        AwsError: ``MissingAuthenticationToken``.
    """
    if call.caller is None:
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", status=403)
    return call.caller


def refuse_session(call: Context, caller: Caller) -> None:
    """Refuse an operation that only a user's own key may call (text: aws-sdk-net#1704, granted#151).

    Raises:
        AwsError: ``AccessDenied``.
    """
    if caller.session is not None:
        raise _no_session(call)


def refuse_user_session(call: Context, caller: Caller) -> None:
    """Refuse what a key of GetSessionToken or GetFederationToken is not good for.

    The first can call nothing of STS but AssumeRole and GetCallerIdentity, the second nothing but the latter
    (API reference, "Permissions").

    Raises:
        AwsError: ``AccessDenied``.
    """
    if caller.session is not None and caller.session.user is not None:
        raise _no_session(call)


def refuse_federated_user(call: Context, caller: Caller) -> None:
    """Refuse what a federated user's key is not good for.

    Raises:
        AwsError: ``AccessDenied``.
    """
    if caller.session is not None and caller.session.is_federated_user:
        raise _no_session(call)


def credentials(session: Session) -> dict[str, Any]:
    """Return the ``Credentials`` of an answer."""
    made = session.credentials
    return {
        "AccessKeyId": made.access_key_id,
        "SecretAccessKey": made.secret_access_key,
        "SessionToken": made.session_token,
        "Expiration": made.expiration,
    }


def _no_session(call: Context) -> AwsError:
    message = f"Cannot call {call.operation} with session credentials"
    return AwsError("AccessDenied", message, status=403)
