"""What a call to IAM is about: its resource, and the condition keys that only IAM has.

Source: Service Authorization Reference, "AWS Identity and Access Management (IAM)". How a list is named in a
refusal was seen in public reports: ``arn:aws:iam::ACCOUNT:role/`` of ListRoles, ``policy path /`` of
ListPolicies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.context import Context
from harness.aws.iam.names import OF_ONESELF
from harness.aws.iam.records import backend, by_name

__all__ = ["condition_keys", "resources"]

# The first member that a call has names its resource.
_NAMED = {
    "InstanceProfileName": "instance-profile",
    "GroupName": "group",
    "RoleName": "role",
    "UserName": "user",
    "OpenIDConnectProviderArn": "",
    "SAMLProviderArn": "",
    "PolicyArn": "",
    "PolicySourceArn": "",
    "PolicyName": "policy",
    "ServerCertificateName": "server-certificate",
    "VirtualMFADeviceName": "mfa",
    "SerialNumber": "",
    "Url": "oidc-provider",
}
_LISTS = {
    "ListGroups": "{here}:group{path}",
    "ListInstanceProfiles": "{here}:instance-profile{path}",
    "ListPolicies": "policy path {path}",
    "ListRoles": "{here}:role{path}",
    "ListServerCertificates": "{here}:server-certificate{path}",
    "ListUsers": "{here}:user{path}",
}


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """Return the user, role, group, policy or provider of a call, or the path of a list."""
    here = f"arn:aws:iam::{call.aws.account_id}"
    if call.operation in _LISTS:
        return [_LISTS[call.operation].format(here=here, path=fields.get("PathPrefix", "/"))]
    if call.operation == "CreateServiceLinkedRole":
        return [f"{here}:role/aws-service-role/{fields.get('AWSServiceName', '')}/*"]
    for member, kind in _NAMED.items():
        value = fields.get(member)
        if isinstance(value, str) and value:
            return [_arn(call, fields, kind, value)]
    oneself = call.caller if call.operation in OF_ONESELF else None
    return [oneself.arn if oneself is not None else "*"]


def _arn(call: Context, fields: Mapping[str, Any], kind: str, value: str) -> str:
    """Return the ARN of what a member names: that of the record, where there is one."""
    if not kind:
        return value
    record = by_name(call, kind, value) if kind in {"role", "user", "group"} else None
    if record is not None:
        return str(record.arn)
    path = "/" if kind == "oidc-provider" else fields.get("Path") or "/"
    return f"arn:aws:iam::{call.aws.account_id}:{kind}{path}{value.removeprefix('https://')}"


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """Return ``iam:PolicyARN``, ``iam:PermissionsBoundary``, ``iam:AWSServiceName`` and the resource's tags.

    The boundary is the one that the call sets; else the one that the user or the role has.
    """
    keys: dict[str, str | Sequence[str]] = {}
    if call.operation.startswith(("Attach", "Detach")) and "PolicyArn" in fields:
        keys["iam:PolicyARN"] = str(fields["PolicyArn"])
    if "AWSServiceName" in fields:
        keys["iam:AWSServiceName"] = str(fields["AWSServiceName"])
    record = _record(call, fields)
    boundary = fields.get("PermissionsBoundary") or getattr(record, "permissions_boundary_arn", None)
    if boundary:
        keys["iam:PermissionsBoundary"] = str(boundary)
    tags = getattr(record, "tags", None) or []  # of a user and a role a list, of others by key
    for tag in tags.values() if isinstance(tags, dict) else tags:
        keys[f"aws:ResourceTag/{tag['Key']}"] = keys[f"iam:ResourceTag/{tag['Key']}"] = tag["Value"]
    return keys


def _record(call: Context, fields: Mapping[str, Any]) -> Any:
    """Return moto's record of the resource of a call; None if it has none that is there."""
    iam = backend(call)
    for member, kind in (("RoleName", "role"), ("UserName", "user")):
        if isinstance(fields.get(member), str):
            return by_name(call, kind, fields[member])
    if "OpenIDConnectProviderArn" in fields:
        return iam.open_id_providers.get(fields["OpenIDConnectProviderArn"])
    return iam.managed_policies.get(fields.get("PolicyArn"))
