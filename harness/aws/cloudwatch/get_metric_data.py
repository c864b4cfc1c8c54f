"""GetMetricData: what may be asked, in which order it is answered, and its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from harness.aws.cloudwatch.evaluation import Evaluation, is_period
from harness.aws.cloudwatch.insights import is_insight
from harness.aws.cloudwatch.labels import label
from harness.aws.cloudwatch.metrics import Metrics
from harness.aws.cloudwatch.pages import page_of_datapoints
from harness.aws.cloudwatch.series import Span, TimeSeries
from harness.aws.cloudwatch.statistics import statistic
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["check_queries", "get_metric_data"]

_QUERIES = 500
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*", re.ASCII)
_PERIOD = 300  # seconds, of an expression without any metric


def get_metric_data(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Compute the queries, and answer with a page of their data points.

    Raises:
        AwsError: ``ValidationError``, ``InvalidNextToken``.
    """
    queries = fields["MetricDataQueries"]
    check_queries(queries)
    start, end = fields["StartTime"].timestamp(), fields["EndTime"].timestamp()
    _check_times(start, end)
    most = fields.get("MaxDatapoints", page_of_datapoints.size)
    if not 0 < most <= page_of_datapoints.size:
        text = f"The parameter MaxDatapoints must be between 1 and {page_of_datapoints.size}."
        raise AwsError("ValidationError", text)
    periods = [query["MetricStat"]["Period"] for query in queries if "MetricStat" in query]
    span = Span(start=start, end=end, now=call.now, period=max(periods, default=_PERIOD))
    with call.aws.state(Metrics).lock:
        evaluation = Evaluation(call, queries, span)
        results = list(_results(evaluation, queries))
    answer = _page(results, fields, most)
    messages = []
    if evaluation.is_cut:  # the text is that of the API reference, the code is ours
        messages.append({"Code": "MaxMetricsExceeded", "Value": "Maximum number of allowed metrics exceeded"})
    return {**answer, "Messages": messages}


def _check_times(start: float, end: float) -> None:
    """Refuse a span that is none in whole seconds; the texts are those of moto."""
    if int(start) == int(end):
        raise AwsError("ValidationError", "The parameter StartTime must not equal parameter EndTime.")
    if start > end:
        raise AwsError("ValidationError", "The parameter EndTime must be greater than StartTime.")


def _results(
    evaluation: Evaluation, queries: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str, TimeSeries]]:
    for query in queries:
        if query.get("ReturnData", True):
            found = evaluation.results(query)
            for series in found:
                yield query["Id"], label(query.get("Label"), series, is_alone=len(found) == 1), series


def _page(
    results: Sequence[tuple[str, str, TimeSeries]], fields: Mapping[str, Any], most: int
) -> dict[str, Any]:
    """Answer with at most so many data points; a series that goes on has ``PartialData``."""
    begin = page_of_datapoints.begin(fields)
    passed, room, page = 0, most, []
    for identifier, name, series in results:
        moments, values = list(series.values), list(series.values.values())
        if fields.get("ScanBy") != "TimestampAscending":
            moments.reverse()
            values.reverse()
        first = max(begin - passed, 0)
        passed += len(moments)
        if first and first >= len(moments):
            continue  # it was on an earlier page
        if room == 0 and moments:
            break
        last = first + room
        room -= len(moments[first:last])
        page.append(
            {
                "Id": identifier,
                "Label": name,
                "Timestamps": [datetime.fromtimestamp(moment, UTC) for moment in moments[first:last]],
                "Values": values[first:last],
                "StatusCode": "Complete" if last >= len(moments) else "PartialData",
            }
        )
        if last < len(moments):
            break
    total = sum(len(series.values) for _, _, series in results)
    end = begin + most
    more = {"NextToken": page_of_datapoints.token_of(end, fields)} if end < total else {}
    return {"MetricDataResults": page, **more}


def check_queries(queries: Sequence[Mapping[str, Any]]) -> None:
    """Check all that is wrong with queries by themselves; an alarm on metric math has such, too.

    The text about statistics is in yet-another-cloudwatch-exporter#1435; those about ids are publicly
    reported, the one about what is required is in moto's tests; the rest is ours.

    Raises:
        AwsError: ``ValidationError``, with a line for each fault.
    """
    if len(queries) > _QUERIES:
        raise AwsError(
            "ValidationError",
            f"The collection MetricDataQueries must not have a size greater than {_QUERIES}.",
        )
    if sum(is_insight(query.get("Expression", "")) for query in queries) > 1:
        raise AwsError("ValidationError", "MetricDataQueries can include only one Metrics Insights query.")
    faults = [
        fault
        for number, query in enumerate(queries, 1)
        for fault in _faults(f"MetricDataQueries.member.{number}", query)
    ]
    if len({query["Id"] for query in queries}) < len(queries):
        faults.append("The values for parameter id in MetricDataQueries are not unique.")
    if faults:
        raise AwsError("ValidationError", "\n".join(faults))


def _faults(path: str, query: Mapping[str, Any]) -> Iterator[str]:
    if not _ID.fullmatch(query["Id"]):
        expected = f"is not matching the expected pattern ^{_ID.pattern}$."
        yield f"The value {query['Id']} for parameter {path}.Id {expected}"
    stat = query.get("MetricStat")
    if stat is None:
        if "Expression" not in query:
            yield f"The parameter {path}.MetricStat is required.\n"
        if not is_period(query.get("Period", 60)):
            yield f"The parameter {path}.Period must be 1, 5, 10, 20, 30 or a multiple of 60."
        return
    if "Expression" in query:
        yield f"The parameters {path}.MetricStat and {path}.Expression are mutually exclusive."
    for name in ("Namespace", "MetricName"):
        if name not in stat["Metric"]:
            yield f"The parameter {path}.MetricStat.Metric.{name} is required."
    if statistic(stat["Stat"]) is None:
        yield f"The value for parameter {path}.MetricStat.Stat is not a valid statistic."
    if not is_period(stat["Period"]):
        yield f"The parameter {path}.MetricStat.Period must be 1, 5, 10, 20, 30 or a multiple of 60."
