"""Attributes for access control: what of a user becomes tags of the sessions that the user gets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.identity_center.admin.lookup import conflict, instance_of, invalid, not_found
from harness.aws.identity_center.directory.store import User, values_of
from harness.aws.identity_center.records import Instance

__all__ = ["OPERATIONS", "session_tags"]

_MEMBER = "InstanceAccessControlAttributeConfiguration"
# User Guide, "Attribute mappings": ${path:userName}, ${path:emails[primary eq true].value}
_SOURCE = re.compile(r"\$\{path:(?P<path>[A-Za-z]+(?:\[primary eq true\])?(?:\.[A-Za-z]+)*)\}", re.ASCII)


def create_configuration(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Turn attributes for access control on.

    Raises:
        AwsError: ``ConflictException``, when they are on; ``ValidationException``, for a source that is none.
    """
    instance = instance_of(call, fields)
    if instance.access_control is not None:
        raise conflict("The instance has attributes for access control already.")
    instance.access_control = _checked(fields)
    return {}


def update_configuration(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put other attributes in the place of those that are there.

    Raises:
        AwsError: ``ResourceNotFoundException``; ``ValidationException``.
    """
    _existing(call, fields).access_control = _checked(fields)
    return {}


def describe_configuration(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the attributes.

    Raises:
        AwsError: ``ResourceNotFoundException``, when they are off.
    """
    attributes = _existing(call, fields).access_control
    return {"Status": "ENABLED", _MEMBER: {"AccessControlAttributes": attributes}}


def delete_configuration(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Turn attributes for access control off.

    Raises:
        AwsError: ``ResourceNotFoundException``, when they are off.
    """
    _existing(call, fields).access_control = None
    return {}


def session_tags(instance: Instance, user: User) -> dict[str, str]:
    """Return the tags of a user's sessions; an attribute that the user has not is none."""
    tags = {}
    for attribute in instance.access_control or ():
        source = attribute["Value"]["Source"][0]
        match = _SOURCE.fullmatch(source)
        path = match["path"].replace("[primary eq true]", "") if match else ""
        value = next(values_of(user.members, path.split(".")), None) if path else source
        if value is not None:
            tags[attribute["Key"]] = value
    return tags


def _checked(fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    attributes: list[Mapping[str, Any]] = fields[_MEMBER]["AccessControlAttributes"]
    for attribute in attributes:
        (source,) = attribute["Value"]["Source"]
        if source.startswith("$") and not _SOURCE.fullmatch(source):
            raise invalid(f"The source of the attribute {attribute['Key']} is no path.")
    return attributes


def _existing(call: Context, fields: Mapping[str, Any]) -> Instance:
    instance = instance_of(call, fields)
    if instance.access_control is None:
        raise not_found("Attributes for access control")
    return instance


OPERATIONS: Mapping[str, Operation] = {
    "CreateInstanceAccessControlAttributeConfiguration": create_configuration,
    "DeleteInstanceAccessControlAttributeConfiguration": delete_configuration,
    "DescribeInstanceAccessControlAttributeConfiguration": describe_configuration,
    "UpdateInstanceAccessControlAttributeConfiguration": update_configuration,
}
