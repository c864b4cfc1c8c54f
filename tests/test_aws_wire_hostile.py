"""Hostile requests: whatever comes in, it is read or refused as AWS refuses, and answered in its protocol."""

from __future__ import annotations

import gzip
import json
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import cbor2
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.parsers import create_parser
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws import Aws, AwsError
from harness.aws.models import operation_model, service_model
from harness.aws.wire import Protocol, Request, Response, read, render_error
from tests.aws_cloudwatch import aws_at
from tests.test_aws_wire_roundtrip import BOTOCORE, value, written

HOST = "monitoring.us-east-1.amazonaws.com"
PUT = operation_model("cloudwatch", "PutMetricData")
GET = operation_model("cloudwatch", "GetMetricData")
PROTOCOLS = (Protocol.QUERY, Protocol.JSON_1_0, Protocol.CBOR)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from(
    ["Namespace", "MetricData", "MetricDataQueries", "StartTime", "EndTime", "Dimensions"]
)


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with aws_at() as aws:
        yield aws


def of(protocol: Protocol, body: bytes, **headers: str) -> Request:
    return Request(host=HOST, headers={"content-type": protocol.value, **headers}, body=body)


def outcome(protocol: Protocol, body: bytes, operation: Any) -> dict[str, Any] | str:
    """Return the fields that are read, or the code of the refusal."""
    try:
        return read(of(protocol, body), protocol, operation)
    except AwsError as error:
        return error.code


def refusal(protocol: Protocol, body: bytes, operation: Any = GET, **headers: str) -> str:
    with pytest.raises(AwsError) as caught:
        read(of(protocol, body, **headers), protocol, operation)
    assert caught.value.status == 400
    return caught.value.code


@given(st.dictionaries(NAMES | st.text(max_size=5), JSON, max_size=4), st.sampled_from([PUT, GET]))
def test_any_json_is_read_or_refused(fields: dict[str, Any], operation: Any) -> None:
    for protocol, body in (
        (Protocol.JSON_1_0, json.dumps(fields).encode()),
        (Protocol.CBOR, cbor2.dumps(fields)),
    ):
        found = outcome(protocol, body, operation)
        assert found == "SerializationException" or set(found) <= set(fields)


@given(st.sampled_from(PROTOCOLS), st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(protocol: Protocol, body: bytes) -> None:
    found = outcome(protocol, body, GET)
    assert isinstance(found, dict) or found in {
        "SerializationException", "MalformedInput", "MalformedQueryString",
    }  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.text("MetricDatamember.0123456789-²", max_size=30).map(lambda text: f"MetricData.{text}"),
            st.text(max_size=5),
        ),
        max_size=5,
    )
)
def test_any_form_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    found = outcome(Protocol.QUERY, urlencode(pairs).encode(), PUT)
    assert found in ("MalformedInput", "MalformedQueryString") or set(found) <= {"MetricData"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"StartTime": NaN}',
        b'{"StartTime": Infinity}',
        b'{"StartTime": 1e400}',
        b'{"StartTime": 1' + b"0" * 400 + b"}",
        b'{"StartTime": ' + b"9" * 5000 + b"}",
        b'{"StartTime": "tomorrow"}',
        b'{"StartTime": true}',
        b'{"MaxDatapoints": 1.5}',
        b'{"MaxDatapoints": 2147483648}',
        b'{"MaxDatapoints": "1"}',
        b'{"MaxDatapoints": true}',
        b'{"NextToken": 1}',
        b'{"NextToken": "\\ud800"}',
        b'{"MetricDataQueries": {}}',
        b'{"MetricDataQueries": [null]}',
        b'{"MetricDataQueries": [{"Id": []}]}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff\xfe",
        b"null",
        b"[]",
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_json_of_the_wrong_type_or_size_is_refused(body: bytes) -> None:
    assert refusal(Protocol.JSON_1_0, body) == "SerializationException"


def test_numbers_are_read_by_what_is_due() -> None:
    found = read(
        of(Protocol.JSON_1_0, b'{"MaxDatapoints": 60.0, "StartTime": 1, "EndTime": "1970-01-01T00:00:02Z"}'),
        Protocol.JSON_1_0,
        GET,
    )
    assert (found["MaxDatapoints"], type(found["MaxDatapoints"])) == (60, int)
    assert (found["StartTime"].timestamp(), found["EndTime"].timestamp()) == (1, 2)
    data = b'{"Namespace": "A", "MetricData": [{"MetricName": "m", "Value": 3}]}'
    value = read(of(Protocol.JSON_1_0, data), Protocol.JSON_1_0, PUT)["MetricData"][0]["Value"]
    assert (value, type(value)) == (3.0, float)
    huge = b'{"Namespace": "A", "MetricData": [{"MetricName": "m", "Value": 1' + b"0" * 400 + b"}]}"
    assert refusal(Protocol.JSON_1_0, huge, PUT) == "SerializationException"


@pytest.mark.parametrize(
    "form",
    [
        "MaxDatapoints=1.0", "MaxDatapoints=4294967296", "MaxDatapoints=", "StartTime=x", "StartTime=1e5",
        "MetricDataQueries.member.x.Id=a", "MetricDataQueries.member.1=a", "MetricDataQueries=a",
        "MetricDataQueries.member." + "9" * 5000 + ".Id=a", "MetricDataQueries.member.1.ReturnData=maybe",
        "MaxDatapoints.a=1", "NextToken.a=1", "a" + ".a" * 50_000 + "=1&NextToken.=1",
    ],
    ids=lambda form: form[:30],
)  # fmt: skip
def test_a_form_of_the_wrong_type_is_refused(form: str) -> None:
    assert refusal(Protocol.QUERY, form.encode()) == "MalformedInput"


@pytest.mark.parametrize("number", ["1_000", "0x10", "one", ""])
def test_a_number_of_a_form_is_written_as_a_number(number: str) -> None:
    form = f"MetricData.member.1.MetricName=m&MetricData.member.1.Value={number}"
    assert refusal(Protocol.QUERY, form.encode(), PUT) == "MalformedInput"


class TestPacked:
    BODY = b'{"Namespace": "App"}'

    def test_a_packed_body_is_read(self) -> None:
        for encoding in ("gzip", "GZIP"):
            request = of(Protocol.JSON_1_0, gzip.compress(self.BODY), **{"content-encoding": encoding})
            assert read(request, Protocol.JSON_1_0, PUT) == {"Namespace": "App"}

    @pytest.mark.parametrize(
        ("body", "encoding"),
        [
            (BODY, "gzip"),
            (gzip.compress(BODY)[:-4], "gzip"),
            (gzip.compress(BODY) * 2, "gzip"),
            (gzip.compress(b" " * 50_000_000), "gzip"),
            (zlib.compress(BODY), "deflate"),
            (BODY, "br"),
            (b"", "gzip"),
        ],
        ids=["plain", "cut", "twice", "bomb", "deflate", "br", "empty"],
    )
    def test_what_is_no_gzip_or_too_large_is_refused(self, body: bytes, encoding: str) -> None:
        for protocol in PROTOCOLS:
            code = refusal(protocol, body, PUT, **{"content-encoding": encoding})
            assert code == "SerializationException"


class TestRefusals:
    @given(st.sampled_from(PROTOCOLS), st.text(max_size=40), st.text(max_size=40))
    def test_no_header_of_a_refusal_has_a_line_break(
        self, protocol: Protocol, code: str, message: str
    ) -> None:
        response = render_error(protocol, AwsError(code, message))
        for text in response.headers.values():
            assert text.isascii()
            assert text.isprintable()

    @given(st.sampled_from(PROTOCOLS), st.text(st.characters(codec="utf-8"), max_size=40))
    def test_botocore_reads_code_and_message(self, protocol: Protocol, message: str) -> None:
        response = render_error(protocol, AwsError("InvalidParameterValue", message, status=400))
        parsed = create_parser(BOTOCORE[protocol]).parse(
            {"headers": dict(response.headers), "status_code": response.status, "body": response.body},
            PUT.output_shape,
        )
        assert parsed["Error"]["Code"] == "InvalidParameterValue"
        if protocol is not Protocol.QUERY:  # XML has no control characters
            assert parsed["Error"]["Message"] == message


def is_of_aws(response: Response, protocol: Protocol) -> bool:
    """Tell whether an answer is in the form of its protocol, and no failure of ours."""
    if response.status >= 500 and b"NotImplemented" not in response.body:
        return False
    match protocol:
        case Protocol.QUERY:
            return ET.fromstring(response.body).tag.rpartition("}")[2].endswith("Response")
        case Protocol.CBOR:
            return isinstance(cbor2.loads(response.body), dict)
        case _:
            return not response.body or isinstance(json.loads(response.body), dict)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(service_model("cloudwatch").operation_names), st.sampled_from(PROTOCOLS), st.data())
def test_any_call_of_cloudwatch_is_answered(
    aws: Aws, name: str, protocol: Protocol, data: st.DataObject
) -> None:
    operation = operation_model("cloudwatch", name)
    moments = st.integers(0, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
    fields = value(data, operation.input_shape, moments=moments)
    for key, member in operation.input_shape.members.items():
        if key in operation.input_shape.required_members and key not in fields:
            fields[key] = value(data, member, moments=moments)
    request = written(protocol, operation, fields)
    made = AWSRequest(
        request.method, f"https://{HOST}{request.path}", data=request.body, headers=dict(request.headers)
    )
    key = aws.administrator
    SigV4Auth(Credentials(key.access_key_id, key.secret_access_key), "monitoring", "us-east-1").add_auth(made)
    headers = {header.lower(): text for header, text in made.headers.items()}
    response = aws.handle(
        Request(method=request.method, host=HOST, path=request.path, headers=headers, body=request.body)
    )
    assert is_of_aws(response, protocol), response
