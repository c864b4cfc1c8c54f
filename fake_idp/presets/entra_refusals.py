"""How Microsoft Entra ID says no: its numbers, its words, and the body of its errors.

Sources: https://learn.microsoft.com/entra/identity-platform/reference-error-codes for the numbers, and
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#error-response for the body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fake_idp import random_ids
from fake_idp.oauth.messages import OAuthError
from fake_idp.presets.base import OPENID_SCOPES, Endpoint

__all__ = ["check_machine_resource", "check_machine_scope", "check_resource", "error_body"]

#: The number that goes with an error where its words do not say one (reference-error-codes).
_CODES = {
    "invalid_request": 900144,
    "invalid_client": 7000215,
    "invalid_grant": 70008,
    "unauthorized_client": 700016,
    "unsupported_grant_type": 70003,
    "unsupported_response_type": 700051,
    "invalid_scope": 70011,
    "access_denied": 65004,
    "authorization_pending": 70016,
    "expired_token": 70020,
}


def check_resource(endpoint: Endpoint, parameters: Mapping[str, str]) -> None:
    """``resource`` may only say what the scopes say.

    Until 2026 it was refused always; since then when it is not the API of the scopes, which is never
    the URL that clients of MCP send (https://github.com/microsoft/azure-devops-mcp/issues/1511).

    Raises:
        OAuthError: it says something else.
    """
    if (resource := parameters.get("resource")) is None:
        return
    scope = parameters.get("scope", "").split()
    apis = {each.rpartition("/")[0] for each in scope if each not in OPENID_SCOPES}
    if apis == {resource.rstrip("/")} or (
        endpoint == "token" and not scope and resource.startswith("api://")
    ):
        return
    if scope and not apis:
        raise _error("invalid_request", 901002, "The 'resource' request parameter isn't supported.")
    words = "The resource parameter provided in the request doesn't match with the requested scopes."
    raise _error("invalid_target", 9010010, words)


def check_machine_scope(endpoint: Endpoint, parameters: Mapping[str, str]) -> None:
    """A client by itself asks for ``{API}/.default`` and nothing else.

    Raises:
        OAuthError: it does not.
    """
    if not _alone(endpoint, parameters):
        return
    scope = parameters.get("scope", "").split()
    if not scope:
        raise _missing("scope")
    if not all(each.endswith("/.default") for each in scope):
        raise _error(
            "invalid_scope",
            1002012,
            "The provided value for scope is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI).",
        )


def check_machine_resource(endpoint: Endpoint, parameters: Mapping[str, str]) -> None:
    """In version 1.0 a client by itself says for which API.

    Raises:
        OAuthError: it does not.
    """
    if _alone(endpoint, parameters) and "resource" not in parameters:
        raise _missing("resource")


def error_body(error: str, description: str, *, now: float) -> dict[str, Any]:
    """With a number, a time and two ids, in members of their own and in the words too."""
    said = re.match(r"AADSTS(\d+): ", description)
    number = int(said[1]) if said else _CODES.get(error, 50000)
    words = description if said else f"AADSTS{number}: {description}"
    trace, correlation = random_ids.uuid4(), random_ids.uuid4()
    timestamp = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return {
        "error": error,
        "error_description": (
            f"{words} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"
        ),
        "error_codes": [number],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={number}",
    }


def _alone(endpoint: Endpoint, parameters: Mapping[str, str]) -> bool:
    return endpoint == "token" and parameters.get("grant_type") == "client_credentials"


def _missing(name: str) -> OAuthError:
    words = f"The request body must contain the following parameter: '{name}'."
    return _error("invalid_request", 900144, words)


def _error(error: str, number: int, words: str) -> OAuthError:
    return OAuthError(error, f"AADSTS{number}: {words}")
