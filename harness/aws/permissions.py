"""Whether a caller may: which action and resources a call is, and what the caller's policies say to it.

Everybody is judged alike, the administrator too. Source of actions and resources: the Service Authorization
Reference, "Actions, resources, and condition keys" of each service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.policy import Decision, Request, evaluate, limit

__all__ = ["authorise", "condition_keys", "denied", "identity_decision"]

_ALARMS = frozenset(
    {
        "DeleteAlarms",
        "DescribeAlarmHistory",
        "DescribeAlarms",
        "DisableAlarmActions",
        "EnableAlarmActions",
        "PutCompositeAlarm",
        "PutMetricAlarm",
        "SetAlarmState",
    }
)
_DASHBOARDS = frozenset({"DeleteDashboards", "GetDashboard", "ListDashboards", "PutDashboard"})


def authorise(call: Context, fields: Mapping[str, Any]) -> None:
    """Let a signed call pass, or refuse it, by the identity policies of its caller.

    Raises:
        AwsError: ``AccessDenied``.
    """
    action = f"{call.service}:{call.operation}"
    keys = {"cloudwatch:namespace": str(fields["Namespace"])} if "Namespace" in fields else {}
    for resource in _resources(call, fields):
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
    request = Request(action=action, resource=resource, context={**condition_keys(call), **(keys or {})})
    iam, session = call.aws.iam, call.caller.session
    if session is None:
        return evaluate(iam.user_documents(call.caller.user_name), request)
    decision = evaluate(iam.role_documents(session.role), request)
    boundary = iam.boundary(session.role)
    if boundary is not None:
        decision = limit(decision, evaluate(boundary, request))
    if session.policies is not None:
        decision = limit(decision, evaluate(session.policies, request))
    return decision


def denied(call: Context, action: str, resource: str, reason: str = "") -> AwsError:
    """Return AWS's refusal; an action that has no resources is refused without naming one."""
    who = call.caller.arn if call.caller is not None else "anonymous"
    on = "" if resource == "*" else f" on resource: {resource}"
    message = f"User: {who} is not authorized to perform: {action}{on} {reason}"
    return AwsError("AccessDenied", message.rstrip(), status=403)


def condition_keys(call: Context) -> dict[str, str | Sequence[str]]:
    """Return the global condition keys of a call (IAM User Guide, "AWS global condition context keys")."""
    keys: dict[str, str | Sequence[str]] = {
        "aws:CurrentTime": _iso(call.now),
        "aws:EpochTime": str(int(call.now)),
        "aws:RequestedRegion": call.region,
        "aws:SecureTransport": "true",
        "aws:UserAgent": call.request.headers.get("user-agent", ""),
        "aws:ViaAWSService": "false",
    }
    if call.caller is None:
        return keys
    keys["aws:PrincipalAccount"] = call.caller.account
    keys["aws:userid"] = call.caller.user_id
    session = call.caller.session
    if session is None:
        keys |= {
            "aws:PrincipalArn": call.caller.arn,
            "aws:PrincipalType": "User",
            "aws:username": call.caller.user_name,
        }
    else:
        keys |= {
            "aws:PrincipalArn": session.role.arn,
            "aws:PrincipalType": "AssumedRole",
            "aws:TokenIssueTime": _iso(session.issued),
            **session.context,
        }
        if session.source_identity is not None:
            keys["aws:SourceIdentity"] = session.source_identity
    return keys


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """Return the ARNs that a call is about; each of them must be allowed."""
    where = f"{call.region}:{call.aws.account_id}"
    match call.service:
        case "cloudwatch":
            return _cloudwatch(call, fields, where)
        case "logs":
            return _logs(call, fields, where)
        case "iam":
            return [_iam(call, fields)]
        case "cognito-idp" if fields.get("UserPoolId"):
            return [f"arn:aws:cognito-idp:{where}:userpool/{fields['UserPoolId']}"]
        case "cognito-identity" if fields.get("IdentityPoolId"):
            return [f"arn:aws:cognito-identity:{where}:identitypool/{fields['IdentityPoolId']}"]
        case _:
            return ["*"]


def _cloudwatch(call: Context, fields: Mapping[str, Any], where: str) -> list[str]:
    """Alarms and dashboards are resources, metrics are not; a dashboard's ARN has no region."""
    if call.operation in _ALARMS:
        names = _texts(fields.get("AlarmName"), fields.get("AlarmNames")) or ["*"]
        return [f"arn:aws:cloudwatch:{where}:alarm:{name}" for name in names]
    if call.operation in _DASHBOARDS:
        names = _texts(fields.get("DashboardName"), fields.get("DashboardNames")) or ["*"]
        return [f"arn:aws:cloudwatch::{call.aws.account_id}:dashboard/{name}" for name in names]
    return _texts(fields.get("ResourceARN")) or ["*"]


def _logs(call: Context, fields: Mapping[str, Any], where: str) -> list[str]:
    """Name a log group with ``:log-stream:`` after it, so that a policy's ARN without ``:*`` does not match.

    That is the form of AWS's own refusals (cwh#119).
    """
    names = [
        name.removesuffix(":*").split(":log-group:")[-1]
        for key in ("logGroupName", "logGroupNames", "logGroupIdentifier", "logGroupIdentifiers")
        for name in _texts(fields.get(key))
    ]
    if call.operation == "DescribeLogGroups":
        names = [""]
    if not names:
        return _texts(fields.get("resourceArn")) or ["*"]
    stream = "".join(_texts(fields.get("logStreamName"))[:1])
    return [f"arn:aws:logs:{where}:log-group:{name}:log-stream:{stream}" for name in names]


def _iam(call: Context, fields: Mapping[str, Any]) -> str:
    here = f"arn:aws:iam::{call.aws.account_id}"
    for key in (
        "RoleName",
        "UserName",
        "GroupName",
        "OpenIDConnectProviderArn",
        "PolicyArn",
        "PolicyName",
        "Url",
    ):
        value = fields.get(key)
        if not isinstance(value, str) or not value:
            continue
        match key:
            case "RoleName":
                return call.aws.iam.role_arn(value)
            case "UserName" | "GroupName" | "PolicyName":
                return f"{here}:{key.removesuffix('Name').lower()}/{value}"
            case "Url":
                return f"{here}:oidc-provider/{value.removeprefix('https://')}"
            case _:
                return value
    return "*"


def _texts(*values: Any) -> list[str]:
    """Flatten strings and lists of strings; anything else counts for nothing."""
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [item for item in flat if isinstance(item, str) and item]
