"""CloudWatch Logs."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.aws_errors.account import Account
from tests.aws_errors.row import Row

__all__ = ["ROWS"]

_logs = partial(Row, "logs")
_INVALID = "InvalidParameterException"
_ABSENT = "ResourceNotFoundException"
_DETECTOR = "arn:aws:logs:us-east-1:123456789012:anomaly-detector:01234567-89ab-cdef-0123-456789abcdef"


def _query(text: str = "fields @message", **more: Any) -> Any:
    def provoke(a: Account) -> None:
        named = {} if "logGroupNames" in more else {"logGroupName": a.group()}
        a.logs.start_query(**{**named, "startTime": 0, "endTime": 1, "queryString": text, **more})

    return provoke


def _events(a: Account, **fields: Any) -> None:
    a.logs.filter_log_events(logGroupName=a.group(), **fields)


def _same_group(a: Account) -> None:
    a.logs.create_log_group(logGroupName=a.group())


ROWS = (
    _logs(
        "CreateLogGroup",
        "ResourceAlreadyExistsException",
        "The specified log group already exists",
        "A name that is taken.",
        _same_group,
    ),
    _logs(
        "GetLogEvents",
        _ABSENT,
        "The specified log group does not exist.",
        "A log group that does not exist.",
        lambda a: a.logs.get_log_events(logGroupName="absent", logStreamName="s"),
    ),
    _logs(
        "StartQuery",
        _ABSENT,
        "Log group 'absent' does not exist for account ID '{account}'",
        "A query of a log group that does not exist.",
        _query(logGroupName="absent"),
    ),
    _logs(
        "StartQuery",
        _INVALID,
        "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers is required.",
        "Log groups in two ways.",
        _query(logGroupNames=["a"], logGroupName="b"),
        ours=True,
    ),
    _logs(
        "StartQuery",
        _INVALID,
        "Query's end date and time is before its start.",
        "The end before the start.",
        _query(startTime=2, endTime=1),
    ),
    _logs(
        "StartQuery",
        "MalformedQueryException",
        "unexpected end of the query, an expression expected",
        "A query that cannot be read; `queryCompileError` says where.",
        _query("filter ("),
        ours=True,
    ),
    _logs(
        "StartQuery",
        "NotImplemented",
        "This AWS does not implement queries in SQL.",
        "A query in SQL or PPL.",
        _query("SELECT 1", queryLanguage="SQL"),
        ours=True,
    ),
    _logs(
        "GetQueryResults",
        _ABSENT,
        "Query with id … does not exist",
        "A query that does not exist.",
        lambda a: a.logs.get_query_results(queryId="absent"),
    ),
    _logs(
        "FilterLogEvents",
        _INVALID,
        "Invalid filter pattern",
        "A pattern that cannot be read.",
        lambda a: _events(a, filterPattern="{ $.a = "),
    ),
    _logs(
        "FilterLogEvents",
        _INVALID,
        "The specified nextToken is invalid.",
        "A token that was not given out.",
        lambda a: _events(a, nextToken="x"),
    ),
    _logs(
        "FilterLogEvents",
        _INVALID,
        "Either logGroupName or logGroupIdentifier is required.",
        "No log group.",
        lambda a: a.logs.filter_log_events(),
    ),
    _logs(
        "GetLogRecord",
        _INVALID,
        "The specified pointer is invalid.",
        "A pointer that was not given out.",
        lambda a: a.logs.get_log_record(logRecordPointer="x"),
    ),
    _logs(
        "DeleteQueryDefinition",
        _ABSENT,
        "The specified query definition does not exist.",
        "A definition that does not exist.",
        lambda a: a.logs.delete_query_definition(queryDefinitionId="absent"),
    ),
    _logs(
        "ListAnomalies",
        _ABSENT,
        "The specified anomaly detector does not exist.",
        "A detector that does not exist.",
        lambda a: a.logs.list_anomalies(anomalyDetectorArn=_DETECTOR),
    ),
    _logs(
        "PutIndexPolicy",
        _INVALID,
        "The policy document needs Fields, a list of names.",
        "A policy that names no fields.",
        lambda a: a.logs.put_index_policy(logGroupIdentifier=a.group(), policyDocument="{}"),
        ours=True,
    ),
    _logs(
        "DeleteAccountPolicy",
        _ABSENT,
        "The specified account policy does not exist.",
        "A policy that does not exist.",
        lambda a: a.logs.delete_account_policy(policyName="absent", policyType="FIELD_INDEX_POLICY"),
    ),
)
