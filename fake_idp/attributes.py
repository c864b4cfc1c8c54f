"""The attributes of users and clients: checked as a person gives them, restored as the state kept them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.jws import json_bytes

__all__ = ["checked", "checked_name", "restored"]

_MOST_CHARACTERS = 2_000
_MOST_VALUES = 2_000
_MOST_BYTES = 64_000


def checked(record: type[Any], kind: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details with the types that the record's attributes have.

    Args:
        record: a dataclass; its first attribute names the record and is none of the details.
        kind: what it is, for messages.
        details: values by attribute; lists where the record has tuples.

    Raises:
        UnknownName: the record has no such attribute.
        InvalidValue: a value has another type, or is too large.
    """
    types = {field.name: str(field.type) for field in fields(record)[1:]}
    found: dict[str, Any] = {}
    for name, value in details.items():
        if name not in types:
            raise UnknownName(f"attribute of a {kind}", name, types)
        found[name] = _CHECKS[types[name]](f"{kind} attribute {name!r}", value)
    return found


def checked_name(kind: str, name: Any) -> str:
    """Return the name of a record.

    Raises:
        InvalidValue: it is no text, empty, too long, or has something unprintable in it.
    """
    found = _text(kind, name)
    if not found or not found.isprintable():
        raise InvalidValue(kind, "must not be empty and must be printable")
    return found


def restored(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was kept with tuples again: JSON has lists where these records have tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidValue(name, "must be a string")
    if len(value) > _MOST_CHARACTERS:
        raise InvalidValue(name, f"must have at most {_MOST_CHARACTERS} characters")
    return value


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise InvalidValue(name, "must be a list of strings")
    if len(value) > _MOST_VALUES:
        raise InvalidValue(name, f"must have at most {_MOST_VALUES} values")
    return tuple(_text(name, each) for each in value)


def _yes_or_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue(name, "must be true or false")
    return value


def _object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidValue(name, "must be an object")
    if len(json_bytes(value, what=name)) > _MOST_BYTES:
        raise InvalidValue(name, f"must have at most {_MOST_BYTES} bytes as JSON")
    return dict(value)


def _object_or_none(name: str, value: Any) -> dict[str, Any] | None:
    return None if value is None else _object(name, value)


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "str": _text,
    "bool": _yes_or_no,
    "tuple[str, ...]": _texts,
    "Mapping[str, Any]": _object,
    "Mapping[str, Any] | None": _object_or_none,
}
