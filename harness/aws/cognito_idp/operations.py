"""The operations of user pools: moto's, but for those here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.context import Context, Operation

__all__ = ["OPERATIONS", "condition_keys", "resources"]

OPERATIONS: Mapping[str, Operation] = {}


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """The user pool, of calls that name one."""
    if not fields.get("UserPoolId"):
        return ["*"]
    return [f"arn:aws:cognito-idp:{call.region}:{call.aws.account_id}:userpool/{fields['UserPoolId']}"]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """None beside the global ones."""
    return {}
