"""Queries of Logs Insights: started, asked for, stopped.

A query waits until its results are first asked for; until then it is ``Running`` and can be stopped, so that
both ways can be tried without a race. Source: CloudWatch Logs API Reference.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.logs.groups import events, group_name
from harness.aws.logs.insights import Query, QuerySyntaxError, Results
from harness.aws.logs.pages import page_of_queries

__all__ = ["OPERATIONS"]

_GROUP_FIELDS = ("logGroupName", "logGroupNames", "logGroupIdentifiers")
_MOST_KEPT = 1000  # queries of an account; AWS keeps them for a week


@dataclass(kw_only=True)
class _Running:
    """A query that was started: when, by whom, over which groups and times (seconds since the epoch)."""

    id: str
    query: Query
    groups: tuple[str, ...]
    region: str
    start: int
    end: int
    created: float
    by: str
    status: str = "Running"
    results: Results | None = None


class _Queries:
    """The queries of one account."""

    def __init__(self) -> None:
        self._by_id: dict[str, _Running] = {}
        self.lock = threading.Lock()

    def add(self, query: _Running) -> None:
        with self.lock:
            self._by_id[query.id] = query
            while len(self._by_id) > _MOST_KEPT:
                del self._by_id[next(iter(self._by_id))]

    def find(self, query_id: str, region: str) -> _Running:
        query = self._by_id.get(query_id)
        if query is None or query.region != region:
            raise AwsError("ResourceNotFoundException", f"Query with id {query_id} does not exist")
        return query

    def newest_first(self, region: str) -> list[_Running]:
        return [query for query in reversed(self._by_id.values()) if query.region == region]


def start_query(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """StartQuery, in the language of Logs Insights; the other languages are not here.

    Raises:
        AwsError: ``MalformedQueryException``, ``InvalidParameterException``, ``ResourceNotFoundException`` or
            ``NotImplemented``.
    """
    if fields.get("queryLanguage", "CWLI") != "CWLI":
        language = fields["queryLanguage"]
        raise AwsError("NotImplemented", f"This AWS does not implement queries in {language}.")
    given = [name for name in _GROUP_FIELDS if fields.get(name)]
    if len(given) != 1:
        raise AwsError(
            "InvalidParameterException",
            "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers is required.",
        )
    named = fields[given[0]]
    groups = tuple(group_name(call, each) for each in (named if isinstance(named, list) else [named]))
    start, end = fields["startTime"], fields["endTime"]
    if end < start:
        raise AwsError("InvalidParameterException", "Query's end date and time is before its start.")
    try:
        query = Query(fields["queryString"], limit=fields.get("limit", 10_000))
    except QuerySyntaxError as error:
        location = {"startCharOffset": error.start, "endCharOffset": error.end}
        compile_error = {"location": location, "message": str(error)}
        raise AwsError(
            "MalformedQueryException", str(error), members={"queryCompileError": compile_error}
        ) from None
    started = _Running(
        id=str(uuid.uuid4()),
        query=query,
        groups=groups,
        region=call.region,
        start=start,
        end=end,
        created=call.now,
        by=call.caller.arn if call.caller else "",
    )
    call.aws.state(_Queries).add(started)
    return {"queryId": started.id}


def get_query_results(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """GetQueryResults; the first one to ask runs the query.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    queries = call.aws.state(_Queries)
    found = queries.find(fields["queryId"], call.region)
    if found.status == "Running":
        results = found.query.run(
            event
            for group in found.groups
            for event in events(call, group)
            if found.start <= event.timestamp / 1000 <= found.end
        )
        with queries.lock:
            if found.status == "Running":
                found.status, found.results = "Complete", results
    answer: dict[str, Any] = {"queryLanguage": "CWLI", "status": found.status, "results": []}
    if found.results is not None:
        answer["results"] = [
            [{"field": name, "value": value} for name, value in row] for row in found.results.rows
        ]
        answer["statistics"] = {
            "recordsMatched": float(found.results.matched),
            "recordsScanned": float(found.results.scanned),
            "bytesScanned": float(found.results.bytes),
        }
    return answer


def stop_query(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """StopQuery.

    Raises:
        AwsError: ``ResourceNotFoundException``, or ``InvalidParameterException`` for a query that has ended.
    """
    queries = call.aws.state(_Queries)
    found = queries.find(fields["queryId"], call.region)
    with queries.lock:
        if found.status != "Running":
            message = f"Query ended with status {found.status} and cannot be stopped."
            raise AwsError("InvalidParameterException", message)
        found.status = "Cancelled"
    return {"success": True}


def describe_queries(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeQueries, the newest first."""
    wanted = fields.get("logGroupName")
    described = [
        {
            "queryLanguage": "CWLI",
            "queryId": query.id,
            "queryString": query.query.text,
            "status": query.status,
            "createTime": int(1000 * query.created),
            "logGroupName": query.groups[0],
            "bytesScanned": float(query.results.bytes) if query.results else None,
            "userIdentity": query.by or None,
        }
        for query in call.aws.state(_Queries).newest_first(call.region)
        if (wanted is None or wanted in query.groups)
        and fields.get("status", query.status) == query.status
        and fields.get("queryLanguage", "CWLI") == "CWLI"
    ]
    return page_of_queries(described, fields, "queries")


OPERATIONS: Mapping[str, Operation] = {
    "DescribeQueries": describe_queries,
    "GetQueryResults": get_query_results,
    "StartQuery": start_query,
    "StopQuery": stop_query,
}
