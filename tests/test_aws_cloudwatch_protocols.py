"""CloudWatch in each of its protocols, by botocore's own serializers and parsers, errors included."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.aws import Aws
from tests.aws_account import refused
from tests.aws_cloudwatch import NOW, PROTOCOLS, ask, aws_at, metric, put, speaking

ALARM = {
    "AlarmName": "slow",
    "MetricName": "Latency",
    "Namespace": "App",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 2,
    "Threshold": 5.5,
    "ComparisonOperator": "GreaterThanThreshold",
    "Tags": [{"Key": "team", "Value": "ops"}],
}
RULE = json.dumps(
    {
        "Schema": {"Name": "CloudWatchLogRule", "Version": 1},
        "LogGroupNames": ["/app"],
        "Contribution": {"Keys": ["$.ip"]},
    }
)
DETECTOR = {"Namespace": "App", "MetricName": "Latency", "Stat": "Average"}


@pytest.fixture
def aws() -> Iterator[Aws]:
    with aws_at() as aws:
        yield aws


@pytest.fixture(params=PROTOCOLS)
def client(request: pytest.FixtureRequest, aws: Aws) -> Any:
    return speaking(aws.client("cloudwatch"), request.param)


class TestEveryProtocol:
    def test_metrics(self, client: Any) -> None:
        put(client, [1.5, 2, 3], Host="a")
        assert client.list_metrics(Dimensions=[{"Name": "Host"}])["Metrics"][0]["MetricName"] == "Latency"
        (result,) = ask(client, metric("m", "Average", Host="a"))
        assert (result["Values"], result["StatusCode"]) == ([1.5, 2, 3], "Complete")
        assert [moment.timestamp() for moment in result["Timestamps"]] == [NOW - 180, NOW - 120, NOW - 60]
        (point,) = client.get_metric_statistics(
            Namespace="App",
            MetricName="Latency",
            Dimensions=[{"Name": "Host", "Value": "a"}],
            StartTime=NOW - 600,
            EndTime=NOW,
            Period=600,
            Statistics=["Sum"],
            ExtendedStatistics=["p50"],
        )["Datapoints"]
        assert (point["Sum"], point["ExtendedStatistics"], point["Unit"]) == (6.5, {"p50": 2}, "None")

    def test_alarms(self, client: Any) -> None:
        client.put_metric_alarm(**ALARM)
        client.put_composite_alarm(AlarmName="above", AlarmRule='ALARM("slow")')
        client.set_alarm_state(AlarmName="slow", StateValue="ALARM", StateReason="r", StateReasonData="{}")
        found = client.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        assert [each["StateValue"] for each in found["MetricAlarms"] + found["CompositeAlarms"]] == [
            "ALARM"
        ] * 2
        assert found["MetricAlarms"][0]["Threshold"] == 5.5
        query = {"MetricName": "Latency", "Namespace": "App"}
        assert len(client.describe_alarms_for_metric(**query)["MetricAlarms"]) == 1
        items = client.describe_alarm_history(HistoryItemType="StateUpdate")["AlarmHistoryItems"]
        assert json.loads(items[0]["HistoryData"])["newState"]["stateValue"] == "ALARM"
        arn = found["MetricAlarms"][0]["AlarmArn"]
        client.tag_resource(ResourceARN=arn, Tags=[{"Key": "stage", "Value": "test"}])
        client.untag_resource(ResourceARN=arn, TagKeys=["team"])
        assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "stage", "Value": "test"}]
        client.disable_alarm_actions(AlarmNames=["slow"])
        client.enable_alarm_actions(AlarmNames=["slow"])
        client.delete_alarms(AlarmNames=["slow", "above"])
        assert client.describe_alarms()["MetricAlarms"] == []
        refused("ResourceNotFoundException", client.list_tags_for_resource, ResourceARN=arn)

    def test_anomaly_detectors(self, client: Any) -> None:
        client.put_anomaly_detector(SingleMetricAnomalyDetector=DETECTOR)
        (found,) = client.describe_anomaly_detectors(Namespace="App")["AnomalyDetectors"]
        assert found["SingleMetricAnomalyDetector"]["Stat"] == "Average"
        client.delete_anomaly_detector(SingleMetricAnomalyDetector=DETECTOR)
        assert client.describe_anomaly_detectors()["AnomalyDetectors"] == []

    def test_what_moto_keeps(self, client: Any) -> None:
        body = '{"widgets": []}'
        client.put_dashboard(DashboardName="board", DashboardBody=body)
        assert client.get_dashboard(DashboardName="board")["DashboardBody"] == body
        assert client.list_dashboards()["DashboardEntries"][0]["DashboardName"] == "board"
        client.delete_dashboards(DashboardNames=["board"])
        client.put_insight_rule(RuleName="top", RuleDefinition=RULE, Tags=[{"Key": "a", "Value": "b"}])
        (rule,) = client.describe_insight_rules()["InsightRules"]
        assert (rule["Name"], rule["State"]) == ("top", "ENABLED")
        client.disable_insight_rules(RuleNames=["top"])
        assert client.describe_insight_rules()["InsightRules"][0]["State"] == "DISABLED"

    def test_an_error_is_the_exception_of_the_service_by_its_code(self, client: Any) -> None:
        with pytest.raises(client.exceptions.ResourceNotFound) as caught:
            client.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="r")
        error = caught.value.response
        assert (error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Type"]) == (404, "Sender")
        with pytest.raises(client.exceptions.InvalidParameterValueException) as wrong:
            client.put_metric_data(Namespace="App", MetricData=[{"MetricName": "m", "Value": 2.0**361}])
        assert wrong.value.response["Error"]["Code"] == "InvalidParameterValue"
        with pytest.raises(client.exceptions.MissingRequiredParameterException):
            client.put_metric_data(Namespace="App")
        with pytest.raises(client.exceptions.InvalidNextToken):
            client.describe_alarms(NextToken="x")
        refused("ValidationError", ask, client, {"Id": "e", "Expression": "a +"})
        refused("NotImplemented", client.list_metric_streams)
        refused("NotImplemented", client.get_metric_widget_image, MetricWidget="{}")

    def test_authentication_and_permission_have_the_codes_of_the_query_protocol(
        self, aws: Aws, client: Any
    ) -> None:
        aws.client("iam").delete_user_policy(UserName="administrator", PolicyName="AdministratorAccess")
        message = refused("AccessDenied", client.list_metrics)
        assert "is not authorized to perform: cloudwatch:ListMetrics" in message

    def test_a_large_body_comes_packed(self, client: Any) -> None:
        sent: list[Any] = []
        client.meta.events.register_first("before-send", lambda request, **_: sent.append(request))
        data = [{"MetricName": f"metric-{number:03}", "Value": number} for number in range(400)]
        client.put_metric_data(Namespace="App", MetricData=data)
        assert sent[0].headers["Content-Encoding"] in {"gzip", b"gzip"}
        assert gzip.decompress(sent[0].body)
        assert len(client.list_metrics()["Metrics"]) == 400

    def test_a_message_with_every_kind_of_character_arrives(self, client: Any) -> None:
        name = "ü<&>\"' \t\u2028☃"
        client.put_metric_alarm(**{**ALARM, "AlarmName": name, "AlarmDescription": "a\nb\r\nc"})
        (found,) = client.describe_alarms()["MetricAlarms"]
        assert (found["AlarmName"], found["AlarmDescription"]) == (name, "a\nb\r\nc")
        with pytest.raises(ClientError) as caught:
            client.tag_resource(ResourceARN=f"arn:{name}", Tags=[])
        assert name in caught.value.response["Error"]["Message"]


def test_one_alarm_is_seen_alike_in_every_protocol(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    client.put_metric_alarm(**ALARM)
    put(client, [0.1, 1e-300, 1e100])
    answers = []
    for name in PROTOCOLS:
        speaking(client, name)
        alarms = client.describe_alarms()["MetricAlarms"]
        answers.append((alarms, ask(client, metric("m"), {"Id": "e", "Expression": "m / 3"})))
    assert answers[0] == answers[1] == answers[2]


def test_many_threads_write_and_read_at_once(aws: Aws) -> None:
    client = aws.client("cloudwatch")

    def work(number: int) -> None:
        for turn in range(10):
            data = [{"MetricName": f"m{turn}", "Value": number, "Timestamp": NOW - 60 * turn - 60}]
            client.put_metric_data(Namespace="App", MetricData=data)
            client.get_metric_data(
                MetricDataQueries=[{"Id": "e", "Expression": "SUM(SEARCH('{App} m', 'p50', 60))"}],
                StartTime=NOW - 600,
                EndTime=NOW,
            )
            client.list_metrics()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    queries = [metric(f"m{turn}", "SampleCount", name=f"m{turn}") for turn in range(10)]
    assert [sum(each["Values"]) for each in ask(client, *queries)] == [8] * 10
