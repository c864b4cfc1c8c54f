"""Tokens and expressions of the query language; an expression becomes a function of a row."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.aws.logs.expressions import InvalidExpressionError, RegularExpression
from harness.aws.logs.insights.functions import FUNCTIONS
from harness.aws.logs.insights.values import Value, compare, number, text, truth

__all__ = ["Expression", "Parser", "QuerySyntaxError", "Token", "compiled", "tokens"]

Row = Mapping[str, Value]
Evaluate = Callable[[Any], Value]

_DEEPEST = 60  # nested expressions
_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<duration>\d+(?:ms|mo|s|m|h|d|w|q|y)\b)
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<field>`[^`]*`|[@A-Za-z_$][\w.@$]*)
    |(?P<operator>!=|<=|>=|=~|=|<|>|\+|-|\*|/|\^|%|\(|\)|\[|\]|,|\|)""",
    re.VERBOSE | re.ASCII,
)
_REGEX = re.compile(r"/((?:\\.|[^/\\])*)/")


class QuerySyntaxError(Exception):
    """A query that cannot be read.

    Attributes:
        start, end: where, in characters from the beginning of the query.
    """

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


@dataclass(frozen=True, kw_only=True)
class Token:
    """A piece of a query: what it is (``field``, ``number``, ...), its text, and where it stands."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Expression:
    """An expression: its text, by which its column is named, and what it is of a row."""

    text: str
    evaluate: Evaluate


def tokens(query: str) -> list[Token]:
    """Split a query into tokens. A slash begins a regular expression after ``like``, ``=~`` and ``parse x``.

    Raises:
        QuerySyntaxError: a character that begins nothing.
    """
    found: list[Token] = []
    at = 0
    while at < len(query):
        is_regex = query[at] == "/" and _takes_regex(found)
        match = (_REGEX if is_regex else _TOKEN).match(query, at)
        if match is None:
            raise QuerySyntaxError(f"unexpected symbol found {query[at]}", at, at + 1)
        kind = "regex" if is_regex else str(match.lastgroup)
        if kind != "space":
            found.append(Token(kind=kind, text=match[0], start=at, end=match.end()))
        at = match.end()
    return found


def _takes_regex(before: Sequence[Token]) -> bool:
    if not before:
        return False
    last = before[-1]
    if last.text.lower() in {"like", "=~", "parse"}:
        return True
    return last.kind == "field" and len(before) > 1 and before[-2].text.lower() == "parse"


class Parser:
    """Reads expressions off a list of tokens.

    Args:
        query: the whole query.
        of: its tokens.
        aggregates: functions of a group of rows, which may stand in an expression; none outside ``stats``.
    """

    def __init__(
        self, query: str, of: Sequence[Token], *, aggregates: Mapping[str, Any] | None = None
    ) -> None:
        self.query = query
        self.tokens = of
        self.at = 0
        self.aggregates = aggregates or {}
        self._depth = 0

    @property
    def next(self) -> Token | None:
        """The next token; None at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, *texts: str) -> Token | None:
        """Take the next token if it is one of ``texts``, in any case."""
        token = self.next
        if token is None or token.kind in {"string", "regex"} or token.text.lower() not in texts:
            return None
        self.at += 1
        return token

    def expect(self, kind: str, what: str) -> Token:
        """Take the next token, which must be of a kind.

        Raises:
            QuerySyntaxError: it is not.
        """
        token = self.next
        if token is None or token.kind != kind:
            raise self.unexpected(what)
        self.at += 1
        return token

    def unexpected(self, what: str = "") -> QuerySyntaxError:
        """Return the error for the next token."""
        token, wanted = self.next, f", {what} expected" if what else ""
        if token is None:
            return QuerySyntaxError(f"unexpected end of the query{wanted}", len(self.query), len(self.query))
        return QuerySyntaxError(f"unexpected symbol found {token.text}{wanted}", token.start, token.end)

    def end(self) -> None:
        """Raise QuerySyntaxError unless all was read."""
        if self.next is not None:
            raise self.unexpected()

    def expression(self) -> Expression:
        """Read an expression."""
        first = self.next
        if first is None:
            raise self.unexpected("an expression")
        evaluate = self._or()
        last = self.tokens[self.at - 1]
        return Expression(text=self.query[first.start : last.end], evaluate=evaluate)

    def name(self) -> str:
        """Read the name of a field."""
        return self.expect("field", "a field").text.strip("`")

    def _or(self) -> Evaluate:
        conditions = [self._and()]
        while self.take("or"):
            conditions.append(self._and())
        return conditions[0] if len(conditions) == 1 else _any_of(conditions)

    def _and(self) -> Evaluate:
        conditions = [self._not()]
        while self.take("and"):
            conditions.append(self._not())
        return conditions[0] if len(conditions) == 1 else _all_of(conditions)

    def _not(self) -> Evaluate:
        if not self.take("not"):
            return self._comparison()
        inner = self._deeper(self._not)
        return lambda row: not truth(inner(row))

    def _comparison(self) -> Evaluate:
        left = self._sum()
        negated = bool(self.take("not"))
        if self.take("in"):
            options = self._options()
            found = _among(left, options)
        elif self.take("like", "=~"):
            found = _like(left, self._pattern())
        elif not negated and (sign := self.take(*_COMPARISONS)):
            found = _compared(left, _COMPARISONS[sign.text], self._sum())
        elif negated:
            raise self.unexpected("in or like")
        else:
            return left
        return (lambda row: not found(row)) if negated else found

    def _options(self) -> list[Evaluate]:
        if not self.take("["):
            raise self.unexpected("[")
        options = [] if self.take("]") else [self._sum()]
        while options and not self.take("]"):
            if not self.take(","):
                raise self.unexpected("]")
            options.append(self._sum())
        return options

    def _pattern(self) -> RegularExpression:
        """Read what ``like`` compares with: a regular expression, or text to be contained."""
        token = self.next
        if token is None or token.kind not in {"regex", "string"}:
            raise self.unexpected("a regular expression or a string")
        self.at += 1
        if token.kind == "string":
            return RegularExpression(re.escape(_unquoted(token.text)))
        return compiled(token)

    def _sum(self) -> Evaluate:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Evaluate:
        return self._chain(self._power, "*", "/", "%")

    def _chain(self, operand: Callable[[], Evaluate], *signs: str) -> Evaluate:
        """Read operands with signs between them; they are no nesting, however many there are."""
        first, rest = operand(), list[tuple[str, Evaluate]]()
        while sign := self.take(*signs):
            rest.append((sign.text, operand()))
        return _arithmetic(first, rest) if rest else first

    def _power(self) -> Evaluate:
        left = self._unary()
        if self.take("^"):
            return _arithmetic(left, [("^", self._deeper(self._power))])
        return left

    def _unary(self) -> Evaluate:
        if self.take("-"):
            inner = self._deeper(self._unary)
            return _arithmetic(lambda _: 0.0, [("-", inner)])
        return self._primary()

    def _primary(self) -> Evaluate:
        token = self.next
        if token is None:
            raise self.unexpected("an expression")
        if self.take("("):
            inner = self._deeper(self._or)
            if not self.take(")"):
                raise self.unexpected(")")
            return inner
        if token.kind == "field":
            self.at += 1
            return self._named(token)
        value: Value
        match token.kind:
            case "number":
                value = float(token.text)
            case "string":
                value = _unquoted(token.text)
            case "duration":
                value = token.text
            case _:
                raise self.unexpected("an expression")
        self.at += 1
        return lambda _: value

    def _named(self, token: Token) -> Evaluate:
        """Read on after a name: a function's call, a truth value or a field."""
        name = token.text.strip("`")
        if name == token.text and self.take("("):
            return self._call(token)
        if name.lower() in {"true", "false"}:
            is_true = name.lower() == "true"
            return lambda _: is_true
        return lambda row: row.get(name)

    def _call(self, token: Token) -> Evaluate:
        name = token.text.lower()
        arguments: list[Evaluate] = []
        if self.take("*"):
            arguments = [lambda _: "*"]
            if not self.take(")"):
                raise self.unexpected(")")
        elif not self.take(")"):
            arguments.append(self._deeper(self._or))
            while not self.take(")"):
                if not self.take(","):
                    raise self.unexpected(")")
                arguments.append(self._deeper(self._or))
        function = self.aggregates.get(name)
        if function is not None:
            return lambda group: function(group, arguments)
        plain = FUNCTIONS.get(name)
        if plain is None or not plain.takes(len(arguments)):
            problem = "unknown function" if plain is None else "wrong number of arguments of"
            raise QuerySyntaxError(f"{problem} {token.text}", token.start, token.end)
        run = plain.run
        if plain.of_event:
            return lambda row: run(row.get("@timestamp"), *(argument(row) for argument in arguments))
        return lambda row: run(*(argument(row) for argument in arguments))

    def _deeper(self, read: Callable[[], Evaluate]) -> Evaluate:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.unexpected("fewer nested expressions")
        try:
            return read()
        finally:
            self._depth -= 1


def compiled(token: Token) -> RegularExpression:
    """Compile a regular expression that stands between slashes.

    Raises:
        QuerySyntaxError: it is none.
    """
    try:
        return RegularExpression(token.text[1:-1].replace("\\/", "/"))
    except InvalidExpressionError as error:
        raise QuerySyntaxError(f"invalid regular expression: {error}", token.start, token.end) from None


def _unquoted(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted[1:-1], flags=re.DOTALL)


_COMPARISONS: Mapping[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def _compared(left: Evaluate, verdict: Callable[[int], bool], right: Evaluate) -> Evaluate:
    def evaluate(row: Any) -> Value:
        order = compare(left(row), right(row))
        return order is not None and verdict(order)

    return evaluate


def _any_of(conditions: Sequence[Evaluate]) -> Evaluate:
    return lambda row: any(truth(condition(row)) for condition in conditions)


def _all_of(conditions: Sequence[Evaluate]) -> Evaluate:
    return lambda row: all(truth(condition(row)) for condition in conditions)


def _among(left: Evaluate, options: Sequence[Evaluate]) -> Evaluate:
    def evaluate(row: Any) -> Value:
        value = left(row)
        return any(compare(value, option(row)) == 0 for option in options)

    return evaluate


def _like(left: Evaluate, pattern: RegularExpression) -> Evaluate:
    def evaluate(row: Any) -> Value:
        subject = text(left(row))
        return subject is not None and pattern.matches(subject)

    return evaluate


_ARITHMETIC: Mapping[str, Callable[[float, float], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "^": operator.pow,
}


def _arithmetic(first: Evaluate, rest: Sequence[tuple[str, Evaluate]]) -> Evaluate:
    """Compute from left to right."""

    def evaluate(row: Any) -> Value:
        result = number(first(row))
        for sign, operand in rest:
            other = number(operand(row))
            if result is None or other is None:
                return None
            try:
                result = number(_ARITHMETIC[sign](result, other))
            except (ArithmeticError, ValueError, TypeError):  # a complex number is a TypeError
                return None
        return result

    return evaluate
