"""PutMetricData and ListMetrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from harness.aws import Aws
from tests.aws_account import refused
from tests.aws_cloudwatch import NOW, ask, aws_at, metric, put

WEEKS = 14 * 86_400
SETS = {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}


@pytest.fixture
def aws() -> Iterator[Aws]:
    with aws_at() as aws:
        yield aws


@pytest.fixture
def client(aws: Aws) -> Any:
    return aws.client("cloudwatch")


def publish(client: Any, **datum: Any) -> None:
    client.put_metric_data(Namespace="App", MetricData=[{"MetricName": "Latency", **datum}])


def names(answer: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (each["Namespace"], each["MetricName"], *(dimension["Value"] for dimension in each["Dimensions"]))
        for each in answer["Metrics"]
    ]


class TestListing:
    def test_a_metric_is_listed_once_however_many_data_points_it_has(self, client: Any) -> None:
        put(client, [1, 2, 3], Host="a", Zone="z")
        put(client, [1], Zone="z", Host="a")
        put(client, [1, 2], name="Errors")
        assert names(client.list_metrics()) == [("App", "Errors"), ("App", "Latency", "a", "z")]

    @pytest.mark.parametrize(
        ("asked", "count"),
        [
            ({"Namespace": "App"}, 3),
            ({"Namespace": "Other"}, 0),
            ({"MetricName": "Errors"}, 1),
            ({"Dimensions": [{"Name": "Host"}]}, 2),
            ({"Dimensions": [{"Name": "Host", "Value": "a"}]}, 1),
            ({"Dimensions": [{"Name": "Host", "Value": "a"}, {"Name": "Zone"}]}, 0),
            ({"Dimensions": [{"Name": "Host", "Value": "b"}, {"Name": "Zone"}]}, 1),
        ],
    )
    def test_a_metric_may_have_more_dimensions_than_are_asked_for(
        self, client: Any, asked: dict[str, Any], count: int
    ) -> None:
        put(client, [1], Host="a")
        put(client, [1], Host="b", Zone="z")
        put(client, [1], name="Errors")
        assert len(client.list_metrics(**asked)["Metrics"]) == count

    def test_pages_have_500_metrics(self, client: Any) -> None:
        data = [{"MetricName": f"m{number:04}", "Value": 1} for number in range(1000)]
        client.put_metric_data(Namespace="App", MetricData=data)
        client.put_metric_data(Namespace="App", MetricData=[{"MetricName": "one-more", "Value": 1}])
        first = client.list_metrics()
        assert len(first["Metrics"]) == 500
        found = client.get_paginator("list_metrics").paginate().build_full_result()["Metrics"]
        assert len({each["MetricName"] for each in found}) == 1001
        refused("InvalidParameterValue", client.list_metrics, NextToken=first["NextToken"], Namespace="App")
        refused("InvalidParameterValue", client.list_metrics, NextToken="nonsense")

    def test_a_metric_is_recent_for_three_hours_and_listed_for_two_weeks(self, client: Any) -> None:
        put(client, [1], name="old", end=NOW - 3 * 3600)
        put(client, [1], name="new")
        assert len(client.list_metrics()["Metrics"]) == 2
        assert names(client.list_metrics(RecentlyActive="PT3H")) == [("App", "new")]
        with time_machine.travel(NOW + WEEKS - 100, tick=False):
            assert names(client.list_metrics()) == [("App", "new")]

    def test_regions_and_accounts_are_apart(self, aws: Aws, client: Any) -> None:
        put(client, [1])
        assert aws.client("cloudwatch", region="eu-west-1").list_metrics()["Metrics"] == []
        with aws_at() as other:
            assert other.client("cloudwatch").list_metrics()["Metrics"] == []


class TestPublishing:
    @pytest.mark.parametrize(
        ("datum", "code", "message"),
        [
            (
                {"Value": 1, "Timestamp": NOW - WEEKS - 1},
                "InvalidParameterValue",
                "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks.",
            ),
            ({"Value": 1, "Timestamp": NOW + 7201}, "InvalidParameterValue", None),
            ({}, "InvalidParameterCombination", None),
            (
                {"Value": 1, "Values": [1]},
                "InvalidParameterValue",
                "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually"
                " exclusive and you have specified both.",
            ),
            ({"Value": 1, "StatisticValues": SETS}, "InvalidParameterCombination", None),
            ({"Values": [1, 2], "Counts": [1]}, "InvalidParameterValue", None),
            ({"Values": [1], "Counts": [0]}, "InvalidParameterValue", None),
            ({"Values": [1.0] * 151}, "InvalidParameterValue", None),
            (
                {"Value": float("nan")},
                "InvalidParameterValue",
                "The value NaN for parameter MetricData.member.1.Value is invalid.",
            ),
            ({"Value": float("inf")}, "InvalidParameterValue", None),
            ({"Value": -(2.0**361)}, "InvalidParameterValue", None),
            ({"StatisticValues": {**SETS, "SampleCount": 0}}, "InvalidParameterValue", None),
            ({"StatisticValues": {**SETS, "Minimum": 2}}, "InvalidParameterValue", None),
            ({"Value": 1, "StorageResolution": 30}, "InvalidParameterValue", None),
            ({"Value": 1, "Dimensions": [{"Name": "a", "Value": "b"}] * 2}, "InvalidParameterValue", None),
            ({"Value": 1, "Unit": "Furlongs"}, "ValidationError", None),
        ],
    )
    def test_bad_data_are_refused(
        self, client: Any, datum: dict[str, Any], code: str, message: str | None
    ) -> None:
        found = refused(code, publish, client, **datum)
        assert message in {None, found}
        assert client.list_metrics()["Metrics"] == []

    def test_one_bad_datum_spoils_the_call(self, client: Any) -> None:
        data = [{"MetricName": "good", "Value": 1}, {"MetricName": "bad"}]
        message = refused(
            "InvalidParameterCombination", client.put_metric_data, Namespace="App", MetricData=data
        )
        assert "MetricData.member.2.Value" in message
        assert client.list_metrics()["Metrics"] == []
        refused("MissingParameter", client.put_metric_data, Namespace="App", MetricData=[])

    def test_the_bounds_are_taken(self, client: Any) -> None:
        publish(client, Value=2.0**360, Timestamp=NOW - WEEKS)
        publish(client, Values=[1.0] * 150, Timestamp=NOW + 7200)
        assert len(client.list_metrics()["Metrics"]) == 1

    def test_data_of_an_entity_count_too(self, client: Any) -> None:
        entity = {"KeyAttributes": {"Type": "Service", "Name": "web"}}
        datum = {"MetricName": "Latency", "Value": 3, "Timestamp": NOW - 60}
        client.put_metric_data(Namespace="App", EntityMetricData=[{"Entity": entity, "MetricData": [datum]}])
        assert ask(client, metric("m"))[0]["Values"] == [3]

    def test_without_a_timestamp_a_value_is_of_now(self, client: Any) -> None:
        publish(client, Value=4)
        (result,) = ask(client, metric("m"), EndTime=NOW + 60)
        assert [moment.timestamp() for moment in result["Timestamps"]] == [NOW]
