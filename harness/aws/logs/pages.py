"""The pages of a list, as most operations of Logs have them."""

from __future__ import annotations

from dataclasses import replace

from harness.aws.paging import Paging

__all__ = ["page", "page_of_queries"]

page = Paging(
    size=50,
    limit="limit",
    next_page="nextToken",
    code="InvalidParameterException",
    message="The specified nextToken is invalid.",
)
page_of_queries = replace(page, size=1000, limit="maxResults")
