"""PromQL over series of our own making."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws.cloudwatch.promql import Engine, Matcher, Point, QueryError, Series

NOW = 6000.0


def series(name: str, values: Sequence[float], **labels: str) -> Series:
    """A point a minute, the last of them now."""
    first = NOW - 60 * (len(values) - 1)
    points = [Point(time=first + 60 * n, count=2, sum=2 * value) for n, value in enumerate(values)]
    return Series(labels={"__name__": name, **labels}, points=points)


class Shop:
    """Two instances that count requests, and how busy they are."""

    every = (
        series("requests", [0, 60, 120, 180, 240, 300], instance="a", zone="1"),
        series("requests", [0, 120, 240, 360, 480, 600], instance="b", zone="2"),
        series("busy", [10, 20, 30], instance="a", zone="1"),
        series("busy", [70, 80, 90], instance="b", zone="2"),
        series("limit", [50], zone="1"),
    )

    def series(self, matchers: Sequence[Matcher], start: float, end: float) -> Sequence[Series]:
        return [
            Series(labels=each.labels, points=[point for point in each.points if start <= point.time <= end])
            for each in self.every
            if all(matcher.matches(each.labels) for matcher in matchers)
        ]


def ask(query: str) -> dict[str, float] | float:
    """The value of each element, by its instance or zone."""
    value = Engine(Shop()).instant(query, NOW)
    if isinstance(value, float):
        return value
    assert isinstance(value, list)
    return {
        element.labels.get("instance") or element.labels.get("zone") or "": element.value for element in value
    }


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("busy", {"a": 30, "b": 90}),
        ('busy{instance="a"}', {"a": 30}),
        ('busy{instance!="a"}', {"b": 90}),
        ('{"busy", "instance"=~"a|c"}', {"a": 30}),
        ('{busy, instance!~"a.*"}', {"b": 90}),
        ("busy offset 1m", {"a": 20, "b": 80}),
        ("busy @ 5880", {"a": 10, "b": 70}),
        ("rate(requests[5m])", {"a": 1, "b": 2}),
        ("increase(requests[5m])", {"a": 300, "b": 600}),
        ("irate(requests[5m])", {"a": 1, "b": 2}),
        ("delta(busy[2m])", {"a": 20, "b": 20}),
        ("avg_over_time(busy[2m])", {"a": 20, "b": 80}),
        ("max_over_time(rate(requests[2m])[3m:1m])", {"a": 1, "b": 2}),
        ("quantile_over_time(0.5, busy[2m])", {"a": 20, "b": 80}),
        ("histogram_sum(busy)", {"a": 60, "b": 180}),
        ("histogram_count(busy)", {"a": 2, "b": 2}),
        ('histogram_avg({busy, instance="a"})', {"a": 30}),
        ("sum(busy)", {"": 120}),
        ("avg by (zone) (busy)", {"1": 30, "2": 90}),
        ("sum without (instance) (busy)", {"1": 30, "2": 90}),
        ("topk(1, busy)", {"b": 90}),
        ("bottomk(1, busy)", {"a": 30}),
        ("quantile(0.5, busy)", {"": 60}),
        ("count(busy > 50)", {"": 1}),
        ("busy > 50", {"b": 90}),
        ("busy > bool 50", {"a": 0, "b": 1}),
        ("busy / 10 + 2 ^ 3 % 5", {"a": 6, "b": 12}),
        ("-busy", {"a": -30, "b": -90}),
        ("busy / on(zone) limit", {"1": 0.6}),
        ("busy - on(zone) group_left limit", {"a": -20}),
        ("busy and on(zone) limit", {"a": 30}),
        ("busy unless on(zone) limit", {"b": 90}),
        ("limit or busy", {"1": 50, "a": 30, "b": 90}),
        ("clamp_max(busy, 40)", {"a": 30, "b": 40}),
        ("absent(nothing)", {"": 1}),
        ('label_replace(limit, "instance", "z$1", "zone", "(.*)")', {"z1": 50}),
        ("scalar(limit)", 50),
        ("vector(3)", {"": 3}),
        ("1 / 0", float("inf")),
        ("time()", NOW),
        ("2 > bool 1", 1),
    ],
)
def test_a_query_has_a_value(query: str, value: dict[str, float] | float) -> None:
    assert ask(query) == value


def test_a_range_query_evaluates_at_every_step() -> None:
    (found,) = Engine(Shop()).range("sum(busy)", NOW - 120, NOW, 60)
    assert [(point.time, point.value) for point in found.points] == [
        (NOW - 120, 80),
        (NOW - 60, 100),
        (NOW, 120),
    ]


def test_series_match_any_of_several_selectors() -> None:
    found = Engine(Shop()).matching(['busy{zone="1"}', "limit"], NOW - 60, NOW)
    assert [each.labels["__name__"] for each in found] == ["busy", "limit"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("busy{", "invalid query"),
        ("busy[5m]", "has no value at one time"),
        ('busy{instance=~"("}', "invalid regular expression|invalid query"),
        ("busy + on(job) busy", "duplicate series"),
        ("holt_winters(busy[5m], 0.5, 0.5)", "not implemented|invalid query"),
        ("busy @ start()", "@ takes a time"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_by_name(query: str, words: str) -> None:
    with pytest.raises(QueryError, match=words):
        Engine(Shop()).instant(query, NOW)


def test_a_range_query_has_only_so_many_steps() -> None:
    with pytest.raises(QueryError, match="11,000 steps"):
        Engine(Shop()).range("busy", 0, 1e9, 1)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='busy{}()[]"=~!<>+-*/%^,.: by(0)5m@', max_size=40) | st.text(max_size=30))
def test_no_query_makes_anything_but_a_value_or_a_refusal(query: str) -> None:
    try:
        value = Engine(Shop()).instant(query, NOW)
    except QueryError as error:
        value = str(error)
    assert isinstance(value, float | str | list)
