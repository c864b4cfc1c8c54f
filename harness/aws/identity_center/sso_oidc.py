"""The operations of Identity Center's OIDC service.

Source: IAM Identity Center OIDC API Reference. Who signs in does so on the pages of ``pages``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.identity_center.sign_in.clients import register_client
from harness.aws.identity_center.sign_in.iam_tokens import create_token_with_iam
from harness.aws.identity_center.sign_in.public_tokens import create_token, start_device_authorization

__all__ = ["OPERATIONS", "condition_keys", "resources"]

OPERATIONS: Mapping[str, Operation] = {
    "CreateToken": create_token,
    "CreateTokenWithIAM": create_token_with_iam,
    "RegisterClient": register_client,
    "StartDeviceAuthorization": start_device_authorization,
}


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """None: ``CreateTokenWithIAM``, the only signed one, judges for itself by the application's policy."""
    return []


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """None beside the global ones."""
    return {}
