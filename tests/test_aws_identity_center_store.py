"""The identity store: users, groups, memberships."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws.errors import AwsError
from harness.aws.identity_center.directory.attributes import apply
from harness.aws.models import operation_model
from tests.aws_identity_center import Center, new_center, refused

NOBODY = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture
def center() -> Iterator[Center]:
    with new_center() as center:
        yield center


@pytest.fixture
def names(center: Center) -> dict[str, str]:
    return {"IdentityStoreId": center.store_id}


def _identifier(path: str, value: Any) -> dict[str, Any]:
    return {"UniqueAttribute": {"AttributePath": path, "AttributeValue": value}}


def test_a_user_is_found_by_id_arn_name_and_address(center: Center, names: dict[str, str]) -> None:
    email = {"Value": "alice@example.com", "Type": "work", "Primary": True}
    alice = center.user("alice", Emails=[email])
    center.user("bob")
    found = center.store.describe_user(**names, UserId=alice)
    assert (found["UserName"], found["Emails"], found["UserStatus"]) == ("alice", [email], "ENABLED")
    assert found["UserArn"] == f"arn:aws:identitystore:::user/{alice}"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", alice)
    by_arn = center.store.describe_user(
        IdentityStoreId=f"arn:aws:identitystore::{center.aws.account_id}:identitystore/{center.store_id}",
        UserId=found["UserArn"],
    )
    assert by_arn["UserId"] == alice
    for path, value in (("userName", "alice"), ("UserName", "ALICE"), ("emails.value", "alice@example.com")):
        asked = _identifier(path, value)
        assert center.store.get_user_id(**names, AlternateIdentifier=asked)["UserId"] == alice
    wanted = [{"AttributePath": "UserName", "AttributeValue": "alice"}]
    assert [user["UserId"] for user in center.store.list_users(**names, Filters=wanted)["Users"]] == [alice]
    pages = center.store.get_paginator("list_users").paginate(**names, PaginationConfig={"PageSize": 1})
    assert [len(page["Users"]) for page in pages] == [1, 1]


def test_the_store_is_listed_in_its_region(center: Center, names: dict[str, str]) -> None:
    (listed,) = center.store.list_identity_stores()["IdentityStores"]
    assert listed["IdentityStoreId"] == center.store_id
    described = center.store.describe_identity_store(**names)
    assert described["IdentityStoreArn"] == listed["IdentityStoreArn"]
    elsewhere = center.aws.client("identitystore", region="eu-west-1")
    assert elsewhere.list_identity_stores()["IdentityStores"] == []


def test_who_is_not_there_is_not_found(center: Center, names: dict[str, str]) -> None:
    with refused("ResourceNotFoundException", "USER not found") as missing:
        center.store.describe_user(**names, UserId=NOBODY)
    assert missing.value.response["ResourceType"] == "USER"
    assert missing.value.response["ResourceId"] == NOBODY
    with refused("ResourceNotFoundException"):
        center.store.get_user_id(**names, AlternateIdentifier=_identifier("userName", "nobody"))
    external = {"ExternalId": {"Issuer": "https://scim.example.com", "Id": "1"}}
    with refused("ResourceNotFoundException"):
        center.store.get_user_id(**names, AlternateIdentifier=external)
    with refused("ResourceNotFoundException", "IDENTITY_STORE"):
        center.store.list_users(IdentityStoreId="d-0123456789")
    with refused("ValidationException", "The attribute title is not a unique attribute"):
        center.store.get_user_id(**names, AlternateIdentifier=_identifier("title", "Dr"))
    with refused("ValidationException", "attribute value cannot be empty or null for attribute path"):
        center.store.get_user_id(**names, AlternateIdentifier=_identifier("userName", ""))
    with refused("ValidationException"):
        center.store.get_user_id(**names, AlternateIdentifier=_identifier("userName", {"no": "text"}))


def test_a_user_name_is_taken_once_whatever_its_case(center: Center, names: dict[str, str]) -> None:
    alice, bob = center.user("alice"), center.user("bob")
    with refused("ConflictException", "Duplicate UserName") as conflict:
        center.user("ALICE")
    assert conflict.value.response["Reason"] == "UNIQUENESS_CONSTRAINT_VIOLATION"
    rename = [{"AttributePath": "userName", "AttributeValue": "alice"}]
    with refused("ConflictException"):
        center.store.update_user(**names, UserId=bob, Operations=rename)
    center.store.update_user(**names, UserId=alice, Operations=rename)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"UserName": None}, "userName is a required attribute"),
        ({"DisplayName": None}, "displayname: The attribute displayname is required"),
        ({"Name": {}}, "name: The attribute name is required"),
        ({"Name": {"GivenName": "A"}}, "familyname: The attribute familyname is required"),
        (
            {"DisplayName": None, "Name": None},
            "displayname: The attribute displayname is required, name: The attribute name is required",
        ),
    ],
)
def test_identity_center_requires_names(
    center: Center, names: dict[str, str], change: dict[str, Any], text: str
) -> None:
    whole = {"UserName": "alice", "DisplayName": "Alice", "Name": {"GivenName": "A", "FamilyName": "Jones"}}
    members = {name: value for name, value in {**whole, **change}.items() if value is not None}
    with refused("ValidationException") as refusal:
        center.store.create_user(**names, **members)
    response = refusal.value.response
    assert response["Message"] == response["Error"]["Message"] == text
    assert response["RequestId"] == response["ResponseMetadata"]["RequestId"]


def test_attributes_are_set_and_removed_all_or_none(center: Center, names: dict[str, str]) -> None:
    alice = center.user("alice", Title="Dr")
    operations = [
        {"AttributePath": "name.familyName", "AttributeValue": "Smith"},
        {"AttributePath": "emails", "AttributeValue": [{"value": "a@example.com", "primary": True}]},
        {"AttributePath": "title"},
    ]
    assert center.store.update_user(**names, UserId=alice, Operations=operations)["Revision"] == "2"
    found = center.store.describe_user(**names, UserId=alice)
    assert found["Name"] == {"GivenName": "Alice", "FamilyName": "Smith"}
    assert found["Emails"] == [{"Value": "a@example.com", "Primary": True}]
    assert "Title" not in found
    for path, value in (
        ("name.familyName", None),
        ("displayName", 7),
        ("shoeSize", "44"),
        ("name.familyName.x", "y"),
        ("identityStoreId", "d-0123456789"),
        ("nickName", ""),
    ):
        wrong = {"AttributePath": path, **({"AttributeValue": value} if value is not None else {})}
        with refused("ValidationException"):
            center.store.update_user(
                **names, UserId=alice, Operations=[{"AttributePath": "title", "AttributeValue": "Sir"}, wrong]
            )
    assert "Title" not in center.store.describe_user(**names, UserId=alice)
    with refused("ConflictException"):
        center.store.update_user(**names, UserId=alice, Operations=operations, Revision="1")


def test_groups_have_members(center: Center, names: dict[str, str]) -> None:
    alice, bob = center.user("alice"), center.user("bob")
    readers, writers = center.group("readers", alice, bob), center.group("writers", alice)
    with refused("ConflictException"):
        center.group("Readers")
    asked = _identifier("displayName", "readers")
    assert center.store.get_group_id(**names, AlternateIdentifier=asked)["GroupId"] == readers
    wanted = [{"AttributePath": "DisplayName", "AttributeValue": "writers"}]
    assert [g["GroupId"] for g in center.store.list_groups(**names, Filters=wanted)["Groups"]] == [writers]
    with refused("ValidationException"):
        center.store.list_groups(**names, Filters=[{"AttributePath": "Description", "AttributeValue": "x"}])

    member = {"MemberId": {"UserId": bob}}
    results = center.store.is_member_in_groups(**names, **member, GroupIds=[readers, writers])["Results"]
    assert [each["MembershipExists"] for each in results] == [True, False]
    with refused("ConflictException"):
        center.store.create_group_membership(**names, **member, GroupId=readers)
    membership = center.store.get_group_membership_id(**names, **member, GroupId=readers)["MembershipId"]
    found = center.store.describe_group_membership(**names, MembershipId=membership)
    assert (found["GroupId"], found["MemberId"]) == (readers, {"UserId": bob})
    listed = center.store.list_group_memberships(**names, GroupId=readers)["GroupMemberships"]
    assert {each["MemberId"]["UserId"] for each in listed} == {alice, bob}
    of_alice = center.store.list_group_memberships_for_member(**names, MemberId={"UserId": alice})
    assert {each["GroupId"] for each in of_alice["GroupMemberships"]} == {readers, writers}
    center.store.delete_group_membership(**names, MembershipId=membership)
    for call in (
        lambda: center.store.get_group_membership_id(**names, **member, GroupId=readers),
        lambda: center.store.describe_group_membership(**names, MembershipId=membership),
        lambda: center.store.create_group_membership(**names, **member, GroupId=NOBODY),
    ):
        with refused("ResourceNotFoundException"):
            call()


def test_a_group_is_changed_and_deleted_with_what_it_had(center: Center, names: dict[str, str]) -> None:
    alice = center.user("alice")
    readers, arn = center.group("readers", alice), center.permission_set()
    center.assign(arn, readers, "GROUP")
    rename = [{"AttributePath": "displayName", "AttributeValue": "viewers"}]
    center.store.update_group(**names, GroupId=readers, Operations=rename)
    assert center.store.describe_group(**names, GroupId=readers)["DisplayName"] == "viewers"
    with refused("ValidationException"):
        center.store.update_group(**names, GroupId=readers, Operations=[{"AttributePath": "displayName"}])
    center.store.delete_group(**names, GroupId=readers)
    assert center.store.list_groups(**names)["Groups"] == []
    of_alice = center.store.list_group_memberships_for_member(**names, MemberId={"UserId": alice})
    assert of_alice["GroupMemberships"] == []
    assert center.portal.list_accounts(accessToken=center.sign_in())["accountList"] == []


def test_a_user_takes_memberships_along(center: Center, names: dict[str, str]) -> None:
    alice = center.user("alice")
    readers = center.group("readers", alice)
    center.store.delete_user(**names, UserId=alice)
    assert center.store.list_group_memberships(**names, GroupId=readers)["GroupMemberships"] == []
    with refused("ResourceNotFoundException"):
        center.store.delete_user(**names, UserId=alice)


def test_a_caller_needs_the_store_and_the_user(center: Center, names: dict[str, str]) -> None:
    alice, bob = center.user("alice"), center.user("bob")
    store = f"arn:aws:identitystore::{center.aws.account_id}:identitystore/{center.store_id}"
    allowed = [store, f"arn:aws:identitystore:::user/{alice}"]
    statement = {"Effect": "Allow", "Action": "identitystore:DescribeUser", "Resource": allowed}
    key = center.aws.iam.create_user("reader", {"Version": "2012-10-17", "Statement": [statement]})
    reader = center.aws.client("identitystore", credentials=key)
    assert reader.describe_user(**names, UserId=alice)["UserName"] == "alice"
    with refused("AccessDeniedException", f"user/{bob}"):
        reader.describe_user(**names, UserId=bob)
    with refused("AccessDeniedException"):
        reader.list_users(**names)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_PATHS = st.sampled_from(
    ["userName", "name", "name.givenName", "emails", "emails.value", "photos", "birthdate"]
)


@given(path=_PATHS | st.text(max_size=12), value=_JSON)
@settings(max_examples=200)
def test_no_value_of_an_attribute_breaks_the_store(path: str, value: Any) -> None:
    members = {"UserName": "alice", "Name": {"GivenName": "A", "FamilyName": "B"}}
    shape = operation_model("identitystore", "CreateUser").input_shape
    try:
        changed = apply(members, [{"AttributePath": path, "AttributeValue": value}], shape)
    except AwsError as error:
        changed, code = None, error.code
        assert code == "ValidationException"
    assert members == {"UserName": "alice", "Name": {"GivenName": "A", "FamilyName": "B"}}
    assert changed is None or changed.keys() <= set(shape.members)
