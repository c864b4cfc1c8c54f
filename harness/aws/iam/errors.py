"""The errors of IAM's API that moto does not make: codes and statuses by the API reference."""

from __future__ import annotations

from harness.aws.errors import AwsError

__all__ = ["conflict", "invalid_input", "limit_exceeded", "no_such_entity"]


def limit_exceeded(message: str) -> AwsError:
    """Return ``LimitExceeded``."""
    return AwsError("LimitExceeded", message, status=409)


def no_such_entity(message: str) -> AwsError:
    """Return ``NoSuchEntity``."""
    return AwsError("NoSuchEntity", message, status=404)


def conflict(message: str) -> AwsError:
    """Return ``DeleteConflict``."""
    return AwsError("DeleteConflict", message, status=409)


def invalid_input(message: str) -> AwsError:
    """Return ``InvalidInput``."""
    return AwsError("InvalidInput", message)
