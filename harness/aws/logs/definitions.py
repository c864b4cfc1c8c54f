"""Saved queries: PutQueryDefinition and what follows. Source: CloudWatch Logs API Reference."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.logs.pages import page_of_queries

__all__ = ["OPERATIONS"]


class _Definitions:
    """The saved queries of one account, by region and id."""

    def __init__(self) -> None:
        self.by_id: dict[tuple[str, str], dict[str, Any]] = {}


def put_query_definition(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """PutQueryDefinition: makes one, or replaces the one of a given id.

    Raises:
        AwsError: ``ResourceNotFoundException``, for an id that was not given out.
    """
    saved = call.aws.state(_Definitions).by_id
    known = fields.get("queryDefinitionId")
    if known is not None and (call.region, known) not in saved:
        raise _absent()
    made = known or str(uuid.uuid4())
    kept = ("name", "queryString", "logGroupNames", "parameters")
    saved[call.region, made] = {
        "queryLanguage": fields.get("queryLanguage", "CWLI"),
        "queryDefinitionId": made,
        **{name: fields[name] for name in kept if name in fields},
        "lastModified": int(1000 * call.now),
    }
    return {"queryDefinitionId": made}


def describe_query_definitions(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeQueryDefinitions, by name."""
    prefix = fields.get("queryDefinitionNamePrefix", "")
    language = fields.get("queryLanguage")
    found = [
        definition
        for (region, _), definition in list(call.aws.state(_Definitions).by_id.items())
        if region == call.region
        and definition["name"].startswith(prefix)
        and language in {None, definition["queryLanguage"]}
    ]
    found.sort(key=lambda definition: definition["name"])
    return page_of_queries(found, fields, "queryDefinitions")


def delete_query_definition(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteQueryDefinition.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    saved = call.aws.state(_Definitions).by_id
    if saved.pop((call.region, fields["queryDefinitionId"]), None) is None:
        raise _absent()
    return {"success": True}


def _absent() -> AwsError:
    return AwsError("ResourceNotFoundException", "The specified query definition does not exist.")


OPERATIONS: Mapping[str, Operation] = {
    "DeleteQueryDefinition": delete_query_definition,
    "DescribeQueryDefinitions": describe_query_definitions,
    "PutQueryDefinition": put_query_definition,
}
