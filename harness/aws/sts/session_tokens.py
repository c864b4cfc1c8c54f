"""Temporary keys of users: GetSessionToken for oneself, GetFederationToken for whom one vouches for.

Source: API reference of both. Only a user's own key may call either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.access.permissions import denied, identity_decision
from harness.aws.access.sessions import SessionUser
from harness.aws.context import Caller, Context
from harness.aws.sts.answers import credentials, refuse_session, signer
from harness.aws.sts.mfa import check_mfa
from harness.aws.sts.session_policies import packed_size, session_policies
from harness.aws.sts.tags import requested

__all__ = ["federated_user_arn", "get_federation_token", "get_session_token"]

_USUAL = 43_200  # seconds, of both


def get_session_token(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a user a temporary key that can do what the user can. No permission is needed.

    Raises:
        AwsError: ``AccessDenied``.
    """
    caller = signer(call)
    refuse_session(call, caller)
    has_mfa = check_mfa(call, caller, fields)
    session = call.aws.sessions.issue(
        _user(caller),
        now=call.now,
        duration=fields.get("DurationSeconds", _USUAL),
        context={"aws:MultiFactorAuthPresent": "true" if has_mfa else "false"},
        has_mfa=has_mfa,
    )
    return {"Credentials": credentials(session)}


def get_federation_token(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a temporary key for what both the user and the session policies allow; nothing without any.

    Raises:
        AwsError: ``AccessDenied``, ``MalformedPolicyDocument``, ``PackedPolicyTooLarge``,
            ``InvalidParameterValue``, ``ValidationError``.
    """
    caller = signer(call)
    refuse_session(call, caller)
    tags = requested(fields)
    arn = federated_user_arn(call, fields["Name"])
    if tags.passed and not identity_decision(call, "sts:TagSession", arn, tags.request_keys).allowed:
        raise denied(call, "sts:TagSession", arn)
    policies = session_policies(call, fields)
    size = packed_size(fields, tags)
    session = call.aws.sessions.issue(
        _user(caller),
        name=fields["Name"],
        now=call.now,
        duration=fields.get("DurationSeconds", _USUAL),
        policies=policies or (),
        context=tags.principal_keys,
    )
    return {
        "Credentials": credentials(session),
        "FederatedUser": {"FederatedUserId": session.user_id, "Arn": session.arn},
        "PackedPolicySize": size or 0,  # AWS says 0 here, and nothing for a role (LocalStack's snapshots)
    }


def federated_user_arn(call: Context, name: str) -> str:
    """Return the ARN by which policies know a federated user."""
    return f"arn:aws:sts::{call.aws.account_id}:federated-user/{name}"


def _user(caller: Caller) -> SessionUser:
    return SessionUser(arn=caller.arn, id=caller.user_id, name=caller.user_name, account=caller.account)
