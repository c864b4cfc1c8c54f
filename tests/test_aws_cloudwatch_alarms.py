"""Alarms, composite alarms and their history."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from harness.aws import Aws
from tests.aws_account import refused
from tests.aws_cloudwatch import NOW, aws_at, metric

ALARM = {
    "MetricName": "Latency",
    "Namespace": "App",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 2,
    "Threshold": 5.5,
    "ComparisonOperator": "GreaterThanThreshold",
}
BOTH = ["MetricAlarm", "CompositeAlarm"]
TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"


@pytest.fixture
def aws() -> Iterator[Aws]:
    with aws_at() as aws:
        yield aws


@pytest.fixture
def client(aws: Aws) -> Any:
    return aws.client("cloudwatch")


def alarm(client: Any, name: str, **changes: Any) -> None:
    fields = {key: value for key, value in {**ALARM, **changes}.items() if value is not None}
    client.put_metric_alarm(AlarmName=name, **fields)


def state(client: Any, name: str, value: str, **data: Any) -> None:
    client.set_alarm_state(AlarmName=name, StateValue=value, StateReason=f"because of {value}", **data)


def names(answer: dict[str, Any]) -> list[str]:
    return [each["AlarmName"] for each in answer["MetricAlarms"] + answer.get("CompositeAlarms", [])]


class TestAlarms:
    def test_a_new_alarm_has_insufficient_data_and_keeps_its_state_when_changed(
        self, aws: Aws, client: Any
    ) -> None:
        alarm(client, "slow", AlarmActions=[TOPIC])
        (made,) = client.describe_alarms()["MetricAlarms"]
        assert {name: made[name] for name in ALARM} == ALARM
        assert made["AlarmArn"] == f"arn:aws:cloudwatch:us-east-1:{aws.account_id}:alarm:slow"
        assert (made["StateValue"], made["StateReason"]) == (
            "INSUFFICIENT_DATA",
            "Unchecked: Initial alarm creation",
        )
        assert made["StateUpdatedTimestamp"] == datetime.fromtimestamp(NOW, UTC)
        assert (made["ActionsEnabled"], made["AlarmActions"], made["OKActions"]) == (True, [TOPIC], [])
        state(client, "slow", "ALARM", StateReasonData='{"some": "json"}')
        alarm(client, "slow", Threshold=7)
        (changed,) = client.describe_alarms()["MetricAlarms"]
        assert (changed["StateValue"], changed["Threshold"]) == ("ALARM", 7)
        assert (changed["AlarmActions"], changed["StateReasonData"]) == ([], '{"some": "json"}')

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({}, ["a1", "a2", "b1"]),
            ({"AlarmNames": ["a2", "b1", "none"]}, ["a2", "b1"]),
            ({"AlarmNamePrefix": "a"}, ["a1", "a2"]),
            ({"StateValue": "ALARM"}, ["a2"]),
            ({"AlarmNamePrefix": "a", "StateValue": "OK"}, []),
            ({"ActionPrefix": "arn:aws:sns"}, ["b1"]),
            ({"AlarmTypes": ["CompositeAlarm"]}, ["all"]),
            ({"AlarmTypes": BOTH}, ["a1", "a2", "b1", "all"]),
            ({"ChildrenOfAlarmName": "all"}, ["a2", "b1"]),
            ({"ParentsOfAlarmName": "a2"}, ["all"]),
            ({"ParentsOfAlarmName": "a1"}, []),
        ],
    )
    def test_alarms_are_found_by_every_filter_at_once(
        self, client: Any, asked: dict[str, Any], found: list[str]
    ) -> None:
        for name in ("b1", "a2", "a1"):
            alarm(client, name, OKActions=[TOPIC] if name == "b1" else [])
        state(client, "a2", "ALARM")
        client.put_composite_alarm(AlarmName="all", AlarmRule='ALARM("a2") AND NOT OK(b1)')
        assert names(client.describe_alarms(**asked)) == found

    def test_alarms_come_in_pages(self, client: Any) -> None:
        for number in range(7):
            alarm(client, f"a{number}")
        pages = client.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 3})
        assert [len(page["MetricAlarms"]) for page in pages] == [3, 3, 1]
        refused("InvalidNextToken", client.describe_alarms, NextToken="nonsense")
        refused("ValidationError", client.describe_alarms, AlarmNames=["a"], AlarmNamePrefix="a")

    def test_alarms_of_a_metric_have_exactly_its_dimensions(self, client: Any) -> None:
        host = [{"Name": "Host", "Value": "a"}]
        alarm(client, "all")
        alarm(client, "host", Dimensions=host)
        alarm(client, "p99", Dimensions=host, Statistic=None, ExtendedStatistic="p99")
        query = {"MetricName": "Latency", "Namespace": "App"}
        assert names(client.describe_alarms_for_metric(**query)) == ["all"]
        assert names(client.describe_alarms_for_metric(**query, Dimensions=host)) == ["host", "p99"]
        assert names(client.describe_alarms_for_metric(**query, Dimensions=host, Statistic="Average")) == [
            "host"
        ]
        assert names(client.describe_alarms_for_metric(**query, Period=300)) == []

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"MetricName": None}, "MetricName must not be null"),
            ({"Period": None}, "Period must not be null"),
            ({"Metrics": [metric("m")]}, "Namespace should not be set if list of Metrics is set."),
            ({"Statistic": None}, "Exactly one of Statistic and ExtendedStatistic must be set"),
            ({"DatapointsToAlarm": 3}, "DatapointsToAlarm must not be greater than EvaluationPeriods"),
            ({"TreatMissingData": "guess"}, "Option guess is not supported."),
            ({"EvaluateLowSampleCountPercentile": "x"}, "Option x is not supported."),
            ({"ComparisonOperator": None}, "ComparisonOperator must not be null"),
        ],
    )  # fmt: skip
    def test_an_alarm_that_makes_no_sense_is_refused(
        self, client: Any, changes: dict[str, Any], message: str
    ) -> None:
        assert message in refused("ValidationError", alarm, client, "bad", **changes)
        assert names(client.describe_alarms()) == []

    def test_an_alarm_on_an_expression_returns_one_series(self, client: Any) -> None:
        fields = {name: ALARM[name] for name in ("EvaluationPeriods", "Threshold", "ComparisonOperator")}
        hidden = {**metric("m"), "ReturnData": False}
        ratio = {"Id": "e", "Expression": "m * 2"}
        client.put_metric_alarm(AlarmName="ratio", Metrics=[hidden, ratio], **fields)
        (made,) = client.describe_alarms()["MetricAlarms"]
        assert [query["Id"] for query in made["Metrics"]] == ["m", "e"]
        message = refused(
            "ValidationError",
            client.put_metric_alarm,
            AlarmName="two",
            Metrics=[metric("m"), ratio],
            **fields,
        )
        assert message == "Exactly one element of the metrics list should return data."
        refused("InvalidParameterValue", alarm, client, "p", Statistic=None, ExtendedStatistic="p101")

    def test_actions_are_switched_and_alarms_deleted_by_name(self, client: Any) -> None:
        alarm(client, "a")
        alarm(client, "b")
        client.disable_alarm_actions(AlarmNames=["a", "none"])
        assert [each["ActionsEnabled"] for each in client.describe_alarms()["MetricAlarms"]] == [False, True]
        client.enable_alarm_actions(AlarmNames=["a"])
        client.delete_alarms(AlarmNames=["b", "none"])
        (left,) = client.describe_alarms()["MetricAlarms"]
        assert (left["AlarmName"], left["ActionsEnabled"]) == ("a", True)

    def test_the_state_of_no_alarm_cannot_be_set_nor_with_bad_data(self, client: Any) -> None:
        alarm(client, "a")
        refused("ResourceNotFound", state, client, "none", "OK")
        with pytest.raises(client.exceptions.InvalidFormatFault):
            state(client, "a", "OK", StateReasonData="{")
        refused("ValidationError", state, client, "a", "BROKEN")


class TestComposites:
    @pytest.mark.parametrize(
        ("rule", "is_alarm"),
        [
            ('ALARM("a")', True),
            ("ALARM(b)", False),
            ("OK(b) AND ALARM(a)", True),
            ("NOT (ALARM(a) OR ALARM(b))", False),
            ("ALARM(b) OR ALARM(b) OR INSUFFICIENT_DATA(c)", True),
            ("NOT TRUE OR FALSE", False),
            ('ALARM("arn:aws:cloudwatch:us-east-1:123456789012:alarm:a")', True),
        ],
    )
    def test_a_composite_alarm_follows_its_rule(self, client: Any, rule: str, is_alarm: bool) -> None:
        for name in "abc":
            alarm(client, name)
        state(client, "a", "ALARM")
        state(client, "b", "OK")
        client.put_composite_alarm(AlarmName="rule", AlarmRule=rule)
        (made,) = client.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        assert made["StateValue"] == ("ALARM" if is_alarm else "OK")
        assert made["AlarmRule"] == rule

    def test_a_state_goes_up_through_alarms_of_alarms(self, client: Any) -> None:
        alarm(client, "leaf")
        client.put_composite_alarm(AlarmName="middle", AlarmRule="ALARM(leaf)")
        client.put_composite_alarm(AlarmName="above", AlarmRule="ALARM(middle)")
        state(client, "leaf", "ALARM")
        found = client.describe_alarms(AlarmTypes=["CompositeAlarm"], StateValue="ALARM")
        assert names(found) == ["above", "middle"]
        client.delete_alarms(AlarmNames=["leaf"])
        found = client.describe_alarms(AlarmTypes=["CompositeAlarm"], StateValue="ALARM")
        assert names(found) == []

    def test_alarms_in_a_circle_keep_their_states(self, client: Any) -> None:
        alarm(client, "leaf")
        client.put_composite_alarm(AlarmName="free", AlarmRule="ALARM(leaf)")
        client.put_composite_alarm(AlarmName="one", AlarmRule="OK(leaf)")
        client.put_composite_alarm(AlarmName="two", AlarmRule="NOT ALARM(one)")
        client.put_composite_alarm(AlarmName="one", AlarmRule="ALARM(two)")
        before = client.describe_alarms(AlarmNames=["one", "two"], AlarmTypes=["CompositeAlarm"])
        state(client, "leaf", "ALARM")
        after = client.describe_alarms(AlarmNames=["one", "two"], AlarmTypes=["CompositeAlarm"])
        assert after["CompositeAlarms"] == before["CompositeAlarms"]
        assert "free" in names(client.describe_alarms(AlarmTypes=BOTH, StateValue="ALARM"))

    @pytest.mark.parametrize(
        "rule", ["ALARM(", "nonsense", "ALARM(a) ALARM(a)", "(ALARM(a)", "(" * 60, "AND"]
    )
    def test_a_bad_rule_is_refused(self, client: Any, rule: str) -> None:
        alarm(client, "a")
        refused("ValidationError", client.put_composite_alarm, AlarmName="bad", AlarmRule=rule)

    def test_a_rule_names_alarms_that_are_there(self, client: Any) -> None:
        message = refused(
            "ValidationError", client.put_composite_alarm, AlarmName="c", AlarmRule="OK(x) OR OK(y)"
        )
        assert message == (
            "Could not save the composite alarm as alarms [x, y] in the alarm rule do not exist"
        )
        alarm(client, "x")
        refused("ValidationError", client.put_composite_alarm, AlarmName="x", AlarmRule="TRUE")


class TestHistory:
    def test_history_tells_what_happened_newest_first(self, client: Any) -> None:
        alarm(client, "slow")
        state(client, "slow", "ALARM", StateReasonData='{"version":"1.0"}')
        state(client, "slow", "ALARM")
        alarm(client, "slow", Threshold=9)
        client.delete_alarms(AlarmNames=["slow"])
        items = client.describe_alarm_history()["AlarmHistoryItems"]
        assert [(item["HistoryItemType"], item["HistorySummary"]) for item in items] == [
            ("ConfigurationUpdate", 'Alarm "slow" deleted'),
            ("ConfigurationUpdate", 'Alarm "slow" updated'),
            ("StateUpdate", "Alarm updated from INSUFFICIENT_DATA to ALARM"),
            ("ConfigurationUpdate", 'Alarm "slow" created'),
        ]
        deleted, updated, changed, created = (json.loads(item["HistoryData"]) for item in items)
        assert changed == {
            "version": "1.0",
            "oldState": {
                "stateValue": "INSUFFICIENT_DATA",
                "stateReason": "Unchecked: Initial alarm creation",
            },
            "newState": {
                "stateValue": "ALARM",
                "stateReason": "because of ALARM",
                "stateReasonData": {"version": "1.0"},
            },
        }
        assert (created["type"], created["createdAlarm"]["threshold"]) == ("Create", 5.5)
        assert created["createdAlarm"]["stateUpdatedTimestamp"] == "2026-03-11T10:00:00.000+0000"
        assert created["createdAlarm"]["okactions"] == []
        assert (updated["type"], updated["updatedAlarm"]["threshold"]) == ("Update", 9)
        assert (deleted["type"], deleted["deletedAlarm"]["alarmName"]) == ("Delete", "slow")
        assert {item["AlarmType"] for item in items} == {"MetricAlarm"}

    @pytest.mark.parametrize(
        ("asked", "count"),
        [
            ({}, 3),
            ({"AlarmName": "a"}, 2),
            ({"HistoryItemType": "StateUpdate"}, 1),
            ({"HistoryItemType": "Action"}, 0),
            ({"AlarmTypes": ["CompositeAlarm"]}, 2),
            ({"AlarmTypes": BOTH}, 5),
            ({"StartDate": NOW + 1}, 0),
            ({"StartDate": NOW, "EndDate": NOW}, 3),
            ({"EndDate": NOW - 1}, 0),
        ],
    )
    def test_history_is_filtered(self, client: Any, asked: dict[str, Any], count: int) -> None:
        alarm(client, "a")
        alarm(client, "b")
        client.put_composite_alarm(AlarmName="c", AlarmRule="FALSE")
        state(client, "a", "OK")
        assert len(client.describe_alarm_history(**asked)["AlarmHistoryItems"]) == count

    def test_history_comes_in_pages_in_either_order(self, client: Any) -> None:
        for name in "abcde":
            alarm(client, name)
        pages = client.get_paginator("describe_alarm_history").paginate(
            ScanBy="TimestampAscending", PaginationConfig={"PageSize": 2}
        )
        assert [[item["AlarmName"] for item in page["AlarmHistoryItems"]] for page in pages] == [
            ["a", "b"],
            ["c", "d"],
            ["e"],
        ]

    def test_history_is_kept_for_thirty_days(self, client: Any) -> None:
        alarm(client, "a")
        with time_machine.travel(NOW + 31 * 86_400, tick=False):
            assert client.describe_alarm_history()["AlarmHistoryItems"] == []
            assert names(client.describe_alarms()) == ["a"]
