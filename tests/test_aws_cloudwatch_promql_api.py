"""CloudWatch's Prometheus-compatible API over HTTP, signed by botocore."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fake_idp.server import LoopbackServer
from harness.aws import Aws, Credentials
from tests.aws_account import user
from tests.aws_cloudwatch import NOW, aws_at, put

SELECTOR = '{"Latency", "Region"="eu"}'


class Api:
    """The API of an AWS that is served on a port."""

    def __init__(self, aws: Aws, url: str) -> None:
        self.aws = aws
        self.url = url
        self.http = httpx2.Client(trust_env=False, timeout=30)

    def send(
        self,
        path: str,
        parameters: Any = (),
        *,
        by: Credentials | None = None,
        method: str = "GET",
        service: str = "monitoring",
        region: str = "us-east-1",
    ) -> httpx2.Response:
        who = by or self.aws.administrator
        text = urlencode(parameters, doseq=True, quote_via=quote)  # a signature counts + as a space
        url = f"{self.url}/api/v1/{path}" + (f"?{text}" if text and method == "GET" else "")
        body = text if method == "POST" else ""
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if method == "POST" else {}
        request = AWSRequest(method=method, url=url, data=body, headers=headers)
        key = BotocoreCredentials(who.access_key_id, who.secret_access_key, who.session_token)
        SigV4Auth(key, service, region).add_auth(request)
        return self.http.request(method, url, content=body, headers=dict(request.headers))

    def data(self, path: str, parameters: Any = (), **options: Any) -> Any:
        answer = self.send(path, parameters, **options)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert said["status"] == "success"
        return said["data"]

    def refused(self, path: str, parameters: Any = (), **options: Any) -> str:
        answer = self.send(path, parameters, **options)
        said = answer.json()
        assert (answer.status_code, said["status"], said["errorType"]) == (400, "error", "bad_data")
        error: str = said["error"]
        return error


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with aws_at() as aws, LoopbackServer() as server:
        server.start(aws.app)
        cloudwatch = aws.client("cloudwatch")
        put(cloudwatch, [1, 2, 3], Region="eu")
        put(cloudwatch, [10, 20, 30], Region="us")
        put(cloudwatch, [5], name="Orders", Region="eu")
        made = Api(aws, server.url)
        yield made
        made.http.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_query_at_one_time(api: Api, method: str) -> None:
    data = api.data("query", {"query": SELECTOR, "time": NOW}, method=method)
    assert data["resultType"] == "vector"
    [found] = data["result"]
    assert found["value"] == [NOW, "3"]
    assert found["metric"] == {
        "__name__": "Latency",
        "Region": "eu",
        "@aws.account_id": api.aws.account_id,
        "@aws.region": "us-east-1",
        "@instrumentation.@name": "cloudwatch.app",
    }


def test_a_query_is_as_of_now_and_its_time_may_be_written_as_text(api: Api) -> None:
    assert api.data("query", {"query": SELECTOR})["result"][0]["value"] == [NOW, "3"]
    [found] = api.data("query", {"query": SELECTOR, "time": "2026-03-11T09:58:30Z"})["result"]
    assert found["value"] == [NOW - 90, "2"]


def test_a_number_and_a_text_are_results_too(api: Api) -> None:
    assert api.data("query", {"query": "1 / 0", "time": "0"}) == {
        "resultType": "scalar",
        "result": [0, "+Inf"],
    }
    assert api.data("query", {"query": "'x'", "time": "0"}) == {"resultType": "string", "result": [0, "x"]}


def test_a_query_over_a_range(api: Api) -> None:
    data = api.data(
        "query_range", {"query": "sum(Latency)", "start": NOW - 180, "end": NOW - 60, "step": "1m"}
    )
    assert data == {
        "resultType": "matrix",
        "result": [{"metric": {}, "values": [[NOW - 180, "11"], [NOW - 120, "22"], [NOW - 60, "33"]]}],
    }


def test_series_and_labels(api: Api) -> None:
    series = api.data("series", {"match[]": [SELECTOR, "Orders"]})
    assert sorted((each["__name__"], each["Region"]) for each in series) == [
        ("Latency", "eu"),
        ("Orders", "eu"),
    ]
    assert "Region" in api.data("labels")
    assert api.data("label/Region/values") == ["eu", "us"]
    assert api.data("label/__name__/values", {"match[]": '{Region="us"}'}) == ["Latency"]
    assert api.data("label/Region/values", {"end": NOW - 86_400}) == []


def test_a_region_has_its_own_metrics(api: Api) -> None:
    assert api.data("query", {"query": "Latency"}, region="eu-west-1")["result"] == []


@pytest.mark.parametrize("query", ['{Region="eu"}', 'sum({Region="eu"})', 'rate({Region="eu"}[5m])'])
def test_series_are_not_selected_by_labels_alone(api: Api, query: str) -> None:
    assert "must name a metric" in api.refused("query", {"query": query})


@pytest.mark.parametrize("name", ["__name__", "@datapoint.@name"])
def test_the_name_is_a_label_in_two_ways(api: Api, name: str) -> None:
    [found] = api.data("query", {"query": f'{{"{name}"="Orders"}}'})["result"]
    assert found["value"][1] == "5"


def test_there_are_at_most_as_many_series_as_the_limit(api: Api) -> None:
    assert len(api.data("query", {"query": "Latency"})["result"]) == 2
    assert len(api.data("query", {"query": "Latency", "limit": 1})["result"]) == 1
    for limit in ("0", "501", "-1", "9" * 5000, "٣", "x", ""):
        assert "'limit'" in api.refused("query", {"query": "Latency", "limit": limit})


READ = {"Effect": "Allow", "Action": ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"], "Resource": "*"}
LIST = {**READ, "Action": "cloudwatch:ListMetrics"}


def test_a_query_needs_two_actions_and_a_listing_one(api: Api) -> None:
    reader, lister = user(api.aws, READ, name="reader"), user(api.aws, LIST, name="lister")
    nobody = user(api.aws, name="nobody")
    assert api.data("query", {"query": "Orders"}, by=reader)["result"]
    assert api.data("labels", by=lister)
    for who, path, action in (
        (lister, "query", "GetMetricData"),
        (nobody, "series", "ListMetrics"),
        (nobody, "label/Region/values", "ListMetrics"),
    ):
        answer = api.send(path, {"query": "Orders", "match[]": "Orders"}, by=who)
        assert answer.status_code == 403
        assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"
        assert f"is not authorized to perform: cloudwatch:{action}" in answer.json()["message"]
    assert api.aws.journal[-1].decision == "deny"
    assert api.aws.journal[-1].operation == "GetLabels"


def test_who_does_not_sign_well_gets_nothing(api: Api) -> None:
    forged = Credentials(access_key_id=api.aws.administrator.access_key_id, secret_access_key="wrong")
    for answer in (
        api.send("query", {"query": "Orders"}, by=forged),
        api.send("query", {"query": "Orders"}, service="logs"),
        api.http.get(
            f"{api.url}/api/v1/query?query=Orders", headers={"Host": "monitoring.us-east-1.amazonaws.com"}
        ),
    ):
        assert answer.status_code in {400, 403, 404}
        assert "Orders" not in answer.text
        assert "html" not in answer.headers["content-type"]


@pytest.mark.parametrize(
    "query",
    ["", "(", "(" * 5000, "-" * 9000 + "x", "x" + "+x" * 4000, "abs(" * 2400 + "x" + ")" * 2400, "x" * 20_000,
     "x[5m]", "x @ start()", 'x{a=~"("}', "nosuch(x)", "label_replace(x)", "\0", "\ud7ff", "topk('a', x)",
     "max_over_time(max_over_time(vector(1)[11000s:1s])[11000s:1s])", "# `\n((", 'x or {a="b" or c="d"}'],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused(api: Api, query: str) -> None:
    assert api.refused("query", {"query": query})


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("query", {}),
        ("query", {"query": "x", "time": "NaN"}),
        ("query", {"query": "x", "time": "yesterday"}),
        ("query_range", {"query": "x", "start": 0, "end": 60}),
        ("query_range", {"query": "x", "start": 60, "end": 0, "step": 1}),
        ("query_range", {"query": "x", "start": 0, "end": 60, "step": 0}),
        ("query_range", {"query": "x", "start": 0, "end": 60, "step": "-1s"}),
        ("query_range", {"query": "x", "start": 0, "end": 60, "step": "9" * 400 + "s"}),
        ("query_range", {"query": "x", "start": 0, "end": 1e300, "step": 1}),
        ("query_range", {"query": "'x'", "start": 0, "end": 60, "step": 1}),
        ("series", {}),
        ("series", {"match[]": "sum(x)"}),
        ("labels", {"match[]": "("}),
        ("labels", [("a", "b")] * 101),
    ],
)
def test_parameters_that_make_no_sense_are_refused(api: Api, path: str, parameters: Any) -> None:
    assert api.refused(path, parameters)


def test_a_path_that_is_none_of_it_is_an_error_of_aws(api: Api) -> None:
    for path in ("nosuch", "query/x", "label//values", ""):
        answer = api.send(path)
        assert answer.status_code in {400, 404}
        assert "<html" not in answer.text.lower()
    assert api.send("query", {"query": "x"}, method="PUT").status_code in {400, 404}


_NAMES = st.sampled_from(["query", "time", "start", "end", "step", "limit", "match[]", "other"])
_ANYTHING = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["1e308", "-1e308", "inf", "1e-300", "0", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "1m",
         "Latency", SELECTOR, "rate(Latency[5m])", "-Latency ^ 1e308", "Latency offset 9999y"],
    ),
)  # fmt: skip


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(
        ["query", "query_range", "series", "labels", "label/Region/values", "label/%00/values"]
    ),
    parameters=st.lists(st.tuples(_NAMES, _ANYTHING), max_size=6),
    method=st.sampled_from(["GET", "POST"]),
)
def test_whatever_is_asked_there_is_an_answer_in_json(
    api: Api, path: str, parameters: list[tuple[str, str]], method: str
) -> None:
    parameters = [(name, value) for name, value in parameters if value.isprintable()]
    answer = api.send(path, parameters, method=method)
    assert answer.status_code in {200, 400}, answer.text
    json.loads(answer.text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
