"""Whether a caller may: which action and resources a call is, and what the caller's policies say to it.

Everybody is judged alike, the administrator too. Source of actions and resources: the Service Authorization
Reference, "Actions, resources, and condition keys" of each service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from harness.aws.context import Context, implementation
from harness.aws.errors import AwsError
from harness.aws.policy import Decision, Request, evaluate, limit
from harness.aws.services import SERVICES

__all__ = ["authorise", "denied", "global_keys", "identity_decision", "texts"]


def authorise(call: Context, fields: Mapping[str, Any]) -> None:
    """Let a signed call pass, or refuse it, by the identity policies of its caller.

    Raises:
        AwsError: ``AccessDenied``.
    """
    service = SERVICES[call.service]
    module = implementation(service)
    action = f"{service.iam_prefix}:{call.operation}"
    keys = module.condition_keys(call, fields)
    for resource in module.resources(call, fields):
        decision = identity_decision(call, action, resource, keys)
        if not decision.allowed:
            raise denied(call, action, resource, decision.reason)


def identity_decision(
    call: Context, action: str, resource: str, keys: Mapping[str, str | Sequence[str]] | None = None
) -> Decision:
    """Decide by the caller's identity policies, cut by its permissions boundary and its session policies.

    Args:
        call: whose caller is judged; it must be signed.
        action: ``service:Operation``.
        resource: an ARN, or ``*``.
        keys: condition keys of the call beside the global ones.
    """
    if call.caller is None:
        return Decision(allowed=False, reason="")
    request = Request(action=action, resource=resource, context={**global_keys(call), **(keys or {})})
    iam, session = call.aws.iam, call.caller.session
    role = session.role if session is not None else None
    if role is None:
        decision = evaluate(iam.user_documents(call.caller.user_name), request)
    else:
        decision = evaluate(iam.role_documents(role), request)
        boundary = iam.boundary(role)
        if boundary is not None:
            decision = limit(decision, evaluate(boundary, request))
    if session is not None and session.policies is not None:
        decision = limit(decision, evaluate(session.policies, request))
    return decision


def denied(call: Context, action: str, resource: str, reason: str = "") -> AwsError:
    """Return AWS's refusal; an action that has no resources is refused without naming one."""
    who = call.caller.arn if call.caller is not None else "anonymous"
    on = "" if resource == "*" else f" on resource: {resource}"
    message = f"User: {who} is not authorized to perform: {action}{on} {reason}"
    return AwsError("AccessDenied", message.rstrip(), status=403)


def global_keys(call: Context) -> dict[str, str | Sequence[str]]:
    """Return the global condition keys of a call (IAM User Guide, "AWS global condition context keys")."""
    keys: dict[str, str | Sequence[str]] = {
        "aws:CurrentTime": _iso(call.now),
        "aws:EpochTime": str(int(call.now)),
        "aws:RequestedRegion": call.region,
        "aws:SecureTransport": "true",
        "aws:UserAgent": call.request.headers.get("user-agent", "") if call.request is not None else "",
        "aws:ViaAWSService": "false",
    }
    if call.caller is None:
        return keys
    keys["aws:PrincipalAccount"] = call.caller.account
    keys["aws:userid"] = call.caller.user_id
    session = call.caller.session
    role = session.role if session is not None else None
    if role is not None:
        keys |= {"aws:PrincipalArn": role.arn, "aws:PrincipalType": "AssumedRole"}
    elif session is not None and session.is_federated_user:
        keys |= {"aws:PrincipalArn": session.arn, "aws:PrincipalType": "FederatedUser"}
    else:
        keys |= {
            "aws:PrincipalArn": call.caller.arn,
            "aws:PrincipalType": "User",
            "aws:username": call.caller.user_name,
        }
    if session is not None:
        keys |= {"aws:TokenIssueTime": _iso(session.issued), **session.context}
        if session.source_identity is not None:
            keys["aws:SourceIdentity"] = session.source_identity
    return keys


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def texts(*values: Any) -> list[str]:
    """Flatten strings and lists of strings; anything else counts for nothing."""
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [item for item in flat if isinstance(item, str) and item]
