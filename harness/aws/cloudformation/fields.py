"""From the facts of a resource to the fields of a call, in the types of AWS's model.

CloudFormation takes ``"3600"`` for 3600 and ``"true"`` for true, and documents as objects; what does not fit
is refused in the words of its property validation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.aws.cloudformation.types import Do, ResourceType
from harness.aws.cloudformation.types.resource_type import PropertyError
from harness.aws.models import operation_model

__all__ = ["fields_of", "sources_of", "unexpected"]

_DOCUMENTS = frozenset({"AssumeRolePolicyDocument", "InlinePolicy", "PolicyDocument", "policyDocument"})
_FOUND = {
    dict: "JSONObject",
    list: "JSONArray",
    str: "String",
    bool: "Boolean",
    int: "Integer",
    float: "Number",
}
_ABSENT = object()


def sources_of(kind: ResourceType, do: Do) -> dict[str, str]:
    """Return the source of every field of a call, those of ``whole`` included."""
    if not do.whole:
        return dict(do.fields)
    members = operation_model(kind.service, do.operation).input_shape.members
    return {**{field: name for name, field in kind.properties.items() if field in members}, **do.fields}


def fields_of(kind: ResourceType, do: Do, facts: Mapping[str, Any], *, item: str = "Item") -> dict[str, Any]:
    """Return the fields of a call; those whose source is unknown are left out.

    Args:
        kind: the type of the resource.
        do: the call.
        facts: of the resource.
        item: the property that the fact ``Item`` is of, for the text of a refusal; empty where its members
            are properties themselves.

    Raises:
        PropertyError: a value does not fit.
    """
    shape = operation_model(kind.service, do.operation).input_shape
    members, fields = shape.members, {}
    for field, source in sources_of(kind, do).items():
        value = _look_up(source, facts)
        if value is not _ABSENT and value is not None:
            path = "#/" + source.strip("[]").replace("Item", item, 1).lstrip(".").replace(".", "/")
            fields[field] = _fit(members[field], value, path, is_document=field in _DOCUMENTS)
        elif source.startswith("Item.") and field in shape.required_members:
            raise PropertyError(f"#/{item}: required key [{source[5:]}] not found")
    return fields


def _look_up(source: str, facts: Mapping[str, Any]) -> Any:
    if source.startswith("="):
        return json.loads(source[1:])
    if source.startswith("["):
        value = _look_up(source[1:-1], facts)
        return value if value is _ABSENT else [value]
    if source.startswith("Item."):
        item = facts.get("Item")
        return item.get(source[5:], _ABSENT) if isinstance(item, dict) else _ABSENT
    return facts.get(source, _ABSENT)


def _fit(shape: Any, value: Any, path: str, *, is_document: bool = False) -> Any:  # noqa: PLR0911 - one a type
    match shape.type_name:
        case "structure":
            return _structure(shape, _expect(value, dict, path), path)
        case "list":
            return [
                _fit(shape.member, item, f"{path}/{n}") for n, item in enumerate(_expect(value, list, path))
            ]
        case "map":
            if isinstance(value, list):  # tags
                value = dict(_pair(item, path) for item in value)
            return {
                _fit(shape.key, key, path): _fit(shape.value, item, f"{path}/{key}")
                for key, item in _expect(value, dict, path).items()
            }
        case "boolean":
            return _boolean(value, path)
        case "integer" | "long" | "float" | "double":
            return _number(value, path, is_whole=shape.type_name in {"integer", "long"})
        case _:
            if is_document and isinstance(value, dict | list):
                return json.dumps(value)
            return _string(value, path)


def _pair(item: Any, path: str) -> tuple[str, Any]:
    if not isinstance(item, dict) or set(item) != {"Key", "Value"}:
        raise unexpected("JSONObject", item, path)
    return _string(item["Key"], path), item["Value"]


def _structure(shape: Any, value: Mapping[str, Any], path: str) -> dict[str, Any]:
    found = {}
    for key, item in value.items():
        names = (key, key[:1].lower() + key[1:], key[:1].upper() + key[1:])
        name = next((name for name in names if name in shape.members), None)
        if name is None:
            raise PropertyError(f"{path}: extraneous key [{key[:200]}] is not permitted")
        found[name] = _fit(shape.members[name], item, f"{path}/{key}", is_document=name in _DOCUMENTS)
    return found


def _expect(value: Any, kind: type, path: str) -> Any:
    if not isinstance(value, kind):
        raise unexpected(_FOUND[kind], value, path)
    return value


def unexpected(expected: str, value: Any, path: str) -> PropertyError:
    """Return the refusal of a value of another type."""
    return PropertyError(f"{path}: expected type: {expected}, found: {_FOUND.get(type(value), 'null')}")


def _boolean(value: Any, path: str) -> bool:
    text = value.lower() if isinstance(value, str) else value
    if text in ("true", True):
        return True
    if text in ("false", False):
        return False
    raise unexpected("Boolean", value, path)


def _number(value: Any, path: str, *, is_whole: bool) -> float | int:
    expected = "Integer" if is_whole else "Number"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise unexpected(expected, value, path)
    try:
        number = float(value)
        if is_whole and number.is_integer():
            return int(value) if not isinstance(value, str) or "." not in value else int(number)
    except (ValueError, OverflowError):
        raise unexpected(expected, value, path) from None
    if is_whole:
        raise unexpected(expected, value, path)
    return number


def _string(value: Any, path: str) -> str:
    if isinstance(value, dict | list) or value is None:
        raise unexpected("String", value, path)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
