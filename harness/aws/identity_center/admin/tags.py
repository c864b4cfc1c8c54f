"""Tags of what Identity Center keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.identity_center.admin.lookup import not_found
from harness.aws.identity_center.center import center
from harness.aws.identity_center.paging import page
from harness.aws.identity_center.records import Instance
from harness.aws.tags import as_list, by_key

__all__ = ["OPERATIONS"]

_MOST = 50  # IAM Identity Center User Guide, "Tagging": tags of one resource


def tag_resource(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add tags, or replace their values.

    Raises:
        AwsError: ``ResourceNotFoundException``; ``ServiceQuotaExceededException``, for more than 50.
    """
    instance = _owner(call, fields["ResourceArn"])
    tags = {**instance.tags.get(fields["ResourceArn"], {}), **by_key(fields["Tags"])}
    if len(tags) > _MOST:
        raise AwsError("ServiceQuotaExceededException", f"A resource has {_MOST} tags at most.")
    instance.tags[fields["ResourceArn"]] = tags
    return {}


def untag_resource(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take tags off; one that is not there is none.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    tags = _owner(call, fields["ResourceArn"]).tags.get(fields["ResourceArn"], {})
    for key in fields["TagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the tags of a resource.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    tags = _owner(call, fields["ResourceArn"]).tags.get(fields["ResourceArn"], {})
    return page(as_list(tags), fields, "Tags")


def _owner(call: Context, arn: str) -> Instance:
    for instance in center(call).instances.values():
        if arn == instance.arn or any(
            arn in kept for kept in (instance.permission_sets, instance.applications, instance.token_issuers)
        ):
            return instance
    raise not_found(f"Resource {arn}")


OPERATIONS: Mapping[str, Operation] = {
    "ListTagsForResource": list_tags,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
