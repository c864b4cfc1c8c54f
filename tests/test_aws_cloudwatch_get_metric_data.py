"""GetMetricData and GetMetricStatistics: periods, order, pages, labels, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws import Aws
from tests.aws_account import refused
from tests.aws_cloudwatch import NOW, ask, aws_at, metric, put

DAY = 86_400
FIRST, SECOND = (f"MetricDataQueries.member.{number}" for number in (1, 2))


@pytest.fixture
def aws() -> Iterator[Aws]:
    with aws_at() as aws:
        yield aws


@pytest.fixture
def client(aws: Aws) -> Any:
    return aws.client("cloudwatch")


def seconds(moments: list[datetime]) -> list[int]:
    return [int(moment.timestamp()) - NOW for moment in moments]


class TestPeriods:
    def test_data_points_are_aligned_to_their_period(self, client: Any) -> None:
        put(client, [1, 2, 3, 4, 5, 6, 7])
        (result,) = ask(client, metric("m", period=300))
        assert (seconds(result["Timestamps"]), result["Values"]) == ([-600, -300], [3, 25])
        assert (result["StatusCode"], result["Label"]) == ("Complete", "Latency")

    def test_the_start_counts_and_the_end_does_not(self, client: Any) -> None:
        put(client, [1, 2, 3])
        (result,) = ask(client, metric("m"), StartTime=NOW - 180, EndTime=NOW - 60)
        assert (seconds(result["Timestamps"]), result["Values"]) == ([-180, -120], [1, 2])

    def test_the_start_is_rounded_down_to_the_minute(self, client: Any) -> None:
        put(client, [1, 2, 3])
        (result,) = ask(client, metric("m"), StartTime=NOW - 121)
        assert result["Values"] == [1, 2, 3]
        (result,) = ask(client, metric("m"), StartTime=NOW - 120)
        assert result["Values"] == [2, 3]

    def test_the_newest_comes_first_unless_asked_otherwise(self, client: Any) -> None:
        put(client, [1, 2, 3])
        query = {"MetricDataQueries": [metric("m")], "StartTime": NOW - 600, "EndTime": NOW}
        newest = client.get_metric_data(**query)["MetricDataResults"][0]
        assert newest["Values"] == [3, 2, 1]
        assert seconds(newest["Timestamps"]) == [-60, -120, -180]

    def test_seconds_are_kept_for_three_hours_where_the_resolution_is_one(self, client: Any) -> None:
        data = [
            {"MetricName": "Latency", "Timestamp": NOW - ago, "Value": 1, "StorageResolution": 1}
            for ago in (1, 2, 15, 4 * 3600)
        ]
        client.put_metric_data(Namespace="App", MetricData=data)
        (fine,) = ask(client, metric("m", period=10), StartTime=NOW - 5 * 3600)
        assert (seconds(fine["Timestamps"]), fine["Values"]) == ([-20, -10], [1, 2])
        (coarse,) = ask(client, metric("m", period=60), StartTime=NOW - 5 * 3600)
        assert coarse["Values"] == [1, 3]

    def test_minutes_are_kept_for_fifteen_days_and_hours_for_longer(self) -> None:
        with aws_at() as aws:
            put(aws.client("cloudwatch"), [1, 2])
            later = NOW + 20 * DAY
            with time_machine.travel(later, tick=False):
                client = aws.client("cloudwatch")
                found = ask(
                    client,
                    metric("m", period=60),
                    metric("h", period=3600),
                    StartTime=NOW - 3600,
                    EndTime=later,
                )
        assert [result["Values"] for result in found] == [[], [3]]

    def test_units_are_told_apart_only_when_asked(self, client: Any) -> None:
        for unit, value in (("Seconds", 1), ("Count", 10)):
            client.put_metric_data(
                Namespace="App",
                MetricData=[{"MetricName": "Latency", "Timestamp": NOW - 60, "Value": value, "Unit": unit}],
            )
        one = metric("one")
        one["MetricStat"]["Unit"] = "Count"
        assert [result["Values"] for result in ask(client, one, metric("all"))] == [[10], [11]]

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.integers(0, 599), min_size=1, max_size=30), st.sampled_from([60, 120, 300, 600]))
    def test_no_value_is_lost_or_counted_twice(self, moments: list[int], period: int) -> None:
        with aws_at() as aws:
            client = aws.client("cloudwatch")
            data = [{"MetricName": "Latency", "Timestamp": NOW - 600 + at, "Value": 1} for at in moments]
            client.put_metric_data(Namespace="App", MetricData=data)
            (result,) = ask(client, metric("m", period=period))
        assert sum(result["Values"]) == len(moments)
        assert all((NOW + at) % period == 0 for at in seconds(result["Timestamps"]))


class TestLabels:
    def test_metrics_are_labelled_by_what_tells_them_apart(self, client: Any) -> None:
        for host in ("a", "b"):
            put(client, [1], Host=host)
        hosts = ask(client, metric("m1", Host="a"), metric("m2", Host="b"))
        assert [result["Label"] for result in hosts] == ["a", "b"]
        stats = ask(client, metric("m1", Host="a"), metric("m2", "Maximum", Host="a"))
        assert [result["Label"] for result in stats] == ["Latency a Sum", "Latency a Maximum"]
        hidden = ask(client, metric("m1", Host="a"), {**metric("m2", Host="b"), "ReturnData": False})
        assert [result["Label"] for result in hidden] == ["Latency"]

    @pytest.mark.parametrize(
        ("template", "label"),
        [
            ("plain", "plain"),
            ("${LABEL}: ${MIN} to ${MAX}", "Latency: 1 to 4"),
            ("${SUM} ${AVG} ${FIRST} ${LAST} ${DATAPOINT_COUNT}", "7 2.33333333333 2 4 3"),
            ("${PROP('MetricName')} of ${PROP('Dim.Host')} by ${PROP('Stat')}", "Latency of a by Sum"),
            ("${MAX_TIME}", "2026-03-11 09:59:00 UTC"),
            ("${NOPE} ${PROP('Nope')}", "${NOPE} ${PROP('Nope')}"),
        ],
    )
    def test_a_dynamic_label_has_values_of_its_series(self, client: Any, template: str, label: str) -> None:
        put(client, [2, 1, 4], Host="a")
        (result,) = ask(client, {**metric("m", Host="a"), "Label": template})
        assert result["Label"] == label

    def test_a_dynamic_label_without_data_says_so(self, client: Any) -> None:
        (result,) = ask(client, {**metric("m"), "Label": "${LAST} ${MIN_TIME}"})
        assert (result["Label"], result["Values"]) == ("-- --", [])


class TestPages:
    def test_pages_have_every_data_point_once(self, client: Any) -> None:
        put(client, [1, 2, 3, 4, 5], Host="a")
        put(client, [6, 7, 8], Host="b")
        query = {
            "MetricDataQueries": [metric("a", Host="a"), metric("none"), metric("b", Host="b")],
            "StartTime": NOW - 600,
            "EndTime": NOW,
            "ScanBy": "TimestampAscending",
            "MaxDatapoints": 3,
        }
        pages, token = [], {}
        while True:
            page = client.get_metric_data(**query, **token)
            pages.append(
                [(each["Id"], each["Values"], each["StatusCode"]) for each in page["MetricDataResults"]]
            )
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        assert pages == [
            [("a", [1, 2, 3], "PartialData")],
            [("a", [4, 5], "Complete"), ("none", [], "Complete"), ("b", [6], "PartialData")],
            [("b", [7, 8], "Complete")],
        ]
        paginated = client.get_paginator("get_metric_data").paginate(**query).build_full_result()
        assert sum(len(each["Values"]) for each in paginated["MetricDataResults"]) == 8

    def test_a_token_belongs_to_its_question(self, client: Any) -> None:
        put(client, [1, 2, 3])
        query = {
            "MetricDataQueries": [metric("m")],
            "StartTime": NOW - 600,
            "EndTime": NOW,
            "MaxDatapoints": 1,
        }
        token = client.get_metric_data(**query)["NextToken"]
        for other in ({"EndTime": NOW - 60}, {"MetricDataQueries": [metric("x")]}):
            refused("InvalidNextToken", client.get_metric_data, **{**query, **other, "NextToken": token})
        refused("InvalidNextToken", client.get_metric_data, **query, NextToken="nonsense")


class TestRefusals:
    @pytest.mark.parametrize(
        ("queries", "message"),
        [
            (
                [metric("M1")],
                f"The value M1 for parameter {FIRST}.Id is not matching the expected pattern"
                " ^[a-z][a-zA-Z0-9_]*$.",
            ),
            (
                [metric("m", "Median"), metric("n", "p101")],
                f"The value for parameter {FIRST}.MetricStat.Stat is not a valid statistic.\n"
                f"The value for parameter {SECOND}.MetricStat.Stat is not a valid statistic.",
            ),
            ([metric("m"), metric("m")], "The values for parameter id in MetricDataQueries are not unique."),
            ([{"Id": "m"}], f"The parameter {FIRST}.MetricStat is required.\n"),
            (
                [metric("m", period=45)],
                f"The parameter {FIRST}.MetricStat.Period must be 1, 5, 10, 20, 30 or a multiple of 60.",
            ),
            (
                [{**metric("m"), "Expression": "m"}],
                f"The parameters {FIRST}.MetricStat and {FIRST}.Expression are mutually exclusive.",
            ),
            (
                [{"Id": "m", "MetricStat": {"Metric": {"Namespace": "A"}, "Period": 60, "Stat": "Sum"}}],
                f"The parameter {FIRST}.MetricStat.Metric.MetricName is required.",
            ),
        ],
    )
    def test_bad_queries_are_named(self, client: Any, queries: list[Any], message: str) -> None:
        assert refused("ValidationError", ask, client, *queries) == message

    def test_a_span_must_be_one(self, client: Any) -> None:
        equal = refused("ValidationError", ask, client, metric("m"), StartTime=NOW, EndTime=NOW)
        assert equal == "The parameter StartTime must not equal parameter EndTime."
        late = refused("ValidationError", ask, client, metric("m"), StartTime=NOW, EndTime=NOW - 60)
        assert late == "The parameter EndTime must be greater than StartTime."
        refused("ValidationError", ask, client, metric("m"), MaxDatapoints=0)

    def test_a_span_of_a_century_is_answered_at_once(self, client: Any) -> None:
        put(client, [1])
        fill = {"Id": "e", "Expression": "FILL(m, 0)", "Period": 60}
        span = {"StartTime": datetime(1970, 1, 2, tzinfo=UTC), "EndTime": datetime(2099, 1, 1, tzinfo=UTC)}
        found = ask(client, metric("m"), fill, **span)
        assert found[0]["Values"] == [1]
        assert len(found[1]["Values"]) == 15 * 1440 + 120  # minutes kept, and two hours to come

    def test_no_call_computes_for_ever(self, client: Any) -> None:
        span = {"StartTime": NOW - 14 * DAY, "EndTime": NOW}
        many = [
            {"Id": f"e{n}", "Expression": "+".join(["TIME_SERIES(1)"] * 90), "Period": 60} for n in range(500)
        ]
        assert "more than 2,000,000 values" in refused("ValidationError", ask, client, *many, **span)


class TestStatistics:
    def test_periods_begin_at_the_start_and_units_are_told_apart(self, client: Any) -> None:
        put(client, [1, 2, 3, 4, 5, 6, 7])
        client.put_metric_data(
            Namespace="App",
            MetricData=[{"MetricName": "Latency", "Timestamp": NOW - 60, "Value": 9, "Unit": "Seconds"}],
        )
        found = client.get_metric_statistics(
            Namespace="App",
            MetricName="Latency",
            StartTime=NOW - 420,
            EndTime=NOW,
            Period=300,
            Statistics=["Sum", "Average"],
            ExtendedStatistics=["p50", "TM(:60%)"],
        )
        assert found["Label"] == "Latency"
        points = [
            (seconds([each["Timestamp"]])[0], each["Unit"], each["Sum"], each["ExtendedStatistics"]["p50"])
            for each in found["Datapoints"]
        ]
        assert points == [(-420, "None", 15, 3), (-120, "None", 13, 6.5), (-120, "Seconds", 9, 9)]
        assert found["Datapoints"][0]["ExtendedStatistics"]["TM(:60%)"] == 2

    @pytest.mark.parametrize(
        ("options", "code"),
        [
            ({}, "InvalidParameterCombination"),
            ({"Statistics": ["Sum"], "EndTime": NOW - 600}, "InvalidParameterValue"),
            ({"Statistics": ["Sum"], "Period": 45}, "InvalidParameterValue"),
            ({"ExtendedStatistics": ["p101"]}, "InvalidParameterValue"),
            ({"ExtendedStatistics": ["Sum"]}, "InvalidParameterValue"),
            ({"Statistics": ["Sum"], "StartTime": NOW - DAY - 60}, "InvalidParameterCombination"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, client: Any, options: dict[str, Any], code: str) -> None:
        query = {"StartTime": NOW - 600, "EndTime": NOW, "Period": 60, **options}
        refused(code, client.get_metric_statistics, Namespace="App", MetricName="Latency", **query)
