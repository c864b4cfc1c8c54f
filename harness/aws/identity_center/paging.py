"""The pages of a list, as all the services of Identity Center have them."""

from __future__ import annotations

from harness.aws.paging import Paging

__all__ = ["page"]

page = Paging(size=100, code="ValidationException", message="The next token is invalid.")  # the text is ours
