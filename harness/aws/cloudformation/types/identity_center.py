"""IAM Identity Center: instances, permission sets, applications and assignments.

Source: AWS CloudFormation Template Reference, ``AWS::SSO``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.cloudformation.types.resource_type import Do, Facts, Invoke, Part, ResourceType, names
from harness.aws.errors import AwsError

__all__ = ["IDENTITY_CENTER"]

_SET = {"InstanceArn": "InstanceArn", "PermissionSetArn": "PermissionSetArn"}
_ASSIGNMENT = "InstanceArn PermissionSetArn PrincipalId PrincipalType TargetId TargetType"
_ASKS = 10  # times; AWS assigns and removes by and by, and tells of it when asked


def _tags(arn: str) -> Part:
    where = {"ResourceArn": arn, "InstanceArn": "InstanceArn"}
    return Part(
        property="Tags",
        each=True,
        put=Do("TagResource", {**where, "Tags": "[Item]"}),
        drop=Do("UntagResource", {**where, "TagKeys": "[Item.Key]"}),
    )


def _assigned(invoke: Invoke, facts: Facts, answer: Mapping[str, Any]) -> None:
    """Wait for what an assignment, or its removal, comes to."""
    kind = "Creation" if "AccountAssignmentCreationStatus" in answer else "Deletion"
    status = answer[f"AccountAssignment{kind}Status"]
    for _ in range(_ASKS):
        if status.get("Status") != "IN_PROGRESS":
            break
        request = {f"AccountAssignment{kind}RequestId": status["RequestId"]}
        asked = invoke(
            f"DescribeAccountAssignment{kind}Status", {"InstanceArn": facts["InstanceArn"], **request}
        )
        status = asked[f"AccountAssignment{kind}Status"]
    if status.get("Status") != "SUCCEEDED":
        raise AwsError(
            "ConflictException", str(status.get("FailureReason", "The assignment did not succeed."))
        )


IDENTITY_CENTER = (
    ResourceType(
        name="AWS::SSO::Instance",
        service="sso-admin",
        properties=names("Name Tags"),
        create=Do("CreateInstance", whole=True),
        read=(Do("DescribeInstance", {"InstanceArn": "InstanceArn"}), ""),
        update=(Do("UpdateInstance", {"InstanceArn": "InstanceArn"}, whole=True),),
        delete=Do("DeleteInstance", {"InstanceArn": "InstanceArn"}),
        parts=(_tags("InstanceArn"),),
        ref="InstanceArn",
        attributes=names("IdentityStoreId InstanceArn OwnerAccountId Status"),
        tags="Tags",
    ),
    ResourceType(
        name="AWS::SSO::PermissionSet",
        service="sso-admin",
        properties=names(
            "CustomerManagedPolicyReferences Description InlinePolicy InstanceArn ManagedPolicies Name "
            "PermissionsBoundary SessionDuration Tags",
            RelayStateType="RelayState",
        ),
        required=("InstanceArn", "Name"),
        create=Do("CreatePermissionSet", whole=True),
        answer="PermissionSet",
        update=(Do("UpdatePermissionSet", _SET, whole=True),),
        after_update=Do("ProvisionPermissionSet", {**_SET, "TargetType": '="ALL_PROVISIONED_ACCOUNTS"'}),
        delete=Do("DeletePermissionSet", _SET),
        parts=(
            Part(
                property="ManagedPolicies",
                each=True,
                put=Do("AttachManagedPolicyToPermissionSet", {**_SET, "ManagedPolicyArn": "Item"}),
                drop=Do("DetachManagedPolicyFromPermissionSet", {**_SET, "ManagedPolicyArn": "Item"}),
            ),
            Part(
                property="CustomerManagedPolicyReferences",
                each=True,
                put=Do(
                    "AttachCustomerManagedPolicyReferenceToPermissionSet",
                    {**_SET, "CustomerManagedPolicyReference": "Item"},
                ),
                drop=Do(
                    "DetachCustomerManagedPolicyReferenceFromPermissionSet",
                    {**_SET, "CustomerManagedPolicyReference": "Item"},
                ),
            ),
            Part(
                property="InlinePolicy",
                put=Do("PutInlinePolicyToPermissionSet", {**_SET, "InlinePolicy": "Item"}),
                drop=Do("DeleteInlinePolicyFromPermissionSet", _SET),
            ),
            Part(
                property="PermissionsBoundary",
                put=Do("PutPermissionsBoundaryToPermissionSet", {**_SET, "PermissionsBoundary": "Item"}),
                drop=Do("DeletePermissionsBoundaryFromPermissionSet", _SET),
            ),
            _tags("PermissionSetArn"),
        ),
        fixed=frozenset({"InstanceArn", "Name"}),
        derived={"Ref": "{InstanceArn}|{PermissionSetArn}"},
        ref="Ref",
        attributes=names("PermissionSetArn"),
        tags="Tags",
    ),
    ResourceType(
        name="AWS::SSO::Application",
        service="sso-admin",
        properties=names("ApplicationProviderArn Description InstanceArn Name PortalOptions Status Tags"),
        required=("ApplicationProviderArn", "InstanceArn", "Name"),
        create=Do("CreateApplication", whole=True),
        read=(Do("DescribeApplication", {"ApplicationArn": "ApplicationArn"}), ""),
        update=(Do("UpdateApplication", {"ApplicationArn": "ApplicationArn"}, whole=True),),
        delete=Do("DeleteApplication", {"ApplicationArn": "ApplicationArn"}),
        parts=(_tags("ApplicationArn"),),
        fixed=frozenset({"ApplicationProviderArn", "InstanceArn"}),
        ref="ApplicationArn",
        attributes=names("ApplicationArn IdentityStoreArn"),
        tags="Tags",
    ),
    ResourceType(
        name="AWS::SSO::Assignment",
        service="sso-admin",
        properties=names(_ASSIGNMENT),
        required=tuple(_ASSIGNMENT.split()),
        create=Do("CreateAccountAssignment", whole=True),
        delete=Do("DeleteAccountAssignment", names(_ASSIGNMENT)),
        settle=_assigned,
        fixed=frozenset(_ASSIGNMENT.split()),
        derived={
            "Ref": "{InstanceArn}|{TargetId}|{TargetType}|{PermissionSetArn}|{PrincipalType}|{PrincipalId}"
        },
        ref="Ref",
    ),
)
