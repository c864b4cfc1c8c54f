"""Values by AWS's models: what came over the wire, read into Python's types.

A *shape* is botocore's: ``type_name``, ``members``, ``serialization``, ``metadata``. Timestamps become
datetimes in UTC and blobs become bytes, whatever the protocol. Members that the model does not have are
left out without an error, as at AWS.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from harness.aws.errors import AwsError

__all__ = ["from_form", "from_json", "from_text"]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "blob": (str, bytes),
    "boolean": (bool,),
    "double": (int, float),
    "float": (int, float),
    "integer": (int, float),
    "list": (list,),
    "long": (int, float),
    "map": (dict,),
    "string": (str,),
    "structure": (dict,),
    "timestamp": (int, float, str, datetime),
}
_BITS = {"integer": 31, "long": 63}
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")  # how Smithy writes them in JSON


def from_json(shape: Any, value: Any, name: str = "") -> Any:
    """Read a value that a JSON or CBOR body holds.

    Args:
        shape: what it should be.
        value: as decoded.
        name: of the field, dotted; empty for the whole request.

    Raises:
        AwsError: ``SerializationException``, naming the field that is not of its type.
    """
    kind = shape.type_name
    is_document = kind == "structure" and shape.is_document_type  # which may be any JSON at all
    is_number = kind in {"double", "float"} and value in _NOT_FINITE
    is_right = isinstance(value, _TYPES.get(kind, (object,))) or is_number
    if isinstance(value, bool):
        is_right = kind == "boolean"
    if not (is_right or is_document):
        raise _wrong_type(name)
    if kind == "structure" and not is_document:
        return {
            key: from_json(member, value[at], f"{name}.{key}".lstrip("."))
            for key, member in shape.members.items()
            if value.get(at := member.serialization.get("name", key)) is not None
        }
    if kind == "list":
        return [from_json(shape.member, item, name) for item in value]
    if kind == "map":
        for key in value:
            _well_formed(key, name)
        return {key: from_json(shape.value, item, name) for key, item in value.items() if item is not None}
    return _scalar(kind, value, name)


def _scalar(kind: str, value: Any, name: str) -> Any:
    if kind == "timestamp":
        return value.astimezone(UTC) if isinstance(value, datetime) else _moment(value, name, _wrong_type)
    if kind == "blob" and isinstance(value, str):
        return _bytes(value, name, _wrong_type)
    if kind in _BITS:
        return _whole(kind, value, name, _wrong_type)
    if kind in {"double", "float"}:
        return _number(value, name, _wrong_type)
    if kind == "string":
        _well_formed(value, name)
    return value


def from_form(shape: Any, tree: Any, name: str = "") -> Any:
    """Read a value out of a form, in which everything is text.

    Args:
        shape: what it should be.
        tree: the form's names split at their dots: ``{"Tags": {"member": {"1": {"Key": "a"}}}}``.
        name: of the field, dotted; empty for the whole request.

    Raises:
        AwsError: ``MalformedInput``, naming the field that cannot be read.
    """
    kind = shape.type_name
    if kind not in {"structure", "list", "map"}:
        return from_text(shape, tree, name)
    if kind != "structure" and tree == "":  # how a form says that a list is empty
        return {} if kind == "map" else []
    if not isinstance(tree, dict):
        raise _malformed(name)
    if kind == "structure":
        found = {}
        for key, member in shape.members.items():
            at = _form_name(member, key)
            if at in tree:
                found[key] = from_form(member, tree[at], f"{name}.{key}".lstrip("."))
        return found
    flattened = shape.serialization.get("flattened")
    if kind == "list":
        inner = tree if flattened else tree.get(shape.member.serialization.get("name", "member"))
        return [from_form(shape.member, item, name) for item in _numbered(inner, name)]
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    pairs = _numbered(tree if flattened else tree.get("entry"), name)
    if not all(isinstance(pair, dict) and key_name in pair for pair in pairs):
        raise _malformed(name)
    return {str(pair[key_name]): from_form(shape.value, pair.get(value_name, ""), name) for pair in pairs}


def from_text(shape: Any, text: Any, name: str = "") -> Any:
    """Read a single value that came as text: in a form, in a header, in a query string.

    Raises:
        AwsError: ``MalformedInput``.
    """
    if not isinstance(text, str):
        raise _malformed(name)
    match shape.type_name:
        case "boolean":
            if text.lower() not in {"true", "false"}:
                raise _malformed(name)
            return text.lower() == "true"
        case "integer" | "long":
            if not re.fullmatch(r"[+-]?[0-9]{1,19}", text):
                raise _malformed(name)
            return _whole(shape.type_name, int(text), name, _malformed)
        case "float" | "double":
            if "_" in text:  # which Python takes for a number
                raise _malformed(name)
            return _number(text, name, _malformed)
        case "timestamp":
            return _moment(text, name, _malformed)
        case "blob":
            return _bytes(text, name, _malformed)
        case _:
            return text


def _form_name(member: Any, key: str) -> str:
    """Return the name of a structure's member in a form; that of a flattened list is its items'."""
    if member.type_name == "list" and member.serialization.get("flattened"):
        key = member.member.serialization.get("name", key)
    return str(member.serialization.get("name", key))


def _numbered(tree: Any, name: str) -> list[Any]:
    if not isinstance(tree, dict) or not all(re.fullmatch(r"[0-9]{1,9}", key) for key in tree):
        raise _malformed(name)
    return [tree[number] for number in sorted(tree, key=int)]


def _whole(kind: str, value: float, name: str, refusal: Callable[[str], AwsError]) -> int:
    """Return an integer of the size that the model has; 60.0 is one, as some languages write it."""
    if isinstance(value, float) and not value.is_integer():
        raise refusal(name)
    whole = int(value)
    if not -(1 << _BITS[kind]) <= whole < 1 << _BITS[kind]:
        raise refusal(name)
    return whole


def _number(value: float | str, name: str, refusal: Callable[[str], AwsError]) -> float:
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise refusal(name) from None


def _well_formed(text: str, name: str) -> None:
    """Refuse half a surrogate pair, which JSON can write and no answer could repeat."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _wrong_type(name) from None


def _moment(value: float | str, name: str, refusal: Callable[[str], AwsError]) -> datetime:
    try:
        if isinstance(value, str) and not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        seconds = float(value)
        if not math.isfinite(seconds):
            raise refusal(name)
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise refusal(name) from None


def _bytes(text: str, name: str, refusal: Callable[[str], AwsError]) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise refusal(name) from None


def _wrong_type(name: str) -> AwsError:
    return AwsError("SerializationException", f"{name or 'The request'} has the wrong type")


def _malformed(name: str) -> AwsError:
    return AwsError("MalformedInput", f"{name or 'The request'} cannot be read")
