"""Resource servers, and so the custom scopes of a pool; what moto has not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.cognito_idp.store import find_pool
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["delete", "update"]


def update(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """UpdateResourceServer."""
    server = _find(call, fields)
    server.name, server.scopes = fields["Name"], list(fields.get("Scopes") or ())
    return {"ResourceServer": server.to_json()}


def delete(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """DeleteResourceServer."""
    server = _find(call, fields)
    del find_pool(call, fields["UserPoolId"]).resource_servers[server.identifier]
    return {}


def _find(call: Context, fields: Mapping[str, Any]) -> Any:
    server = find_pool(call, fields["UserPoolId"]).resource_servers.get(fields["Identifier"])
    if server is None:  # the text is ours
        raise AwsError("ResourceNotFoundException", f"Resource server {fields['Identifier']} does not exist.")
    return server
