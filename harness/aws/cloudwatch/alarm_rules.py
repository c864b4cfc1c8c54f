"""Rules of composite alarms: ``ALARM("a") AND NOT (OK(b) OR INSUFFICIENT_DATA("c"))``.

Source: PutCompositeAlarm, API reference, ``AlarmRule``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

__all__ = ["Rule", "names_in", "parse"]

_DEPTH = 40
_STATES = frozenset({"ALARM", "OK", "INSUFFICIENT_DATA"})
_TOKEN = re.compile(
    r"\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:\"(?P<quoted>[^\"]+)\"|(?P<bare>[^\s()\"]+))\s*\)"
    r"|(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<sign>[()]))"
)

Rule = Callable[[Mapping[str, str]], bool]
"""From the states of alarms by name to whether the composite alarm is in ALARM."""


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(text[at : at + 20])
        if match["state"]:
            name = match["quoted"] or match["bare"]
            tokens.append((match["state"], name.rpartition(":alarm:")[2]))
        else:
            tokens.append((match["word"] or match["sign"], ""))
        at = match.end()
    return [*tokens, ("", "")]


@lru_cache(maxsize=512)
def names_in(text: str) -> tuple[str, ...]:
    """Return the names of the alarms in a rule that can be read."""
    return tuple(name for kind, name in _tokens(text) if kind in _STATES)


@lru_cache(maxsize=512)
def parse(text: str) -> Rule:
    """Read a rule.

    Raises:
        ValueError: it is none.
    """
    parser = _Parser(_tokens(text))
    rule = parser.either(_DEPTH)
    if not parser.accept(""):
        raise ValueError(text)
    return rule


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def accept(self, kind: str) -> bool:
        found = self._tokens[self._at][0] == kind
        self._at += found
        return found

    def either(self, depth: int) -> Rule:
        rules = [self._all(depth)]
        while self.accept("OR"):
            rules.append(self._all(depth))
        return lambda states: any(rule(states) for rule in rules)

    def _all(self, depth: int) -> Rule:
        rules = [self._one(depth)]
        while self.accept("AND"):
            rules.append(self._one(depth))
        return lambda states: all(rule(states) for rule in rules)

    def _one(self, depth: int) -> Rule:
        if depth == 0:
            raise ValueError("nested too deeply")
        if self.accept("NOT"):
            rule = self._one(depth - 1)
            return lambda states: not rule(states)
        if self.accept("("):
            rule = self.either(depth - 1)
            if not self.accept(")"):
                raise ValueError("a parenthesis is not closed")
            return rule
        kind, name = self._tokens[self._at]
        self._at += 1
        if kind in _STATES:
            return lambda states: states.get(name) == kind
        if kind not in {"TRUE", "FALSE"}:
            raise ValueError(kind)
        return lambda states: kind == "TRUE"
