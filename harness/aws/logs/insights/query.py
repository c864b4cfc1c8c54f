"""A whole query: commands, each of which turns rows into rows."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from harness.aws.logs.expressions import RegularExpression, patience
from harness.aws.logs.insights.aggregates import AGGREGATES, Group
from harness.aws.logs.insights.events import Event, Row, fields
from harness.aws.logs.insights.patterns import patterns
from harness.aws.logs.insights.syntax import (
    Expression,
    Parser,
    QuerySyntaxError,
    Token,
    compiled,
    tokens,
)
from harness.aws.logs.insights.values import Value, compare, show, text, truth

__all__ = ["Query", "Results"]

_MOST = 10_000  # rows of an answer (StartQuery, ``limit``)
_LONGEST = 10_000  # characters of a query (StartQuery, ``queryString``)


@dataclass
class _State:
    """What commands work on: rows, the columns to show, and whether an order was asked for."""

    rows: list[Row]
    columns: list[str] = field(default_factory=list)
    is_plain: bool = True  # rows are still events, newest first and with their @ptr

    def show(self, *names: str) -> None:
        """Add columns."""
        self.columns += [name for name in names if name not in self.columns]


Command = Callable[[_State], None]


@dataclass(frozen=True, kw_only=True)
class Results:
    """What a query found: rows of (field, value), and how much it read."""

    rows: list[list[tuple[str, str]]]
    matched: int
    scanned: int
    bytes: int


class Query:
    """A query that was read.

    Args:
        text: the query.
        limit: the most rows, where the query says nothing.

    Raises:
        QuerySyntaxError: it cannot be read, or has a command that is not here.
    """

    def __init__(self, text: str, *, limit: int = _MOST) -> None:
        if len(text) > _LONGEST:
            raise QuerySyntaxError("the query is too long", _LONGEST, len(text))
        self.text = text
        self._limit = limit
        self._commands = [self._command(part) for part in _parts(tokens(text))]

    def run(self, events: Iterable[Event]) -> Results:
        """Run it over events, in any order."""
        read = sorted(events, key=lambda event: (-event.timestamp, event.stream, event.id))
        state = _State([fields(event) for event in read])
        matched = len(read)
        with patience():
            for command in self._commands:
                command(state)
                if state.is_plain:
                    matched = len(state.rows)
        columns = state.columns or ["@timestamp", "@message"]
        if state.is_plain and "@ptr" not in columns:
            columns = [*columns, "@ptr"]
        return Results(
            rows=[
                [(name, show(row[name])) for name in columns if row.get(name) is not None]
                for row in state.rows[: self._limit]
            ],
            matched=matched,
            scanned=len(read),
            bytes=sum(len(event.message.encode()) for event in read),
        )

    def _command(self, part: Sequence[Token]) -> Command:
        name, parser = part[0], Parser(self.text, part[1:])
        reader = _COMMANDS.get(name.text.lower()) if name.kind == "field" else None
        if reader is None:
            raise QuerySyntaxError(f"unknown command {name.text}", name.start, name.end)
        command = reader(parser)
        parser.end()
        return command


def _parts(of: Sequence[Token]) -> list[list[Token]]:
    """Split a query at its pipes."""
    parts: list[list[Token]] = [[]]
    for token in of:
        if token.text == "|" and token.kind == "operator":
            if not parts[-1]:
                raise QuerySyntaxError("unexpected symbol found |", token.start, token.end)
            parts.append([])
        else:
            parts[-1].append(token)
    if not parts[-1]:
        raise QuerySyntaxError("unexpected end of the query", 0, 0)
    return parts


def _column(parser: Parser) -> tuple[str, Expression]:
    expression = parser.expression()
    alias = parser.name() if parser.take("as") else expression.text.strip("`")
    return alias, expression


def _columns(parser: Parser) -> list[tuple[str, Expression]]:
    found = [_column(parser)]
    while parser.take(","):
        found.append(_column(parser))
    return found


def _fields(parser: Parser) -> Command:
    columns = _columns(parser)

    def run(state: _State) -> None:
        for row in state.rows:
            for name, expression in columns:
                row[name] = expression.evaluate(row)
        state.show(*(name for name, _ in columns))

    return run


def _display(parser: Parser) -> Command:
    add = _fields(parser)

    def run(state: _State) -> None:
        state.columns = []
        add(state)

    return run


def _filter(parser: Parser) -> Command:
    condition = parser.expression()

    def run(state: _State) -> None:
        state.rows = [row for row in state.rows if truth(condition.evaluate(row))]

    return run


def _sort(parser: Parser) -> Command:
    keys: list[tuple[Expression, bool]] = []
    while not keys or parser.take(","):
        expression = parser.expression()
        keys.append((expression, bool(parser.take("desc"))))
        parser.take("asc")

    def run(state: _State) -> None:
        for expression, descending in reversed(keys):
            order = functools.partial(_order, expression, descending)
            state.rows.sort(key=functools.cmp_to_key(order))

    return run


def _order(expression: Expression, descending: bool, left: Row, right: Row) -> int:
    """Order two rows; those without the field come last."""
    a, b = expression.evaluate(left), expression.evaluate(right)
    if a is None or b is None:
        return (a is None) - (b is None)
    order = compare(a, b) or 0
    return -order if descending else order


def _limit(parser: Parser) -> Command:
    count = int(float(parser.expect("number", "a number").text))

    def run(state: _State) -> None:
        state.rows = state.rows[:count]

    return run


def _dedup(parser: Parser) -> Command:
    names = [parser.name()]
    while parser.take(","):
        names.append(parser.name())

    def run(state: _State) -> None:
        seen: set[tuple[Value, ...]] = set()
        kept = []
        for row in state.rows:
            key = tuple(row.get(name) for name in names)
            if key not in seen:
                seen.add(key)
                kept.append(row)
        state.rows = kept

    return run


def _parse(parser: Parser) -> Command:
    """``parse @message "user=*" as user``, or a regular expression with named groups."""
    token = parser.next
    source = "@message"
    if token is not None and token.kind == "field":
        source = parser.name()
    token = parser.next
    if token is None or token.kind not in {"string", "regex"}:
        raise parser.unexpected("a pattern")
    parser.at += 1
    names: list[str] = []
    if token.kind == "string":
        pattern = _glob(token)
    else:
        pattern = compiled(token)
        names = list(pattern.names)
    if not names:
        if not parser.take("as"):
            raise parser.unexpected("as")
        names.append(parser.name())
        while parser.take(","):
            names.append(parser.name())
        if pattern.groups != len(names):
            raise QuerySyntaxError("as many names as parts are needed", token.start, token.end)

    def run(state: _State) -> None:
        for row in state.rows:
            subject = text(row.get(source))
            parts = pattern.parts(subject) if subject is not None else None
            if parts is not None:
                row.update(zip(names, parts, strict=False))
        if state.columns:
            state.show(*names)

    return run


def _glob(token: Token) -> RegularExpression:
    """Compile a pattern in which ``*`` is a part to be taken."""
    written = re.sub(r"\\(.)", r"\1", token.text[1:-1])
    *parts, last = written.split("*")
    expression = "".join(f"{re.escape(part)}(.*?)" for part in parts)
    return RegularExpression(f"{expression}{re.escape(last)}{'' if last else '$'}")


def _stats(parser: Parser) -> Command:
    parser.aggregates = AGGREGATES
    values = _columns(parser)
    parser.aggregates = {}
    keys = _columns(parser) if parser.take("by") else []

    def run(state: _State) -> None:
        groups: dict[tuple[Value, ...], list[Row]] = {} if keys else {(): []}
        for row in state.rows:
            key = tuple(expression.evaluate(row) for _, expression in keys)
            groups.setdefault(key, []).append(row)
        state.rows = []
        for key, rows in groups.items():
            named = dict(zip((name for name, _ in keys), key, strict=True))
            group = Group(rows)
            state.rows.append({**named, **{name: expression.evaluate(group) for name, expression in values}})
        state.columns = [name for name, _ in (*keys, *values)]
        state.is_plain = False

    return run


def _pattern(parser: Parser) -> Command:
    name = parser.name()

    def run(state: _State) -> None:
        state.rows = patterns([row.get(name) for row in state.rows])
        state.columns = ["@pattern", "@regexString", "@severityLabel", "@ratio", "@sampleCount"]
        state.is_plain = False

    return run


_COMMANDS: dict[str, Callable[[Parser], Command]] = {
    "dedup": _dedup,
    "display": _display,
    "fields": _fields,
    "filter": _filter,
    "filterindex": _filter,  # an index only makes it quicker
    "limit": _limit,
    "head": _limit,
    "parse": _parse,
    "pattern": _pattern,
    "sort": _sort,
    "stats": _stats,
}
