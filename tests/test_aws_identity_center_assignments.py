"""Account assignments of Identity Center, and the IAM roles that come of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from harness.aws import Credentials
from tests.aws_identity_center import READ_ONLY, Center, new_center, refused


@pytest.fixture
def center() -> Iterator[Center]:
    with new_center() as center:
        yield center


def test_an_assignment_becomes_a_role_as_in_real_accounts(center: Center) -> None:
    arn = center.permission_set("CloudWatchMCPAccess")
    assert center.roles() == []
    status = center.assign(arn, center.user())
    assert (status["Status"], status["TargetId"]) == ("SUCCEEDED", center.aws.account_id)
    described = center.admin.describe_account_assignment_creation_status(
        InstanceArn=center.instance, AccountAssignmentCreationRequestId=status["RequestId"]
    )
    assert described["AccountAssignmentCreationStatus"] == status

    (role,) = center.roles()
    assert role["Path"] == "/aws-reserved/sso.amazonaws.com/"
    assert re.fullmatch(r"AWSReservedSSO_CloudWatchMCPAccess_[0-9a-f]{16}", role["RoleName"])
    assert role["MaxSessionDuration"] == 43200
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    provider = rf"arn:aws:iam::{center.aws.account_id}:saml-provider/AWSSSO_[0-9a-f]{{16}}_DO_NOT_DELETE"
    assert re.fullmatch(provider, statement["Principal"]["Federated"])
    assert statement["Action"] == ["sts:AssumeRoleWithSAML", "sts:TagSession"]
    assert statement["Condition"] == {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
    attached = center.aws.client("iam").list_attached_role_policies(RoleName=role["RoleName"])
    assert [policy["PolicyArn"] for policy in attached["AttachedPolicies"]] == [READ_ONLY]


def test_nobody_takes_the_role_on_by_assume_role(center: Center) -> None:
    center.assign(center.permission_set(), center.user())
    with refused("AccessDenied", status=403):
        center.aws.client("sts").assume_role(RoleArn=center.roles()[0]["Arn"], RoleSessionName="alice")


def test_nobody_but_aws_changes_the_role(center: Center) -> None:
    iam = center.aws.client("iam")
    arn = center.permission_set()
    center.assign(arn, center.user())
    name = center.roles()[0]["RoleName"]
    changes = {
        "put_role_policy": {"PolicyName": "more", "PolicyDocument": "{}"},
        "detach_role_policy": {"PolicyArn": READ_ONLY},
        "update_role": {"MaxSessionDuration": 3600},
        "delete_role": {},
    }
    for operation, members in changes.items():
        with refused("UnmodifiableEntity") as caught:
            getattr(iam, operation)(RoleName=name, **members)
        message = caught.value.response["Error"]["Message"]
        who = f"the protected role '{name}'"
        assert message == f"Cannot perform the operation on {who} - this role is only modifiable by AWS"
    with refused("NoSuchEntity", status=404):
        iam.delete_role(RoleName="absent")
    center.admin.delete_account_assignment(
        **center.assignment(
            arn, center.store.list_users(IdentityStoreId=center.store_id)["Users"][0]["UserId"]
        )
    )
    assert center.roles() == []


def test_in_another_region_than_us_east_1_the_path_names_it() -> None:
    with new_center(region="eu-central-1") as center:
        center.assign(center.permission_set(), center.user())
        assert center.roles()[0]["Path"] == "/aws-reserved/sso.amazonaws.com/eu-central-1/"


def test_an_account_of_no_organization_is_not_there(center: Center) -> None:
    asked = {**center.assignment(center.permission_set(), center.user()), "TargetId": "999999999999"}
    with refused("ResourceNotFoundException"):
        center.admin.create_account_assignment(**asked)
    with refused("ResourceNotFoundException"):
        center.admin.delete_account_assignment(**asked)
    assert center.roles() == []


def test_a_principal_has_to_be_in_the_store(center: Center) -> None:
    arn, user = center.permission_set(), center.user()
    with refused("ResourceNotFoundException"):
        center.assign(arn, user, "GROUP")
    with refused("ResourceNotFoundException"):
        center.assign(arn, "01234567-89ab-cdef-0123-456789abcdef")


def test_a_policy_of_the_account_has_to_be_there_when_the_role_is_made(center: Center) -> None:
    arn, user = center.permission_set(), center.user()
    center.admin.attach_customer_managed_policy_reference_to_permission_set(
        InstanceArn=center.instance, PermissionSetArn=arn, CustomerManagedPolicyReference={"Name": "Own"}
    )
    status = center.assign(arn, user)
    assert status["Status"] == "FAILED"
    assert "policy/Own" in status["FailureReason"]
    failed = center.admin.list_account_assignment_creation_status(
        InstanceArn=center.instance, Filter={"Status": "FAILED"}
    )["AccountAssignmentsCreationStatus"]
    assert [each["RequestId"] for each in failed] == [status["RequestId"]]
    names = {"InstanceArn": center.instance, "PermissionSetArn": arn, "AccountId": center.aws.account_id}
    assert center.admin.list_account_assignments(**names)["AccountAssignments"] == []

    statement = {"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    center.aws.client("iam").create_policy(PolicyName="Own", PolicyDocument=policy)
    assert center.assign(arn, user)["Status"] == "SUCCEEDED"
    (listed,) = center.admin.list_account_assignments(**names)["AccountAssignments"]
    assert (listed["PrincipalType"], listed["PrincipalId"]) == ("USER", user)


def test_an_assignment_may_be_made_twice_and_is_one(center: Center) -> None:
    arn, user = center.permission_set(), center.user()
    center.assign(arn, user)
    center.assign(arn, user)
    names = {"InstanceArn": center.instance, "PermissionSetArn": arn, "AccountId": center.aws.account_id}
    assert len(center.admin.list_account_assignments(**names)["AccountAssignments"]) == 1
    assert len(center.roles()) == 1


def test_the_role_goes_with_the_last_assignment(center: Center) -> None:
    arn, alice, bob = center.permission_set(), center.user("alice"), center.user("bob")
    center.assign(arn, alice)
    center.assign(arn, bob)
    center.admin.put_inline_policy_to_permission_set(
        InstanceArn=center.instance, PermissionSetArn=arn, InlinePolicy=_allow("logs:*")
    )
    _provision(center, arn)
    with refused("ConflictException"):
        center.admin.delete_permission_set(InstanceArn=center.instance, PermissionSetArn=arn)
    center.admin.delete_account_assignment(**center.assignment(arn, alice))
    assert len(center.roles()) == 1
    gone = center.admin.delete_account_assignment(**center.assignment(arn, bob))
    status = gone["AccountAssignmentDeletionStatus"]
    assert status["Status"] == "SUCCEEDED"
    assert center.roles() == []
    described = center.admin.describe_account_assignment_deletion_status(
        InstanceArn=center.instance, AccountAssignmentDeletionRequestId=status["RequestId"]
    )
    assert described["AccountAssignmentDeletionStatus"] == status
    with refused("ResourceNotFoundException"):
        center.admin.delete_account_assignment(**center.assignment(arn, bob))
    with refused("ResourceNotFoundException"):
        center.admin.describe_account_assignment_creation_status(
            InstanceArn=center.instance, AccountAssignmentCreationRequestId=status["RequestId"]
        )


def test_a_change_counts_when_the_permission_set_is_provisioned_again(center: Center) -> None:
    arn = center.permission_set()
    names = {"InstanceArn": center.instance, "PermissionSetArn": arn}
    with refused("ResourceNotFoundException"):
        _provision(center, arn)
    center.assign(arn, center.user())
    role = center.roles()[0]["RoleName"]
    iam = center.aws.client("iam")
    center.admin.put_inline_policy_to_permission_set(**names, InlinePolicy=_allow("logs:*"))
    center.admin.detach_managed_policy_from_permission_set(**names, ManagedPolicyArn=READ_ONLY)
    center.admin.put_permissions_boundary_to_permission_set(
        **names, PermissionsBoundary={"ManagedPolicyArn": READ_ONLY}
    )
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []
    outdated = center.admin.list_permission_sets_provisioned_to_account(
        InstanceArn=center.instance,
        AccountId=center.aws.account_id,
        ProvisioningStatus="LATEST_PERMISSION_SET_NOT_PROVISIONED",
    )
    assert outdated["PermissionSets"] == [arn]

    status = _provision(center, arn)
    assert status["Status"] == "SUCCEEDED"
    found = iam.get_role_policy(RoleName=role, PolicyName="AwsSSOInlinePolicy")
    assert found["PolicyDocument"] == json.loads(_allow("logs:*"))
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    boundary = iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"]
    assert boundary["PermissionsBoundaryArn"] == READ_ONLY
    described = center.admin.describe_permission_set_provisioning_status(
        InstanceArn=center.instance, ProvisionPermissionSetRequestId=status["RequestId"]
    )
    assert described["PermissionSetProvisioningStatus"] == status
    accounts = center.admin.list_accounts_for_provisioned_permission_set(
        **names, ProvisioningStatus="LATEST_PERMISSION_SET_PROVISIONED"
    )
    assert accounts["AccountIds"] == [center.aws.account_id]

    center.admin.delete_inline_policy_from_permission_set(**names)
    center.admin.delete_permissions_boundary_from_permission_set(**names)
    _provision(center, arn)
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []
    assert "PermissionsBoundary" not in iam.get_role(RoleName=role)["Role"]


def test_the_assignments_of_a_user_are_those_of_its_groups_too(center: Center) -> None:
    alice = center.user()
    readers = center.group("readers", alice)
    by_group, by_user = center.permission_set("A"), center.permission_set("B")
    center.assign(by_group, readers, "GROUP")
    center.assign(by_user, alice)
    of_alice = {"PrincipalId": alice, "PrincipalType": "USER"}
    found = center.admin.list_account_assignments_for_principal(InstanceArn=center.instance, **of_alice)
    assert {(each["PermissionSetArn"], each["PrincipalType"]) for each in found["AccountAssignments"]} == {
        (by_group, "GROUP"),
        (by_user, "USER"),
    }
    elsewhere = center.admin.list_account_assignments_for_principal(
        InstanceArn=center.instance, **of_alice, Filter={"AccountId": "999999999999"}
    )
    assert elsewhere["AccountAssignments"] == []


def test_every_resource_of_a_call_needs_the_permission(center: Center) -> None:
    arn, user = center.permission_set(), center.user()
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sso:CreateAccountAssignment",
                "Resource": [center.instance, arn],
            }
        ],
    }
    key = center.aws.iam.create_user("helpdesk", policy)
    with refused("AccessDeniedException", f"arn:aws:sso:::account/{center.aws.account_id}"):
        _client(center, key).create_account_assignment(**center.assignment(arn, user))
    policy["Statement"][0]["Resource"] = [center.instance, arn, "arn:aws:sso:::account/*"]  # type: ignore[index]
    key = center.aws.iam.create_user("assigner", policy)
    # the role is made by AWS's own service-linked role: the caller needs nothing of IAM
    made = _client(center, key).create_account_assignment(**center.assignment(arn, user))
    assert made["AccountAssignmentCreationStatus"]["Status"] == "SUCCEEDED"


def _client(center: Center, key: Credentials):
    return center.aws.client("sso-admin", credentials=key)


def _allow(action: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _provision(center: Center, arn: str) -> dict:
    made = center.admin.provision_permission_set(
        InstanceArn=center.instance,
        PermissionSetArn=arn,
        TargetType="AWS_ACCOUNT",
        TargetId=center.aws.account_id,
    )
    return made["PermissionSetProvisioningStatus"]
