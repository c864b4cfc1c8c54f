"""Answers in pages, as Logs gives them: so many items, and a token for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.errors import AwsError

__all__ = ["page"]


def page(
    items: Sequence[Any], fields: Mapping[str, Any], *, name: str, limit: str, size: int = 50
) -> dict[str, Any]:
    """Return one page.

    Args:
        items: all of them.
        fields: of the call, with ``nextToken`` where it goes on.
        name: of the member that holds the items.
        limit: of the field that bounds a page.
        size: of a page where the call does not say.

    Raises:
        AwsError: ``InvalidParameterException``, for a token that was not given out.
    """
    token = fields.get("nextToken", "0")
    if not token.isdecimal() or int(token) > len(items):
        raise AwsError("InvalidParameterException", "The specified nextToken is invalid.")
    start = int(token)
    end = start + int(fields.get(limit, size))
    return {name: list(items[start:end]), "nextToken": str(end) if end < len(items) else None}
