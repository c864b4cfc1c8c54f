"""botocore's serializers and parsers are the judges: what they write is read, what is written they parse."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.awsrequest import prepare_request_dict
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws.models import operation_model, service_model
from harness.aws.services import SERVICES
from harness.aws.wire import Protocol, Request, identify, protocol_of, read, render

BOTOCORE = {
    Protocol.QUERY: "query",
    Protocol.JSON_1_0: "json",
    Protocol.JSON_1_1: "json",
    Protocol.REST_JSON: "rest-json",
    Protocol.CBOR: "smithy-rpc-v2-cbor",
}
CALLS = [
    (name, protocol, operation)
    for name, service in SERVICES.items()
    for protocol in service.protocols
    for operation in service_model(name).operation_names
    if not operation_model(name, operation).has_event_stream_output
]
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r<&>\"'"),
    max_size=8,
)
MILLIS = st.integers(10**8, 4 * 10**12).map(lambda millis: datetime.fromtimestamp(millis / 1000, UTC))
SCALARS: Mapping[str, st.SearchStrategy[Any]] = {
    "blob": st.binary(max_size=8),
    "boolean": st.booleans(),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "string": TEXT,
}


def value(data: st.DataObject, shape: Any, *, moments: st.SearchStrategy[datetime], depth: int = 0) -> Any:
    """Draw a value of a shape."""
    match shape.type_name:
        case "structure":
            names = sorted(shape.members)
            some = data.draw(st.sets(st.sampled_from(names), max_size=3 if depth else 6)) if names else set()
            if shape.is_tagged_union:
                return {
                    name: value(data, shape.members[name], moments=moments, depth=depth + 1)
                    for name in [data.draw(st.sampled_from(names))]
                }
            nested = {
                name
                for name in some
                if depth > 2 and shape.members[name].type_name in {"structure", "list", "map"}
            }
            return {
                name: value(data, shape.members[name], moments=moments, depth=depth + 1)
                for name in sorted(some - nested)
            }
        case "list":
            size = data.draw(st.integers(0, 2))
            return [value(data, shape.member, moments=moments, depth=depth + 1) for _ in range(size)]
        case "map":
            keys = data.draw(st.sets(TEXT, max_size=2))
            return {key: value(data, shape.value, moments=moments, depth=depth + 1) for key in sorted(keys)}
        case "timestamp":
            return data.draw(moments)
        case kind:
            return data.draw(SCALARS[kind])


def without_empty(tree: Any) -> Any:
    """Leave out what a form cannot say: structures and maps with nothing in them."""
    if isinstance(tree, list):
        return [without_empty(item) for item in tree]
    if isinstance(tree, dict):
        return {key: kept for key, inner in tree.items() if (kept := without_empty(inner)) != {}}
    return tree


def has_empty_items(tree: Any) -> bool:
    """Tell whether a list has an empty structure or list in it, which a form loses with its place."""
    if isinstance(tree, dict):
        return any(map(has_empty_items, tree.values()))
    return isinstance(tree, list) and any(item in ({}, []) or has_empty_items(item) for item in tree)


def written(protocol: Protocol, operation: Any, fields: Mapping[str, Any]) -> Request:
    """Write a request as botocore does."""
    made = create_serializer(BOTOCORE[protocol], include_validation=False).serialize_to_request(
        dict(fields), operation
    )
    made["context"] = {}
    prepare_request_dict(made, endpoint_url="https://aws.example", user_agent=None)
    body = made["body"]
    url = urlsplit(made["url"])
    query = url.query
    if made["query_string"] and not query:
        query = urlencode(made["query_string"], doseq=True)
    return Request(
        method=made["method"],
        host=url.netloc,
        path=url.path or "/",
        query=query,
        headers={name.lower(): str(each) for name, each in made["headers"].items()},
        body=urlencode(body).encode()
        if isinstance(body, dict)
        else body.encode()
        if isinstance(body, str)
        else body,
    )


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(CALLS), st.data())
def test_what_botocore_writes_is_read_equal(call: tuple[str, Protocol, str], data: st.DataObject) -> None:
    name, protocol, operation = call
    service, model = SERVICES[name], operation_model(name, operation)
    shape = model.input_shape
    whole = MILLIS.map(lambda moment: moment.replace(microsecond=0))  # botocore's JSON has whole seconds
    fields = value(data, shape, moments=whole) if shape is not None else {}
    if protocol is Protocol.REST_JSON and shape is not None:
        for key, member in shape.members.items():
            if "location" in member.serialization and member.type_name == "string":
                fields[key] = data.draw(st.text("ab-1/ ü", min_size=1))
    if protocol is Protocol.QUERY and has_empty_items(fields):
        return
    request = written(protocol, model, fields)
    assert protocol_of(request, service.protocols) is protocol
    assert identify(request, protocol, target=service.target, model=service_model(name)) == operation
    found = read(request, protocol, model)
    if protocol is Protocol.QUERY:
        found, fields = without_empty(found), without_empty(fields)
    assert found == fields


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(CALLS), st.data())
def test_what_is_written_botocore_parses_equal(call: tuple[str, Protocol, str], data: st.DataObject) -> None:
    name, protocol, operation = call
    model = operation_model(name, operation)
    shape = model.output_shape
    result = value(data, shape, moments=MILLIS) if shape is not None else {}
    response = render(protocol, result, operation=model, namespace=SERVICES[name].namespace)
    parsed = create_parser(BOTOCORE[protocol]).parse(
        {"headers": dict(response.headers), "status_code": response.status, "body": response.body}, shape
    )
    parsed.pop("ResponseMetadata")
    assert parsed == result


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("protocol", SERVICES["cloudwatch"].protocols)
def test_what_is_no_number_goes_both_ways(protocol: Protocol, number: float) -> None:
    model = operation_model("cloudwatch", "PutMetricData")
    fields = {"Namespace": "A", "MetricData": [{"MetricName": "m", "Value": number}]}
    if protocol is not Protocol.QUERY:  # there botocore writes Python's own words
        assert repr(read(written(protocol, model, fields), protocol, model)) == repr(fields)
    answered = operation_model("cloudwatch", "GetMetricData")
    response = render(protocol, {"MetricDataResults": [{"Values": [number]}]}, operation=answered)
    parsed = create_parser(BOTOCORE[protocol]).parse(
        {"headers": dict(response.headers), "status_code": 200, "body": response.body}, answered.output_shape
    )
    assert repr(float(parsed["MetricDataResults"][0]["Values"][0])) == repr(number)
