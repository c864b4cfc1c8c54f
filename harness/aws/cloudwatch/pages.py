"""Pages of an answer, and the tokens that name the next one."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import TypeVar

from harness.aws.errors import AwsError

__all__ = ["offset", "page", "token"]

_Item = TypeVar("_Item")


def page(
    items: Sequence[_Item], sent: str | None, *, size: int, of: str, code: str = "InvalidParameterValue"
) -> tuple[Sequence[_Item], str | None]:
    """Return one page and the token of the next; None after the last.

    Args:
        items: all of them, in an order that stays.
        sent: the token of this page; None for the first.
        size: of a page.
        of: what is asked for; a token of another question is refused.
        code: by which the operation refuses a token.

    Raises:
        AwsError: ``code``.
    """
    begin = offset(sent, of=of, code=code)
    end = begin + size
    return items[begin:end], token(end, of=of) if end < len(items) else None


def token(begin: int, *, of: str) -> str:
    """Return the token of the page that begins with an item."""
    return base64.urlsafe_b64encode(f"{begin}:{_mark(of)}".encode()).decode()


def offset(sent: str | None, *, of: str, code: str) -> int:
    """Return with which item the page of a token begins; arguments as of ``page``."""
    if sent is None:
        return 0
    try:
        begin, _, mark = base64.urlsafe_b64decode(sent.encode()).decode().partition(":")
        if mark == _mark(of) and begin.isdecimal():
            return int(begin)
    except ValueError:
        pass
    raise AwsError(code, "Request parameter NextToken is invalid")


def _mark(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()[:16]
