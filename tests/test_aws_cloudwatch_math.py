"""Metric math: operators and functions, and what is refused."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws.cloudwatch.expressions import parse
from harness.aws.cloudwatch.functions import FUNCTIONS
from harness.aws.cloudwatch.series import ExpressionError
from tests.aws_account import refused
from tests.aws_cloudwatch import NOW, ask, aws_at, metric, put


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Three metrics: a = 1 2 3 4, b = 10 - 30 40 with a gap, c = 4 4 4 4, the last minute the last."""
    with aws_at() as aws:
        client = aws.client("cloudwatch")
        put(client, [1, 2, 3, 4], Host="a")
        put(client, [10], Host="b", end=NOW - 180)
        put(client, [30, 40], Host="b")
        put(client, [4, 4, 4, 4], Host="c")
        yield client


def results(client: Any, expression: str, **options: Any) -> list[list[float]]:
    queries = [{**metric(host, Host=host), "ReturnData": False} for host in "abc"]
    found = ask(client, *queries, {"Id": "e", "Expression": expression, **options})
    return [result["Values"] for result in found]


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("a", [1, 2, 3, 4]),
        ("a + 1", [2, 3, 4, 5]),
        ("10 - a", [9, 8, 7, 6]),
        ("a + b", [11, 33, 44]),
        ("(a / c) * 100", [25, 50, 75, 100]),
        ("1 + 2 * a ^ 2", [3, 9, 19, 33]),
        ("2 ^ 3 ^ 2 + a * 0", [512, 512, 512, 512]),
        ("-a", [-1, -2, -3, -4]),
        ("a - -1", [2, 3, 4, 5]),
        ("1 / (a - 2)", [-1, 1, 0.5]),
        ("a > 2", [0, 0, 1, 1]),
        ("a == 2 || a == 3", [0, 1, 1, 0]),
        ("a >= 2 AND a <= 3", [0, 1, 1, 0]),
        ("a != c and a > 1", [0, 1, 1, 0]),
        ("1.5e1 + a", [16, 17, 18, 19]),
        ("ABS(a - 3)", [2, 1, 0, 1]),
        ("CEIL(a / 2)", [1, 1, 2, 2]),
        ("FLOOR(a / 2)", [0, 1, 1, 2]),
        ("LOG10(a * 0 + 1000)", [3, 3, 3, 3]),
        ("LOG(a - 1) * 0", [0, 0, 0]),
        ("a - AVG(a)", [-1.5, -0.5, 0.5, 1.5]),
        ("a * 0 + SUM(a)", [10, 10, 10, 10]),
        ("a * 0 + MAX(a) - MIN(a)", [3, 3, 3, 3]),
        ("a * 0 + DATAPOINT_COUNT(b)", [3, 3, 3, 3]),
        ("a * 0 + PERIOD(a)", [60, 60, 60, 60]),
        ("a * 0 + METRIC_COUNT(METRICS())", [3, 3, 3, 3]),
        ("SUM(METRICS())", [15, 6, 37, 48]),
        ("AVG([a, c])", [2.5, 3, 3.5, 4]),
        ("MAX(METRICS('b'))", [10, 30, 40]),
        ("DATAPOINT_COUNT(METRICS())", [3, 2, 3, 3]),
        ("RUNNING_SUM(a)", [1, 3, 6, 10]),
        ("DIFF(b)", [20, 10]),
        ("DIFF_TIME(b)", [120, 60]),
        ("RATE(b) * 60", [10, 10]),
        ("FILL(b, 0)", [0, 0, 0, 0, 0, 0, 10, 0, 30, 40]),
        ("FILL(b, REPEAT)", [10, 10, 30, 40]),
        ("FILL(b, LINEAR)", [10, 20, 30, 40]),
        ("FILL(b, a)", [10, 2, 30, 40]),
        ("IF(a > 2, a)", [3, 4]),
        ("IF(a > 2, a, 0)", [0, 0, 3, 4]),
        ("IF(a > 2, b, c)", [4, 4, 30, 40]),
        ("IF(1 > 2, a, c)", [4, 4, 4, 4]),
        ("TIME_SERIES(7)", [7] * 10),
        ("MINUTE(a)", [56, 57, 58, 59]),
        ("HOUR(a)", [9, 9, 9, 9]),
        ("DAY(a) * 10000 + DATE(a) * 100 + MONTH(a)", [31103] * 4),
        ("YEAR(a)", [2026] * 4),
        ("EPOCH(a)", [NOW - 240, NOW - 180, NOW - 120, NOW - 60]),
        ("FIRST(METRICS())", [1, 2, 3, 4]),
        ("LAST([a, b])", [10, 30, 40]),
        ("SLICE(METRICS(), 1)", [10, 30, 40]),
    ],
)
def test_an_expression_has_its_values(client: Any, expression: str, values: list[float]) -> None:
    assert results(client, expression) == [pytest.approx(values)]


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("SORT(METRICS(), MAX, DESC)", [[10, 30, 40], [1, 2, 3, 4], [4, 4, 4, 4]]),
        ("SORT(METRICS(), AVG, ASC, 1)", [[1, 2, 3, 4]]),
        ("SLICE(SORT(METRICS(), SUM, DESC), 1, 3)", [[4, 4, 4, 4], [1, 2, 3, 4]]),
        ("[a, c] / c", [[0.25, 0.5, 0.75, 1], [1, 1, 1, 1]]),
        ("[a, c] + [c, a]", [[5, 6, 7, 8], [5, 6, 7, 8]]),
        ("REMOVE_EMPTY([a / 0, c])", [[4, 4, 4, 4]]),
        ("[a / 0, c]", [[], [4, 4, 4, 4]]),
        ("ABS([a, -c])", [[1, 2, 3, 4], [4, 4, 4, 4]]),
    ],
)
def test_an_array_has_a_result_for_each_series(
    client: Any, expression: str, values: list[list[float]]
) -> None:
    assert results(client, expression) == values


def test_the_band_is_two_standard_deviations_wide_around_the_mean(client: Any) -> None:
    upper, lower = results(client, "ANOMALY_DETECTION_BAND(a)")
    assert upper == [pytest.approx(2.5 + 2 * statistics.pstdev([1, 2, 3, 4]))] * 4
    assert lower == [pytest.approx(2.5 - 2 * statistics.pstdev([1, 2, 3, 4]))] * 4
    narrow, _ = results(client, "ANOMALY_DETECTION_BAND(a, 1)")
    assert narrow < upper


def test_an_expression_may_refer_to_one_that_comes_later(client: Any) -> None:
    later = {"Id": "total", "Expression": "a + c", "ReturnData": False}
    queries = [{**metric(host, Host=host), "ReturnData": False} for host in "ac"]
    share = {"Id": "share", "Expression": "100 * a / total", "Label": "Share"}
    (result,) = ask(client, share, later, *queries)
    assert (result["Id"], result["Label"], result["Values"][0]) == ("share", "Share", 20)


@pytest.mark.parametrize(
    ("expression", "part"),
    [
        ("a +", "it ends too early"),
        ("a b", "syntax error near 'b'"),
        ("a + $", "syntax error at character 5"),
        ("(a", "it ends too early"),
        ("m9 + 1", "no query has the id 'm9'"),
        ("e + 1", "'e' refers to itself"),
        ("NOPE(a)", "there is no function NOPE"),
        ("ABS(a, a)", "ABS does not take 2 arguments"),
        ("FILL(a)", "FILL does not take 1 arguments"),
        ("FILL(a, AVG)", "FILL takes"),
        ("1 + 1", "yields no time series"),
        ("AVG(a)", "yields no time series"),
        ("'text'", "yields no time series"),
        ("a + 'text'", "does not take text"),
        ("[a, 1]", "yields no time series"),
        ("[a, c] + [a]", "arrays of one length"),
        ("SORT(METRICS(), MEDIAN, ASC)", "no query has the id 'MEDIAN'"),
        ("SORT(METRICS(), MAX, REPEAT)", "SORT takes"),
        ("SLICE(METRICS(), 0.5)", "whole number"),
        ("1 / 0 + a", "no finite result"),
        ("IF([a, b], a)", "a time series is due"),
        ("METRICS(1)", "METRICS takes"),
        ("(" * 60 + "a" + ")" * 60, "nested too deeply"),
        ("-" * 60 + "a", "nested too deeply"),
    ],
)
def test_a_bad_expression_is_a_validation_error(client: Any, expression: str, part: str) -> None:
    message = refused("ValidationError", results, client, expression)
    assert message.startswith("Error in expression 'e': ")
    assert part in message


@given(st.text("ab+-*/^()[],.<>=!&|'\" 1e", max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        node = parse(text)
    except ExpressionError:
        return
    assert node == parse(f"({text})")


OPERANDS = st.sampled_from(
    [
        "a",
        "b",
        "c",
        "1",
        "-1",
        "1e308",
        "'x'",
        "60",
        "REPEAT",
        "LINEAR",
        "MAX",
        "ASC",
        "METRICS()",
        "'{App,Host}'",
    ]
)
EXPRESSIONS = st.recursive(
    OPERANDS,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/^><"), inner).map(lambda parts: f"({' '.join(parts)})")
        | st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.tuples(st.sampled_from([*FUNCTIONS, "SEARCH"]), st.lists(inner, max_size=4)).map(
            lambda parts: f"{parts[0]}({', '.join(parts[1])})"
        )
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=200)
@given(EXPRESSIONS)
def test_any_expression_has_finite_values_or_is_refused(client: Any, expression: str) -> None:
    try:
        found = results(client, expression)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return
    assert all(math.isfinite(value) for values in found for value in values)


@settings(deadline=None)
@given(st.recursive(st.just("a"), lambda inner: st.builds("({} + {})".format, inner, inner), max_leaves=6))
def test_sums_of_one_metric_count_its_letters(client: Any, expression: str) -> None:
    assert results(client, expression)[0][0] == expression.count("a")
