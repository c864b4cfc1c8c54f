"""Instances and permission sets of Identity Center, and the guide's commands on them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws import Aws
from harness.aws.errors import AwsError
from harness.aws.identity_center.admin.permission_sets import seconds_of
from tests.aws_identity_center import CUSTOM, READ_ONLY, Center, new_center, refused

UNKNOWN = "arn:aws:sso:::instance/ssoins-0123456789abcdef"


@pytest.fixture
def center() -> Iterator[Center]:
    with new_center() as center:
        yield center


def test_the_guides_commands_work_with_the_arns_that_aws_gives_out(center: Center) -> None:
    assert re.fullmatch(r"arn:aws:sso:::instance/ssoins-[0-9a-f]{16}", center.instance)
    made = center.admin.create_permission_set(
        InstanceArn=center.instance, Name="CloudWatchMCPAccess", Description="CloudWatch MCP Server access"
    )["PermissionSet"]
    number = center.instance.rpartition("/")[2]
    arn = made["PermissionSetArn"]
    assert re.fullmatch(rf"arn:aws:sso:::permissionSet/{number}/ps-[0-9a-f]{{16}}", arn)
    assert made["SessionDuration"] == "PT1H"
    names = {"InstanceArn": center.instance, "PermissionSetArn": arn}
    center.admin.attach_managed_policy_to_permission_set(**names, ManagedPolicyArn=READ_ONLY)
    attached = center.admin.list_managed_policies_in_permission_set(**names)["AttachedManagedPolicies"]
    assert attached == [{"Name": "CloudWatchReadOnlyAccess", "Arn": READ_ONLY}]
    application = center.admin.create_application(
        InstanceArn=center.instance, Name="cloudwatch-mcp-server", ApplicationProviderArn=CUSTOM
    )["ApplicationArn"]
    account = center.aws.account_id
    assert re.fullmatch(rf"arn:aws:sso::{account}:application/{number}/apl-[0-9a-f]{{16}}", application)


def test_the_guides_own_arns_are_no_arns_of_aws(center: Center) -> None:
    # what the AWS CLI sends, without boto3's check of lengths in between
    with refused("ValidationException", r"instanceArn.*\(sso\)\?ins-\[a-zA-Z0-9-\.\]\{16\}"):
        center.admin.create_permission_set(InstanceArn="arn:aws:sso:::instance/ssoins-xxxxx", Name="A")
    with refused("ValidationException", "permissionSetArn"):
        center.admin.attach_managed_policy_to_permission_set(
            InstanceArn=center.instance,
            PermissionSetArn="arn:aws:sso:::permissionSet/xxxxx",
            ManagedPolicyArn=READ_ONLY,
        )


def test_a_new_instance_has_no_permission_sets_until_they_are_enabled() -> None:
    aws = Aws(account_id="310987654322")
    admin = aws.client("sso-admin")
    instance = admin.create_instance()["InstanceArn"]
    assert admin.describe_instance(InstanceArn=instance)["PermissionSetsEnabled"] is False
    message = "The operation is not supported for this Identity Center instance"
    with refused("ValidationException", message):
        admin.create_permission_set(InstanceArn=instance, Name="Readers")
    with refused("ValidationException", message):
        admin.list_permission_sets(InstanceArn=instance)
    with refused("ValidationException"):
        admin.update_instance(InstanceArn=instance, PermissionSetsEnabled=False)
    admin.update_instance(InstanceArn=instance, PermissionSetsEnabled=True)
    assert admin.list_permission_sets(InstanceArn=instance)["PermissionSets"] == []
    aws.close()


def test_an_account_has_one_instance_in_all_regions(center: Center) -> None:
    with refused("ConflictException"):
        center.aws.client("sso-admin", region="eu-west-1").create_instance()
    (found,) = center.admin.list_instances()["Instances"]
    assert found["InstanceArn"] == center.instance
    assert found["OwnerAccountId"] == center.aws.account_id
    assert re.fullmatch(r"d-[0-9a-f]{10}", found["IdentityStoreId"])
    elsewhere = center.aws.client("sso-admin", region="eu-west-1")
    assert elsewhere.list_instances()["Instances"] == []
    assert len(elsewhere.list_instances(RegionScope="ALL_REGIONS")["Instances"]) == 1
    with refused("AccessDeniedException"):
        elsewhere.describe_instance(InstanceArn=center.instance)
    with refused("AccessDeniedException"):
        center.admin.describe_instance(InstanceArn=UNKNOWN)


def test_an_instance_is_deleted_with_what_is_in_it(center: Center) -> None:
    token_of = center.user()
    center.assign(center.permission_set(), token_of)
    token = center.sign_in()
    with refused("ConflictException"):
        center.admin.delete_instance(InstanceArn=center.instance)
    arn = center.admin.list_permission_sets(InstanceArn=center.instance)["PermissionSets"][0]
    center.admin.delete_account_assignment(**center.assignment(arn, token_of))
    center.admin.delete_instance(InstanceArn=center.instance)
    assert center.admin.list_instances()["Instances"] == []
    with refused("UnauthorizedException", status=401):
        center.portal.list_accounts(accessToken=token)
    assert center.admin.create_instance()["InstanceArn"] != center.instance


def test_a_name_is_taken_once(center: Center) -> None:
    center.permission_set("Readers")
    with refused("ConflictException", "PermissionSet with name Readers already exists."):
        center.permission_set("Readers")


def test_what_can_be_changed_is_changed_and_the_rest_stays(center: Center) -> None:
    arn = center.permission_set(Description="old", RelayState="https://console.aws.amazon.com/")
    names = {"InstanceArn": center.instance, "PermissionSetArn": arn}
    center.admin.update_permission_set(**names, SessionDuration="PT12H", Description="new")
    found = center.admin.describe_permission_set(**names)["PermissionSet"]
    assert (found["SessionDuration"], found["Description"]) == ("PT12H", "new")
    assert found["RelayState"] == "https://console.aws.amazon.com/"
    center.admin.delete_permission_set(**names)
    with refused("ResourceNotFoundException"):
        center.admin.describe_permission_set(**names)


@pytest.mark.parametrize("duration", ["PT59M", "PT12H1S", "P1D", "PT0H", "P1Y", "-PT2H"])
def test_sessions_last_one_to_twelve_hours(center: Center, duration: str) -> None:
    with refused("ValidationException"):
        center.permission_set(SessionDuration=duration)


@given(st.integers(3600, 12 * 3600))
@settings(max_examples=50)
def test_a_duration_is_read_in_whatever_parts_it_comes(total: int) -> None:
    hours, rest = divmod(total, 3600)
    minutes, seconds = divmod(rest, 60)
    assert seconds_of(f"PT{hours}H{minutes}M{seconds}S") == total == seconds_of(f"PT{total}S")


@given(st.text(max_size=12))
def test_what_is_no_duration_is_refused_in_aws_form(text: str) -> None:
    with pytest.raises(AwsError) as refusal:
        seconds_of(f"{text}x")
    assert refusal.value.code == "ValidationException"


def test_only_policies_that_aws_has_are_attached_and_ten_at_most(center: Center) -> None:
    arn = center.permission_set()
    names = {"InstanceArn": center.instance, "PermissionSetArn": arn}
    with refused("ResourceNotFoundException"):
        center.admin.attach_managed_policy_to_permission_set(
            **names, ManagedPolicyArn="arn:aws:iam::aws:policy/NoSuchPolicy"
        )
    with refused("ConflictException"):
        center.admin.attach_managed_policy_to_permission_set(**names, ManagedPolicyArn=READ_ONLY)
    for number in range(9):
        center.admin.attach_customer_managed_policy_reference_to_permission_set(
            **names, CustomerManagedPolicyReference={"Name": f"own-{number}", "Path": "/team/"}
        )
    with refused("ServiceQuotaExceededException"):
        center.admin.attach_customer_managed_policy_reference_to_permission_set(
            **names, CustomerManagedPolicyReference={"Name": "own-9"}
        )
    pages = center.admin.get_paginator("list_customer_managed_policy_references_in_permission_set")
    seen = pages.paginate(**names, PaginationConfig={"PageSize": 4}).build_full_result()
    references = seen["CustomerManagedPolicyReferences"]
    assert [each["Name"] for each in references] == [f"own-{number}" for number in range(9)]
    center.admin.detach_managed_policy_from_permission_set(**names, ManagedPolicyArn=READ_ONLY)
    with refused("ResourceNotFoundException"):
        center.admin.detach_managed_policy_from_permission_set(**names, ManagedPolicyArn=READ_ONLY)
    center.admin.detach_customer_managed_policy_reference_from_permission_set(
        **names, CustomerManagedPolicyReference={"Name": "own-0", "Path": "/team/"}
    )
    with refused("ResourceNotFoundException"):
        center.admin.detach_customer_managed_policy_reference_from_permission_set(
            **names, CustomerManagedPolicyReference={"Name": "own-0"}
        )


def test_an_inline_policy_is_one_that_iam_would_take(center: Center) -> None:
    names = {"InstanceArn": center.instance, "PermissionSetArn": center.permission_set()}
    assert center.admin.get_inline_policy_for_permission_set(**names)["InlinePolicy"] == ""
    for broken in ("{", "{}", '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}'):
        with refused("ValidationException"):
            center.admin.put_inline_policy_to_permission_set(**names, InlinePolicy=broken)
    statement = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    center.admin.put_inline_policy_to_permission_set(**names, InlinePolicy=policy)
    assert center.admin.get_inline_policy_for_permission_set(**names)["InlinePolicy"] == policy
    center.admin.delete_inline_policy_from_permission_set(**names)
    with refused("ResourceNotFoundException"):
        center.admin.delete_inline_policy_from_permission_set(**names)


def test_a_permission_set_has_one_boundary(center: Center) -> None:
    names = {"InstanceArn": center.instance, "PermissionSetArn": center.permission_set()}
    with refused("ResourceNotFoundException"):
        center.admin.get_permissions_boundary_for_permission_set(**names)
    boundary = {"ManagedPolicyArn": READ_ONLY, "CustomerManagedPolicyReference": {"Name": "own"}}
    with refused("ValidationException"):
        center.admin.put_permissions_boundary_to_permission_set(**names, PermissionsBoundary=boundary)
    boundary.pop("CustomerManagedPolicyReference")
    center.admin.put_permissions_boundary_to_permission_set(**names, PermissionsBoundary=boundary)
    found = center.admin.get_permissions_boundary_for_permission_set(**names)["PermissionsBoundary"]
    assert found == {"ManagedPolicyArn": READ_ONLY}
    center.admin.delete_permissions_boundary_from_permission_set(**names)
    with refused("ResourceNotFoundException"):
        center.admin.delete_permissions_boundary_from_permission_set(**names)


def test_tags_are_those_of_their_resource(center: Center) -> None:
    arn = center.permission_set(Tags=[{"Key": "team", "Value": "mcp"}])
    center.admin.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "test"}])
    center.admin.untag_resource(ResourceArn=arn, TagKeys=["team", "nothing"])
    tags = center.admin.list_tags_for_resource(InstanceArn=center.instance, ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "stage", "Value": "test"}]
    assert center.admin.list_tags_for_resource(ResourceArn=center.instance)["Tags"] == []
    with refused("ResourceNotFoundException"):
        center.admin.list_tags_for_resource(ResourceArn=UNKNOWN)
    with refused("ServiceQuotaExceededException"):
        for number in range(51):
            tag = {"Key": str(number), "Value": ""}
            center.admin.tag_resource(ResourceArn=center.instance, Tags=[tag])


def test_what_is_not_there_refuses_loudly(center: Center) -> None:
    with refused("NotImplemented"):
        center.admin.add_region(InstanceArn=center.instance, RegionName="eu-west-1")
    with refused("NotImplemented"):
        center.admin.update_instance(
            InstanceArn=center.instance, EncryptionConfiguration={"KeyType": "AWS_OWNED_KMS_KEY"}
        )
    with refused("ValidationException"):
        center.admin.update_instance(
            InstanceArn=center.instance,
            EncryptionConfiguration={"KeyType": "AWS_OWNED_KMS_KEY"},
            PermissionSetsEnabled=True,
        )


def test_a_page_token_that_nobody_gave_out_is_refused(center: Center) -> None:
    for token in ("abc", "9" * 12):
        with refused("ValidationException"):
            center.admin.list_permission_sets(InstanceArn=center.instance, NextToken=token)
