"""Whether a caller may: which actions and resources a call is, and what the caller's policies say to it.

Everybody is judged alike, the administrator too. Source of actions and resources: the Service Authorization
Reference, "Actions, resources, and condition keys" of each service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.aws.access.condition_keys import global_keys, tag_keys
from harness.aws.access.dependent_actions import dependent_actions
from harness.aws.context import Context, implementation
from harness.aws.errors import AwsError
from harness.aws.iam.account import Role
from harness.aws.policy import (
    Decision,
    Policies,
    PolicyType,
    Principal,
    Request,
    decide,
)
from harness.aws.services import SERVICES

__all__ = [
    "authorise",
    "authorise_actions",
    "denied",
    "global_keys",
    "identity_decision",
    "texts",
    "trust_decision",
]

_Keys = Mapping[str, str | Sequence[str]]


def authorise(call: Context, fields: Mapping[str, Any]) -> None:
    """Let a signed call pass, or refuse it, by the policies of its caller.

    The action of the call is asked for each of its resources, then the actions that it depends on.

    Raises:
        AwsError: ``AccessDenied``.
    """
    service = SERVICES[call.service]
    module = implementation(service)
    resources = module.resources(call, fields)
    if not resources:
        return
    policies = _policies(call)
    keys = {**global_keys(call), **tag_keys(fields), **module.condition_keys(call, fields)}
    action = f"{service.iam_prefix}:{call.operation}"
    for resource in resources:
        _require(call, Request(action=action, resource=resource, context=keys), policies)
    for needed in dependent_actions(call.service, call.operation, fields):
        for resource in (needed.resource,) if needed.resource is not None else resources:
            context = {**keys, **needed.keys}
            _require(call, Request(action=needed.action, resource=resource, context=context), policies)


def authorise_actions(call: Context, actions: Iterable[str]) -> None:
    """Let a signed call pass that needs some actions on all resources.

    Raises:
        AwsError: ``AccessDenied``.
    """
    policies, keys = _policies(call), global_keys(call)
    for action in actions:
        _require(call, Request(action=action, resource="*", context=keys), policies)


def identity_decision(call: Context, action: str, resource: str, keys: _Keys | None = None) -> Decision:
    """Decide by the caller's identity policies, cut by its permissions boundary and its session policies.

    Args:
        call: whose caller is judged; it must be signed.
        action: ``service:Operation``.
        resource: an ARN, or ``*``.
        keys: condition keys of the call beside the global ones.
    """
    if call.caller is None:
        return Decision(allowed=False, reason="")
    context = {**global_keys(call), **(keys or {})}
    return decide(Request(action=action, resource=resource, context=context), _policies(call))


def trust_decision(call: Context, role: Role, action: str, keys: _Keys | None = None) -> Decision:
    """Decide whether the caller may take on a role of this account: by its trust policy and all of its own.

    Args:
        call: whose caller is judged; it must be signed.
        role: to be taken on. A trust policy that cannot be read trusts nobody.
        action: ``sts:AssumeRole``, or an action that it depends on.
        keys: condition keys of the call beside the global ones.
    """
    caller, document = call.caller, role.trust_document
    if caller is None or document is None:
        return Decision(allowed=False, reason="")
    policies = _policies(call)
    return decide(
        Request(action=action, resource=role.arn, context={**global_keys(call), **(keys or {})}),
        policies,
        resource=document,
        principal=Principal(
            aws=caller.arns, account=caller.account, is_bounded=policies.boundary is not None
        ),
        kind=PolicyType.TRUST,
    )


def denied(call: Context, action: str, resource: str, reason: str = "") -> AwsError:
    """Return AWS's refusal; an action that has no resources is refused without naming one."""
    who = call.caller.arn if call.caller is not None else "anonymous"
    on = "" if resource == "*" else f" on resource: {resource}"
    message = f"User: {who} is not authorized to perform: {action}{on} {reason}"
    return AwsError("AccessDenied", message.rstrip(), status=403)


def texts(*values: Any) -> list[str]:
    """Flatten strings and lists of strings; anything else counts for nothing."""
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [item for item in flat if isinstance(item, str) and item]


def _require(call: Context, request: Request, policies: Policies) -> None:
    decision = decide(request, policies)
    if not decision.allowed:
        raise denied(call, request.action, request.resource, decision.reason)


def _policies(call: Context) -> Policies:
    """Return the policies of the caller as they are now: those of its role, or of the user."""
    caller, iam = call.caller, call.aws.iam
    if caller is None:
        return Policies()
    session = caller.session
    role = session.role if session is not None else None
    found = iam.role_policies(role) if role is not None else iam.user_policies(caller.user_name)
    return replace(found, session=session.policies) if session is not None else found
