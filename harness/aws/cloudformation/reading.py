"""The text of a template, JSON or YAML, read into plain dictionaries.

Source: AWS CloudFormation User Guide, "Template format" and "Intrinsic function reference" (short forms).
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from harness.aws.errors import AwsError

__all__ = ["MAX_BODY", "invalid", "read"]

MAX_BODY = 51_200  # bytes; CloudFormation User Guide, "Quotas": a template body in a request
_DEPTH = 100  # more than any template of these resources needs
_SHORT = (
    "Base64",
    "Cidr",
    "FindInMap",
    "GetAZs",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
    "And",
    "Equals",
    "Not",
    "Or",
)


def invalid(message: str) -> AwsError:
    """Return CloudFormation's refusal of a template or of what is asked for with it."""
    return AwsError("ValidationError", message)


def read(body: str) -> dict[str, Any]:
    """Read a template.

    Args:
        body: JSON or YAML.

    Returns:
        the template in the long form of its functions: ``!Ref x`` is ``{"Ref": "x"}``.

    Raises:
        AwsError: ``ValidationError``.
    """
    if len(body.encode("utf-8", errors="replace")) > MAX_BODY:
        raise invalid(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_BODY}"
        )
    try:
        template = _json(body) if body.lstrip().startswith("{") else _yaml(body)
    except RecursionError:
        raise invalid("Template format error: the template is nested too deeply.") from None
    if not isinstance(template, dict):
        raise invalid("Template format error: unsupported structure.")
    _check_values(template)
    return template


def _check_values(template: Any) -> None:
    """Refuse what nothing behind here should meet: deep nesting, and halves of surrogate pairs."""
    level, depth = [template], 0
    while level:
        depth += 1
        if depth > _DEPTH:
            raise invalid("Template format error: the template is nested too deeply.")
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += [*value, *value.values()]
            elif isinstance(value, list):
                inner += value
            elif value is None:
                raise invalid("Template format error: 'null' values are not allowed in templates")
            elif isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
                raise invalid("Template format error: a string is not Unicode.")
        level = inner


def _json(body: str) -> Any:
    try:
        return json.loads(body, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        try:  # a flow mapping of YAML begins so too
            return _yaml(body)
        except AwsError:
            where = f"(line {error.lineno}, column {error.colno})"
            raise invalid(f"Template format error: JSON not well-formed. {where}") from None
    except ValueError:  # an integer of thousands of digits
        raise invalid("Template format error: JSON not well-formed.") from None


def _no_constant(name: str) -> Any:
    raise invalid(f"Template format error: {name} is not JSON.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _duplicate(next(name for name in names if names.count(name) > 1))
    return found


def _duplicate(name: str) -> AwsError:
    # The text is ours: AWS's is not known.
    return invalid(f"Template format error: duplicate key [{name[:200]}].")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads YAML as CloudFormation does: no aliases, no dates, functions as tags."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise invalid("Template error: YAML aliases are not allowed in CloudFormation templates")
        return super().compose_node(parent, index)


# Scalars other than these are strings: `Version: 2012-10-17` is no date and 012345678901 no octal number.
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"(?:true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)", "tTfFyYnNoO"),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,17})", "-+0123456789"),
    ("float", r"[-+]?[0-9]{1,18}\.[0-9]{1,18}", "-+0123456789"),
    ("null", r"(?:~|null|Null|NULL|)", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^{_pattern}$", re.ASCII), list(_first)
    )


def _yaml(body: str) -> Any:
    try:
        return yaml.load(body, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        raise invalid(f"Template format error: YAML not well-formed.{where}") from None
    except (yaml.YAMLError, ValueError, LookupError):  # what is no `!!int` raises either
        raise invalid("Template format error: YAML not well-formed.") from None


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    pairs = []
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, bool | int | float):  # an account id as a key of a mapping
            key = key_node.value
        if not isinstance(key, str):
            raise invalid("Template format error: YAML not well-formed: a key is not a string.")
        pairs.append((key, loader.construct_object(value_node, deep=True)))
    return _unique(pairs)


def _function(name: str) -> Any:
    def construct(loader: _Loader, node: yaml.Node) -> dict[str, Any]:
        value = _plain(loader, node)
        if name == "Fn::GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {name: value}

    return construct


def _plain(loader: _Loader, node: yaml.Node) -> Any:
    """Construct what a tag of a function stands before."""
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node)
    if isinstance(node, yaml.SequenceNode):
        return [loader.construct_object(item, deep=True) for item in node.value]
    return node.value


_Loader.yaml_constructors = {
    tag: construct
    for tag, construct in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] in {"null", "bool", "int", "float", "str", "seq"}
}
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
for _name in _SHORT:
    _Loader.add_constructor(f"!{_name}", _function(f"Fn::{_name}"))
_Loader.add_constructor("!GetAtt", _function("Fn::GetAtt"))
_Loader.add_constructor("!Ref", _function("Ref"))
_Loader.add_constructor("!Condition", _function("Condition"))
