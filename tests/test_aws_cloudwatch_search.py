"""SEARCH and Metrics Insights: which metrics they find, and how they group and rank them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.aws.cloudwatch import insights, search
from harness.aws.cloudwatch.metrics import Metric
from harness.aws.cloudwatch.series import ExpressionError
from tests.aws_account import refused
from tests.aws_cloudwatch import NOW, ask, aws_at, put


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with aws_at() as aws:
        client = aws.client("cloudwatch")
        put(client, [1, 2], name="CPUUtilization", InstanceId="i-1", Type="small")
        put(client, [5, 6], name="CPUUtilization", InstanceId="i-2", Type="large")
        put(client, [9], name="CPUUtilization", InstanceId="i-3", Type="small")
        put(client, [7], name="CPUUtilization", InstanceId="i-1")
        put(client, [100], name="NetworkIn", InstanceId="i-1", Type="small")
        put(client, [50], name="NetworkIn")
        yield client


def found(client: Any, expression: str, period: int = 600, **query: Any) -> list[tuple[str, list[float]]]:
    results = ask(client, {"Id": "e", "Expression": expression, "Period": period, **query})
    return [(result["Label"], result["Values"]) for result in results]


class TestSearch:
    @pytest.mark.parametrize(
        ("terms", "labels"),
        [
            ('{App,InstanceId,Type} MetricName="CPUUtilization"', ["small i-1", "large i-2", "small i-3"]),
            ('{App,Type,InstanceId} CPU Type="small"', ["i-1", "i-3"]),
            ("{App,InstanceId} utilization", ["CPUUtilization"]),
            ("{App} network", ["NetworkIn"]),
            ("{App}", ["NetworkIn"]),
            ('NOT InstanceId="i-1" cpu', ["i-2 large", "i-3 small"]),
            ('Type=large OR (Type="small" AND NetworkIn)', None),
            ('InstanceId=("i-2" OR "i-3")', ["i-2 large", "i-3 small"]),
            ('MetricName="cpuutilization"', []),
            ("i 2", ["CPUUtilization"]),
            ("Namespace=App :InstanceId=1 -Type", None),
            ("tilization", []),
        ],
    )
    def test_terms_find_metrics(self, client: Any, terms: str, labels: list[str] | None) -> None:
        results = found(client, f"SEARCH('{terms}', 'Sum', 600)")
        if labels is not None:
            names = {frozenset(label.split()) for label, _ in results}
            assert names == {frozenset(label.split()) for label in labels}

    def test_each_series_has_its_values_and_can_be_computed_with(self, client: Any) -> None:
        search_all = "SEARCH('{App,InstanceId,Type} CPUUtilization', 'Maximum', 600)"
        assert sorted(values for _, values in found(client, search_all)) == [[2], [6], [9]]
        assert found(client, f"SUM({search_all})") == [("e", [17])]
        assert found(client, f"SORT({search_all}, MAX, DESC, 1)") == [("i-3 small", [9])]
        labelled = found(client, search_all, Label="${PROP('Dim.InstanceId')}")
        assert [label for label, _ in labelled] == ["i-1", "i-2", "i-3"]
        assert [label[:4] for label, _ in found(client, search_all, Label="CPU")] == ["CPU "] * 3

    def test_more_than_a_hundred_series_are_cut_with_a_message(self) -> None:
        with aws_at() as aws:
            client = aws.client("cloudwatch")
            for number in range(101):
                put(client, [1], Host=f"h{number}")
            query = {"Id": "e", "Expression": "SEARCH('{App,Host}', 'Sum', 60)"}
            answer = client.get_metric_data(MetricDataQueries=[query], StartTime=NOW - 600, EndTime=NOW)
            assert len(answer["MetricDataResults"]) == 100
            assert answer["Messages"][0]["Value"] == "Maximum number of allowed metrics exceeded"

    @pytest.mark.parametrize(
        "arguments",
        [
            "'{App'", "'{}', 'Sum', 60", "'(a', 'Sum', 60", "'a)', 'Sum', 60", "'NOT', 'Sum', 60",
            "'a', 'Sum', 'b'", "'a', 'Nope', 60", "'a', 'Sum', 7", "'a'", "'a=', 'Sum', 60",
            f"'{'(' * 30}a', 'Sum', 60",
        ],
    )  # fmt: skip
    def test_a_bad_search_is_refused(self, client: Any, arguments: str) -> None:
        message = refused("ValidationError", found, client, f"SEARCH({arguments})")
        assert message.startswith("Error in expression 'e': ")

    @given(st.text('ab{}()=", ORNDT-\\', max_size=30))
    def test_any_text_is_a_search_or_refused(self, text: str) -> None:
        try:
            test = search.matcher(text)
        except ExpressionError:
            return
        assert test(Metric("a", "b")) in {True, False}


class TestInsights:
    @pytest.mark.parametrize(
        ("query", "results"),
        [
            ('SELECT AVG(CPUUtilization) FROM SCHEMA("App", InstanceId, Type)', [("e", [4.6])]),
            ("select max(CPUUtilization) from App", [("e", [9])]),
            ('SELECT SUM("NetworkIn") FROM SCHEMA(App)', [("e", [50])]),
            ("SELECT COUNT(CPUUtilization) FROM App WHERE Type = 'small'", [("e", [3])]),
            (
                "SELECT SUM(CPUUtilization) FROM App WHERE Type != 'small' AND InstanceId = 'i-2'",
                [("e", [11])],
            ),
            (
                'SELECT MAX(CPUUtilization) FROM SCHEMA("App", "InstanceId", "Type") GROUP BY "Type"'
                " ORDER BY MAX() ASC",
                [("large", [6]), ("small", [9])],
            ),
            (
                "SELECT MAX(CPUUtilization) FROM App GROUP BY InstanceId, Type ORDER BY AVG() DESC LIMIT 2",
                [("i-3 small", [9]), ("i-2 large", [6])],
            ),
            ("SELECT MIN(CPUUtilization) FROM App GROUP BY Nope", []),
            ("SELECT MIN(Nope) FROM App", []),
        ],
    )
    def test_a_query_groups_and_ranks(
        self, client: Any, query: str, results: list[tuple[str, list[float]]]
    ) -> None:
        assert found(client, query) == results

    def test_the_values_of_a_period_are_those_of_all_metrics(self, client: Any) -> None:
        assert found(client, 'SELECT SUM(CPUUtilization) FROM SCHEMA("App", InstanceId, Type)', 60) == [
            ("e", [6, 17])
        ]

    def test_a_query_can_be_computed_with(self, client: Any) -> None:
        query = {
            "Id": "q",
            "Expression": "SELECT MAX(CPUUtilization) FROM App",
            "Period": 600,
            "ReturnData": False,
        }
        (result,) = ask(client, query, {"Id": "e", "Expression": "SUM(q) * 2"})
        assert result["Values"] == [18]

    @pytest.mark.parametrize(
        ("query", "near"),
        [
            ("SELECT P50(CPU) FROM App", "P50"),
            ("SELECT AVG CPU FROM App", "CPU"),
            ("SELECT AVG(CPU)", "too early"),
            ("SELECT AVG(CPU) FROM SCHEMA(App", "too early"),
            ("SELECT AVG(CPU) FROM App WHERE Type = small", "small"),
            ("SELECT AVG(CPU) FROM App WHERE Type > 'small'", "character 37"),
            ("SELECT AVG(CPU) FROM App GROUP Type", "Type"),
            ("SELECT AVG(CPU) FROM App ORDER BY AVG() LIMIT 0", "0"),
            ("SELECT AVG(CPU) FROM App LIMIT 501", "501"),
            ("SELECT AVG(CPU) FROM App; DROP", "character 25"),
        ],
    )
    def test_a_bad_query_is_refused(self, client: Any, query: str, near: str) -> None:
        assert near in refused("ValidationError", found, client, query)

    def test_a_call_has_one_query_which_has_a_period(self, client: Any) -> None:
        query = {"Id": "a", "Expression": "SELECT MAX(CPUUtilization) FROM App"}
        assert "needs a period" in refused("ValidationError", ask, client, query)
        both = [{**query, "Period": 60}, {**query, "Id": "b", "Period": 60}]
        assert "only one" in refused("ValidationError", ask, client, *both)

    @given(st.text("ABCDEFGLMORSTUVY()=\"', aé", max_size=40))
    def test_any_text_is_a_query_or_refused(self, text: str) -> None:
        try:
            insight = insights.parse(f"SELECT {text}")
        except ExpressionError:
            return
        assert insight.limit > 0
