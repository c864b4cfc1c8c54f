"""Filter patterns: which events FilterLogEvents and TestMetricFilter take.

Source: CloudWatch Logs User Guide, "Filter pattern syntax": terms (``ERROR -health``, ``?a ?b``, ``"two
words"``, ``%regex%``), conditions on JSON (``{ $.level = "ERROR" && $.ms > 100 }``) and space-delimited
events (``[host, user, status=4*]``).
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from harness.aws.errors import AwsError
from harness.aws.logs.expressions import InvalidExpressionError, RegularExpression

__all__ = ["matcher"]

Matches = Callable[[str], bool]

_TERM = re.compile(r'\s*([?-]?)(?:"((?:\\.|[^"\\])*)"|%((?:\\.|[^%\\])*)%|([^\s"]+))')
_JSON_TOKEN = re.compile(
    r'\s*(?:(&&|\|\||[()]|!=|<=|>=|=|<|>)|(\$[\w.\[\]*\-"$]*)|"((?:\\.|[^"\\])*)"|%((?:\\.|[^%\\])*)%|([^\s()=<>!&|"]+))'
)
_WORD = re.compile(r'\[[^\]]*\]|"[^"]*"|\S+')
_OPERATORS = ("!=", "<=", ">=", "=", "<", ">")


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Matches:
    """Return what tells whether a message is taken.

    Raises:
        AwsError: ``InvalidParameterException``, for a pattern that cannot be read.
    """
    stripped = pattern.strip()
    if not stripped:
        return lambda _: True
    if stripped.startswith("{"):
        return _Json(stripped).matches
    if stripped.startswith("["):
        return _spaced(stripped)
    return _terms(stripped)


def _invalid() -> AwsError:
    return AwsError("InvalidParameterException", "Invalid filter pattern")


def _regex(text: str) -> Matches:
    try:
        return RegularExpression(text).matches
    except InvalidExpressionError:
        raise _invalid() from None


def _contains(text: str) -> Matches:
    return lambda message: text in message


def _terms(pattern: str) -> Matches:
    """All plain terms, none of the excluded ones; of optional terms alone, any."""
    kinds: dict[str, list[Matches]] = {"": [], "?": [], "-": []}
    at = 0
    while at < len(pattern.rstrip()):
        found = _TERM.match(pattern, at)
        if found is None:
            raise _invalid()
        sign, quoted, expression, word = found.groups()
        wanted = word if quoted is None else quoted.replace('\\"', '"')
        kinds[sign].append(_regex(expression) if expression is not None else _contains(wanted))
        at = found.end()
    required, optional, excluded = kinds[""], kinds["?"], kinds["-"]

    def matches(message: str) -> bool:
        if any(term(message) for term in excluded):
            return False
        if required or not optional:  # beside other terms, the optional ones do not count
            return all(term(message) for term in required)
        return any(term(message) for term in optional)

    return matches


def _spaced(pattern: str) -> Matches:
    """Words in order; ``...`` stands for any number of them."""
    if not pattern.endswith("]"):
        raise _invalid()
    parts = [part.strip() for part in pattern[1:-1].split(",")]
    if not all(parts):
        raise _invalid()
    tests = [None if part == "..." else _word(part) for part in parts]

    def matches(message: str) -> bool:
        return _all(tests, [word.strip('"[]') for word in _WORD.findall(message)])

    return matches


def _all(tests: Sequence[Matches | None], words: Sequence[str]) -> bool:
    if None not in tests:
        return len(tests) == len(words) and all(
            test(word) for test, word in zip(tests, words, strict=True) if test
        )
    at = tests.index(None)
    before, after = tests[:at], tests[at + 1 :]
    if len(words) < len(before) + len(after):
        return False
    ends = [*words[:at], *words[len(words) - len(after) :]] if after else list(words[:at])
    return all(test(word) for test, word in zip([*before, *after], ends, strict=True) if test)


def _word(part: str) -> Matches:
    for operator in _OPERATORS:
        name, found, wanted = part.partition(operator)
        if found and name.strip():
            value = wanted.strip()
            if value.startswith("%") and value.endswith("%") and len(value) > 1:
                return _regex(value[1:-1])
            return lambda word: _compare(word, operator, value.strip('"'))
    return lambda _: True


def _compare(value: Any, operator: str, wanted: str) -> bool:
    """Compare as numbers where both are; else text, in which ``*`` stands for anything."""
    if operator in {"=", "!="}:
        try:
            equal = not isinstance(value, bool | str) and float(value) == float(wanted)
        except (TypeError, ValueError):
            equal = False
        equal = equal or fnmatch.fnmatchcase(_text(value), re.sub(r"([\[?])", r"[\1]", wanted))
        return equal is (operator == "=")
    try:
        left, right = float(value), float(wanted)
    except (TypeError, ValueError):
        return False
    match operator:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class _Json:
    """A condition on a JSON event."""

    def __init__(self, pattern: str) -> None:
        if not pattern.endswith("}"):
            raise _invalid()
        self._tokens: list[tuple[str, str]] = []
        text, at = pattern[1:-1].rstrip(), 0
        while at < len(text):
            found = _JSON_TOKEN.match(text, at)
            if found is None:
                raise _invalid()
            kinds = ("sign", "selector", "string", "regex", "word")
            self._tokens += [
                (kind, value) for kind, value in zip(kinds, found.groups(), strict=True) if value is not None
            ]
            at = found.end()
        self._at = 0
        self._depth = 0
        self._test = self._any()
        if self._at != len(self._tokens):
            raise _invalid()

    def matches(self, message: str) -> bool:
        try:
            event = json.loads(message)
        except (ValueError, RecursionError):
            return False
        return isinstance(event, dict) and self._test(event)

    def _take(self, *texts: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][1] in texts:
            self._at += 1
            return True
        return False

    def _next(self, *kinds: str) -> tuple[str, str]:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] not in kinds:
            raise _invalid()
        self._at += 1
        return self._tokens[self._at - 1]

    def _any(self) -> Callable[[Any], bool]:
        tests = [self._every()]
        while self._take("||"):
            tests.append(self._every())
        return lambda event: any(test(event) for test in tests)

    def _every(self) -> Callable[[Any], bool]:
        tests = [self._one()]
        while self._take("&&"):
            tests.append(self._one())
        return lambda event: all(test(event) for test in tests)

    def _one(self) -> Callable[[Any], bool]:
        if self._take("("):
            self._depth += 1
            if self._depth > 50:
                raise _invalid()
            inner = self._any()
            if not self._take(")"):
                raise _invalid()
            self._depth -= 1
            return inner
        path = _path(self._next("selector")[1])
        kind, sign = self._next("sign", "word")
        if kind == "word":
            return self._named(sign.upper(), path)
        if sign not in _OPERATORS:
            raise _invalid()
        kind, wanted = self._next("string", "regex", "word")
        if kind == "regex":
            matches = _regex(wanted)
            return lambda event: any(matches(_text(value)) for value in _select(event, path))
        return lambda event: any(_compare(value, sign, wanted) for value in _select(event, path))

    def _named(self, word: str, path: Sequence[str]) -> Callable[[Any], bool]:
        """Read ``IS TRUE``, ``IS FALSE``, ``IS NULL``, ``NOT EXISTS`` or ``EXISTS``."""
        if word == "EXISTS":
            return lambda event: bool(_select(event, path))
        after = self._next("word")[1].upper()
        if (word, after) == ("NOT", "EXISTS"):
            return lambda event: not _select(event, path)
        wanted = {"TRUE": True, "FALSE": False, "NULL": None}
        if word != "IS" or after not in wanted:
            raise _invalid()
        value = wanted[after]
        return lambda event: any(found is value for found in _select(event, path))


def _path(selector: str) -> list[str]:
    steps = re.findall(r"\[\"?([^\]\"]*)\"?\]|\.([^.\[]+)", selector[1:])
    return [index or name for index, name in steps]


def _select(event: Any, path: Sequence[str]) -> list[Any]:
    """Return the values at a path; ``*`` stands for every member or item."""
    found = [event]
    for step in path:
        inner: list[Any] = []
        for value in found:
            if isinstance(value, dict):
                inner += value.values() if step == "*" else [value[step]] if step in value else []
            elif isinstance(value, list):
                if step == "*":
                    inner += value
                elif step.isdecimal() and int(step) < len(value):
                    inner.append(value[int(step)])
        found = inner
    return found
