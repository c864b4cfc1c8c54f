"""The intrinsic functions of templates: what they refer to, and what they come to.

Source: AWS CloudFormation Template Reference, "Intrinsic functions".
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.aws.cloudformation.reading import invalid
from harness.aws.errors import AwsError

__all__ = ["NO_VALUE", "Evaluation", "Reference", "conditions", "function_of", "references"]

NO_VALUE = object()
"""What ``AWS::NoValue`` comes to: the property, or the item, is left out."""

_PLACE = re.compile(r"\$\{(!?)([^{}$]*)\}")
_LONGEST = 262_144  # characters; no property of these resources takes more
_CONDITION_FUNCTIONS = frozenset({"Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition"})


@dataclass(frozen=True)
class Reference:
    """What a function refers to: a name, and the attribute where it is ``Fn::GetAtt``."""

    name: str
    attribute: str | None = None


def function_of(value: Any) -> str | None:
    """Return the name of the function that a value is; None if it is plain.

    ``{"Condition": ...}`` is a function within conditions only, and a policy's element elsewhere.
    """
    if isinstance(value, dict) and len(value) == 1:
        name = next(iter(value))
        if name == "Ref" or (isinstance(name, str) and name.startswith("Fn::")):
            return str(name)
    return None


def references(value: Any, taken: Mapping[str, bool] | None = None) -> Iterator[Reference]:
    """Yield what a value refers to.

    Args:
        value: of a template.
        taken: what the conditions came to, to follow only the branches taken; without it all are followed.
    """
    name = function_of(value)
    argument = value[name] if name is not None else None
    match name:
        case "Ref":
            yield Reference(_string(argument, "Ref"))
        case "Fn::GetAtt":
            yield _attribute(argument)
        case "Fn::Sub":
            text, names = _sub(argument)
            for place in _places(text):
                if place not in names:
                    resource, _, attribute = place.partition(".")
                    yield Reference(resource, attribute or None)
            yield from references(names, taken)
        case "Fn::If" if taken is not None:
            condition, yes, no = _if(argument)
            yield from references(yes if _taken(condition, taken) else no, taken)
        case _:
            if name is not None and name not in _KNOWN:
                raise _unknown(name)
            items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            for item in items:
                yield from references(item, taken)


def conditions(
    declared: Mapping[str, Any], evaluate: Callable[[Any], Any], mappings: Mapping[str, Any]
) -> dict[str, bool]:
    """Return what every condition of a template comes to.

    Args:
        declared: the template's ``Conditions``.
        evaluate: what a ``Ref`` within them comes to: parameters and pseudo parameters.
        mappings: the template's ``Mappings``.

    Raises:
        AwsError: ``ValidationError``.
    """
    found: dict[str, bool] = {}
    evaluation = Evaluation(reference=evaluate, mappings=mappings)
    pending: list[str] = []

    def named(name: str) -> bool:
        if name in found:
            return found[name]
        if name not in declared:
            raise invalid(f"Template error: Unresolved condition dependency {name} in the Conditions block")
        if name in pending:
            raise invalid(f"Template error: Circular dependency between conditions: [{', '.join(pending)}]")
        pending.append(name)
        found[name] = bool(test(declared[name]))
        pending.pop()
        return found[name]

    def test(value: Any) -> bool:
        name = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None
        if name not in _CONDITION_FUNCTIONS:
            raise invalid(
                "Template format error: Conditions can only be boolean operations on parameters and "
                "other conditions"
            )
        argument = value[name]
        if name == "Condition":
            return named(_string(argument, "Condition"))
        if not isinstance(argument, list):
            raise invalid(f"Template error: {name} needs a list")
        if name == "Fn::Equals":
            if len(argument) != 2:
                raise invalid(
                    "Template error: every Fn::Equals object requires a list of 2 string parameters."
                )
            one, other = (evaluation.value(item) for item in argument)
            return bool(_scalar_text(one) == _scalar_text(other))
        if name == "Fn::Not":
            if len(argument) != 1:
                raise invalid("Template error: every Fn::Not object requires a list of one parameter.")
            return not test(argument[0])
        if not 2 <= len(argument) <= 10:
            raise invalid(
                f"Template error: every {name} object requires a list of at least 2 and at most 10 "
                "boolean parameters."
            )
        return (all if name == "Fn::And" else any)([test(item) for item in argument])

    try:
        for name in declared:
            named(name)
    except RecursionError:  # text ours
        raise invalid("Template error: the conditions depend on each other too deeply.") from None
    return found


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Evaluates values of a template.

    Attributes:
        reference: what a reference comes to; raises AwsError if it is unknown.
        mappings: the template's ``Mappings``.
        taken: what the conditions came to.
        imported: what ``Fn::ImportValue`` of a name is; raises AwsError if nothing exports it.
    """

    reference: Callable[[Reference], Any]
    mappings: Mapping[str, Any] = field(default_factory=dict)
    taken: Mapping[str, bool] = field(default_factory=dict)
    imported: Callable[[str], str] | None = None

    def value(self, value: Any) -> Any:
        """Return what a value comes to; ``NO_VALUE`` where it is left out."""
        name = function_of(value)
        if name is not None:
            return self._function(name, value[name])
        if isinstance(value, dict):
            pairs = ((key, self.value(item)) for key, item in value.items())
            return {key: item for key, item in pairs if item is not NO_VALUE}
        if isinstance(value, list):
            return [item for item in map(self.value, value) if item is not NO_VALUE]
        if isinstance(value, str) and "{{resolve:" in value:
            raise invalid("This AWS does not support dynamic references ({{resolve:...}}).")
        return value

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return self.reference(Reference(_string(argument, "Ref")))
            case "Fn::GetAtt":
                return self.reference(_attribute(self._attribute_name(argument)))
            case "Fn::If":
                condition, yes, no = _if(argument)
                return self.value(yes if _taken(condition, self.taken) else no)
            case "Fn::Sub":
                return self._sub(argument)
            case _ if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, self.value(argument))
            case _:
                raise _unknown(name)

    def _attribute_name(self, argument: Any) -> Any:
        """Let the attribute's name be a function, as the reference allows it to be a Ref."""
        if isinstance(argument, list) and len(argument) == 2:
            return [argument[0], self.value(argument[1])]
        return argument

    def _sub(self, argument: Any) -> str:
        text, names = _sub(argument)
        values = {key: _text(self.value(item), "Fn::Sub") for key, item in names.items()}

        size = len(text)

        def replaced(match: re.Match[str]) -> str:
            nonlocal size
            place = match[2].strip()
            if match[1]:
                return f"${{{match[2]}}}"
            if place not in values:
                resource, _, attribute = place.partition(".")
                value = self.reference(Reference(resource, attribute or None))
                values[place] = _text(value, "Fn::Sub")
            size += len(values[place])
            _check_size(size)
            return values[place]

        return _PLACE.sub(replaced, text)

    def _join(self, argument: Any) -> str:
        if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list)):
            raise invalid(
                "Template error: every Fn::Join object requires two parameters, (1) a string "
                "delimiter and (2) a "
                "list of strings to be joined or a function that returns a list of strings (such as "
                "Fn::GetAZs) "
                "to be joined."
            )
        delimiter, items = _text(argument[0], "Fn::Join"), [_text(item, "Fn::Join") for item in argument[1]]
        _check_size(sum(map(len, items)) + len(delimiter) * len(items))
        return delimiter.join(items)

    def _select(self, argument: Any) -> Any:
        if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list)):
            raise invalid(
                "Template error: Fn::Select requires a list argument with two elements: an integer "
                "index and a list"
            )
        index, items = str(argument[0]), argument[1]
        if not re.fullmatch(r"[0-9]{1,9}", index) or int(index) >= len(items):
            raise invalid(f"Template error: Fn::Select cannot select nonexistent value at index {index[:20]}")
        return items[int(index)]

    def _split(self, argument: Any) -> list[str]:
        if not (
            isinstance(argument, list) and len(argument) == 2 and all(isinstance(a, str) for a in argument)
        ):
            raise invalid(
                "Template error: every Fn::Split object requires two parameters, (1) a string "
                "delimiter and (2) a "
                "string to be split or a function that returns a string to be split."
            )
        if not argument[0]:
            raise invalid("Template error: the delimiter of Fn::Split is empty")
        return list(argument[1].split(argument[0]))

    def _find_in_map(self, argument: Any) -> Any:
        if not (isinstance(argument, list) and len(argument) == 3):
            raise invalid(
                "Template error: every Fn::FindInMap object requires three parameters, the map name, "
                "map key and "
                "the attribute for return value"
            )
        name, key, attribute = (_text(item, "Fn::FindInMap") for item in argument)
        try:
            return self.mappings[name][key][attribute]
        except (KeyError, TypeError):
            raise invalid(f"Template error: Unable to get mapping for {name}::{key}::{attribute}") from None

    def _import_value(self, argument: Any) -> str:
        if self.imported is None:
            raise invalid("Template error: Fn::ImportValue is not allowed here")
        return self.imported(_text(argument, "Fn::ImportValue"))

    def _base64(self, argument: Any) -> str:
        return base64.b64encode(_text(argument, "Fn::Base64").encode(errors="replace")).decode()

    def _cidr(self, argument: Any) -> list[str]:
        """``[block, count, bits]``: count blocks whose hosts have that many bits; 1 to 256 of them."""
        refusal = invalid("Template error: Fn::Cidr needs a block, a count of 1 to 256 that fits, and bits")
        if not isinstance(argument, list) or len(argument) not in {2, 3}:
            raise refusal
        try:
            network = ipaddress.ip_network(argument[0], strict=False)
            count = int(argument[1])
            bits = int(argument[2]) if len(argument) == 3 else (8 if network.version == 4 else 64)
        except (ValueError, TypeError):
            raise refusal from None
        if not 1 <= count <= 256 or not 1 <= bits <= network.max_prefixlen:
            raise refusal
        size = 2**bits
        if count * size > network.num_addresses:
            raise refusal
        first = int(network.network_address)
        make = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
        return [f"{make(first + number * size)}/{network.max_prefixlen - bits}" for number in range(count)]


_FUNCTIONS: Mapping[str, Callable[[Evaluation, Any], Any]] = {
    "Fn::Base64": Evaluation._base64,
    "Fn::Cidr": Evaluation._cidr,
    "Fn::FindInMap": Evaluation._find_in_map,
    "Fn::ImportValue": Evaluation._import_value,
    "Fn::Join": Evaluation._join,
    "Fn::Select": Evaluation._select,
    "Fn::Split": Evaluation._split,
}
_KNOWN = frozenset({*_FUNCTIONS, *_CONDITION_FUNCTIONS, "Fn::GetAtt", "Fn::If", "Fn::Sub", "Ref"})


def _check_size(size: int) -> None:
    """Refuse a string beside which its template is small: functions within functions multiply."""
    if size > _LONGEST:
        raise invalid(f"Template error: a function makes a string of more than {_LONGEST} characters.")


def _unknown(function: str) -> AwsError:
    return invalid(f"Template error: this AWS does not support the function {function[:100]}.")


def _string(value: Any, function: str) -> str:
    if not isinstance(value, str) or not value:
        raise invalid(f"Template error: every {function} object must have a single String value.")
    return value


def _attribute(argument: Any) -> Reference:
    if isinstance(argument, str):
        argument = argument.split(".", 1)
    if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str)):
        raise invalid(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource "
            "name and the "
            "resource attribute"
        )
    return Reference(argument[0], argument[1] if isinstance(argument[1], str) else None)


def _sub(argument: Any) -> tuple[str, Mapping[str, Any]]:
    text, names = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(text, str) or not isinstance(names, dict):
        raise invalid(
            "Template error: One or more Fn::Sub intrinsic functions don't specify expected "
            "arguments. Specify a "
            "string as first argument, and an optional second argument to specify a mapping of "
            "values to replace "
            "in the string"
        )
    return text, names


def _places(text: str) -> Iterator[str]:
    for match in _PLACE.finditer(text):
        if not match[1]:
            yield match[2].strip()


def _if(argument: Any) -> tuple[str, Any, Any]:
    if not (isinstance(argument, list) and len(argument) == 3 and isinstance(argument[0], str)):
        raise invalid("Template error: Fn::If requires a list argument with three elements")
    return argument[0], argument[1], argument[2]


def _taken(condition: str, taken: Mapping[str, bool]) -> bool:
    if condition not in taken:
        raise invalid(f"Template error: unresolved condition dependency {condition} in Fn::If")
    return taken[condition]


def _scalar_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _text(value: Any, function: str) -> str:
    plain = _scalar_text(value)
    if not isinstance(plain, str):
        raise invalid(f"Template error: {function} takes strings only")
    return plain
