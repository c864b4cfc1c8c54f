"""The grammar of metric math: ``(errors / requests) * 100``, ``IF(m1 > 5 AND m2 < 3, m1)``.

Source: CloudWatch User Guide, "Metric math syntax and functions". Precedence from loose to tight: OR, AND,
comparison, addition, multiplication, negation, power.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from harness.aws.cloudwatch.series import ExpressionError

__all__ = ["Array", "Binary", "Function", "Name", "Negative", "Node", "Number", "Text", "parse"]

_DEPTH = 40  # of parentheses, functions and signs
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\""
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],]))",
    re.ASCII,
)
_LEVELS = (("||",), ("&&",), ("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/"))
_WORDS = {"AND": "&&", "OR": "||"}


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True)
class Text:
    """A quoted text."""

    value: str


@dataclass(frozen=True)
class Name:
    """The id of another query, or a keyword such as ``REPEAT``."""

    value: str


@dataclass(frozen=True)
class Array:
    """``[m1, m2]``."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Negative:
    """``-m1``."""

    operand: Node


@dataclass(frozen=True)
class Binary:
    """``m1 + m2``; AND and OR are ``&&`` and ``||``."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Function:
    """``SUM(METRICS())``; the name is in capitals."""

    name: str
    arguments: tuple[Node, ...]


Node = Number | Text | Name | Array | Negative | Binary | Function


@lru_cache(maxsize=256)
def parse(text: str) -> Node:
    """Return the tree of an expression.

    Raises:
        ExpressionError: it is none.
    """
    parser = _Parser(_tokens(text))
    node = parser.binary(0, _DEPTH)
    parser.expect("")
    return node


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            at = len(text) - len(text[at:].lstrip())
            raise ExpressionError(f"syntax error at character {at + 1}")
        kind = str(match.lastgroup)
        value = match[kind]
        if kind == "name" and value.upper() in _WORDS:
            kind, value = "sign", _WORDS[value.upper()]
        tokens.append((kind, value))
        at = match.end()
    return [*tokens, ("sign", "")]


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def binary(self, level: int, depth: int) -> Node:
        if level == len(_LEVELS):
            return self._unary(depth)
        node = self.binary(level + 1, depth)
        while (sign := self._accept(*_LEVELS[level])) is not None:
            node = Binary(sign, node, self.binary(level + 1, depth))
        return node

    def expect(self, sign: str) -> None:
        if self._accept(sign) is None:
            found = self._tokens[self._at][1]
            raise ExpressionError(f"syntax error near '{found}'" if found else "it ends too early")

    def _accept(self, *signs: str) -> str | None:
        kind, value = self._tokens[self._at]
        if kind != "sign" or value not in signs:
            return None
        self._at += 1
        return value

    def _unary(self, depth: int) -> Node:
        if depth == 0:
            raise ExpressionError("it is nested too deeply")
        if self._accept("-") is not None:
            return Negative(self._unary(depth - 1))
        base = self._primary(depth)
        return Binary("^", base, self._unary(depth - 1)) if self._accept("^") is not None else base

    def _primary(self, depth: int) -> Node:
        if self._accept("(") is not None:
            node = self.binary(0, depth - 1)
            self.expect(")")
            return node
        if self._accept("[") is not None:
            return Array(self._list("]", depth))
        kind, value = self._tokens[self._at]
        if kind == "sign":
            raise ExpressionError(f"syntax error near '{value}'" if value else "it ends too early")
        self._at += 1
        if kind == "number":
            return Number(float(value))
        if kind != "name":
            return Text(value)
        return (
            Function(value.upper(), self._list(")", depth)) if self._accept("(") is not None else Name(value)
        )

    def _list(self, end: str, depth: int) -> tuple[Node, ...]:
        items: list[Node] = []
        while self._accept(end) is None:
            if items:
                self.expect(",")
            items.append(self.binary(0, depth - 1))
        return tuple(items)
