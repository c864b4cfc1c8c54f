"""A permission set becomes a role in the account, and the role is kept as the permission set is.

The role is AWS's: its name, path and trust policy are as in real accounts (IAM Identity Center User Guide,
"Referencing permission sets in resource policies"). It trusts the account's SAML provider only, so that
nobody takes it on by ``AssumeRole``: the access portal gives out its sessions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.identity_center.records import Instance, PermissionSet

__all__ = ["deprovision", "provision", "saml_provider_arn"]

_INLINE = "AwsSSOInlinePolicy"
_LONGEST_SESSION = 12 * 3600  # seconds
_SIGN_IN = "https://signin.aws.amazon.com/saml"


def saml_provider_arn(instance: Instance) -> str:
    """Return the ARN of the SAML provider that the roles trust."""
    return f"arn:aws:iam::{instance.account}:saml-provider/{instance.saml_provider}"


def provision(call: Context, instance: Instance, found: PermissionSet) -> None:
    """Make the role of a permission set, or bring it up to date.

    Raises:
        AwsError: what IAM refuses, above all a policy of the account that does not exist.
    """
    name = _name(found)
    if found.role_arn is None or call.aws.iam.role(found.role_arn) is None:
        found.role_arn = _create(call, instance, name)
    _attach(call, name, {*found.managed, *(_arn(instance, *each) for each in found.customer)})
    if found.inline is not None:
        _iam(call, "PutRolePolicy", RoleName=name, PolicyName=_INLINE, PolicyDocument=found.inline)
    elif _INLINE in _iam(call, "ListRolePolicies", RoleName=name)["PolicyNames"]:
        _iam(call, "DeleteRolePolicy", RoleName=name, PolicyName=_INLINE)
    boundary = _boundary(instance, found.boundary)
    if boundary is not None:
        _iam(call, "PutRolePermissionsBoundary", RoleName=name, PermissionsBoundary=boundary)
    elif "PermissionsBoundary" in _iam(call, "GetRole", RoleName=name)["Role"]:
        _iam(call, "DeleteRolePermissionsBoundary", RoleName=name)
    found.is_latest = True


def deprovision(call: Context, found: PermissionSet) -> None:
    """Delete the role of a permission set that nobody has any more."""
    if found.role_arn is not None and call.aws.iam.role(found.role_arn) is not None:
        name = _name(found)
        _attach(call, name, set())
        for policy in _iam(call, "ListRolePolicies", RoleName=name)["PolicyNames"]:
            _iam(call, "DeleteRolePolicy", RoleName=name, PolicyName=policy)
        _iam(call, "DeleteRole", RoleName=name)
    found.role_arn, found.is_latest = None, False


def _name(found: PermissionSet) -> str:
    return f"AWSReservedSSO_{found.name}_{found.suffix}"


def _create(call: Context, instance: Instance, name: str) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": saml_provider_arn(instance)},
                "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
                "Condition": {"StringEquals": {"SAML:aud": _SIGN_IN}},
            }
        ],
    }
    region = "" if instance.region == "us-east-1" else f"{instance.region}/"
    made = _iam(
        call,
        "CreateRole",
        RoleName=name,
        Path=f"/aws-reserved/sso.amazonaws.com/{region}",
        AssumeRolePolicyDocument=json.dumps(trust),
        MaxSessionDuration=_LONGEST_SESSION,
    )
    return str(made["Role"]["Arn"])


def _attach(call: Context, name: str, wanted: set[str]) -> None:
    listed = _iam(call, "ListAttachedRolePolicies", RoleName=name)["AttachedPolicies"]
    attached = {policy["PolicyArn"] for policy in listed}
    for arn in sorted(attached - wanted):
        _iam(call, "DetachRolePolicy", RoleName=name, PolicyArn=arn)
    for arn in sorted(wanted - attached):
        _iam(call, "AttachRolePolicy", RoleName=name, PolicyArn=arn)


def _boundary(instance: Instance, boundary: Mapping[str, Any] | None) -> str | None:
    if boundary is None:
        return None
    reference = boundary.get("CustomerManagedPolicyReference")
    if reference is None:
        return str(boundary["ManagedPolicyArn"])
    return _arn(instance, reference.get("Path", "/"), reference["Name"])


def _arn(instance: Instance, path: str, name: str) -> str:
    return f"arn:aws:iam::{instance.account}:policy{path}{name}"


def _iam(call: Context, operation: str, **fields: Any) -> Mapping[str, Any]:
    """Ask IAM as AWS itself, for the service-linked role of Identity Center.

    Raises:
        AwsError: worded as the reports of failed assignments have it (terraform-aws-sso-elevator#15).
    """
    try:
        return call.aws.invoke("iam", operation, fields, by=call, as_caller=False)
    except AwsError as error:
        raise AwsError(error.code, f"Received a {error.status} status error: {error.message}") from None
