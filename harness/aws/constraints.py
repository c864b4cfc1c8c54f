"""What AWS's models say of a call's fields: required, length, range, pattern, enumeration.

Every service of AWS answers a field that breaks its model alike, and lists all that is wrong at once:
``1 validation error detected: Value 'x' at 'roleSessionName' failed to satisfy constraint: Member must
satisfy regular expression pattern: [\\w+=,.@-]*`` (AWSCore.jl#38). What a model marks as sensitive is never
repeated.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from harness.aws.errors import AwsError

__all__ = ["check"]

logger = logging.getLogger(__name__)

_PATTERN = "Member must satisfy regular expression pattern: "
_LONGEST = 2048  # characters of a value that a message repeats
# AWS names the values of an enumeration in an order of its own; those that are known (cfn-user-guide#563).
_ORDERS = {"OAuthFlowType": ("implicit", "client_credentials", "code")}
# Characters of a value to which AWS's model sets no bound, but a pattern that repeats twice, such as that of
# EmailAddressType: trying it takes the square of the length. The bound is ours: AWS's own is not public.
_LONGEST_UNBOUNDED = 4096
_SECONDS = 1.0  # for a pattern with categories, some of which go back and forth; then it does not hold


class _Failure(NamedTuple):
    """A member that breaks its model; the shape is that of what lacks it where the value is None."""

    shape: Any
    value: Any
    path: str
    constraint: str


def check(shape: Any, fields: Mapping[str, Any], *, code: str, repeats: bool = True) -> None:
    """Check the fields of a call.

    Args:
        shape: botocore's model of the operation's input.
        fields: as read.
        code: the error code by which this operation says so.
        repeats: whether its text repeats a value that breaks a pattern.

    Raises:
        AwsError: ``code``, naming everything that is wrong.
    """
    found = list(_structure(shape, fields, ""))
    if found:
        errors = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
        texts = (_text(failure, repeats=repeats) for failure in found)
        raise AwsError(code, f"{errors}: {'; '.join(texts)}")


def _structure(shape: Any, fields: Mapping[str, Any], path: str) -> Iterator[_Failure]:
    for name in shape.required_members:
        if fields.get(name) is None:
            where = f"{path}{name[0].lower()}{name[1:]}"
            yield _Failure(shape, None, where, "Member must not be null")
    members = shape.members
    for name, value in fields.items():
        yield from _member(members[name], value, f"{path}{name[0].lower()}{name[1:]}")


def _member(shape: Any, value: Any, path: str) -> Iterator[_Failure]:
    broken = list(_broken(shape, value))
    for constraint in broken:
        yield _Failure(shape, value, path, constraint)
    match shape.type_name:
        case "structure" if not shape.is_document_type:
            yield from _structure(shape, value, f"{path}.")
        case "list" if shape.member.type_name in {"structure", "list", "map"}:
            for number, item in enumerate(value, 1):
                yield from _member(shape.member, item, f"{path}.{number}.member")
        case "list":
            inner = _first(_broken(shape.member, item) for item in value)
            if inner:
                yield _Failure(shape, value, path, f"Member must satisfy constraint: [{', '.join(inner)}]")
        case "map":
            keys = _first(_broken(shape.key, key) for key in value)
            if keys:
                yield _Failure(shape, value, path, f"Map keys must satisfy constraint: [{', '.join(keys)}]")
            if shape.value.type_name in {"structure", "list", "map"}:
                for key, item in value.items():
                    yield from _member(shape.value, item, f"{path}.{key}.member")
            else:
                values = _first(_broken(shape.value, item) for item in value.values())
                if values:
                    text = f"Map value must satisfy constraint: [{', '.join(values)}]"
                    yield _Failure(shape, value, path, text)


def _first(each: Iterator[Iterator[str]]) -> list[str]:
    return next(filter(None, map(list, each)), [])


def _broken(shape: Any, value: Any) -> Iterator[str]:
    """Yield the constraints that one value breaks by itself."""
    metadata = shape.metadata
    if not metadata:
        return
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    size = value if is_number else len(value) if isinstance(value, str | bytes | list | dict) else None
    what = "value" if is_number else "length"
    if size is not None:
        low, high = metadata.get("min"), metadata.get("max")
        if low is not None and size < low:
            yield f"Member must have {what} greater than or equal to {low}"
        if high is not None and size > high:
            yield f"Member must have {what} less than or equal to {high}"
            return  # and no pattern is tried on it: that it is short bounds the work
    if not isinstance(value, str):
        return
    pattern = metadata.get("pattern")
    is_long = "max" not in metadata and len(value) > _LONGEST_UNBOUNDED
    if pattern is not None and is_long and pattern.count("+") + pattern.count("*") > 1:
        yield f"Member must have length less than or equal to {_LONGEST_UNBOUNDED}"
        return
    if pattern is not None and not _matches(pattern, value):
        yield f"{_PATTERN}{pattern}"
    if "enum" in metadata and value not in metadata["enum"]:
        values = _ORDERS.get(shape.name, metadata["enum"])
        yield f"Member must satisfy enum value set: [{', '.join(values)}]"


def _text(failure: _Failure, *, repeats: bool) -> str:
    shape, value, path, constraint = failure
    inner = {"list": "member", "map": "value"}.get(shape.type_name)
    shapes = [shape, *([getattr(shape, inner)] if inner else [])]
    is_hidden = any(each.metadata.get("sensitive") for each in shapes) or (
        not repeats and constraint.startswith(_PATTERN)
    )
    shown = " null" if value is None else "" if is_hidden else f" '{_java(value)[:_LONGEST]}'"
    return f"Value{shown} at '{path}' failed to satisfy constraint: {constraint}"


def _java(value: Any) -> str:
    """Write a value as AWS's messages do."""
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{', '.join(map(_java, value))}]"
        case dict():
            return "{" + ", ".join(f"{key}={_java(item)}" for key, item in value.items()) + "}"
        case _:
            return str(value)


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    if compiled is None or isinstance(compiled, re.Pattern):
        return compiled is None or compiled.fullmatch(value) is not None
    try:
        return compiled.fullmatch(value, timeout=_SECONDS) is not None
    except TimeoutError:
        return False


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    """Compile a pattern of Java's, whose ``\\w`` and ``\\s`` are ASCII and which knows categories of Unicode.

    ``re`` does for most; ``regex``, which knows the categories, is loaded with the first that has one.
    """
    pattern = re.sub(r"(\\[wds])-", r"\1\\-", pattern)  # a class begins no range, but Python says so
    try:
        if "\\p{" not in pattern:
            return re.compile(pattern, re.ASCII)
        import regex

        return regex.compile(pattern.replace(r"\s", r" \t\n\x0b\f\r"))
    except re.error:
        logger.warning("the pattern %s of AWS's model cannot be read; it is not held", pattern)
        return None
