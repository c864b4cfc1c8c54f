"""The policies of a permission set: AWS's, the account's own, an inline one, and a boundary.

A change counts for the roles when the permission set is provisioned again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.identity_center.admin.lookup import conflict, invalid, not_found, permission_set_of
from harness.aws.identity_center.paging import page
from harness.aws.policy import PolicyError, parse

__all__ = ["OPERATIONS"]

_MOST = 10  # AWS managed and customer managed policies of one permission set, together: the default quota


def attach_managed_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Attach an AWS managed policy.

    Raises:
        AwsError: ``ResourceNotFoundException``, where AWS has no such policy; ``ConflictException``, when it
            is attached; ``ServiceQuotaExceededException``, for the eleventh.
    """
    _, found = permission_set_of(call, fields)
    arn = _existing(call, fields["ManagedPolicyArn"])
    if arn in found.managed:
        raise conflict(f"Policy {arn} is already attached to PermissionSet {found.name}.")
    _check_quota(len(found.managed) + len(found.customer))
    found.managed.append(arn)
    found.is_latest = False
    return {}


def detach_managed_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Detach an AWS managed policy.

    Raises:
        AwsError: ``ResourceNotFoundException``, when it is not attached.
    """
    _, found = permission_set_of(call, fields)
    if fields["ManagedPolicyArn"] not in found.managed:
        raise not_found(f"Policy {fields['ManagedPolicyArn']} in PermissionSet {found.name}")
    found.managed.remove(fields["ManagedPolicyArn"])
    found.is_latest = False
    return {}


def list_managed_policies(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the names and ARNs of the AWS managed policies."""
    _, found = permission_set_of(call, fields)
    attached = [{"Name": arn.rpartition("/")[2], "Arn": arn} for arn in found.managed]
    return page(attached, fields, "AttachedManagedPolicies")


def attach_reference(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refer to a policy of the accounts; it has to be there when the permission set is provisioned.

    Raises:
        AwsError: ``ConflictException``, when it is referred to; ``ServiceQuotaExceededException``.
    """
    _, found = permission_set_of(call, fields)
    reference = _reference(fields)
    if reference in found.customer:
        raise conflict(f"Policy {''.join(reference)} is already attached to PermissionSet {found.name}.")
    _check_quota(len(found.managed) + len(found.customer))
    found.customer.append(reference)
    found.is_latest = False
    return {}


def detach_reference(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refer to a policy of the accounts no more.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    _, found = permission_set_of(call, fields)
    reference = _reference(fields)
    if reference not in found.customer:
        raise not_found(f"Policy {''.join(reference)} in PermissionSet {found.name}")
    found.customer.remove(reference)
    found.is_latest = False
    return {}


def list_references(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the names and paths of the policies of the accounts."""
    _, found = permission_set_of(call, fields)
    references = [{"Name": name, "Path": path} for path, name in found.customer]
    return page(references, fields, "CustomerManagedPolicyReferences")


def put_inline_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the inline policy, in the place of an earlier one.

    Raises:
        AwsError: ``ValidationException``, for what IAM would not take as an identity policy.
    """
    _, found = permission_set_of(call, fields)
    try:
        parse(fields["InlinePolicy"], kind="identity")
    except PolicyError as error:
        raise invalid(f"The inline policy is invalid: {error.message}") from None
    found.inline = fields["InlinePolicy"]
    found.is_latest = False
    return {}


def get_inline_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the inline policy; an empty text where there is none."""
    return {"InlinePolicy": permission_set_of(call, fields)[1].inline or ""}


def delete_inline_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take the inline policy away.

    Raises:
        AwsError: ``ResourceNotFoundException``, where there is none.
    """
    _, found = permission_set_of(call, fields)
    if found.inline is None:
        raise not_found(f"Inline policy of PermissionSet {found.name}")
    found.inline = None
    found.is_latest = False
    return {}


def put_boundary(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the permissions boundary: a policy of AWS's or one of the accounts.

    Raises:
        AwsError: ``ValidationException``, unless it is exactly one; ``ResourceNotFoundException``.
    """
    _, found = permission_set_of(call, fields)
    boundary = fields["PermissionsBoundary"]
    if len(boundary) != 1:
        raise invalid("A permissions boundary is one managed policy or one customer managed policy.")
    if "ManagedPolicyArn" in boundary:
        _existing(call, boundary["ManagedPolicyArn"])
    found.boundary = boundary
    found.is_latest = False
    return {}


def get_boundary(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the permissions boundary.

    Raises:
        AwsError: ``ResourceNotFoundException``, where there is none.
    """
    _, found = permission_set_of(call, fields)
    if found.boundary is None:
        raise not_found(f"Permissions boundary of PermissionSet {found.name}")
    return {"PermissionsBoundary": found.boundary}


def delete_boundary(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take the permissions boundary away.

    Raises:
        AwsError: ``ResourceNotFoundException``, where there is none.
    """
    get_boundary(call, fields)
    _, found = permission_set_of(call, fields)
    found.boundary = None
    found.is_latest = False
    return {}


def _existing(call: Context, arn: str) -> str:
    """Refuse an AWS managed policy that AWS has not."""
    if not call.aws.iam.managed_documents([arn]):
        raise not_found(f"Policy {arn}")
    return arn


def _reference(fields: Mapping[str, Any]) -> tuple[str, str]:
    given = fields["CustomerManagedPolicyReference"]
    return given.get("Path", "/"), given["Name"]


def _check_quota(count: int) -> None:
    if count >= _MOST:
        raise AwsError("ServiceQuotaExceededException", f"A permission set has {_MOST} policies at most.")


OPERATIONS: Mapping[str, Operation] = {
    "AttachCustomerManagedPolicyReferenceToPermissionSet": attach_reference,
    "AttachManagedPolicyToPermissionSet": attach_managed_policy,
    "DeleteInlinePolicyFromPermissionSet": delete_inline_policy,
    "DeletePermissionsBoundaryFromPermissionSet": delete_boundary,
    "DetachCustomerManagedPolicyReferenceFromPermissionSet": detach_reference,
    "DetachManagedPolicyFromPermissionSet": detach_managed_policy,
    "GetInlinePolicyForPermissionSet": get_inline_policy,
    "GetPermissionsBoundaryForPermissionSet": get_boundary,
    "ListCustomerManagedPolicyReferencesInPermissionSet": list_references,
    "ListManagedPoliciesInPermissionSet": list_managed_policies,
    "PutInlinePolicyToPermissionSet": put_inline_policy,
    "PutPermissionsBoundaryToPermissionSet": put_boundary,
}
