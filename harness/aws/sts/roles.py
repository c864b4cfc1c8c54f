"""What AssumeRole and AssumeRoleWithWebIdentity have in common: the role, its trust, its session."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.iam.account import Role
from harness.aws.policy import Decision, PolicyError, Principal, Request, evaluate_trust, parse
from harness.aws.sts.answers import credentials
from harness.aws.sts.session_policies import packed_size, session_policies
from harness.aws.sts.tags import SessionTags

__all__ = ["check_role_arn", "give", "trust"]

_ROLE_ARN = re.compile(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
_USUAL = 3600  # seconds


def check_role_arn(fields: Mapping[str, Any]) -> str:
    """Return the ARN of the role that a call names.

    Raises:
        AwsError: ``ValidationError`` (text: LocalStack's published snapshots).
    """
    arn: str = fields["RoleArn"]
    if not _ROLE_ARN.fullmatch(arn):
        raise AwsError("ValidationError", f"{arn} is invalid")
    return arn


def trust(role: Role, request: Request, principal: Principal) -> Decision:
    """Ask a role's trust policy; one that cannot be read trusts nobody."""
    try:
        return evaluate_trust(parse(role.trust), request, principal)
    except PolicyError:
        return Decision(allowed=False, reason="")


def give(
    call: Context,
    fields: Mapping[str, Any],
    role: Role,
    *,
    tags: SessionTags,
    source_identity: str | None,
    context: Mapping[str, str | Sequence[str]],
) -> dict[str, Any]:
    """Make a session of a role that the caller may take on, and return the answer.

    Args:
        call: the call.
        fields: of the call.
        role: to be taken on.
        tags: of the session.
        source_identity: of the session; None for none.
        context: condition keys of every call of the session, beside those of its tags.

    Raises:
        AwsError: ``ValidationError``, ``MalformedPolicyDocument``, ``PackedPolicyTooLarge``.
    """
    policies = session_policies(call, fields)
    size = packed_size(fields, tags)
    duration = fields.get("DurationSeconds", _USUAL)
    if duration > role.max_session_duration:  # text: awsu#27
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    session = call.aws.sessions.issue(
        role,
        name=fields["RoleSessionName"],
        now=call.now,
        duration=duration,
        policies=policies,
        context={**context, **tags.principal_keys},
        source_identity=source_identity,
        transitive_tags=tags.passing_on,
    )
    return {
        "Credentials": credentials(session),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
        "PackedPolicySize": size,
    }
