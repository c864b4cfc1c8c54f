"""The operations of IAM Identity Center, ``sso-admin``.

moto's are not used: it makes up ARNs that AWS has not. Source: IAM Identity Center API Reference. Not there,
and refused as such: more regions of an instance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.identity_center.admin import (
    access_control,
    applications,
    assignments,
    grants,
    instances,
    permission_sets,
    policies,
    tags,
    token_issuers,
)
from harness.aws.identity_center.center import locked

__all__ = ["OPERATIONS", "condition_keys", "resources"]


OPERATIONS: Mapping[str, Operation] = {
    name: operation
    for module in (
        access_control,
        applications,
        assignments,
        grants,
        instances,
        permission_sets,
        policies,
        tags,
        token_issuers,
    )
    for name, operation in locked(module.OPERATIONS).items()
}

# Members that name a resource, of the Service Authorization Reference for AWS IAM Identity Center.
_ARNS = (
    "InstanceArn",
    "PermissionSetArn",
    "ApplicationArn",
    "ApplicationProviderArn",
    "TrustedTokenIssuerArn",
    "ResourceArn",
)
_ACCOUNTS = ("AccountId", "TargetId")


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """Every resource that a call names: the caller needs each of them."""
    named = [str(fields[name]) for name in _ARNS if name in fields]
    named += [f"arn:aws:sso:::account/{fields[name]}" for name in _ACCOUNTS if name in fields]
    return named or ["*"]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """The tags of the request."""
    tags = {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in fields.get("Tags", []) if _is_tag(tag)}
    return {**tags, "aws:TagKeys": [key.partition("/")[2] for key in tags]} if tags else {}


def _is_tag(tag: Any) -> bool:
    return isinstance(tag, dict) and {"Key", "Value"} <= tag.keys()
