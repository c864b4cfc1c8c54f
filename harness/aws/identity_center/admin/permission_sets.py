"""Permission sets: what somebody who is given one may do in an account, and for how long."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.identity_center.admin.lookup import conflict, instance_of, invalid, permission_set_of
from harness.aws.identity_center.paging import page
from harness.aws.identity_center.records import PermissionSet, new_id
from harness.aws.tags import by_key
from harness.aws.times import moment

__all__ = ["OPERATIONS", "seconds_of"]

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII)
_SESSIONS = range(3600, 12 * 3600 + 1)  # seconds; User Guide, "Set session duration for AWS accounts"
_UPDATABLE = ("Description", "SessionDuration", "RelayState")


def create_permission_set(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Create a permission set, with sessions of an hour unless it is told otherwise.

    Raises:
        AwsError: ``ConflictException``, for a name that is taken; ``ValidationException``, for sessions
            shorter than one hour or longer than twelve, and where permission sets are not enabled.
    """
    instance = instance_of(call, fields, permission_sets=True)
    if any(each.name == fields["Name"] for each in instance.permission_sets.values()):
        # text: terraform-provider-aws#38544
        raise conflict(f"PermissionSet with name {fields['Name']} already exists.")
    members = {"SessionDuration": "PT1H", **_members(fields)}
    made = PermissionSet(
        arn=f"arn:aws:sso:::permissionSet/{instance.id}/ps-{new_id()}",
        name=fields["Name"],
        created=moment(call.now),
        members=members,
    )
    instance.permission_sets[made.arn] = made
    instance.tags[made.arn] = by_key(fields.get("Tags"))
    return {"PermissionSet": _described(made)}


def describe_permission_set(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a permission set; its policies are asked for apart."""
    return {"PermissionSet": _described(permission_set_of(call, fields)[1])}


def list_permission_sets(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the ARNs of an instance's permission sets."""
    instance = instance_of(call, fields, permission_sets=True)
    return page(instance.permission_sets, fields, "PermissionSets")


def update_permission_set(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Change a permission set; its roles change when it is provisioned.

    Raises:
        AwsError: as ``create_permission_set``; ``ResourceNotFoundException``.
    """
    _, found = permission_set_of(call, fields)
    found.members |= _members(fields)
    found.is_latest = False
    return {}


def delete_permission_set(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Delete a permission set that nobody has.

    Raises:
        AwsError: ``ConflictException``, while it is assigned; ``ResourceNotFoundException``.
    """
    instance, found = permission_set_of(call, fields)
    if any(each.permission_set == found.arn for each in instance.assignments):
        raise conflict(f"PermissionSet {found.name} is still assigned.")
    del instance.permission_sets[found.arn]
    instance.tags.pop(found.arn, None)
    return {}


def seconds_of(duration: str) -> int:
    """Return a session duration, ``PT1H`` to ``PT12H`` in ISO 8601, in seconds.

    Raises:
        AwsError: ``ValidationException``, when it is none, or out of range.
    """
    match = _DURATION.fullmatch(duration)
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0, 0)
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if total not in _SESSIONS:
        raise invalid("The session duration must be between PT1H and PT12H.")  # the text is ours
    return total


def _members(fields: Mapping[str, Any]) -> dict[str, Any]:
    if "SessionDuration" in fields:
        seconds_of(fields["SessionDuration"])
    return {name: fields[name] for name in _UPDATABLE if name in fields}


def _described(found: PermissionSet) -> dict[str, Any]:
    return {
        "Name": found.name,
        "PermissionSetArn": found.arn,
        "CreatedDate": found.created,
        **found.members,
    }


OPERATIONS: Mapping[str, Operation] = {
    "CreatePermissionSet": create_permission_set,
    "DeletePermissionSet": delete_permission_set,
    "DescribePermissionSet": describe_permission_set,
    "ListPermissionSets": list_permission_sets,
    "UpdatePermissionSet": update_permission_set,
}
