"""From the members of an answer, or from a refusal, to the response of each protocol; and its code back."""

from __future__ import annotations

import base64
import json
import math
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from harness.aws.errors import AwsError
from harness.aws.wire.messages import Protocol, Response

__all__ = ["error_code", "render", "render_error"]

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
    "Throttling": "ThrottlingException",
    "ValidationError": "ValidationException",
}
# Names of CloudWatch's errors in its model, where its query protocol has a shorter one.
_QUERY_NAMES = {
    "InternalServiceError": "InternalServiceFault",
    "InvalidFormat": "InvalidFormatFault",
    "InvalidParameterCombination": "InvalidParameterCombinationException",
    "InvalidParameterInput": "DashboardInvalidInputError",
    "InvalidParameterValue": "InvalidParameterValueException",
    "LimitExceeded": "LimitExceededFault",
    "MissingParameter": "MissingRequiredParameterException",
}
_UNSPEAKABLE = re.compile(r"[^\w.:#-]", re.ASCII)
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML_CODE = re.compile(rb"<Code>([\w.:-]+)</Code>")
_NESTED = frozenset({"structure", "list", "map"})
_QUERY_COMPATIBLE = frozenset({Protocol.JSON_1_0, Protocol.CBOR})


def render(protocol: Protocol, result: Mapping[str, Any], *, operation: Any, namespace: str = "") -> Response:
    """Write the answer to a call.

    Args:
        protocol: in which the call came.
        result: the members of the answer by their names in AWS's model; None counts as absent. Timestamps
            are datetimes, blobs are bytes.
        operation: botocore's model of the operation.
        namespace: the XML namespace of a query service.

    Raises:
        KeyError: a member that the model does not have.
    """
    request_id = str(uuid.uuid4())
    shape = operation.output_shape
    if protocol is Protocol.QUERY:
        name = operation.name
        inner = ""
        if shape is not None:
            wrapper = shape.serialization.get("resultWrapper", f"{name}Result")
            inner = f"<{wrapper}>{_xml_members(shape, result)}</{wrapper}>"
        text = (
            f'<{name}Response xmlns="{escape(namespace)}">{inner}'
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
        )
        return _response(protocol, 200, text.encode("utf-8", errors="replace"), request_id)
    status = int(operation.http.get("responseCode", 200)) if protocol is Protocol.REST_JSON else 200
    members = {} if shape is None else _plain(shape, result, protocol)
    if protocol is Protocol.REST_JSON and shape is None:
        return _response(protocol, status, b"", request_id)
    return _response(protocol, status, _encode(protocol, members), request_id)


def render_error(
    protocol: Protocol, error: AwsError, *, namespace: str = "", shapes: Mapping[str, Any] | None = None
) -> Response:
    """Write a refusal in the form of the protocol in which the call came.

    A query service answers an error of authentication or permission with 403, a JSON service with 400 and the
    code's longer name (public reports: aws-sdk-js#3022, k8s-cloudwatch-adapter#32).

    Args:
        protocol: in which the call came.
        error: the refusal.
        namespace: the XML namespace of a query service.
        shapes: botocore's models of the service's errors by code: some write ``Message`` with a capital, some
            have the request's id among their members.
    """
    request_id = str(uuid.uuid4())
    fault = "Sender" if error.status < 500 else "Receiver"
    if protocol is Protocol.QUERY:
        text = (
            f'<ErrorResponse xmlns="{escape(namespace)}"><Error><Type>{fault}</Type>'
            f"<Code>{escape(error.code)}</Code><Message>{escape(_printable(error.message))}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return _response(protocol, error.status, text.encode("utf-8", errors="replace"), request_id)
    code = _UNSPEAKABLE.sub("", _JSON_CODES.get(error.code, error.code))  # it is a header, too
    if protocol in _QUERY_COMPATIBLE:
        code = _QUERY_NAMES.get(code, code)
    is_renamed = error.code in _JSON_CODES and protocol is not Protocol.REST_JSON
    status = 400 if error.status == 403 and is_renamed else error.status
    members = shapes[code].members if shapes and code in shapes else {}
    text = "Message" if "Message" in members else "message"
    body: dict[str, Any] = {"__type": code, text: error.message, **error.members}
    if "RequestId" in members:
        body["RequestId"] = request_id
    response = _response(protocol, status, _encode(protocol, body), request_id)
    headers = {**response.headers, "x-amzn-errortype": code}
    if protocol in _QUERY_COMPATIBLE:  # SDKs of CloudWatch take the code from this header
        headers["x-amzn-query-error"] = f"{_UNSPEAKABLE.sub('', error.code)};{fault}"
    return Response(status=status, headers=headers, body=response.body)


def error_code(response: Response) -> str | None:
    """Read the error code out of an answer that was not rendered here; None when it is no error."""
    if response.status < 400:
        return None
    if "x-amzn-query-error" in response.headers:
        return response.headers["x-amzn-query-error"].partition(";")[0]
    match = _XML_CODE.search(response.body)
    if match is not None:
        return match[1].decode()
    try:
        return str(json.loads(response.body)["__type"]).rpartition("#")[2]
    except (ValueError, LookupError, TypeError):
        return str(response.status)


def _response(protocol: Protocol, status: int, body: bytes, request_id: str) -> Response:
    headers = {"content-type": protocol.value, "x-amzn-requestid": request_id}
    if protocol is Protocol.CBOR:
        headers["smithy-protocol"] = "rpc-v2-cbor"
    return Response(status=status, headers=headers, body=body)


def _encode(protocol: Protocol, members: Mapping[str, Any]) -> bytes:
    if protocol is Protocol.CBOR:
        import cbor2

        encoded: bytes = cbor2.dumps(members, datetime_as_timestamp=True)
        return encoded
    return json.dumps(members).encode("utf-8", errors="replace")


def _plain(shape: Any, value: Any, protocol: Protocol) -> Any:
    """Return a value as JSON or CBOR has it."""
    match shape.type_name:
        case "structure" if shape.is_document_type:
            return value
        case "structure":
            members = shape.members
            return {
                members[name].serialization.get("name", name): _plain(members[name], inner, protocol)
                for name, inner in value.items()
                if inner is not None
            }
        case "list" if shape.member.type_name in _NESTED:
            return [_plain(shape.member, item, protocol) for item in value]
        case "list":
            return list(value) if protocol is Protocol.CBOR else [_json_scalar(item) for item in value]
        case "map":
            return {key: _plain(shape.value, item, protocol) for key, item in value.items()}
        case _:
            return value if protocol is Protocol.CBOR else _json_scalar(value)


def _json_scalar(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else _not_finite(value)
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value


def _not_finite(value: float) -> str:
    """Write what is no number as Smithy does, in JSON and in XML."""
    return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"


def _xml_members(shape: Any, value: Mapping[str, Any]) -> str:
    members = shape.members
    return "".join(
        _xml_member(members[name], inner, members[name].serialization.get("name", name))
        for name, inner in value.items()
        if inner is not None
    )


def _xml_member(shape: Any, value: Any, name: str) -> str:
    flattened = shape.serialization.get("flattened")
    match shape.type_name:
        case "structure":
            return f"<{name}>{_xml_members(shape, value)}</{name}>"
        case "list":
            item = shape.member.serialization.get("name", name if flattened else "member")
            return _wrapped((_xml_member(shape.member, each, item) for each in value), name, flattened)
        case "map":
            key_name = shape.key.serialization.get("name", "key")
            value_name = shape.value.serialization.get("name", "value")
            entry = name if flattened else "entry"
            entries = (
                f"<{entry}>{_xml_member(shape.key, key, key_name)}"
                f"{_xml_member(shape.value, each, value_name)}</{entry}>"
                for key, each in value.items()
            )
            return _wrapped(entries, name, flattened)
        case _:
            return f"<{name}>{_xml_text(value)}</{name}>"


def _wrapped(items: Iterable[str], name: str, flattened: Any) -> str:
    inner = "".join(items)
    return inner if flattened else f"<{name}>{inner}</{name}>"


def _xml_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        precision = "milliseconds" if value.microsecond else "seconds"
        return value.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, float) and not math.isfinite(value):
        return _not_finite(value)
    return escape(_printable(str(value)), {"\r": "&#13;"})  # a bare one is read as a line feed


def _printable(text: str) -> str:
    """Replace what XML 1.0 cannot hold (its section 2.2), so that hostile input cannot spoil an answer."""
    return _UNPRINTABLE.sub("?", text)
