"""The functions of the query language that take values: a table.

Source: CloudWatch Logs User Guide, "Supported operations and functions". A function of a value that an event
does not have, or that is not of its type, has no value either.
"""

from __future__ import annotations

import ipaddress
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from harness.aws.logs.insights.values import Value, number, show, text

__all__ = ["FUNCTIONS", "Function", "moment"]

_LONGEST = 1024 * 1024  # characters of a text that is made: an event may have so many bytes
_MILLISECONDS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 7 * 86_400_000,
    "mo": 30 * 86_400_000,
    "q": 90 * 86_400_000,
    "y": 365 * 86_400_000,
}


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function.

    Attributes:
        least, most: how many arguments it takes; ``most`` is None for any number.
        run: what it does.
        of_event: whether it is given the time of the event before its arguments.
    """

    least: int
    most: int | None
    run: Callable[..., Value]
    of_event: bool = False

    def takes(self, count: int) -> bool:
        """Tell whether it takes so many arguments."""
        return self.least <= count and (self.most is None or count <= self.most)


def _period(value: Value) -> float | None:
    """Return a duration such as ``5m`` in milliseconds."""
    written = text(value) or ""
    digits = written.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = written[len(digits) :]
    return float(digits) * _MILLISECONDS[unit] if digits.isdecimal() and unit in _MILLISECONDS else None


def moment(milliseconds: float) -> str:
    """Write a time as results have it: ``2026-11-24 18:16:13.000``."""
    try:
        seconds, rest = divmod(math.floor(milliseconds), 1000)
        return f"{_second(seconds)}.{rest:03d}"
    except (ValueError, OverflowError, OSError):
        return show(milliseconds)


@lru_cache(maxsize=4096)  # most events of a second have company
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def _instant(value: Value) -> float | None:
    """Return a time in milliseconds since the epoch, from a number of them or from its text."""
    found = number(value)
    if found is not None or not isinstance(value, str):
        return found
    try:
        return datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp() * 1000
    except ValueError:
        return None


def _numeric(compute: Callable[..., float]) -> Callable[..., Value]:
    def run(*values: Value) -> Value:
        numbers = [number(value) for value in values]
        known = [each for each in numbers if each is not None]
        if len(known) != len(numbers):
            return None
        try:
            return compute(*known)
        except (ValueError, ArithmeticError):
            return None

    return run


def _textual(compute: Callable[..., Value]) -> Callable[..., Value]:
    def run(*values: Value) -> Value:
        texts = [text(value) for value in values]
        if any(each is None for each in texts):
            return None
        try:
            return compute(*texts)
        except ValueError:
            return None

    return run


def _rounded(up: bool) -> Callable[[Value, Value], Value]:
    def run(value: Value, span: Value) -> Value:
        at, length = _instant(value), _period(span)
        if at is None or not length:
            return None
        return moment((math.ceil if up else math.floor)(at / length) * length)

    return run


def _trimmed(cut: Callable[[str, str | None], str]) -> Callable[..., Value]:
    return _textual(lambda subject, characters=None: cut(subject, characters))


def _substring(subject: str, start: str, length: str | None = None) -> Value:
    first = int(float(start))
    return subject[first:] if length is None else subject[first : first + int(float(length))]


def _is_ip(version: int | None) -> Callable[..., Value]:
    def check(subject: str) -> Value:
        try:
            return version in {None, ipaddress.ip_address(subject).version}
        except ValueError:
            return False

    return _textual(check)


def _in_subnet(version: int | None) -> Callable[..., Value]:
    def check(subject: str, network: str) -> Value:
        try:
            address, net = ipaddress.ip_address(subject), ipaddress.ip_network(network, strict=False)
        except ValueError:
            return False
        return version in {None, address.version} and address in net

    return _textual(check)


def _concatenated(*values: Value) -> Value:
    texts = [text(value) or "" for value in values]
    return "".join(texts) if sum(map(len, texts)) <= _LONGEST else None


def _replaced(subject: str, part: str, other: str) -> Value:
    length = len(subject) + subject.count(part) * (len(other) - len(part))
    return subject.replace(part, other) if length <= _LONGEST else None


def _parsed(subject: str) -> Value:
    try:
        found: Any = json.loads(subject)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, str | int | float | bool) else show(found)


def _extreme(choose: Callable[[list[float]], float]) -> Callable[..., Value]:
    return _numeric(lambda *numbers: choose(list(numbers)))


def _function(least: int, run: Callable[..., Value], most: int | None = -1) -> Function:
    return Function(least=least, most=least if most == -1 else most, run=run)


FUNCTIONS: Mapping[str, Function] = {
    # numbers
    "abs": _function(1, _numeric(abs)),
    "ceil": _function(1, _numeric(math.ceil)),
    "floor": _function(1, _numeric(math.floor)),
    "greatest": _function(1, _extreme(max), None),
    "least": _function(1, _extreme(min), None),
    "log": _function(1, _numeric(math.log)),
    "sqrt": _function(1, _numeric(math.sqrt)),
    # time
    "bin": Function(least=1, most=1, run=_rounded(up=False), of_event=True),
    "datefloor": _function(2, _rounded(up=False)),
    "dateceil": _function(2, _rounded(up=True)),
    "frommillis": _function(1, lambda value: None if (at := number(value)) is None else moment(at)),
    "tomillis": _function(1, _instant),
    # any
    "ispresent": _function(1, lambda value: value is not None),
    "coalesce": _function(1, lambda *values: next((v for v in values if v is not None), None), None),
    "if": _function(3, lambda condition, yes, no: yes if condition is True else no),
    # addresses
    "isvalidip": _function(1, _is_ip(None)),
    "isvalidipv4": _function(1, _is_ip(4)),
    "isvalidipv6": _function(1, _is_ip(6)),
    "isipinsubnet": _function(2, _in_subnet(None)),
    "isipv4insubnet": _function(2, _in_subnet(4)),
    "isipv6insubnet": _function(2, _in_subnet(6)),
    # text
    "isempty": _function(1, lambda value: value is None or text(value) == ""),
    "isblank": _function(1, lambda value: value is None or not (text(value) or "").strip()),
    "concat": _function(1, _concatenated, None),
    "ltrim": _function(1, _trimmed(str.lstrip), 2),
    "rtrim": _function(1, _trimmed(str.rstrip), 2),
    "trim": _function(1, _trimmed(str.strip), 2),
    "strlen": _function(1, _textual(lambda subject: float(len(subject)))),
    "toupper": _function(1, _textual(str.upper)),
    "tolower": _function(1, _textual(str.lower)),
    "substr": _function(2, _textual(_substring), 3),
    "replace": _function(3, _textual(_replaced)),
    "strcontains": _function(2, _textual(lambda subject, part: float(part in subject))),
    # structures
    "jsonparse": _function(1, _textual(_parsed)),
    "jsonstringify": _function(1, lambda value: None if value is None else json.dumps(value)),
}
