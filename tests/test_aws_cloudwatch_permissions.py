"""Which resources and condition keys CloudWatch's calls have; tags and anomaly detectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from harness.aws import Aws, Credentials
from tests.aws_account import refused
from tests.aws_cloudwatch import NOW, ask, aws_at, metric, put

ALARM = {
    "MetricName": "Latency",
    "Namespace": "App",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 2,
    "Threshold": 5.5,
    "ComparisonOperator": "GreaterThanThreshold",
}
TOPIC, INSTANCE = "arn:aws:sns:us-east-1:123456789012:ops", "arn:aws:automate:us-east-1:ec2:stop"
DATUM = [{"MetricName": "Latency", "Value": 1}]
RULE = {"LogGroupNames": ["/app/one"], "Contribution": {"Keys": ["$.ip"]}}
DETECTOR = {"Namespace": "App", "MetricName": "Latency", "Stat": "Average", "Dimensions": []}


@pytest.fixture
def aws() -> Iterator[Aws]:
    with aws_at() as aws:
        yield aws


def allowed(aws: Aws, action: str, resource: str = "*", **condition: Any) -> Any:
    """Return a client of somebody who may do one thing."""
    iam = aws.client("iam")
    iam.create_user(UserName="alice")
    statement = {"Effect": "Allow", "Action": action, "Resource": resource.replace("ACCOUNT", aws.account_id)}
    statement |= {"Condition": condition} if condition else {}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName="alice")["AccessKey"]
    alice = Credentials(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    return aws.client("cloudwatch", credentials=alice)


class TestPermissions:
    def test_alarms_are_resources(self, aws: Aws) -> None:
        alice = allowed(aws, "cloudwatch:*", "arn:aws:cloudwatch:*:ACCOUNT:alarm:team-*")
        alice.put_metric_alarm(AlarmName="team-a", **ALARM)
        alice.set_alarm_state(AlarmName="team-a", StateValue="OK", StateReason="r")
        assert len(alice.describe_alarms(AlarmNames=["team-a"])["MetricAlarms"]) == 1
        assert alice.describe_alarm_history(AlarmName="team-a")["AlarmHistoryItems"]
        refused("AccessDenied", alice.describe_alarms)
        refused("AccessDenied", alice.delete_alarms, AlarmNames=["team-a", "other"])
        refused("AccessDenied", alice.list_metrics)
        message = refused("AccessDenied", alice.put_metric_alarm, AlarmName="other", **ALARM)
        assert f"on resource: arn:aws:cloudwatch:us-east-1:{aws.account_id}:alarm:other" in message
        arn = f"arn:aws:cloudwatch:us-east-1:{aws.account_id}:alarm:team-a"
        alice.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
        refused("AccessDenied", alice.list_tags_for_resource, ResourceARN=arn.replace("team-a", "x"))

    def test_all_alarms_are_described_with_all_alarms_as_resource(self, aws: Aws) -> None:
        alice = allowed(aws, "cloudwatch:DescribeAlarms", "arn:aws:cloudwatch:us-east-1:ACCOUNT:alarm:*")
        assert alice.describe_alarms()["MetricAlarms"] == []

    def test_dashboards_have_no_region_and_their_list_no_resource(self, aws: Aws) -> None:
        alice = allowed(aws, "cloudwatch:*", "arn:aws:cloudwatch::ACCOUNT:dashboard/mine")
        alice.put_dashboard(DashboardName="mine", DashboardBody='{"widgets": []}')
        refused("AccessDenied", alice.get_dashboard, DashboardName="other")
        refused("AccessDenied", alice.list_dashboards)

    def test_the_namespace_is_a_key_of_data_only(self, aws: Aws) -> None:
        alice = allowed(aws, "cloudwatch:*", StringEquals={"cloudwatch:namespace": "App"})
        alice.put_metric_data(Namespace="App", MetricData=DATUM)
        refused("AccessDenied", alice.put_metric_data, Namespace="Other", MetricData=DATUM)
        refused("AccessDenied", alice.list_metrics, Namespace="App")

    def test_the_actions_of_an_alarm_are_a_key(self, aws: Aws) -> None:
        only = {"ForAllValues:StringLike": {"cloudwatch:AlarmActions": "arn:aws:sns:*"}}
        alice = allowed(aws, "cloudwatch:PutMetricAlarm", **only)
        alice.put_metric_alarm(AlarmName="a", AlarmActions=[TOPIC], **ALARM)
        refused("AccessDenied", alice.put_metric_alarm, AlarmName="b", OKActions=[TOPIC, INSTANCE], **ALARM)

    def test_the_log_groups_of_a_rule_are_a_key(self, aws: Aws) -> None:
        only = {"ForAllValues:StringLike": {"cloudwatch:requestInsightRuleLogGroups": "/app/*"}}
        alice = allowed(aws, "cloudwatch:PutInsightRule", "arn:aws:cloudwatch:*:*:insight-rule/top", **only)
        alice.put_insight_rule(RuleName="top", RuleDefinition=json.dumps(RULE))
        other = json.dumps({**RULE, "LogGroupNames": ["/app/one", "/secret"]})
        refused("AccessDenied", alice.put_insight_rule, RuleName="top", RuleDefinition=other)
        refused("AccessDenied", alice.put_insight_rule, RuleName="low", RuleDefinition=json.dumps(RULE))

    def test_tags_of_a_request_are_keys(self, aws: Aws) -> None:
        alice = allowed(aws, "cloudwatch:*", StringEquals={"aws:RequestTag/team": "ops"})
        alice.put_metric_alarm(AlarmName="a", Tags=[{"Key": "team", "Value": "ops"}], **ALARM)
        refused("AccessDenied", alice.put_metric_alarm, AlarmName="b", **ALARM)


class TestTags:
    def test_tags_count_when_an_alarm_is_created_and_go_with_it(self, aws: Aws) -> None:
        client = aws.client("cloudwatch")
        first, second = ([{"Key": "team", "Value": value}] for value in ("ops", "dev"))
        client.put_metric_alarm(AlarmName="a", Tags=first, **ALARM)
        client.put_metric_alarm(AlarmName="a", Tags=second, **ALARM)
        arn = client.describe_alarms()["MetricAlarms"][0]["AlarmArn"]
        assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == first
        client.tag_resource(ResourceARN=arn, Tags=second)
        assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == second
        many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
        refused("InvalidParameterValue", client.tag_resource, ResourceARN=arn, Tags=many)
        client.delete_alarms(AlarmNames=["a"])
        refused("ResourceNotFoundException", client.untag_resource, ResourceARN=arn, TagKeys=["team"])
        client.put_metric_alarm(AlarmName="a", **ALARM)
        assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == []

    def test_rules_have_tags_too(self, aws: Aws) -> None:
        client = aws.client("cloudwatch")
        tags = [{"Key": "team", "Value": "ops"}]
        arn = f"arn:aws:cloudwatch:us-east-1:{aws.account_id}:insight-rule/top"
        client.put_insight_rule(RuleName="top", RuleDefinition=json.dumps(RULE), Tags=tags)
        assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags
        client.delete_insight_rules(RuleNames=["top"])
        refused("ResourceNotFoundException", client.list_tags_for_resource, ResourceARN=arn)


class TestAnomalyDetectors:
    def test_a_detector_is_known_by_what_it_looks_at(self, aws: Aws) -> None:
        client = aws.client("cloudwatch")
        made = client.put_anomaly_detector(SingleMetricAnomalyDetector=DETECTOR)
        again = client.put_anomaly_detector(**DETECTOR, Configuration={"MetricTimezone": "UTC"})
        assert made["AnomalyDetectorId"] == again["AnomalyDetectorId"]
        (found,) = client.describe_anomaly_detectors()["AnomalyDetectors"]
        assert found["Configuration"] == {"MetricTimezone": "UTC"}
        assert {name: found[name] for name in DETECTOR} == DETECTOR
        assert found["SingleMetricAnomalyDetector"] == {**DETECTOR, "AccountId": aws.account_id}
        assert found["StateValue"] == "TRAINED_INSUFFICIENT_DATA"
        put(client, [1])
        assert client.describe_anomaly_detectors()["AnomalyDetectors"][0]["StateValue"] == "TRAINED"

    def test_detectors_are_found_by_metric_type_and_page(self, aws: Aws) -> None:
        client = aws.client("cloudwatch")
        for stat in ("p50", "p90", "p99"):
            client.put_anomaly_detector(SingleMetricAnomalyDetector={**DETECTOR, "Stat": stat})
        math = {"MetricDataQueries": [metric("m"), {"Id": "e", "Expression": "m * 2"}]}
        client.put_anomaly_detector(MetricMathAnomalyDetector=math)

        def count(**asked: Any) -> int:
            return len(client.describe_anomaly_detectors(**asked)["AnomalyDetectors"])

        assert (count(), count(MetricName="Latency"), count(MetricName="Errors")) == (3, 3, 0)
        assert (count(AnomalyDetectorTypes=["METRIC_MATH"]), count(Dimensions=[])) == (1, 3)
        pages = client.get_paginator("describe_anomaly_detectors").paginate(PaginationConfig={"PageSize": 2})
        assert [len(page["AnomalyDetectors"]) for page in pages] == [2, 1]
        refused("InvalidNextToken", client.describe_anomaly_detectors, NextToken="x")

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({}, "InvalidParameterCombination"),
            ({**DETECTOR, "SingleMetricAnomalyDetector": DETECTOR}, "InvalidParameterCombination"),
            ({"SingleMetricAnomalyDetector": {"Namespace": "App"}}, "MissingParameter"),
            ({"SingleMetricAnomalyDetector": {**DETECTOR, "Stat": "Median"}}, "ValidationError"),
        ],
    )
    def test_a_detector_of_nothing_is_refused(self, aws: Aws, fields: dict[str, Any], code: str) -> None:
        refused(code, aws.client("cloudwatch").put_anomaly_detector, **fields)

    def test_a_detector_that_is_not_there_cannot_be_deleted(self, aws: Aws) -> None:
        client = aws.client("cloudwatch")
        made = client.put_anomaly_detector(SingleMetricAnomalyDetector=DETECTOR)
        client.delete_anomaly_detector(AnomalyDetectorId=made["AnomalyDetectorId"])
        for fields in (
            {"AnomalyDetectorId": made["AnomalyDetectorId"]},
            {"SingleMetricAnomalyDetector": DETECTOR},
        ):
            refused("ResourceNotFoundException", client.delete_anomaly_detector, **fields)


def test_the_calls_of_the_metric_tools_of_a_cloudwatch_mcp_server_are_answered(aws: Aws) -> None:
    """As awslabs' cloudwatch-mcp-server 0.3.1 makes them: percentiles, an error rate, Metrics Insights."""
    client = aws.client("cloudwatch")
    put(client, [1, 0, 2], name="Errors", FunctionName="api")
    put(client, [10, 10, 10], name="Invocations", FunctionName="api")
    rate = {
        "Id": "error_rate",
        "Expression": "(errors / invocations) * 100",
        "Label": "Error Rate %",
        "ReturnData": True,
    }
    queries = [
        {**metric(name.lower(), "Sum", name=name, FunctionName="api"), "ReturnData": False}
        for name in ("Errors", "Invocations")
    ]
    (result,) = ask(client, *queries, rate)
    assert (result["Label"], result["Values"]) == ("Error Rate %", [10, 0, 20])
    p99 = {**metric("p99", "p99", name="Errors", FunctionName="api", period=600), "Label": "p99"}
    assert ask(client, p99)[0]["Values"] == [pytest.approx(1.98)]
    insight = (
        'SELECT AVG("Errors") FROM SCHEMA("App", "FunctionName") WHERE "FunctionName"=\'api\''
        ' GROUP BY "FunctionName" ORDER BY MAX() DESC LIMIT 5'
    )
    found = client.get_metric_data(
        MetricDataQueries=[{"Id": "m1", "Expression": insight, "Period": 180, "ReturnData": True}],
        StartTime=NOW - 10_800,
        EndTime=NOW,
    )
    assert [(each["Label"], each["Values"]) for each in found["MetricDataResults"]] == [("api", [1])]
