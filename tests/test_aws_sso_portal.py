"""The access portal: accounts, roles and credentials for whoever is signed in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from harness.aws import Credentials
from tests.aws_identity_center import Center, new_center, refused


@pytest.fixture
def center() -> Iterator[Center]:
    with new_center() as center:
        yield center


@pytest.fixture
def alice(center: Center) -> str:
    return center.user("alice")


def _credentials(center: Center, token: str, role: str = "Readers") -> dict[str, Any]:
    found = center.portal.get_role_credentials(
        accessToken=token, accountId=center.aws.account_id, roleName=role
    )
    return found["roleCredentials"]


def _key(found: dict[str, Any]) -> Credentials:
    return Credentials(
        access_key_id=found["accessKeyId"],
        secret_access_key=found["secretAccessKey"],
        session_token=found["sessionToken"],
    )


def test_credentials_are_a_session_of_the_role_named_after_the_user(center: Center, alice: str) -> None:
    center.assign(center.permission_set("Readers", SessionDuration="PT2H"), alice)
    token = center.sign_in()
    (account,) = center.portal.list_accounts(accessToken=token)["accountList"]
    assert account["accountId"] == center.aws.account_id
    roles = center.portal.list_account_roles(accessToken=token, accountId=center.aws.account_id)["roleList"]
    assert roles == [{"roleName": "Readers", "accountId": center.aws.account_id}]

    found = _credentials(center, token)
    assert found["expiration"] == (center.now + 7200) * 1000
    key = _key(found)
    (role,) = center.roles()
    who = center.aws.client("sts", credentials=key).get_caller_identity()
    assert who["Arn"] == (f"arn:aws:sts::{center.aws.account_id}:assumed-role/{role['RoleName']}/alice")
    assert who["UserId"] == f"{role['RoleId']}:alice"
    assert center.aws.client("cloudwatch", credentials=key).list_metrics()["Metrics"] == []
    with refused("AccessDenied", "iam:ListUsers", status=403):
        center.aws.client("iam", credentials=key).list_users()
    center.now += 7201
    with refused("ExpiredToken", status=403):
        center.aws.client("sts", credentials=key).get_caller_identity()


def test_a_user_name_that_is_no_session_name_is_made_one(center: Center) -> None:
    user = center.user("jürgen#1")
    center.assign(center.permission_set(), user)
    key = _key(_credentials(center, center.sign_in("jürgen#1")))
    assert center.aws.client("sts", credentials=key).get_caller_identity()["Arn"].endswith("/j-rgen-1")


def test_what_a_group_has_its_members_have(center: Center, alice: str) -> None:
    center.user("bob")
    center.assign(center.permission_set("B"), center.group("readers", alice), "GROUP")
    center.assign(center.permission_set("A"), alice)
    of_alice, of_bob = center.sign_in("alice"), center.sign_in("bob")
    account = center.aws.account_id
    roles = center.portal.list_account_roles(accessToken=of_alice, accountId=account)["roleList"]
    assert [role["roleName"] for role in roles] == ["A", "B"]
    assert center.portal.list_accounts(accessToken=of_bob)["accountList"] == []
    with refused("ForbiddenException", "No access", status=403):
        _credentials(center, of_bob, "A")


def test_roles_come_in_pages(center: Center, alice: str) -> None:
    for name in "CAB":
        center.assign(center.permission_set(name), alice)
    pages = center.portal.get_paginator("list_account_roles").paginate(
        accessToken=center.sign_in(), accountId=center.aws.account_id, PaginationConfig={"PageSize": 2}
    )
    sizes = [[role["roleName"] for role in page["roleList"]] for page in pages]
    assert sizes == [["A", "B"], ["C"]]
    with refused("InvalidRequestException"):
        center.portal.list_accounts(accessToken=center.sign_in(), nextToken="?")


def test_nobody_gets_a_role_that_is_not_theirs(center: Center, alice: str) -> None:
    center.assign(center.permission_set("Readers"), alice)
    token = center.sign_in()
    with refused("ForbiddenException", "No access", status=403):
        _credentials(center, token, "Admins")
    for call in (center.portal.list_account_roles, center.portal.get_role_credentials):
        extra = {"roleName": "Readers"} if call == center.portal.get_role_credentials else {}
        with refused("ForbiddenException", "No access", status=403):
            call(accessToken=token, accountId="999999999999", **extra)


def test_credentials_die_with_the_role_of_the_last_assignment(center: Center, alice: str) -> None:
    arn = center.permission_set()
    center.assign(arn, alice)
    token = center.sign_in()
    cloudwatch = center.aws.client("cloudwatch", credentials=_key(_credentials(center, token)))
    assert cloudwatch.list_metrics()["Metrics"] == []
    center.admin.delete_account_assignment(**center.assignment(arn, alice))
    with refused("InvalidClientTokenId"):
        cloudwatch.list_metrics()
    with refused("ForbiddenException", "No access", status=403):
        _credentials(center, token)


def test_a_token_that_is_none_is_not_found_or_invalid(center: Center, alice: str) -> None:
    with refused("UnauthorizedException", "Session token not found or invalid", status=401):
        center.portal.list_accounts(accessToken="forged")
    with refused("UnauthorizedException", status=401):
        center.portal.logout(accessToken="forged")
    token = center.sign_in()
    with refused("UnauthorizedException", status=401):
        center.aws.client("sso", region="eu-west-1").list_accounts(accessToken=token)
    with refused("UnauthorizedException", status=401):
        center.portal.list_accounts(accessToken=center.sign_in(scopes=("codewhisperer:completions",)))
    center.store.delete_user(IdentityStoreId=center.store_id, UserId=alice)
    with refused("UnauthorizedException", status=401):
        center.portal.list_accounts(accessToken=token)


def test_attributes_of_the_user_become_tags_of_the_session(center: Center) -> None:
    names = {"InstanceArn": center.instance}
    with refused("ResourceNotFoundException"):
        center.admin.describe_instance_access_control_attribute_configuration(**names)
    sources = {
        "name": "${path:userName}",
        "mail": "${path:emails[primary eq true].value}",
        "family": "${path:name.familyName}",
        "title": "${path:title}",
        "stage": "test",
    }
    attributes = [{"Key": key, "Value": {"Source": [source]}} for key, source in sources.items()]
    asked = {**names, "InstanceAccessControlAttributeConfiguration": {"AccessControlAttributes": attributes}}
    center.admin.create_instance_access_control_attribute_configuration(**asked)
    with refused("ConflictException"):
        center.admin.create_instance_access_control_attribute_configuration(**asked)
    described = center.admin.describe_instance_access_control_attribute_configuration(**names)
    configuration = described["InstanceAccessControlAttributeConfiguration"]
    assert configuration == {"AccessControlAttributes": attributes}

    alice = center.user("alice", Emails=[{"Value": "alice@example.com", "Primary": True}])
    arn = center.permission_set()
    condition = {
        "StringEquals": {"aws:PrincipalTag/mail": "alice@example.com", "aws:PrincipalTag/stage": "test"}
    }
    statement = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": condition}
    center.admin.put_inline_policy_to_permission_set(
        **names,
        PermissionSetArn=arn,
        InlinePolicy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    center.assign(arn, alice)
    key = _key(_credentials(center, center.sign_in()))
    assert center.aws.client("iam", credentials=key).list_users()["Users"]
    session = center.aws.sessions.find(key.access_key_id)
    assert session is not None
    tags = {name.partition("/")[2]: tag for name, tag in session.context.items() if "PrincipalTag" in name}
    assert tags == {"name": "alice", "mail": "alice@example.com", "family": "Jones", "stage": "test"}

    attributes[0]["Value"] = {"Source": ["${user}"]}
    with refused("ValidationException"):
        center.admin.update_instance_access_control_attribute_configuration(**asked)
    center.admin.delete_instance_access_control_attribute_configuration(**names)
    key = _key(_credentials(center, center.sign_in()))
    with refused("AccessDenied", status=403):
        center.aws.client("iam", credentials=key).list_users()


def test_logout_ends_the_session_and_not_the_credentials(center: Center, alice: str) -> None:
    center.assign(center.permission_set(), alice)
    token, other = center.sign_in(), center.sign_in()
    key = _key(_credentials(center, token))
    answer = center.portal.logout(accessToken=token)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    with refused("UnauthorizedException", status=401):
        center.portal.list_accounts(accessToken=token)
    assert center.portal.list_accounts(accessToken=other)["accountList"]
    assert center.aws.client("cloudwatch", credentials=key).list_metrics()["Metrics"] == []


def test_a_user_who_loses_an_assignment_gets_no_more_credentials(center: Center, alice: str) -> None:
    arn = center.permission_set()
    center.assign(arn, alice)
    token = center.sign_in()
    assert _credentials(center, token)
    center.admin.delete_account_assignment(**center.assignment(arn, alice))
    with refused("ForbiddenException", status=403):
        _credentials(center, token)
