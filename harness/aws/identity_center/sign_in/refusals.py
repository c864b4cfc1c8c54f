"""Refusals of ``sso-oidc``: AWS's exception, and beside it the error of OAuth 2.0 that it stands for."""

from __future__ import annotations

import re
from functools import lru_cache

from harness.aws.errors import AwsError
from harness.aws.models import service_model

__all__ = ["refusal"]


def refusal(code: str, description: str) -> AwsError:
    """Return a refusal; its status is that of AWS's model.

    AWS documents the codes and no texts: ``description`` is ours.

    Args:
        code: for example ``AuthorizationPendingException``; ``error`` is ``authorization_pending`` then.
        description: for ``error_description``.
    """
    error = re.sub(r"(?<!^)(?=[A-Z])", "_", code.removesuffix("Exception")).lower()
    members = {"error": error, "error_description": description}
    return AwsError(code, description, status=_statuses()[code], members=members)


@lru_cache(maxsize=1)
def _statuses() -> dict[str, int]:
    shapes = service_model("sso-oidc").error_shapes
    return {shape.name: int(shape.metadata["error"]["httpStatusCode"]) for shape in shapes}
