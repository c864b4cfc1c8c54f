"""Groups of an identity store, and their members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws import constraints
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.identity_center.directory.attributes import apply, value_of
from harness.aws.identity_center.directory.store import Group, IdentityStore, Membership, new_number
from harness.aws.identity_center.directory.stores import (
    check_revision,
    conflict,
    instance_of,
    missing,
    store_of,
)
from harness.aws.identity_center.directory.users import user_of
from harness.aws.identity_center.paging import page
from harness.aws.identity_center.records import Principal
from harness.aws.models import operation_model
from harness.aws.times import moment

__all__ = ["OPERATIONS"]

_UNIQUE = {"displayname": "displayName"}
_FILTERED = "DisplayName"


def create_group(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Create a group.

    Raises:
        AwsError: ``ConflictException``, for a display name that is taken; ``ValidationException``.
    """
    store = store_of(call, fields)
    members = {name: value for name, value in fields.items() if name != "IdentityStoreId"}
    _check(store, members, None)
    now = moment(call.now)
    group = Group(id=new_number(), members=members, created=now, updated=now)
    store.groups[group.id] = group
    return {"IdentityStoreId": store.id, **_named(group)}


def describe_group(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a group."""
    store = store_of(call, fields)
    return _described(store, _group(store, fields["GroupId"]))


def list_groups(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the groups of a store, or the one with the display name of a filter.

    Raises:
        AwsError: ``ValidationException``, for a filter on another attribute.
    """
    store = store_of(call, fields)
    groups = list(store.groups.values())
    for wanted in fields.get("Filters", []):
        if wanted["AttributePath"].lower() != _FILTERED.lower():
            raise AwsError("ValidationException", f"Groups are filtered by {_FILTERED} only.")
        found = _by_name(store, wanted["AttributeValue"])
        groups = [group for group in groups if group is found]
    return page([_described(store, group) for group in groups], fields, "Groups")


def get_group_id(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the id of the group with a display name.

    Raises:
        AwsError: ``ResourceNotFoundException``; ``ValidationException``, for another attribute.
    """
    store = store_of(call, fields)
    _, value = value_of(fields["AlternateIdentifier"], _UNIQUE)
    group = _by_name(store, value)
    if group is None:
        raise missing("GROUP")
    return {"IdentityStoreId": store.id, "GroupId": group.id, "GroupArn": _arn(group)}


def update_group(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Change attributes of a group, all or none.

    Raises:
        AwsError: ``ResourceNotFoundException``; ``ConflictException``; ``ValidationException``.
    """
    store = store_of(call, fields)
    group = _group(store, fields["GroupId"])
    check_revision(fields, group.revision)
    shape = operation_model("identitystore", "CreateGroup").input_shape
    members = apply(group.members, fields["Operations"], shape)
    _check(store, members, group)
    constraints.check(shape, {"IdentityStoreId": store.id, **members}, code="ValidationException")
    group.members, group.updated, group.revision = members, moment(call.now), group.revision + 1
    return {"IdentityStoreId": store.id, **_named(group)}


def delete_group(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Delete a group, with its memberships and assignments.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    instance = instance_of(call, fields)
    group = _group(instance.store, fields["GroupId"])
    check_revision(fields, group.revision)
    del instance.store.groups[group.id]
    for membership in list(instance.store.memberships.values()):
        if membership.group_id == group.id:
            del instance.store.memberships[membership.id]
    instance.forget(Principal(kind="GROUP", id=group.id))
    return {}


def create_membership(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put a user into a group.

    Raises:
        AwsError: ``ConflictException``, when the user is in it; ``ResourceNotFoundException``.
    """
    store = store_of(call, fields)
    group, user = _group(store, fields["GroupId"]), user_of(store, _user_id(fields))
    if store.is_member(user.id, group.id):
        raise conflict("Member and Group relationship already exists.")
    made = Membership(id=new_number(), group_id=group.id, user_id=user.id, created=moment(call.now))
    store.memberships[made.id] = made
    return _membership_id(store, made)


def describe_membership(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a membership."""
    store = store_of(call, fields)
    return _membership(store, _membership_of(store, fields))


def get_membership_id(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the id of the membership of a user in a group.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    store = store_of(call, fields)
    group, user = _group(store, fields["GroupId"]), user_of(store, _user_id(fields))
    found = store.membership(user.id, group.id)
    if found is None:
        raise missing("GROUP_MEMBERSHIP")
    return _membership_id(store, found)


def list_memberships(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the memberships of a group."""
    store = store_of(call, fields)
    group = _group(store, fields["GroupId"])
    found = [_membership(store, each) for each in store.memberships.values() if each.group_id == group.id]
    return page(found, fields, "GroupMemberships")


def list_memberships_of_member(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the memberships of a user."""
    store = store_of(call, fields)
    user = user_of(store, _user_id(fields))
    found = [_membership(store, each) for each in store.memberships.values() if each.user_id == user.id]
    return page(found, fields, "GroupMemberships")


def is_member_in_groups(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Tell of each group whether a user is in it.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    store = store_of(call, fields)
    user = user_of(store, _user_id(fields))
    groups = [_group(store, number) for number in fields["GroupIds"]]
    results = [
        {
            "GroupId": group.id,
            "MemberId": {"UserId": user.id},
            "MembershipExists": store.is_member(user.id, group.id),
        }
        for group in groups
    ]
    return {"Results": results}


def delete_membership(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take a user out of a group.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    store = store_of(call, fields)
    del store.memberships[_membership_of(store, fields).id]
    return {}


def _group(store: IdentityStore, number: str) -> Group:
    found = store.groups.get(number.rpartition("/")[2])
    if found is None:
        raise missing("GROUP", number)
    return found


def _by_name(store: IdentityStore, name: str) -> Group | None:
    wanted = name.casefold()
    groups = store.groups.values()
    return next((group for group in groups if group.members["DisplayName"].casefold() == wanted), None)


def _check(store: IdentityStore, members: Mapping[str, Any], group: Group | None) -> None:
    if not members.get("DisplayName"):
        raise AwsError("ValidationException", "DisplayName must be specified.")
    other = _by_name(store, members["DisplayName"])
    if other is not None and other is not group:
        raise conflict("Duplicate GroupDisplayName")


def _user_id(fields: Mapping[str, Any]) -> str:
    number = fields["MemberId"].get("UserId")
    if number is None:
        raise AwsError("ValidationException", "MemberId must have a UserId.")
    return str(number)


def _arn(group: Group) -> str:
    return f"arn:aws:identitystore:::group/{group.id}"


def _named(group: Group) -> dict[str, Any]:
    return {"GroupId": group.id, "GroupArn": _arn(group), "Revision": str(group.revision)}


def _described(store: IdentityStore, group: Group) -> dict[str, Any]:
    return {
        "IdentityStoreId": store.id,
        **_named(group),
        **group.members,
        "CreatedAt": group.created,
        "UpdatedAt": group.updated,
    }


def _membership_of(store: IdentityStore, fields: Mapping[str, Any]) -> Membership:
    found = store.memberships.get(fields["MembershipId"].rpartition("/")[2])
    if found is None:
        raise missing("GROUP_MEMBERSHIP", fields["MembershipId"])
    return found


def _membership_id(store: IdentityStore, membership: Membership) -> dict[str, Any]:
    return {
        "IdentityStoreId": store.id,
        "MembershipId": membership.id,
        "MembershipArn": f"arn:aws:identitystore:::membership/{membership.id}",
    }


def _membership(store: IdentityStore, membership: Membership) -> dict[str, Any]:
    return {
        **_membership_id(store, membership),
        "GroupId": membership.group_id,
        "MemberId": {"UserId": membership.user_id},
        "CreatedAt": membership.created,
        "UpdatedAt": membership.created,
    }


OPERATIONS: Mapping[str, Operation] = {
    "CreateGroup": create_group,
    "CreateGroupMembership": create_membership,
    "DeleteGroup": delete_group,
    "DeleteGroupMembership": delete_membership,
    "DescribeGroup": describe_group,
    "DescribeGroupMembership": describe_membership,
    "GetGroupId": get_group_id,
    "GetGroupMembershipId": get_membership_id,
    "IsMemberInGroups": is_member_in_groups,
    "ListGroupMemberships": list_memberships,
    "ListGroupMembershipsForMember": list_memberships_of_member,
    "ListGroups": list_groups,
    "UpdateGroup": update_group,
}
