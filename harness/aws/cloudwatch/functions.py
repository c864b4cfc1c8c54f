"""The functions of metric math.

Source: CloudWatch User Guide, "Metric math syntax and functions". A function that makes one value of many
yields a scalar of a time series, and a time series of an array: at each moment it counts the series that have
a value there.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate, pairwise

from harness.aws.cloudwatch.arithmetic import finite
from harness.aws.cloudwatch.series import ExpressionError, Span, TimeSeries, Value

__all__ = ["AGGREGATES", "FUNCTIONS"]

_Arguments = Sequence[Value]


# Of the standard deviation AWS does not say which: it is that of a whole population here.
AGGREGATES: Mapping[str, Callable[[list[float]], float | None]] = {
    "AVG": finite(lambda values: sum(values) / len(values)),
    "DATAPOINT_COUNT": finite(lambda values: float(len(values))),
    "MAX": finite(max),
    "MIN": finite(min),
    "STDDEV": finite(statistics.pstdev),
    "SUM": finite(lambda values: float(sum(values))),
}
_EACH: Mapping[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": lambda value: float(math.ceil(value)),
    "FLOOR": lambda value: float(math.floor(value)),
    "LOG": math.log,
    "LOG10": math.log10,
}
_CALENDAR: Mapping[str, Callable[[datetime], float]] = {
    "MINUTE": lambda moment: moment.minute,
    "HOUR": lambda moment: moment.hour,
    "DAY": lambda moment: moment.isoweekday(),  # Monday is 1
    "DATE": lambda moment: moment.day,
    "MONTH": lambda moment: moment.month,
    "YEAR": lambda moment: moment.year,
    "EPOCH": lambda moment: moment.timestamp(),
}
_STEPS: Mapping[str, Callable[[float, float], float]] = {
    "DIFF": lambda change, seconds: change,
    "DIFF_TIME": lambda change, seconds: seconds,
    "RATE": lambda change, seconds: change / seconds,
}


def _series(value: Value) -> TimeSeries:
    if not isinstance(value, TimeSeries):
        raise ExpressionError("a time series is due")
    return value


def _array(value: Value) -> list[TimeSeries]:
    if isinstance(value, TimeSeries):
        return [value]
    if not isinstance(value, list):
        raise ExpressionError("an array of time series is due")
    return value


def _scalar(value: Value) -> float:
    if not isinstance(value, float):
        raise ExpressionError("a number is due")
    return value


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise ExpressionError("a keyword is due")
    return value


def _mapped(value: Value, change: Callable[[TimeSeries], TimeSeries]) -> Value:
    return [change(each) for each in value] if isinstance(value, list) else change(_series(value))


def _aggregate(name: str, value: Value) -> Value:
    compute = AGGREGATES[name]
    if isinstance(value, list):
        moments = sorted({moment for each in value for moment in each.values})
        period = max((each.period for each in value), default=60)
        points = (
            (moment, compute([each.values[moment] for each in value if moment in each.values]))
            for moment in moments
        )
        found = {moment: result for moment, result in points if result is not None}
        return TimeSeries(label=name, period=period, values=found)
    values = list(_series(value).values.values())
    result = compute(values) if values or name == "DATAPOINT_COUNT" else None
    if result is None:  # of a series without data points: whatever is computed with it has none either
        return TimeSeries(label=name, period=_series(value).period, values={})
    return result


def _steps(name: str, value: Value) -> Value:
    step = _STEPS[name]

    def change(series: TimeSeries) -> TimeSeries:
        pairs = pairwise(series.values.items())
        return series.of((late, step(new - old, late - early)) for (early, old), (late, new) in pairs)

    return _mapped(value, change)


def _calendar(name: str, value: Value) -> Value:
    read = _CALENDAR[name]
    return _mapped(
        value,
        lambda series: series.of(
            (moment, float(read(datetime.fromtimestamp(moment, UTC)))) for moment in series.values
        ),
    )


def _running_sum(value: Value) -> Value:
    return _mapped(
        value,
        lambda series: series.of(zip(series.values, accumulate(series.values.values()), strict=True)),
    )


def _if(condition: Value, yes: Value, no: Value | None) -> Value:
    if isinstance(condition, float):
        chosen = yes if condition else no
        return chosen if chosen is not None else TimeSeries(label="IF", period=60, values={})
    asked, found = _series(condition), {}
    for moment, holds in asked.values.items():
        branch = yes if holds else no
        if isinstance(branch, float):
            found[moment] = branch
        elif branch is not None and moment in _series(branch).values:
            found[moment] = _series(branch).values[moment]
    return asked.of(found.items())


def _fill(value: Value, filling: Value, span: Span) -> Value:
    if not isinstance(filling, float | TimeSeries) and filling not in ("REPEAT", "LINEAR"):
        raise ExpressionError("FILL takes a number, a time series, REPEAT or LINEAR")

    def fill(series: TimeSeries) -> TimeSeries:
        found, seen = dict(series.values), sorted(series.values)
        for moment in span.moments(series.period):
            if moment in found:
                continue
            if isinstance(filling, float):
                found[moment] = filling
            elif isinstance(filling, TimeSeries) and moment in filling.values:
                found[moment] = filling.values[moment]
        if isinstance(filling, str):
            found |= _between(series, seen, span, is_linear=filling == "LINEAR")
        return series.of(sorted(found.items()))

    return _mapped(value, fill)


def _between(series: TimeSeries, seen: list[int], span: Span, *, is_linear: bool) -> dict[int, float]:
    """Fill the gaps: with the value before, also after the last one, or on the line between two."""
    found, at = {}, -1
    for moment in span.moments(series.period):
        while at + 1 < len(seen) and seen[at + 1] <= moment:
            at += 1
        if at < 0 or seen[at] == moment:
            continue
        before = series.values[seen[at]]
        if not is_linear:
            found[moment] = before
        elif at + 1 < len(seen):
            share = (moment - seen[at]) / (seen[at + 1] - seen[at])
            found[moment] = before + (series.values[seen[at + 1]] - before) * share
    return found


def _sort(arguments: _Arguments) -> Value:
    array, name = _array(arguments[0]), _text(arguments[1]).upper()
    order = _text(arguments[2]).upper() if len(arguments) > 2 else "DESC"
    if name not in {"AVG", "MAX", "MIN", "SUM"} or order not in {"ASC", "DESC"}:
        raise ExpressionError("SORT takes AVG, MAX, MIN or SUM, and ASC or DESC")
    full = [each for each in array if each.values]
    full.sort(key=lambda each: AGGREGATES[name](list(each.values.values())) or 0.0, reverse=order == "DESC")
    ranked = full + [each for each in array if not each.values]
    return ranked[: _index(arguments[3])] if len(arguments) > 3 else ranked


def _index(value: Value) -> int:
    number = _scalar(value)
    if number < 0 or not number.is_integer():
        raise ExpressionError("a whole number is due")
    return int(number)


def _slice(arguments: _Arguments) -> Value:
    array, begin = _array(arguments[0]), _index(arguments[1])
    return array[begin : _index(arguments[2])] if len(arguments) > 2 else _item(array, begin)


def _item(array: list[TimeSeries], number: int) -> TimeSeries:
    if not -len(array) <= number < len(array):
        return TimeSeries(label="", period=60, values={})
    return array[number]


def _band(arguments: _Arguments) -> Value:
    """Return the mean of all values plus and minus ``n`` standard deviations, two by default.

    AWS learns a model of hours and weekdays from two weeks of data; this is the simplest band there is, and
    a flat one.
    """
    series = _series(arguments[0])
    width = _scalar(arguments[1]) if len(arguments) > 1 else 2.0
    values = list(series.values.values())
    if not values:
        return [series, series]
    middle, spread = AGGREGATES["AVG"](values) or 0.0, AGGREGATES["STDDEV"](values) or 0.0
    return [series.each(lambda _: middle + width * spread), series.each(lambda _: middle - width * spread)]


def _time_series(value: Value, span: Span) -> Value:
    moments = span.moments(span.period)
    return TimeSeries(label="TIME_SERIES", period=span.period, values=dict.fromkeys(moments, _scalar(value)))


def _period(value: Value) -> float:
    return float(_series(value).period)


def _each(name: str, value: Value) -> Value:
    return _mapped(value, lambda series: series.each(finite(_EACH[name])))


_Function = tuple[int, int, Callable[[_Arguments, Span], Value]]


def _of_one(name: str, compute: Callable[[str, Value], Value]) -> _Function:
    return 1, 1, lambda given, _: compute(name, given[0])


def _named(compute: Callable[[str, Value], Value], names: Iterable[str]) -> dict[str, _Function]:
    """Return the functions of one argument that differ only in what is in a table."""
    return {name: _of_one(name, compute) for name in names}


FUNCTIONS: Mapping[str, _Function] = {
    **_named(_aggregate, AGGREGATES),
    **_named(_each, _EACH),
    **_named(_steps, _STEPS),
    **_named(_calendar, _CALENDAR),
    "ANOMALY_DETECTION_BAND": (1, 2, lambda given, _: _band(given)),
    "FILL": (2, 2, lambda given, span: _fill(given[0], given[1], span)),
    "FIRST": (1, 1, lambda given, _: _item(_array(given[0]), 0)),
    "IF": (2, 3, lambda given, _: _if(given[0], given[1], given[2] if len(given) > 2 else None)),
    "LAST": (1, 1, lambda given, _: _item(_array(given[0]), -1)),
    "METRIC_COUNT": (1, 1, lambda given, _: float(len(_array(given[0])))),
    "PERIOD": (1, 1, lambda given, _: _period(given[0])),
    "REMOVE_EMPTY": (1, 1, lambda given, _: [each for each in _array(given[0]) if each.values]),
    "RUNNING_SUM": (1, 1, lambda given, _: _running_sum(given[0])),
    "SLICE": (2, 3, lambda given, _: _slice(given)),
    "SORT": (2, 4, lambda given, _: _sort(given)),
    "TIME_SERIES": (1, 1, lambda given, span: _time_series(given[0], span)),
}
"""By name: how few and how many arguments, and what it computes. METRICS and SEARCH need the request."""
