"""Labels of results, dynamic ones too: ``${LABEL}: at most ${MAX}, the last ${LAST}``.

Source: CloudWatch User Guide, "Use dynamic labels".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from harness.aws.cloudwatch.functions import AGGREGATES
from harness.aws.cloudwatch.metrics import Metric
from harness.aws.cloudwatch.series import TimeSeries

__all__ = ["label", "telling"]

_FIELD = re.compile(r"\$\{\s*(?:PROP\(\s*'(?P<property>[^']*)'\s*\)|(?P<name>\w+))\s*\}")
_FIRST: Callable[[list[float]], float] = lambda values: values[0]  # noqa: E731 - a table of functions
_LAST: Callable[[list[float]], float] = lambda values: values[-1]  # noqa: E731
_VALUES: Mapping[str, Callable[[list[float]], float | None]] = {
    **{name: AGGREGATES[name] for name in ("AVG", "DATAPOINT_COUNT", "MAX", "MIN", "SUM")},
    "FIRST": _FIRST,
    "LAST": _LAST,
}
_TIMES = frozenset({"FIRST", "LAST", "MAX", "MIN"})


def label(template: str | None, series: TimeSeries, *, is_alone: bool) -> str:
    """Return the label of a result.

    Args:
        template: the label of its query; None for the default.
        series: the result.
        is_alone: whether it is the only one of its query; if not, its own name follows a plain label.
    """
    if template is None:
        return series.label
    if "${" not in template:
        return template if is_alone else f"{template} {series.label}"
    return _FIELD.sub(lambda found: _text(found, series), template)


def telling(metrics: Sequence[tuple[Metric, str]]) -> list[str]:
    """Return the default labels of metrics with their statistics.

    One alone has its name (elastic/integrations#6232), several have what tells them apart, for example the
    values of their dimensions (amazon-cloudwatch-agent#537); where statistics differ, it is name, dimensions
    and statistic (localstack#10620).
    """
    parts = [
        (each.namespace, each.name, *(value for _, value in each.dimensions), stat) for each, stat in metrics
    ]
    if len({len(each) for each in parts}) > 1 or len({each[-1] for each in parts}) > 1:
        return [" ".join(each[1:]) for each in parts]
    varying = [column for column, values in enumerate(zip(*parts, strict=True)) if len(set(values)) > 1]
    return [" ".join(each[column] for column in varying) or each[1] for each in parts]


def _text(found: re.Match[str], series: TimeSeries) -> str:
    if found["property"] is not None:
        return series.properties.get(found["property"].removeprefix("Dim."), found[0])
    name = found["name"].upper()
    if name == "LABEL":
        return series.label
    values = list(series.values.values())
    base = name.removesuffix("_TIME").removesuffix("_RELATIVE")
    if name == f"{base}_TIME" and base in _TIMES:
        return _time(base, series)
    if name not in _VALUES:
        return found[0]
    number = _VALUES[name](values) if values else None
    return "--" if number is None else f"{number:.12g}"


def _time(name: str, series: TimeSeries) -> str:
    """Return the moment of a value, as the console writes it."""
    if not series.values:
        return "--"
    wanted = _VALUES[name](list(series.values.values()))
    moments = [moment for moment, value in series.values.items() if value == wanted]
    moment = moments[-1] if name == "LAST" else moments[0]
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
