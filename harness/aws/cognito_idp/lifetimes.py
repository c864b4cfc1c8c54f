"""How long the tokens and the challenges of a client last (API reference, CreateUserPoolClient)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.errors import AwsError

__all__ = ["check", "of_challenge", "of_token"]

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_DAY = 86_400
# The unit where TokenValidityUnits names none; the default and the bounds in seconds.
_KINDS = {
    "AccessToken": ("hours", 3600, 300, _DAY),
    "IdToken": ("hours", 3600, 300, _DAY),
    "RefreshToken": ("days", 30 * _DAY, 3600, 3650 * _DAY),
}


def of_token(config: Mapping[str, Any], kind: str) -> int:
    """How long a token is good, in seconds.

    Args:
        config: the settings of the client.
        kind: ``AccessToken``, ``IdToken`` or ``RefreshToken``.
    """
    unit, default, _, _ = _KINDS[kind]
    value = config.get(f"{kind}Validity")
    unit = (config.get("TokenValidityUnits") or {}).get(kind) or unit
    return int(value) * _SECONDS[unit] if value else default


def of_challenge(config: Mapping[str, Any]) -> int:
    """How long a challenge waits for its answer, in seconds."""
    return 60 * int(config.get("AuthSessionValidity") or 3)


def check(config: Mapping[str, Any]) -> None:
    """Refuse lifetimes out of bounds, and refresh tokens that end before the tokens that they renew.

    Raises:
        AwsError: ``InvalidParameterException`` (aws-samples/cloudfront-authorization-at-edge#144).
    """
    lasting = {kind: of_token(config, kind) for kind in _KINDS}
    bounded = all(least <= lasting[kind] <= most for kind, (_, _, least, most) in _KINDS.items())
    if not bounded or lasting["RefreshToken"] < max(lasting.values()):
        raise AwsError("InvalidParameterException", "Invalid range for token validity.")
