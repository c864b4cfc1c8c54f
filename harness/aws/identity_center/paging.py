"""Pages of a list: ``MaxResults`` and ``NextToken``, as all the services of Identity Center have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.aws.errors import AwsError

__all__ = ["page"]

_PAGE = 100  # the most of one page


def page(
    items: Iterable[Any],
    fields: Mapping[str, Any],
    member: str,
    *,
    code: str = "ValidationException",
    names: tuple[str, str] = ("MaxResults", "NextToken"),
) -> dict[str, Any]:
    """Return one page, under ``member``, and the token of the next if there is one.

    Args:
        items: all there are, always in the same order.
        fields: of the call.
        member: of the answer.
        code: the service's code for a token that it did not give out.
        names: how the service calls the size of a page and its token.

    Raises:
        AwsError: ``code``.
    """
    size, token = (fields.get(name) for name in names)
    if token is not None and not (str(token).isascii() and str(token).isdecimal() and len(token) < 10):
        raise AwsError(code, "The next token is invalid.")  # the text is ours
    start, everything = int(token or 0), list(items)
    end = start + int(size or _PAGE)
    following = {names[1]: str(end)} if end < len(everything) else {}
    return {member: everything[start:end], **following}
