"""The operators of PromQL: between two vectors or numbers, and over one vector.

Source: Prometheus documentation, "Operators".
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.aws.cloudwatch.promql.functions import quantile
from harness.aws.cloudwatch.promql.values import Element, Labels, QueryError, Vector

__all__ = ["NAME", "aggregate", "combine"]

NAME = "__name__"


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left)


def _power(left: float, right: float) -> float:
    try:
        result = left**right
    except OverflowError:
        return math.inf
    except ZeroDivisionError:
        return math.inf
    return math.nan if isinstance(result, complex) else float(result)


ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divide,
    "%": lambda left, right: math.fmod(left, right) if right and math.isfinite(left) else math.nan,
    "^": _power,
    "atan2": math.atan2,
}
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def combine(operator: str, left: Vector | float, right: Vector | float, modifier: Any) -> Vector | float:
    """Apply an operator.

    Args:
        operator: as written.
        left, right: vectors or numbers.
        modifier: promql-parser's, None for none: ``bool``, ``on``, ``ignoring``, ``group_left``.

    Raises:
        QueryError: the operator is not here, or several elements match where one may.
    """
    as_bool = modifier is not None and modifier.return_bool
    if isinstance(left, float) and isinstance(right, float):
        if operator in COMPARISONS:
            return float(COMPARISONS[operator](left, right))
        return _arithmetic(operator)(left, right)
    if isinstance(right, float):
        assert not isinstance(left, float)  # noqa: S101 - two numbers were answered above
        return _each(left, lambda value: _pair(operator, value, right, value, as_bool=as_bool))
    if isinstance(left, float):
        return _each(right, lambda value: _pair(operator, left, value, value, as_bool=as_bool))
    if operator in {"and", "or", "unless"}:
        return _sets(operator, left, right, modifier)
    return _matched(operator, left, right, modifier, as_bool=as_bool)


def _arithmetic(operator: str) -> Callable[[float, float], float]:
    if operator not in ARITHMETIC:
        raise QueryError(f"operator {operator} is not implemented")
    return ARITHMETIC[operator]


def _pair(operator: str, left: float, right: float, kept: float, *, as_bool: bool) -> float | None:
    if operator in COMPARISONS:
        holds = COMPARISONS[operator](left, right)
        return float(holds) if as_bool else (kept if holds else None)
    return _arithmetic(operator)(left, right)


def _each(vector: Vector, compute: Callable[[float], float | None]) -> Vector:
    results = ((element, compute(element.value)) for element in vector)
    return [
        Element(labels=without_name(element.labels), value=value)
        for element, value in results
        if value is not None
    ]


def without_name(labels: Labels) -> Labels:
    """Return labels without the name of a metric, which what was computed no longer is."""
    return {name: value for name, value in labels.items() if name != NAME}


def _key(labels: Labels, modifier: Any) -> tuple[tuple[str, str], ...]:
    """Return the labels by which elements match."""
    matching = modifier.matching if modifier is not None else None
    if matching is not None and str(matching.type).endswith("Include"):
        return tuple((name, labels.get(name, "")) for name in sorted(matching.labels))
    left_out = {NAME, *(matching.labels if matching is not None else ())}
    return tuple(sorted((name, value) for name, value in labels.items() if name not in left_out))


def _sets(operator: str, left: Vector, right: Vector, modifier: Any) -> Vector:
    here = {_key(element.labels, modifier) for element in left}
    there = {_key(element.labels, modifier) for element in right}
    match operator:
        case "and":
            return [element for element in left if _key(element.labels, modifier) in there]
        case "unless":
            return [element for element in left if _key(element.labels, modifier) not in there]
        case _:
            return [*left, *(each for each in right if _key(each.labels, modifier) not in here)]


def _matched(operator: str, left: Vector, right: Vector, modifier: Any, *, as_bool: bool) -> Vector:
    card = str(modifier.card).rpartition(".")[2].partition(" ")[0] if modifier is not None else "OneToOne"
    many, one, swapped = (right, left, True) if card.startswith("OneToMany") else (left, right, False)
    index: dict[Any, Element] = {}
    for element in one:
        key = _key(element.labels, modifier)
        if key in index:
            raise QueryError("found duplicate series for the match group on the one side")
        index[key] = element
    is_grouped = card.startswith(("ManyToOne", "OneToMany"))
    extra = list(getattr(modifier, "group_labels", None) or []) if is_grouped else []
    found: Vector = []
    seen: set[Any] = set()
    for element in many:
        key = _key(element.labels, modifier)
        other = index.get(key)
        if other is None:
            continue
        if not is_grouped and key in seen:
            raise QueryError("multiple matches for labels: many-to-one matching must be explicit")
        seen.add(key)
        a, b = (other.value, element.value) if swapped else (element.value, other.value)
        value = _pair(operator, a, b, a, as_bool=as_bool)
        if value is not None:
            keeps_name = operator in COMPARISONS and not as_bool
            labels: Labels = element.labels if keeps_name else without_name(element.labels)
            if not is_grouped and modifier is not None and modifier.matching is not None and not keeps_name:
                labels = {name: text for name, text in key if text}
            labels = {**labels, **{name: other.labels[name] for name in extra if name in other.labels}}
            found.append(Element(labels=labels, value=value))
    return found


_AGGREGATES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "avg": statistics.fmean,
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
    "max": max,
    "min": min,
    "stddev": statistics.pstdev,
    "stdvar": statistics.pvariance,
    "sum": math.fsum,
}


def aggregate(operator: str, vector: Vector, modifier: Any, parameter: float | str | None) -> Vector:
    """Aggregate a vector by labels.

    Args:
        operator: ``sum``, ``topk``, ...
        vector: what is aggregated.
        modifier: promql-parser's, None for one group of all: ``by`` or ``without`` some labels.
        parameter: of ``topk``, ``bottomk``, ``quantile`` and ``count_values``.

    Raises:
        QueryError: the operator is not here.
    """
    groups: dict[tuple[tuple[str, str], ...], Vector] = {}
    for element in vector:
        groups.setdefault(_group(element.labels, modifier), []).append(element)
    found: Vector = []
    for key, members in groups.items():
        found += _aggregated(operator, dict(key), members, parameter)
    return found


def _aggregated(
    operator: str, labels: Labels, members: Vector, parameter: float | str | None
) -> list[Element]:
    values = [element.value for element in members]
    if operator in _AGGREGATES:
        return [Element(labels=labels, value=_AGGREGATES[operator](values))]
    if operator in {"topk", "bottomk"} and isinstance(parameter, float):
        count = max(0, int(parameter)) if math.isfinite(parameter) else 0
        return sorted(members, key=lambda element: element.value, reverse=operator == "topk")[:count]
    if operator == "quantile" and isinstance(parameter, float):
        return [Element(labels=labels, value=quantile(parameter, values))]
    if operator == "count_values" and isinstance(parameter, str):
        texts = [f"{value:g}" for value in values]
        return [
            Element(labels={**labels, parameter: text}, value=float(texts.count(text)))
            for text in dict.fromkeys(texts)
        ]
    raise QueryError(f"aggregation {operator} is not implemented")


def _group(labels: Labels, modifier: Any) -> tuple[tuple[str, str], ...]:
    if modifier is None:
        return ()
    if str(modifier.type).endswith("By"):
        return tuple((name, labels[name]) for name in sorted(modifier.labels) if name in labels)
    left_out = {NAME, *modifier.labels}
    return tuple(sorted((name, value) for name, value in labels.items() if name not in left_out))
