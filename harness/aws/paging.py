"""Lists in pages: so many items, and a token that names the next page of the same question."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.aws.errors import AwsError

__all__ = ["Paging"]


@dataclass(frozen=True, kw_only=True)
class Paging:
    """How a service gives a list in pages.

    A token is opaque, and good for the question that it was an answer to; only the size of a page may change
    from one to the next.

    Attributes:
        size: items of a page where the call does not say.
        limit: the field by which a call bounds a page.
        next_page: the field of the call, and the member of the answer, that has the token.
        code: by which a token is refused that was not given out to this question.
        message: of that refusal.
    """

    size: int
    limit: str = "MaxResults"
    next_page: str = "NextToken"
    code: str
    message: str

    def __call__(self, items: Iterable[Any], fields: Mapping[str, Any], member: str) -> dict[str, Any]:
        """Return one page under ``member``, and the token of the next one if there is one.

        Args:
            items: all of them, in an order that stays.
            fields: of the call.
            member: of the answer.

        Raises:
            AwsError: ``code``.
        """
        everything, begin = list(items), self.begin(fields)
        end = begin + int(fields.get(self.limit) or self.size)
        more = {self.next_page: self.token_of(end, fields)} if end < len(everything) else {}
        return {member: everything[begin:end], **more}

    def begin(self, fields: Mapping[str, Any]) -> int:
        """Return how many items come before the page that a call asks for.

        Raises:
            AwsError: ``code``.
        """
        sent = fields.get(self.next_page)
        if sent is None:
            return 0
        try:
            begin, _, mark = base64.urlsafe_b64decode(sent.encode()).decode().partition(":")
            if mark == self._mark(fields):
                return int(begin)
        except ValueError:
            pass
        raise AwsError(self.code, self.message)

    def token_of(self, begin: int, fields: Mapping[str, Any]) -> str:
        """Return the token of the page of this question that begins after so many items."""
        return base64.urlsafe_b64encode(f"{begin}:{self._mark(fields)}".encode()).decode()

    def _mark(self, fields: Mapping[str, Any]) -> str:
        question = sorted(each for each in fields.items() if each[0] not in {self.limit, self.next_page})
        return hashlib.sha256(repr(question).encode()).hexdigest()[:16]
