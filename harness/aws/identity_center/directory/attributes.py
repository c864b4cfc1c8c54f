"""Attributes of users and groups by their paths: ``userName``, ``name.familyName``, ``emails``.

Paths and values come in the letter case of SCIM; the members of AWS's model begin with a capital.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from harness.aws.errors import AwsError
from harness.aws.wire.shapes import from_json

__all__ = ["apply", "value_of"]


def value_of(identifier: Mapping[str, Any], unique: Mapping[str, str]) -> tuple[str, str]:
    """Return the attribute path and the value of an alternate identifier.

    Args:
        identifier: with ``UniqueAttribute`` or ``ExternalId``; nothing here has an external id, and the path
            of one is empty.
        unique: the paths that are unique, by themselves in lower case.

    Raises:
        AwsError: ``ValidationException``, for another path, no value, or one that is no text. Texts of the
            first two: moto's tests.
    """
    attribute = identifier.get("UniqueAttribute")
    if len(identifier) != 1:
        raise AwsError("ValidationException", "AlternateIdentifier must have exactly one member.")
    if attribute is None:
        return "", ""
    path, value = unique.get(attribute["AttributePath"].lower()), attribute["AttributeValue"]
    if path is None:
        message = f"The attribute {attribute['AttributePath']} is not a unique attribute"
        raise AwsError("ValidationException", message)
    if value is None or value == "":
        raise AwsError("ValidationException", "attribute value cannot be empty or null for attribute path")
    if not isinstance(value, str):
        raise AwsError("ValidationException", f"The value of {path} must be a text.")
    return path, value


def apply(members: Mapping[str, Any], operations: Iterable[Mapping[str, Any]], shape: Any) -> dict[str, Any]:
    """Return members with attributes set, or removed where an operation has no value.

    Args:
        members: by the names of AWS's model; left as they are.
        operations: with ``AttributePath`` and, to set it, ``AttributeValue``.
        shape: botocore's model of what has the members.

    Raises:
        AwsError: ``ValidationException``, for a path that the model has not, and for a value of another type.
    """
    changed = copy.deepcopy(dict(members))
    for operation in operations:
        path = operation["AttributePath"]
        names = [_capital(part) for part in path.split(".")]
        inner, at = shape, changed
        for name in names[:-1]:
            inner = _member(inner, name, path)
            at = at.setdefault(name, {})
        inner = _member(inner, names[-1], path)
        if "AttributeValue" not in operation:
            at.pop(names[-1], None)
            continue
        try:
            at[names[-1]] = from_json(inner, _capitals(operation["AttributeValue"]), path)
        except AwsError as error:
            raise AwsError("ValidationException", error.message) from None
        except RecursionError:
            raise AwsError("ValidationException", f"The value of {path} is nested too deeply.") from None
    return changed


def _member(shape: Any, name: str, path: str) -> Any:
    if shape.type_name != "structure" or name not in shape.members or name == "IdentityStoreId":
        raise AwsError("ValidationException", f"The attribute path {path} is not supported.")
    return shape.members[name]


def _capitals(value: Any) -> Any:
    if isinstance(value, dict):
        return {_capital(name): _capitals(inner) for name, inner in value.items()}
    return [_capitals(item) for item in value] if isinstance(value, list) else value


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
