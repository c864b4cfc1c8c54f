"""Permissions boundaries: the policy must be there, and users have one too, which moto leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context
from harness.aws.iam.errors import no_such_entity
from harness.aws.iam.records import backend

__all__ = ["check_boundary", "set_user_boundary"]


def check_boundary(call: Context, fields: Mapping[str, Any]) -> None:
    """Refuse a boundary that is no policy of the account or of AWS.

    Raises:
        AwsError: ``NoSuchEntity``; text: openshift/rosa.
    """
    arn = fields.get("PermissionsBoundary")
    if arn is None:
        return
    call.aws.iam.load(arn)
    if arn not in backend(call).managed_policies:
        raise no_such_entity(f"Scope ARN: {arn} does not exist or is not attachable.")


def set_user_boundary(user: Any, arn: str | None) -> None:
    """Let a user of moto's have a boundary, or none; moto shows it where it shows the user."""
    user.permissions_boundary_arn = arn
    kind = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    user.permissions_boundary = kind if arn is not None else None
