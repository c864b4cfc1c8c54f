"""Reads a query, by promql-parser.

It recurses in native code, and is slow in deep expressions: a long enough one would end the process. So what
is too large is refused before it is read. The limits and their texts are ours.
"""

from __future__ import annotations

import re
from typing import Any

from harness.aws.cloudwatch.promql.values import QueryError

__all__ = ["parse"]

_LONGEST = 10_000  # characters
_MOST_OPERATORS = 200  # brackets count as such
_TEXT = re.compile(r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`|#[^\n]*""")  # strings and comments
_OPERATOR = re.compile(r"[-+*/%^<>=!(\[]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_BARE_NAME = re.compile(
    r"\{\s*([A-Za-z_:][\w:]*)\s*([,}])"
)  # {CPUUtilization, ...}: CloudWatch takes it unquoted


def parse(query: str) -> Any:
    """Read a query.

    Raises:
        QueryError: it cannot be read, or is too large.
    """
    import promql_parser  # loaded with the first query

    if len(query) > _LONGEST:
        raise QueryError(f"invalid query: it is longer than {_LONGEST:,} characters")
    if sum(1 for _ in _OPERATOR.finditer(_TEXT.sub(" ", query))) > _MOST_OPERATORS:
        raise QueryError(f"invalid query: it has more than {_MOST_OPERATORS} operators and brackets")
    try:
        return promql_parser.parse(_BARE_NAME.sub(r'{"\1"\2', query))
    except ValueError as error:
        raise QueryError(f"invalid query: {error}") from None
