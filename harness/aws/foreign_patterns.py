"""Regular expressions that somebody else wrote: what they may take is bounded.

Each is matched by ``regex``, with a timeout, since one may go back and forth for ever.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

__all__ = ["InvalidPatternError", "compiled"]

_COUNT = re.compile(r"\{\s*([0-9]+)")
_LARGEST = 1_000_000  # regex writes each repetition out, some 300 bytes a character


class InvalidPatternError(Exception):
    """What is no regular expression, or repeats too much; the message says why."""


@lru_cache(maxsize=512)
def compiled(pattern: str, *, dot_all: bool = False) -> Any:
    """Return a pattern of ``regex``.

    Args:
        pattern: as it was sent.
        dot_all: whether a dot stands for a line's end, too.

    Raises:
        InvalidPatternError: it is none.
    """
    import regex  # loaded with the first pattern

    counts = (min(int(count[:7]), _LARGEST) for count in _COUNT.findall(pattern))
    if len(pattern) * math.prod(count or 1 for count in counts) > _LARGEST:
        raise InvalidPatternError("it repeats too much")
    try:
        return regex.compile(pattern, regex.DOTALL if dot_all else 0)
    except regex.error as error:
        raise InvalidPatternError(error.msg) from None
    except (RecursionError, OverflowError):
        raise InvalidPatternError("it is nested too deeply") from None
