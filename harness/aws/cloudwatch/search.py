"""SEARCH: ``SEARCH('{AWS/EC2,InstanceId} MetricName="CPUUtilization"', 'Average', 300)``.

Source: CloudWatch User Guide, "CloudWatch search expression syntax". A term in quotation marks is a whole
name or value; one without matches some of its tokens in a row, which change with case, digits and marks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from harness.aws.cloudwatch.metrics import Metric
from harness.aws.cloudwatch.series import ExpressionError

__all__ = ["matcher"]

_DEPTH = 20
_SCHEMA = re.compile(r"\s*\{((?:\"[^\"]*\"|[^}\"])*)\}")
_NAME = re.compile(r"\s*(?:\"([^\"]*)\"|([^,\"]+?))\s*(?:,|$)")
_WORD = re.compile(r"\s*(?:(?P<sign>[()=])|\"(?P<whole>(?:[^\"\\]|\\.)*)\"|(?P<part>[^\s()=\"]+))")
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

Test = Callable[[Metric], bool]


@lru_cache(maxsize=128)
def matcher(text: str) -> Test:
    """Return a test of metrics.

    Args:
        text: the first argument of SEARCH.

    Raises:
        ExpressionError: it is no search.
    """
    schema = _SCHEMA.match(text)
    terms = text[schema.end() :] if schema else text
    test = _Parser(terms).whole()
    if schema is None:
        return test
    namespace, *dimensions = _names(schema[1])
    wanted = sorted(dimensions)
    return lambda metric: (
        metric.namespace == namespace and [name for name, _ in metric.dimensions] == wanted and test(metric)
    )


def _names(text: str) -> list[str]:
    names, at = [], 0
    while at < len(text):
        match = _NAME.match(text, at)
        if match is None:
            raise ExpressionError("the schema of SEARCH is a namespace and names of dimensions")
        names.append(match[1] if match[1] is not None else match[2])
        at = match.end()
    if not names:
        raise ExpressionError("the schema of SEARCH names no namespace")
    return names


class _Parser:
    """Reads terms: OR is looser than AND, which may be left out, and NOT is the tightest."""

    def __init__(self, text: str) -> None:
        self._words, self._at, at, text = [], 0, 0, text.rstrip()
        while at < len(text):
            match = _WORD.match(text, at)
            if match is None:
                raise ExpressionError("the terms of SEARCH cannot be read")
            kind = str(match.lastgroup)
            word = match[kind]
            is_key = kind == "part" and word.upper() in {"AND", "OR", "NOT"}
            self._words.append(("key", word.upper()) if is_key else (kind, word))
            at = match.end()
        self._words.append(("end", ""))

    def whole(self) -> Test:
        if self._words[0][0] == "end":
            return lambda metric: True
        test = self._either("", _DEPTH)
        if self._words[self._at][0] != "end":
            raise ExpressionError("the terms of SEARCH cannot be read")
        return test

    def _accept(self, kind: str, word: str) -> bool:
        found = self._words[self._at] == (kind, word)
        self._at += found
        return found

    def _either(self, key: str, depth: int) -> Test:
        tests = [self._all(key, depth)]
        while self._accept("key", "OR"):
            tests.append(self._all(key, depth))
        return lambda metric: any(test(metric) for test in tests)

    def _all(self, key: str, depth: int) -> Test:
        tests = [self._one(key, depth)]
        while self._accept("key", "AND") or self._words[self._at] not in {
            ("end", ""), ("sign", ")"), ("key", "OR"),
        }:  # fmt: skip
            tests.append(self._one(key, depth))
        return lambda metric: all(test(metric) for test in tests)

    def _one(self, key: str, depth: int) -> Test:
        if depth == 0:
            raise ExpressionError("the terms of SEARCH are nested too deeply")
        if self._accept("key", "NOT"):
            test = self._one(key, depth - 1)
            return lambda metric: not test(metric)
        if self._accept("sign", "("):
            test = self._either(key, depth - 1)
            if not self._accept("sign", ")"):
                raise ExpressionError("a parenthesis of SEARCH is not closed")
            return test
        kind, word = self._words[self._at]
        if kind not in {"whole", "part"}:
            raise ExpressionError("the terms of SEARCH cannot be read")
        self._at += 1
        if not key and self._accept("sign", "="):
            return self._one(word.removeprefix(":"), depth - 1)
        return _term(key, word.replace('\\"', '"'), is_whole=kind == "whole")


def _term(key: str, word: str, *, is_whole: bool) -> Test:
    wanted = _tokens(word)

    def fits(text: str) -> bool:
        if is_whole:
            return text == word
        tokens = _tokens(text)
        width = len(wanted)
        return any(tokens[at : at + width] == wanted for at in range(len(tokens) - width + 1))

    return lambda metric: any(fits(text) for text in _texts(metric, key))


@lru_cache(maxsize=4096)
def _tokens(text: str) -> list[str]:
    return [token.lower() for token in _TOKEN.findall(text)] or [text.lower()]


def _texts(metric: Metric, key: str) -> list[str]:
    """Return what a term is looked for in: one property, or everything that the metric has."""
    match key:
        case "MetricName":
            return [metric.name]
        case "Namespace":
            return [metric.namespace]
        case "":
            return [metric.namespace, metric.name, *(text for pair in metric.dimensions for text in pair)]
        case _:
            return [value for name, value in metric.dimensions if name == key]
