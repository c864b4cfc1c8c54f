"""Who has which permission set in the account, and the provisioning of the roles for it.

AWS does this after its answer, and clients ask for the outcome until it is there; here it is there at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.identity_center.admin.lookup import (
    instance_of,
    invalid,
    not_found,
    permission_set_of,
    principal_of,
)
from harness.aws.identity_center.admin.provisioning import deprovision, provision
from harness.aws.identity_center.paging import page
from harness.aws.identity_center.records import (
    Assignment,
    Instance,
    PermissionSet,
    Principal,
    Request,
    new_request,
)

__all__ = ["OPERATIONS"]

_LATEST, _OUTDATED = "LATEST_PERMISSION_SET_PROVISIONED", "LATEST_PERMISSION_SET_NOT_PROVISIONED"


def create_assignment(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a principal a permission set in the account, and provision the role.

    The status is ``FAILED``, with the reason, where IAM refuses: a policy of the account is not there.

    Raises:
        AwsError: ``ResourceNotFoundException``, for another account than this one, which is in no
            organization, and for a principal that is not there.
    """
    instance, found = permission_set_of(call, fields)
    _check_account(call, fields["TargetId"])
    principal = principal_of(instance, fields)
    failure = _provision(call, instance, found)
    made = Assignment(permission_set=found.arn, principal=principal)
    if failure is None and made not in instance.assignments:
        instance.assignments.append(made)
    request = _keep(instance, "creation", call, fields, failure)
    return {"AccountAssignmentCreationStatus": request.members}


def delete_assignment(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take a permission set from a principal; with the last one, the role goes.

    Raises:
        AwsError: ``ResourceNotFoundException``, for another account, and where there is no such assignment.
    """
    instance, found = permission_set_of(call, fields)
    _check_account(call, fields["TargetId"])
    principal = Principal(kind=fields["PrincipalType"], id=fields["PrincipalId"])
    assignment = Assignment(permission_set=found.arn, principal=principal)
    if assignment not in instance.assignments:
        raise not_found(f"Assignment of PermissionSet {found.name} to {principal.kind} {principal.id}")
    instance.assignments.remove(assignment)
    failure = None
    if not any(each.permission_set == found.arn for each in instance.assignments):
        try:
            deprovision(call, found)
        except AwsError as error:
            failure = error.message
    request = _keep(instance, "deletion", call, fields, failure)
    return {"AccountAssignmentDeletionStatus": request.members}


def list_assignments(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return to whom a permission set is assigned in an account."""
    instance, found = permission_set_of(call, fields)
    held = [each for each in instance.assignments if each.permission_set == found.arn]
    here = held if fields["AccountId"] == instance.account else []
    return page([_described(instance, each) for each in here], fields, "AccountAssignments")


def list_for_principal(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the assignments of a principal; those of a user's groups count."""
    instance = instance_of(call, fields, permission_sets=True)
    principal = principal_of(instance, fields)
    user = instance.store.users.get(principal.id) if principal.kind == "USER" else None
    held = [
        each
        for each in instance.assignments
        if each.principal == principal or (user is not None and instance.is_principal(user, each.principal))
    ]
    account = fields.get("Filter", {}).get("AccountId", instance.account)
    here = held if account == instance.account else []
    return page([_described(instance, each) for each in here], fields, "AccountAssignments")


def provision_permission_set(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Bring the role of a permission set up to date.

    Raises:
        AwsError: ``ValidationException``, for one account without ``TargetId``;
            ``ResourceNotFoundException``, for another account, and where it is not provisioned.
    """
    instance, found = permission_set_of(call, fields)
    if fields["TargetType"] == "AWS_ACCOUNT":
        if "TargetId" not in fields:
            raise invalid("TargetId is required when TargetType is AWS_ACCOUNT.")
        _check_account(call, fields["TargetId"])
        if found.role_arn is None:
            raise not_found(f"PermissionSet {found.name} in account {instance.account}")
    failure = _provision(call, instance, found) if found.role_arn is not None else None
    request = new_request(
        "provisioning",
        call.now,
        Status="SUCCEEDED" if failure is None else "FAILED",
        FailureReason=failure,
        AccountId=instance.account,
        PermissionSetArn=found.arn,
    )
    instance.requests[request.id] = request
    return {"PermissionSetProvisioningStatus": request.members}


def list_provisioned_sets(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the permission sets that are roles in an account."""
    instance = instance_of(call, fields, permission_sets=True)
    here = instance.permission_sets.values() if fields["AccountId"] == instance.account else []
    arns = [each.arn for each in here if _is_provisioned(each, fields)]
    return page(arns, fields, "PermissionSets")


def list_accounts(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the accounts in which a permission set is a role."""
    instance, found = permission_set_of(call, fields)
    return page([instance.account] if _is_provisioned(found, fields) else [], fields, "AccountIds")


def _describe(kind: str, asked: str, member: str) -> Operation:
    def operation(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        instance = instance_of(call, fields, permission_sets=True)
        request = instance.requests.get(fields[asked])
        if request is None or request.kind != kind:
            raise not_found(f"Request {fields[asked]}")
        return {member: request.members}

    return operation


def _list(kind: str, member: str) -> Operation:
    def operation(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        instance = instance_of(call, fields, permission_sets=True)
        status = fields.get("Filter", {}).get("Status")
        found = [
            {name: request.members[name] for name in ("Status", "RequestId", "CreatedDate")}
            for request in instance.requests.values()
            if request.kind == kind and status in {None, request.members["Status"]}
        ]
        return page(found, fields, member)

    return operation


def _check_account(call: Context, account: str) -> None:
    if account != call.aws.account_id:  # AWS's text is not known
        raise not_found(f"Account {account}")


def _provision(call: Context, instance: Instance, found: PermissionSet) -> str | None:
    """Provision the role; return why it failed."""
    try:
        provision(call, instance, found)
    except AwsError as error:
        return error.message
    return None


def _keep(
    instance: Instance, kind: str, call: Context, fields: Mapping[str, Any], failure: str | None
) -> Request:
    names = ("TargetId", "TargetType", "PermissionSetArn", "PrincipalType", "PrincipalId")
    request = new_request(
        kind,
        call.now,
        Status="SUCCEEDED" if failure is None else "FAILED",
        FailureReason=failure,
        **{name: fields[name] for name in names},
    )
    instance.requests[request.id] = request
    return request


def _described(instance: Instance, each: Assignment) -> dict[str, Any]:
    return {
        "AccountId": instance.account,
        "PermissionSetArn": each.permission_set,
        "PrincipalType": each.principal.kind,
        "PrincipalId": each.principal.id,
    }


def _is_provisioned(found: PermissionSet, fields: Mapping[str, Any]) -> bool:
    status = fields.get("ProvisioningStatus")
    return found.role_arn is not None and status in {None, _LATEST if found.is_latest else _OUTDATED}


OPERATIONS: Mapping[str, Operation] = {
    "CreateAccountAssignment": create_assignment,
    "DeleteAccountAssignment": delete_assignment,
    "DescribeAccountAssignmentCreationStatus": _describe(
        "creation", "AccountAssignmentCreationRequestId", "AccountAssignmentCreationStatus"
    ),
    "DescribeAccountAssignmentDeletionStatus": _describe(
        "deletion", "AccountAssignmentDeletionRequestId", "AccountAssignmentDeletionStatus"
    ),
    "DescribePermissionSetProvisioningStatus": _describe(
        "provisioning", "ProvisionPermissionSetRequestId", "PermissionSetProvisioningStatus"
    ),
    "ListAccountAssignmentCreationStatus": _list("creation", "AccountAssignmentsCreationStatus"),
    "ListAccountAssignmentDeletionStatus": _list("deletion", "AccountAssignmentsDeletionStatus"),
    "ListAccountAssignments": list_assignments,
    "ListAccountAssignmentsForPrincipal": list_for_principal,
    "ListAccountsForProvisionedPermissionSet": list_accounts,
    "ListPermissionSetProvisioningStatus": _list("provisioning", "PermissionSetsProvisioningStatus"),
    "ListPermissionSetsProvisionedToAccount": list_provisioned_sets,
    "ProvisionPermissionSet": provision_permission_set,
}
