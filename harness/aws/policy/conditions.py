"""The ``Condition`` element of an IAM policy: a table of operators, and what a request's keys say to them.

Source of every rule: IAM User Guide, "IAM JSON policy elements: Condition operators", "Set operators for
multivalued context keys" and "Policy elements: Variables and tags".
"""

from __future__ import annotations

import base64
import binascii
import copy
import functools
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

__all__ = ["Condition", "Context", "Keys", "UndecidableError", "UnresolvedError", "glob", "is_operator"]

Context = Mapping[str, str | Sequence[str]]
"""Condition keys as a caller gives them: the names in any case, a value or several."""

ARN_PARTS = 6
CIDR = re.compile(r"[0-9a-fA-F:.]+(/[0-9]{1,3})?", re.ASCII)
NUMBER = re.compile(r"[+-]?[0-9]{1,64}(\.[0-9]{1,64})?", re.ASCII)
EPOCH = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?", re.ASCII)
W3C_DATE = re.compile(r"\d{4}-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?)?", re.ASCII)
VARIABLE = re.compile(r"\$\{\s*([^},]*?)\s*(?:,\s*'([^'}]*)'\s*)?\}")


class UndecidableError(Exception):
    """A condition that this evaluator cannot read: whoever asked must refuse, never guess."""


class UnresolvedError(Exception):
    """A policy variable without a value: it makes its whole statement invalid (IAM User Guide)."""


class Keys:
    """The condition keys of one request, found whatever the case of their names."""

    def __init__(self, context: Context) -> None:
        self.variables = True
        self._values: Mapping[str, tuple[str, ...]] = {
            name.lower(): (value,) if isinstance(value, str) else tuple(value)
            for name, value in context.items()
        }

    def get(self, name: str) -> tuple[str, ...]:
        """Return the values of a key; none if it is absent (an empty list counts as absent)."""
        return self._values.get(name.lower(), ())

    @functools.cached_property
    def without_variables(self) -> Keys:
        """The same keys for a policy of version 2008-10-17, to which ``${...}`` is plain text."""
        plain = copy.copy(self)
        plain.variables = False
        return plain

    def pieces(self, text: str) -> list[tuple[str, bool]]:
        """Split ``text`` into (piece, is a pattern) pairs, with its variables replaced by literal pieces.

        Raises:
            UnresolvedError: a variable has no value, or several, and no default.
        """
        if not self.variables or "${" not in text:
            return [(text, True)]
        pieces: list[tuple[str, bool]] = []
        end = 0
        for found in VARIABLE.finditer(text):
            pieces += [(text[end : found.start()], True), (self._resolve(found[1], found[2]), False)]
            end = found.end()
        return [*pieces, (text[end:], True)]

    def substitute(self, text: str) -> str:
        """Replace the policy variables in ``text``.

        Raises:
            UnresolvedError: a variable has no value, or several, and no default.
        """
        return "".join(piece for piece, _ in self.pieces(text))

    def _resolve(self, name: str, default: str | None) -> str:
        if name in {"*", "?", "$"}:
            return name  # how a policy writes the character itself
        values = self.get(name)
        if len(values) == 1:
            return values[0]
        if default is not None and not values:
            return default
        raise UnresolvedError(name)


def glob(pattern: str, value: str, keys: Keys, *, ignore_case: bool = False) -> bool:
    """Tell whether ``value`` matches ``pattern``, in which ``*`` and ``?`` are wildcards.

    A variable's value is literal: a wildcard in it matches only itself.

    Raises:
        UnresolvedError: a policy variable in ``pattern`` has no value.
    """
    if pattern == "*":
        return True
    return _compiled(tuple(keys.pieces(pattern)), ignore_case).fullmatch(value) is not None


@functools.lru_cache(maxsize=4096)
def _compiled(pieces: tuple[tuple[str, bool], ...], ignore_case: bool) -> re.Pattern[str]:
    runs = [""]
    for text, wild in pieces:
        for char in text:
            if wild and char == "*":
                runs.append("")
            else:
                runs[-1] += "." if wild and char == "?" else re.escape(char)
    expression = runs[0]
    if len(runs) > 1:
        # Atomic groups: the first fit of each run is as good as any, so a hostile pattern cannot backtrack.
        expression += "".join(f"(?>.*?{run})" for run in runs[1:-1] if run) + ".*" + runs[-1]
    return re.compile(expression, re.DOTALL | (re.IGNORECASE | re.ASCII if ignore_case else 0))


# Each predicate answers: does this one value of the request match this one value of the policy?
Predicate = Callable[[str, str, Keys], bool]


def _string_equals(value: str, wanted: str, keys: Keys) -> bool:
    return value == keys.substitute(wanted)


def _string_equals_ignore_case(value: str, wanted: str, keys: Keys) -> bool:
    return value.lower() == keys.substitute(wanted).lower()


def _string_like(value: str, wanted: str, keys: Keys) -> bool:
    return glob(wanted, value, keys)


def _arn_like(value: str, wanted: str, keys: Keys) -> bool:
    """``ArnEquals`` and ``ArnLike`` are the same; a wildcard does not reach across a part of the ARN."""
    if wanted == "*":
        return True
    patterns, parts = _arn_parts(wanted), value.split(":", ARN_PARTS - 1)
    return len(patterns) == len(parts) == ARN_PARTS and all(
        glob(pattern, part, keys) for pattern, part in zip(patterns, parts, strict=True)
    )


def _arn_parts(pattern: str) -> list[str]:
    """Split an ARN pattern at its first five colons, but not at those of a policy variable."""
    parts = [""]
    for piece in re.split(r"(\$\{[^}]*\}|:)", pattern):
        if piece == ":" and len(parts) < ARN_PARTS:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def _bool(value: str, wanted: str, keys: Keys) -> bool:
    return value.lower() == _truth(keys.substitute(wanted))


def _truth(text: str) -> str:
    if text.lower() not in {"true", "false"}:
        raise UndecidableError(f"{text!r} is neither true nor false")
    return text.lower()


def _binary_equals(value: str, wanted: str, _: Keys) -> bool:
    """Both are base64; what decodes to the same bytes is equal, and a value that does not decode is not."""
    try:
        expected = base64.b64decode(wanted, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UndecidableError(f"{wanted!r} is not base64") from error
    try:
        return base64.b64decode(value, validate=True) == expected
    except (binascii.Error, ValueError):
        return False


def _ip_address(value: str, wanted: str, _: Keys) -> bool:
    if not CIDR.fullmatch(wanted):
        raise UndecidableError(f"{wanted!r} is not an IP address or a range in CIDR format")
    try:
        network = ipaddress.ip_network(wanted, strict=False)
        return ipaddress.ip_address(value) in network
    except ValueError as error:
        raise UndecidableError(str(error)) from error


def _number(text: str) -> Decimal:
    """Read an integer or a decimal; nothing else that ``Decimal`` takes, such as ``1e9``, ``1_0`` or NaN."""
    if not NUMBER.fullmatch(text):
        raise UndecidableError(f"{text[:64]!r} is not a number")
    return Decimal(text)


def _date(text: str) -> float:
    """Read a date in a format of W3C's note, or seconds since the epoch; a year alone is an epoch."""
    if EPOCH.fullmatch(text):
        return float(text)
    if not W3C_DATE.fullmatch(text):
        raise UndecidableError(f"{text[:64]!r} is not a date")
    try:
        moment = datetime.fromisoformat(text if len(text) > len("2026-01") else f"{text}-01")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise UndecidableError(f"{text[:64]!r} is not a date") from error


def _ordered(
    read: Callable[[str], Decimal] | Callable[[str], float], verdict: Callable[[int], bool]
) -> Predicate:
    """Make a predicate of how the request's value compares with the policy's: -1, 0 or 1."""

    def predicate(value: str, wanted: str, _: Keys) -> bool:
        left, right = read(value), read(wanted)
        return verdict((left > right) - (left < right))

    return predicate


ORDERINGS: Mapping[str, Callable[[int], bool]] = {
    "Equals": lambda order: order == 0,
    "LessThan": lambda order: order < 0,
    "LessThanEquals": lambda order: order <= 0,
    "GreaterThan": lambda order: order > 0,
    "GreaterThanEquals": lambda order: order >= 0,
}

PREDICATES: Mapping[str, Predicate] = {
    "StringEquals": _string_equals,
    "StringEqualsIgnoreCase": _string_equals_ignore_case,
    "StringLike": _string_like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _bool,
    "BinaryEquals": _binary_equals,
    "IpAddress": _ip_address,
    **{f"Numeric{name}": _ordered(_number, verdict) for name, verdict in ORDERINGS.items()},
    **{f"Date{name}": _ordered(_date, verdict) for name, verdict in ORDERINGS.items()},
}

NEGATIONS: Mapping[str, str] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}

# Operator names are matched in any case, as IAM does.
_PREDICATES = {name.lower(): predicate for name, predicate in PREDICATES.items()}
_NEGATIONS = {name.lower(): _PREDICATES[base.lower()] for name, base in NEGATIONS.items()}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One line of a ``Condition`` element: an operator, a condition key and the policy's values."""

    operator: str
    key: str
    values: tuple[str, ...]

    def holds(self, keys: Keys) -> bool:
        """Tell whether the request's keys satisfy the condition.

        Raises:
            UndecidableError: the operator is unknown, or a value is not of its type.
            UnresolvedError: a policy variable has no value.
        """
        quantifier, name, if_exists = _split(self.operator)
        present = keys.get(self.key)
        if name == "null" and not quantifier and not if_exists:
            absent = "false" if present else "true"
            return absent in [_truth(wanted) for wanted in self.values]
        negated = name in _NEGATIONS
        predicate = _NEGATIONS.get(name) or _PREDICATES.get(name)
        if predicate is None or quantifier not in {"", "foranyvalue", "forallvalues"}:
            raise UndecidableError(f"unknown condition operator {self.operator!r}")
        if quantifier and not any(present):
            present = ()  # "resolves to a null dataset, such as an empty string"
        if not present:
            # ForAnyValue has nothing to match and ForAllValues nothing that fails, negated or not.
            return if_exists or quantifier == "forallvalues" or (negated and not quantifier)
        # Every value is compared, so that one that cannot be read is never hidden by one that matches.
        table = [[predicate(value, wanted, keys) for wanted in self.values] for value in present]
        matches = [any(row) for row in table]
        if quantifier == "forallvalues":
            return not any(matches) if negated else all(matches)
        if quantifier == "foranyvalue":
            return not all(matches) if negated else any(matches)
        return any(matches) is not negated


def is_operator(name: str) -> bool:
    """Tell whether ``name`` is a condition operator of IAM, with its set prefix and ``IfExists``."""
    quantifier, base, if_exists = _split(name)
    if base == "null":
        return not quantifier and not if_exists
    return quantifier in {"", "foranyvalue", "forallvalues"} and (base in _PREDICATES or base in _NEGATIONS)


@functools.lru_cache(maxsize=1024)
def _split(operator: str) -> tuple[str, str, bool]:
    """Split an operator into its set prefix, its name and whether it ends in ``IfExists``, in lower case."""
    quantifier, _, name = operator.lower().rpartition(":")
    return quantifier, name.removesuffix("ifexists"), name.endswith("ifexists")
