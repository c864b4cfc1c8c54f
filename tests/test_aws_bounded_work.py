"""However a caller words it, one call takes a bounded time, and ends in an answer of AWS's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from harness.aws import Aws
from harness.aws.cloudwatch.promql import Engine, QueryError, Series
from harness.aws.constraints import check
from harness.aws.errors import AwsError
from harness.aws.logs.expressions import RegularExpression, patience
from harness.aws.logs.insights import Event, Query
from harness.aws.models import operation_model
from harness.aws.wire import Request
from tests.aws_account import refused

NOW = 1_800_000_000
SLOW = "(a+)+$b"
SUBJECT = "a" * 5000


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id="341987654321")
    yield aws
    aws.close()


def seconds(run: Callable[[], Any]) -> float:
    """How much of this process's time something takes."""
    began = time.process_time()
    run()
    return time.process_time() - began


def insights(query: str, *messages: str) -> list[dict[str, str]]:
    events = [
        Event(account="1", group="g", stream="s", id=str(n), timestamp=n, ingestion_time=n, message=message)
        for n, message in enumerate(messages)
    ]
    return [dict(row) for row in Query(query).run(events).rows]


class TestRegularExpressions:
    def test_when_the_time_is_up_nothing_matches(self) -> None:
        with patience():
            assert RegularExpression("a").matches(SUBJECT)
            RegularExpression(SLOW).matches(SUBJECT)
            assert not RegularExpression("a").matches(SUBJECT)
        assert RegularExpression("a").matches(SUBJECT)

    def test_a_query_s_are_bounded_together(self) -> None:
        query = " | ".join(f"parse @message /(?<x{n}>(a+)+)$b{n}/" for n in range(6))
        assert seconds(lambda: insights(query, SUBJECT, SUBJECT)) < 4

    def test_a_filter_pattern_s_are_bounded_together(self, aws: Aws) -> None:
        pattern = " ".join(f"?%{SLOW}{n}%" for n in range(6))
        logs = aws.client("logs")
        took = seconds(
            lambda: logs.test_metric_filter(filterPattern=pattern, logEventMessages=[SUBJECT, SUBJECT])
        )
        assert took < 4


class TestLongQueries:
    @pytest.mark.parametrize("sign", ["+", "-", "*", "or", "and"])
    def test_a_chain_in_logs_insights_is_no_nesting(self, sign: str) -> None:
        terms = f" {sign} ".join(["1"] * 1500)
        [row] = insights(f"fields {terms} as x", "a")
        expected = {"+": "1500", "-": "-1498", "*": "1", "or": "1", "and": "1"}
        assert row["x"] == expected[sign]

    def test_a_text_does_not_grow_beyond_an_event(self) -> None:
        grow = "".join(f" | fields concat(x{n},x{n},x{n},x{n}) as x{n + 1}" for n in range(15))
        [row] = insights(f"fields @message as x0{grow} | fields strlen(x9) as nine", "abcd")
        assert row["nine"] == str(4**10)
        assert "x10" not in row
        [row] = insights(f'fields replace(@message, "a", "{"b" * 4000}") as x', "a" * 1000)
        assert "x" not in row

    def test_a_chain_in_metric_math_is_no_nesting(self, aws: Aws) -> None:
        aws.call(
            "cloudwatch",
            "put_metric_data",
            Namespace="N",
            MetricData=[{"MetricName": "m", "Value": 2, "Timestamp": time.time() - 60}],
        )
        stat = {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
        [_, computed] = aws.call(
            "cloudwatch",
            "get_metric_data",
            MetricDataQueries=[
                {"Id": "m1", "MetricStat": stat},
                {"Id": "e1", "Expression": "+".join(["m1"] * 600)},
            ],
            StartTime=time.time() - 600,
            EndTime=time.time(),
        )["MetricDataResults"]
        assert computed["Values"] == [1200.0]

    def test_conditions_of_a_template_that_follow_each_other_for_long(self, aws: Aws) -> None:
        conditions: dict[str, Any] = {"C900": {"Fn::Equals": ["a", "a"]}}
        conditions |= {f"C{n}": {"Fn::Not": [{"Condition": f"C{n + 1}"}]} for n in range(900)}
        template = {"Conditions": conditions, "Resources": {"G": {"Type": "AWS::Logs::LogGroup"}}}
        message = refused(
            "ValidationError",
            aws.client("cloudformation").create_stack,
            StackName="s",
            TemplateBody=json.dumps(template),
        )
        assert message == "Template error: the conditions depend on each other too deeply."


class Nothing:
    def series(self, matchers: Any, start: float, end: float) -> list[Series]:
        del matchers, start, end
        return []


class TestPromQl:
    @pytest.mark.parametrize(
        "query",
        [
            "(" * 50_000,
            "sum(" * 50_000,
            "-" * 50_000 + "1",
            *("1" + f"{sign}1" * 50_000 for sign in ("+", "^", "==", " and ", " UNLESS ")),
        ],
        ids=lambda query: query[:12],
    )
    def test_what_would_overflow_the_parser_s_stack_is_refused(self, query: str) -> None:
        with pytest.raises(QueryError, match=r"200 operators and brackets|10,000 characters"):
            Engine(Nothing()).instant(query, NOW)

    def test_a_long_query_is_answered(self) -> None:
        assert Engine(Nothing()).instant("1" + "+1" * 200, NOW) == 201.0
        assert Engine(Nothing()).instant("(" * 200 + "1" + ")" * 200, NOW) == 1.0

    def test_signs_in_text_do_not_count(self) -> None:
        assert Engine(Nothing()).instant(f'm{{a="{"+(" * 300}"}}', NOW) == []

    def test_each_step_counts(self) -> None:
        with pytest.raises(QueryError, match="too many points"):
            Engine(Nothing()).range("1" + "+1" * 150, NOW, NOW + 10_000, 1)

    def test_a_selector_is_bounded_over_all_series(self, aws: Aws) -> None:
        data = [
            {"MetricName": "m", "Dimensions": [{"Name": "d", "Value": "a" * 26 + str(n)}], "Value": 1}
            for n in range(100)
        ]
        aws.call("cloudwatch", "put_metric_data", Namespace="N", MetricData=data)
        host, query = (
            "monitoring.us-east-1.amazonaws.com",
            "query=m%7Bd%3D~%22%28%5Ba-z%5D%2B%29%2B%24x%22%7D",
        )
        request = AWSRequest(method="GET", url=f"https://{host}/api/v1/query?{query}", headers={"host": host})
        key = aws.administrator
        SigV4Auth(
            BotocoreCredentials(key.access_key_id, key.secret_access_key), "monitoring", "us-east-1"
        ).add_auth(request)
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        sent = Request(method="GET", host=host, path="/api/v1/query", query=query, headers=headers)
        assert seconds(lambda: aws.handle(sent)) < 5
        assert aws.journal[-1].status in {200, 400}


class TestPatternsOfTheModels:
    def test_a_pattern_that_takes_the_square_of_the_length_is_not_tried_on_a_long_value(self) -> None:
        shape = operation_model("cognito-idp", "CreateUserPool").input_shape
        fields = {"PoolName": "p", "EmailConfiguration": {"ReplyToEmailAddress": "@" * 200_000 + "\n"}}

        def refuse() -> None:
            with pytest.raises(AwsError, match="less than or equal to 4096"):
                check(shape, fields, code="InvalidParameterException")

        assert seconds(refuse) < 1

    def test_a_long_token_is_none_of_those(self) -> None:
        shape = operation_model("cognito-idp", "GetUser").input_shape
        check(shape, {"AccessToken": "a" * 20_000}, code="InvalidParameterException")

    def test_a_hyphen_after_a_class_is_a_hyphen(self) -> None:
        shape = operation_model("logs", "DescribeConfigurationTemplates").output_shape
        check(shape, {"configurationTemplates": [{"resourceType": "a-b_"}]}, code="x")
        with pytest.raises(AwsError, match="regular expression pattern"):
            check(shape, {"configurationTemplates": [{"resourceType": "a b"}]}, code="x")
