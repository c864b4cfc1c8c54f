"""What goes over the wire: plain records of a request and a response, and AWS's protocols.

Three protocols are spoken. *query*: a form in, XML out (STS, IAM, older CloudWatch clients).
*json 1.0* and *json 1.1*: an ``X-Amz-Target`` header and a JSON object in, a JSON object out (CloudWatch,
Logs, Cognito). An error has the form of the protocol in which the call came, because an SDK reads no other.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from harness.aws.errors import AwsError

__all__ = ["Protocol", "Request", "Response", "json_fields", "query_fields", "render", "render_error"]

# JSON services name the errors of authentication otherwise than query services do; CloudWatch, a query
# service at heart, sends the query name beside it, in x-amzn-query-error.
_JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "InvalidAction": "UnknownOperationException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "ValidationError": "ValidationException",
}
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORM_FIELDS = 2000  # more than any call of these services has; bounds the work of parsing


class Protocol(Enum):
    """A wire protocol of AWS; the value is the content type of its answers."""

    QUERY = "text/xml"
    JSON_1_0 = "application/x-amz-json-1.0"
    JSON_1_1 = "application/x-amz-json-1.1"


@dataclass(frozen=True, kw_only=True)
class Request:
    """An HTTP request as it reaches AWS, TLS taken off.

    Attributes:
        method: in upper case.
        host: the Host header, with a port if it had one.
        path: as sent, percent-encoded.
        query: the query string as sent, without ``?``.
        headers: names in lower case; repeated headers joined by commas.
        body: the raw body.
    """

    method: str = "POST"
    host: str
    path: str = "/"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True)
class Response:
    """An HTTP response: status code, headers with names in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def query_fields(request: Request) -> dict[str, Any]:
    """Return the fields of a query call, ``Tags.member.1.Key=a`` as ``{"Tags": [{"Key": "a"}]}``.

    Raises:
        AwsError: ``MalformedQueryString``, when the form cannot be read or names one field twice.
    """
    fields: dict[str, Any] = {}
    try:
        form = request.body.decode("utf-8") if request.method == "POST" else ""
        pairs = [
            pair
            for text in (request.query, form)
            for pair in parse_qsl(text, keep_blank_values=True, max_num_fields=_FORM_FIELDS, errors="strict")
        ]
        for name, value in pairs:
            _put(fields, name.split("."), value)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        raise AwsError("MalformedQueryString", "The query string contains a syntax error.") from None
    return {name: _lists(value) for name, value in fields.items()}


def json_fields(request: Request) -> dict[str, Any]:
    """Return the fields of a JSON call.

    Raises:
        AwsError: ``SerializationException``, when the body is not a JSON object.
    """
    try:
        fields = json.loads(request.body.decode("utf-8")) if request.body else {}
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise AwsError("SerializationException", "The request body is not a JSON object.")
    return fields


def render(protocol: Protocol, result: Mapping[str, Any], *, operation: str, namespace: str = "") -> Response:
    """Write the answer to a call.

    Args:
        protocol: in which the call came.
        result: the members of the answer; datetimes are written as the protocol has them.
        operation: name of the call, for example ``AssumeRole``.
        namespace: the XML namespace of a query service.
    """
    request_id = str(uuid.uuid4())
    if protocol is Protocol.QUERY:
        body = (
            f'<{operation}Response xmlns="{escape(namespace)}">'
            f"<{operation}Result>{_xml(result)}</{operation}Result>"
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
        )
    else:
        body = json.dumps(result, default=_epoch_seconds)
    return _response(protocol, 200, body, request_id)


def render_error(protocol: Protocol, error: AwsError, *, namespace: str = "") -> Response:
    """Write a refusal in the form of the protocol in which the call came.

    A query service answers an error of authentication or permission with 403, a JSON service with 400 and the
    code's longer name (public reports: aws-sdk-js#3022, k8s-cloudwatch-adapter#32).
    """
    request_id = str(uuid.uuid4())
    if protocol is Protocol.QUERY:
        body = (
            f'<ErrorResponse xmlns="{escape(namespace)}"><Error><Type>Sender</Type>'
            f"<Code>{escape(error.code)}</Code><Message>{escape(_printable(error.message))}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return _response(protocol, error.status, body, request_id)
    code = _JSON_CODES.get(error.code, error.code)
    status = 400 if error.status == 403 and error.code in _JSON_CODES else error.status
    response = _response(protocol, status, json.dumps({"__type": code, "message": error.message}), request_id)
    # aws-sdk clients in query-compatible mode (CloudWatch) take the code from this header.
    headers = {**response.headers, "x-amzn-errortype": code, "x-amzn-query-error": f"{error.code};Sender"}
    if protocol is not Protocol.JSON_1_0:
        del headers["x-amzn-query-error"]
    return Response(status=status, headers=headers, body=response.body)


def _response(protocol: Protocol, status: int, body: str, request_id: str) -> Response:
    headers = {"content-type": protocol.value, "x-amzn-requestid": request_id}
    return Response(status=status, headers=headers, body=body.encode("utf-8", errors="replace"))


def _put(fields: dict[str, Any], path: list[str], value: str) -> None:
    """Put a value at a dotted path of nested dictionaries."""
    *parents, last = path
    for name in parents:
        fields = fields.setdefault(name, {})
        if not isinstance(fields, dict):
            raise ValueError(name)  # noqa: TRY004 - the caller reads any ValueError as a malformed form
    if last in fields:
        raise ValueError(last)
    fields[last] = value


def _lists(value: Any) -> Any:
    """Turn ``{"member": {"1": x, "2": y}}`` into ``[x, y]``, at every depth."""
    if not isinstance(value, dict):
        return value
    members = value.get("member")
    if len(value) == 1 and isinstance(members, dict) and all(n.isdecimal() for n in members):
        return [_lists(members[number]) for number in sorted(members, key=int)]
    return {name: _lists(inner) for name, inner in value.items()}


def _xml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(
            f"<{name}>{_xml(inner)}</{name}>" for name, inner in value.items() if inner is not None
        )
    if isinstance(value, list | tuple):
        return "".join(f"<member>{_xml(inner)}</member>" for inner in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return escape(_printable(str(value)))


def _printable(text: str) -> str:
    """Replace what XML 1.0 cannot hold (its section 2.2), so that hostile input cannot spoil an answer."""
    return _UNPRINTABLE.sub("?", text)


def _epoch_seconds(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(type(value).__name__)
