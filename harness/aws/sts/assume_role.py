"""AssumeRole: becoming a role by a signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.access.permissions import denied, global_keys, trust_decision
from harness.aws.context import Caller, Context
from harness.aws.errors import AwsError
from harness.aws.sts.answers import refuse_federated_user, signer
from harness.aws.sts.contexts import provided_contexts
from harness.aws.sts.mfa import check_mfa
from harness.aws.sts.roles import check_role_arn, give
from harness.aws.sts.tags import requested, with_inherited

__all__ = ["assume_role"]

_CHAINED = 3600  # seconds; IAM User Guide, "Role chaining"

_Keys = dict[str, str | Sequence[str]]


def assume_role(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Become a role, by the trust of its policy and, where that names only the account, by permission.

    Raises:
        AwsError: ``ValidationError``, ``InvalidParameterValue``, ``MalformedPolicyDocument``,
            ``PackedPolicyTooLarge``, or ``AccessDenied``, which is also the answer for a role that does not
            exist.
    """
    caller = signer(call)
    refuse_federated_user(call, caller)
    arn = check_role_arn(fields)
    chained = caller.session if caller.session is not None and caller.session.role is not None else None
    tags = with_inherited(requested(fields), chained.transitive_tags if chained is not None else {})
    source = _source_identity(call, caller, fields)
    contexts = provided_contexts(call, fields)
    has_mfa = check_mfa(call, caller, fields)
    keys: _Keys = {
        **global_keys(call),
        "sts:RoleSessionName": fields["RoleSessionName"],
        **tags.request_keys,
        **contexts.request_keys,
    }
    if "ExternalId" in fields:
        keys["sts:ExternalId"] = fields["ExternalId"]
    if source is not None:
        keys["sts:SourceIdentity"] = source
    if has_mfa:
        keys["aws:MultiFactorAuthPresent"] = "true"

    role = call.aws.iam.role(arn)
    if role is None:
        raise denied(call, "sts:AssumeRole", arn)
    wanted = ["sts:AssumeRole"]
    wanted += ["sts:TagSession"] if tags.all else []
    wanted += ["sts:SetSourceIdentity"] if source is not None else []
    wanted += ["sts:SetContext"] if contexts.providers else []
    for action in wanted:
        if not trust_decision(call, role, action, keys).allowed:
            raise denied(call, action, arn)
    if chained is not None and fields.get("DurationSeconds", 0) > _CHAINED:
        # The message is quoted in eks-anywhere#9485.
        limit = "the 1 hour session limit for roles assumed by role chaining."
        raise AwsError("ValidationError", f"The requested DurationSeconds exceeds {limit}")
    answer = give(
        call,
        fields,
        role,
        tags=tags,
        source_identity=source,
        context={
            "aws:MultiFactorAuthPresent": "true" if has_mfa else "false",
            **contexts.principal_keys,
        },
    )
    return {**answer, "SourceIdentity": source}


def _source_identity(call: Context, caller: Caller, fields: Mapping[str, Any]) -> str | None:
    """Return the source identity of the session; one that is set stays through the whole chain.

    Raises:
        AwsError: ``AccessDenied``, where the call would change it (IAM User Guide, "Monitor and control
            actions taken with assumed roles"; code and text are ours).
    """
    given: str | None = fields.get("SourceIdentity")
    inherited = caller.session.source_identity if caller.session is not None else None
    if inherited is not None and given not in (None, inherited):
        message = "The source identity of the calling session cannot be changed"
        raise AwsError("AccessDenied", message, status=403)
    return given or inherited
