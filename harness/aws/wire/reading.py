"""From a request to the operation that it names, and to that operation's fields."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from harness.aws.errors import AwsError
from harness.aws.wire.cbor import decode
from harness.aws.wire.messages import Protocol, Request
from harness.aws.wire.shapes import from_form, from_json, from_text

__all__ = ["guess_protocol", "identify", "protocol_of", "read"]

_FORM_FIELDS = 20_000  # PutMetricData, the largest call, has 1,000 metrics; bounds the work of parsing
_UNPACKED = 2 * 1024 * 1024  # bytes that a packed body may come to; PutMetricData may have 1 MiB
_CBOR_PATH = re.compile(r"/service/(?P<service>\w+)/operation/(?P<operation>\w+)", re.ASCII)


def guess_protocol(request: Request) -> Protocol:
    """Return the protocol of a request whose service is not known yet, for the refusal that it may get."""
    content = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor" or content == Protocol.CBOR.value:
        return Protocol.CBOR
    if content == Protocol.JSON_1_0.value:
        return Protocol.JSON_1_0
    return Protocol.JSON_1_1 if "x-amz-target" in request.headers or "json" in content else Protocol.QUERY


def protocol_of(request: Request, spoken: tuple[Protocol, ...]) -> Protocol:
    """Return the protocol of a request, of those that a service speaks; the first where nothing tells."""
    content = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if Protocol.CBOR in spoken and (
        request.headers.get("smithy-protocol") == "rpc-v2-cbor" or content == Protocol.CBOR.value
    ):
        return Protocol.CBOR
    is_json = "x-amz-target" in request.headers or "json" in content
    for protocol in spoken:
        if protocol is not Protocol.CBOR and (protocol is not Protocol.QUERY) is is_json:
            return protocol
    return spoken[0]


def identify(request: Request, protocol: Protocol, *, target: str, model: Any) -> str:
    """Return the operation that a request names; what is no operation of the service comes back as it is.

    Args:
        request: as it arrived.
        protocol: of the request.
        target: the service's prefix of ``X-Amz-Target`` and its name in CBOR paths.
        model: botocore's model of the service.

    Raises:
        AwsError: ``InvalidAction``, when nothing is at the path; ``MalformedQueryString``.
    """
    match protocol:
        case Protocol.REST_JSON:
            return _route(request, model)
        case Protocol.CBOR:
            found = _CBOR_PATH.fullmatch(request.path)
            if found is None or found["service"] != target or request.method != "POST":
                raise _nothing_at(request)
            return found["operation"]
        case _ if request.path != "/" or request.method not in {"GET", "POST"}:
            raise _nothing_at(request)
        case Protocol.QUERY:
            action = _form(request).get("Action", "")
            return action if isinstance(action, str) else ""
        case _:
            prefix, _, operation = request.headers.get("x-amz-target", "").partition(".")
            return operation if prefix == target else ""


def read(request: Request, protocol: Protocol, operation: Any) -> dict[str, Any]:
    """Return the fields of a call, in Python's types.

    Args:
        request: as it arrived.
        protocol: of the request.
        operation: botocore's model of the operation.

    Raises:
        AwsError: ``MalformedQueryString``, ``MalformedInput`` or ``SerializationException``.
    """
    shape = operation.input_shape
    try:
        if protocol is Protocol.QUERY:
            tree = _form(request)
            return {} if shape is None else dict(from_form(shape, tree))
        body = _cbor_body(request) if protocol is Protocol.CBOR else _json_body(request)
        if shape is None:
            return {}
        elsewhere = _bound(request, operation, shape) if protocol is Protocol.REST_JSON else {}
        return {**from_json(shape, body), **elsewhere}
    except RecursionError:
        raise AwsError("SerializationException", "The request is nested too deeply.") from None


@lru_cache(maxsize=8)
def _parsed(query: str, body: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    try:
        pairs = [
            pair
            for text in (query, body.decode("utf-8"))
            for pair in parse_qsl(text, keep_blank_values=True, max_num_fields=_FORM_FIELDS, errors="strict")
        ]
        for name, value in pairs:
            _put(fields, name.split("."), value)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        raise AwsError("MalformedQueryString", "The query string contains a syntax error.") from None
    return fields


def _form(request: Request) -> Mapping[str, Any]:
    """Return the form of a query call as a tree; it is asked for twice, for the action and for the rest."""
    return _parsed(request.query, _body(request) if request.method == "POST" else b"")


def _body(request: Request) -> bytes:
    """Return the body, unpacked: SDKs pack a PutMetricData of more than 10 KiB.

    What is signed is the body as it was sent.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return request.body
    if encoding != "gzip":
        raise AwsError("SerializationException", "The content encoding is not supported.")
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        body = unpacker.decompress(request.body, _UNPACKED)
    except zlib.error:
        body = b""
    if not unpacker.eof or unpacker.unused_data:
        raise AwsError("SerializationException", "The request body is not gzip, or is too large.")
    return body


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


def _json_body(request: Request) -> dict[str, Any]:
    body = _body(request)
    try:
        fields = json.loads(body.decode("utf-8"), parse_constant=_refuse) if body else {}
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise AwsError("SerializationException", "The request body is not a JSON object.")
    if b"\\u" in request.body and not _is_text(fields):
        raise AwsError("SerializationException", "The request body has half a surrogate pair in it.")
    return fields


def _refuse(constant: str) -> None:
    """Refuse what Python takes for a number and JSON does not: NaN, Infinity."""
    raise ValueError(constant)


def _cbor_body(request: Request) -> dict[str, Any]:
    body = _body(request)
    try:
        fields = decode(body) if body else {}
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise AwsError("SerializationException", "The request body is not a CBOR map.")
    return fields


def _nothing_at(request: Request) -> AwsError:
    return AwsError("InvalidAction", f"This AWS has nothing at {request.path[:200]}.", status=404)


@lru_cache(maxsize=16)
def _routes(model: Any) -> tuple[tuple[str, re.Pattern[str], frozenset[str], str], ...]:
    """Return (method, path, query literals, operation) of each operation, those with literals first."""
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, literals = http["requestUri"].partition("?")
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
        routes.append(
            (http["method"], re.compile(pattern), frozenset(filter(None, literals.split("&"))), name)
        )
    return tuple(sorted(routes, key=lambda route: -len(route[2])))


def _route(request: Request, model: Any) -> str:
    sent = frozenset(request.query.split("&"))
    for method, path, literals, name in _routes(model):
        if request.method == method and path.fullmatch(request.path) and literals <= sent:
            return name
    raise _nothing_at(request)


def _bound(request: Request, operation: Any, shape: Any) -> dict[str, Any]:
    """Return the members that travel in the path, in headers and in the query string."""
    path = operation.http["requestUri"].partition("?")[0]
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
    match = re.fullmatch(pattern, request.path)
    queries: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.query, keep_blank_values=True):
        queries.setdefault(name, []).append(value)
    found: dict[str, Any] = {}
    for key, member in shape.members.items():
        at = member.serialization.get("name", key)
        location = member.serialization.get("location")
        if location == "uri" and match is not None:
            found[key] = from_text(member, unquote(match[at]), key)
        elif location == "header" and at.lower() in request.headers:
            found[key] = from_text(member, request.headers[at.lower()], key)
        elif location == "querystring" and at in queries:
            values = queries[at]
            is_list = member.type_name == "list"
            found[key] = (
                [from_text(member.member, value, key) for value in values]
                if is_list
                else from_text(member, values[-1], key)
            )
    return found


def _is_text(fields: Any) -> bool:
    """Whether every string can be written down: RFC 8259 section 8.2 leaves half a pair to the reader."""
    try:
        json.dumps(fields, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
