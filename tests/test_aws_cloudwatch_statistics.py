"""The statistics of a bucket, against Python's statistics and by their definitions."""

from __future__ import annotations

import re
import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.aws.cloudwatch.buckets import Bucket
from harness.aws.cloudwatch.statistics import SIMPLE, statistic
from harness.aws.models import operation_model
from tests.aws_cloudwatch import NOW, ask, aws_at, metric

VALUES = st.lists(st.integers(0, 1000).map(float), min_size=1, max_size=40)
TEN = [float(value) for value in range(1, 11)]


def bucket(values: list[float]) -> Bucket:
    made = Bucket()
    for value in values:
        made.add(value)
    return made


def of(name: str, values: list[float]) -> Any:
    compute = statistic(name)
    assert compute is not None, name
    return compute(bucket(values))


@given(VALUES)
def test_simple_statistics_are_those_of_python(values: list[float]) -> None:
    assert of("SampleCount", values) == len(values)
    assert of("Sum", values) == pytest.approx(sum(values))
    assert of("Average", values) == pytest.approx(statistics.fmean(values))
    assert (of("Minimum", values), of("Maximum", values)) == (min(values), max(values))


@given(st.lists(st.integers(0, 1000).map(float), min_size=2, max_size=40))
def test_percentiles_are_the_inclusive_quantiles_of_python(values: list[float]) -> None:
    cuts = statistics.quantiles(values, n=1000, method="inclusive")
    for name, cut in (("p50", cuts[499]), ("p99.9", cuts[998]), ("p0.1", cuts[0]), ("p25", cuts[249])):
        assert of(name, values) == pytest.approx(cut)
    assert of("p50", values) == pytest.approx(statistics.median(values))
    assert (of("p0", values), of("p100", values)) == (min(values), max(values))


@given(VALUES, st.integers(1, 99))
def test_trimmed_statistics_are_those_of_the_kept_values(values: list[float], percent: int) -> None:
    kept = sorted(values)
    kept = kept[: len(kept) - (100 - percent) * len(kept) // 100]
    assert of(f"tc{percent}", values) == len(kept)
    assert of(f"ts{percent}", values) == pytest.approx(sum(kept))
    assert of(f"tm{percent}", values) == pytest.approx(statistics.fmean(kept))
    clamped = [min(value, kept[-1]) for value in values]
    assert of(f"wm{percent}", values) == pytest.approx(statistics.fmean(clamped))


@given(VALUES, VALUES)
def test_merged_buckets_are_as_if_they_had_been_one(some: list[float], others: list[float]) -> None:
    merged, whole = Bucket.merged([bucket(some), bucket(others)]), bucket(some + others)
    for name in (*SIMPLE, "p50", "tm90", "PR(10:500)"):
        compute = statistic(name)
        assert compute is not None
        assert compute(merged) == pytest.approx(compute(whole))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TM(10%:90%)", 5.5),
        ("TM(:50%)", 3),
        ("TM(50%:)", 8),
        ("TC(10%:90%)", 8),
        ("TS(20%:80%)", 33),
        ("WM(10%:90%)", 5.5),
        ("IQM", 5.5),
        ("PR(:3)", 30),
        ("PR(3:5)", 20),
        ("PR(8:)", 20),
        ("TM(2:4)", 3.5),
        ("TC(2:)", 8),
        ("TS(:3)", 6),
        ("WM(3:5)", (3 * 3 + 4 + 5 * 6) / 10),
        ("TM(20:30)", None),
        ("TC(20:30)", 0),
    ],
)
def test_bounds_are_percents_or_values_the_lower_one_exclusive(name: str, value: float | None) -> None:
    assert of(name, TEN) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize("name", ["p50", "tm90", "IQM", "PR(:3)"])
def test_percentiles_need_values_that_are_not_negative(name: str) -> None:
    assert of(name, [-1, 2]) is None
    made = Bucket()
    made.add_statistics(count=3, total=6, low=1, high=3)
    compute = statistic(name)
    assert compute is not None
    assert compute(made) is None


def test_statistics_of_equal_values_are_as_good_as_the_values() -> None:
    made = Bucket()
    made.add_statistics(count=3, total=6, low=2, high=2)
    made.add_statistics(count=1, total=5, low=5, high=5)
    compute = statistic("p100")
    assert compute is not None
    assert compute(made) == 5
    assert made.count == 4


NAMES = [
    *("p50", "p99.9", "tm90", "tc100", "wm5.25", "IQM", "Average", "TM(10%:90%)", "PR(1:2)", "TC(1.5:)"),
    *("avg", "p", "p101", "IQM9", "TM(:)", "TM(10:90%)", "PR(10%:20%)", "TM(90%:10%)", "TS(5:1)"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_known_if_the_model_of_anomaly_detectors_has_it(name: str) -> None:
    shape = operation_model("cloudwatch", "PutAnomalyDetector").input_shape.members["Stat"]
    is_backwards = name in {"TM(90%:10%)", "TS(5:1)"}
    is_in_model = re.fullmatch(shape.metadata["pattern"], name) is not None
    assert (statistic(name) is not None) == (is_in_model and not is_backwards)


def test_values_with_counts_and_statistics_add_up() -> None:
    with aws_at() as aws:
        client = aws.client("cloudwatch")
        datum = {"MetricName": "Latency", "Timestamp": NOW - 60}
        sets = {"SampleCount": 2, "Sum": 30, "Minimum": 10, "Maximum": 20}
        client.put_metric_data(
            Namespace="App",
            MetricData=[{**datum, "Values": [1, 2], "Counts": [3, 1]}, {**datum, "Value": 5}],
        )
        assert [each["Values"] for each in ask(client, metric("n", "SampleCount"), metric("p", "p50"))] == [
            [5],
            [1],
        ]
        client.put_metric_data(Namespace="App", MetricData=[{**datum, "StatisticValues": sets}])
        names = ("SampleCount", "Sum", "Minimum", "Maximum", "p50")
        found = ask(client, *(metric(f"m{number}", name) for number, name in enumerate(names)))
        assert [each["Values"] for each in found] == [[7], [40], [1], [20], []]
