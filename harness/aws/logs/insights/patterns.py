"""The ``pattern`` command: which messages are alike but for a few tokens.

AWS publishes what the command gives (``@pattern``, ``@ratio``, ``@sampleCount``, ``@severityLabel``,
``@regexString``), not how messages are told apart. Here a token with a digit in it is a variable; messages
are alike when all else is equal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.aws.logs.insights.events import Row
from harness.aws.logs.insights.values import Value, show

__all__ = ["patterns"]

_VARIABLE = re.compile(r"[^\s,;:=()\[\]{}\"']*\d[^\s,;:=()\[\]{}\"']*")
_SEVERITIES = (
    ("Error", re.compile(r"(?i)\b(error|exception|fatal|critical|fail(ed|ure)?)\b")),
    ("Warn", re.compile(r"(?i)\bwarn(ing)?\b")),
    ("Info", re.compile(r"(?i)\binfo\b")),
    ("Debug", re.compile(r"(?i)\b(debug|trace)\b")),
)


def patterns(values: Sequence[Value]) -> list[Row]:
    """Return a row for each pattern among the values of a field, the most frequent first."""
    messages = [show(value) for value in values if value is not None]
    groups: dict[str, list[str]] = {}
    for message in messages:
        groups.setdefault(_VARIABLE.sub("\0", message), []).append(message)
    rows = []
    for skeleton, members in sorted(groups.items(), key=lambda each: -len(each[1])):
        parts = skeleton.split("\0")
        rows.append(
            {
                "@pattern": _numbered(parts),
                "@regexString": ".*".join(re.escape(part) for part in parts),
                "@severityLabel": _severity(members[0]),
                "@ratio": len(members) / len(messages),
                "@sampleCount": float(len(members)),
            }
        )
    return rows


def _numbered(parts: Sequence[str]) -> str:
    """Put ``<Token-1>``, ``<Token-2>``, ... where messages differ."""
    written = parts[0]
    for number, part in enumerate(parts[1:], 1):
        written += f"<Token-{number}>{part}"
    return written


def _severity(message: str) -> str | None:
    return next((label for label, pattern in _SEVERITIES if pattern.search(message)), None)
