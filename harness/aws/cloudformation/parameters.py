"""The parameters of a template: what is declared, and what values a stack has for them.

Source: AWS CloudFormation User Guide, "Parameters". The messages are AWS's as far as public reports quote
them; those of lengths and ranges are ours.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.cloudformation.reading import invalid
from harness.aws.foreign_patterns import InvalidPatternError, compiled

__all__ = ["check_declarations", "is_list", "is_secret", "resolve"]

_TYPES = ("String", "Number", "CommaDelimitedList", "List<Number>")
_MEMBERS = frozenset(
    {
        "AllowedPattern",
        "AllowedValues",
        "ConstraintDescription",
        "Default",
        "Description",
        "MaxLength",
        "MaxValue",
        "MinLength",
        "MinValue",
        "NoEcho",
        "Type",
    }
)
_NUMBER = re.compile(r"[-+]?[0-9]{1,30}(?:\.[0-9]{1,30})?", re.ASCII)
_MATCHING_SECONDS = 2.0  # for all the patterns of a template
_LONGEST = 4096  # bytes of a value; User Guide, "Quotas"


def check_declarations(parameters: Mapping[str, Any]) -> None:
    """Refuse what is no declaration of a parameter, and types that this AWS does not have.

    Raises:
        AwsError: ``ValidationError``.
    """
    if len(parameters) > 200:
        raise invalid(f"Template format error: Number of parameters, {len(parameters)}, is more than 200.")
    for name, declared in parameters.items():
        if not re.fullmatch(r"[A-Za-z0-9]{1,255}", name):
            raise invalid(f"Template format error: Parameter name {name[:255]} is non alphanumeric.")
        if not isinstance(declared, dict) or not isinstance(declared.get("Type"), str):
            raise invalid("Template format error: Every Parameters object must contain a Type member.")
        if unknown := sorted(set(declared) - _MEMBERS):
            raise invalid(f"Invalid template parameter property '{unknown[0][:255]}'")
        kind = declared["Type"]
        if kind not in _TYPES:
            raise invalid(f"Template format error: Unrecognized parameter type: {kind[:255]}")
        if not isinstance(declared.get("AllowedValues", []), list):
            raise invalid(f"Template format error: AllowedValues must be a list. ([/Parameters/{name}])")
        default = declared.get("Default")
        if isinstance(default, dict | list):
            raise invalid(
                f"Template format error: Every Default member must be a string. ([/Parameters/{name}])"
            )


def is_list(declared: Mapping[str, Any]) -> bool:
    """Tell whether ``Ref`` of a parameter is a list."""
    return declared["Type"] in {"CommaDelimitedList", "List<Number>"}


def is_secret(declared: Mapping[str, Any]) -> bool:
    """Tell whether descriptions hide the value (``NoEcho``)."""
    return _text(declared.get("NoEcho", "false")) == "true"


def resolve(
    declared: Mapping[str, Any],
    given: Sequence[Mapping[str, Any]],
    previous: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the value of every parameter.

    Args:
        declared: the template's ``Parameters``.
        given: ``Parameters`` of the call.
        previous: the values that the stack has, for ``UsePreviousValue``.

    Raises:
        AwsError: ``ValidationError``.
    """
    unknown = sorted({str(one.get("ParameterKey")) for one in given} - set(declared))
    if unknown:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values = {
        name: _text(declaration["Default"])
        for name, declaration in declared.items()
        if "Default" in declaration
    }
    for one in given:
        name = str(one["ParameterKey"])
        if one.get("UsePreviousValue"):
            if one.get("ParameterValue") is not None:
                raise invalid(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true "
                    "and non empty value for a parameter"
                )
            if name not in (previous or {}):
                raise invalid(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true "
                    "for a parameter key not in the previous template"
                )
            values[name] = (previous or {})[name]
        elif one.get("ParameterValue") is not None:
            values[name] = str(one["ParameterValue"])
    missing = [name for name in declared if name not in values]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in values.items():
        _check(name, declared[name], value)
    _check_patterns(declared, values)
    return values


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _check(name: str, declared: Mapping[str, Any], value: str) -> None:
    """Refuse a value that is not what is declared, the pattern apart."""
    kind = declared["Type"]
    if len(value.encode("utf-8", errors="replace")) > _LONGEST:
        raise invalid(f"Parameter '{name}' must be at most {_LONGEST} bytes")
    parts = [part.strip() for part in value.split(",")] if is_list(declared) else [value]
    if kind in {"Number", "List<Number>"} and not all(map(_NUMBER.fullmatch, parts)):
        raise invalid(f"Parameter '{name}' must be a number")
    allowed = declared.get("AllowedValues")
    if isinstance(allowed, list) and not {*parts} <= {_text(one) for one in allowed}:
        raise _broken(name, declared, "must be one of AllowedValues")
    sizes = (
        ("MinLength", len(value), 1, "must contain at least {} characters"),
        ("MaxLength", len(value), -1, "must contain at most {} characters"),
    )
    if kind == "Number":
        sizes = (
            ("MinValue", float(value), 1, "must be a number not less than {}"),  # type: ignore[assignment]
            ("MaxValue", float(value), -1, "must be a number not greater than {}"),
        )
    for member, size, sign, text in sizes:
        limit = _text(declared.get(member))
        if _NUMBER.fullmatch(limit) and sign * size < sign * float(limit):
            raise _broken(name, declared, text.format(limit))


def _broken(name: str, declared: Mapping[str, Any], text: str) -> Exception:
    description = declared.get("ConstraintDescription")
    if isinstance(description, str):
        return invalid(f"Parameter '{name}' failed to satisfy constraint: {description}")
    return invalid(f"Parameter '{name}' {text}")


def _check_patterns(declared: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """Match every ``AllowedPattern``.

    A pattern comes from outside and may take for ever on a value that it was made for.
    """
    until = time.monotonic() + _MATCHING_SECONDS
    for name, declaration in declared.items():
        pattern = declaration.get("AllowedPattern")
        if not isinstance(pattern, str):
            continue
        left = max(until - time.monotonic(), 0.001)
        try:
            matches = compiled(pattern).fullmatch(values[name], timeout=left) is not None
        except TimeoutError:
            raise invalid(f"The AllowedPattern of [{name}] takes too long to match.") from None
        except InvalidPatternError:
            matches = False
        if not matches:
            raise _broken(name, declaration, f"must match pattern {pattern}")
