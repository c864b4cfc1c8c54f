"""The tags of user pools, which moto keeps where it keeps the other settings, but cannot change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.cognito_idp.store import find_pool
from harness.aws.context import Context

__all__ = ["add", "remove", "show"]


def add(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """TagResource."""
    _tags(call, fields).update(fields["Tags"])
    return {}


def remove(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """UntagResource."""
    tags = _tags(call, fields)
    for name in fields["TagKeys"]:
        tags.pop(name, None)
    return {}


def show(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """ListTagsForResource."""
    return {"Tags": dict(_tags(call, fields))}


def _tags(call: Context, fields: Mapping[str, Any]) -> dict[str, str]:
    pool = find_pool(call, fields["ResourceArn"].rpartition("/")[2])
    tags: dict[str, str] = pool.extended_config.setdefault("UserPoolTags", {})
    return tags
