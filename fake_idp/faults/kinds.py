"""What a kind of fault is, as data: a name, a source, parameters, and what it does to an answer."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.oauth.messages import Response
from fake_idp.presets.base import ENDPOINTS, Endpoint

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer
    from fake_idp.key import Key

__all__ = ["FAULTS", "Effect", "Kind", "Order", "Parameter", "fault", "write_json"]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a fault.

    Attributes:
        type: what it takes.
        title: what it is for, in a few words, with the unit.
        default: what it is when left out, as far as that is always the same.
        minimum: the least number.
        maximum: the greatest number; None for no limit.
        choices: the only values, where there are few.
    """

    type: Literal["integer", "number", "text", "headers", "bytes", "json"]
    title: str
    default: Any = None
    minimum: float = 0
    maximum: float | None = None
    choices: tuple[int, ...] = ()

    def check(self, name: str, value: Any) -> None:
        """Look whether the value can be used.

        Raises:
            InvalidValue: it cannot.
        """
        if self.type in ("integer", "number"):
            number = int if self.type == "integer" else (int, float)
            if isinstance(value, bool) or not isinstance(value, number) or not math.isfinite(value):
                raise InvalidValue(name, f"must be {'a whole' if self.type == 'integer' else 'a'} number")
            if self.choices and value not in self.choices:
                raise InvalidValue(name, f"must be one of {', '.join(map(str, self.choices))}")
            if value < self.minimum or (self.maximum is not None and value > self.maximum):
                limit = "or more" if self.maximum is None else f"to {self.maximum:g}"
                raise InvalidValue(name, f"must be {self.minimum:g} {limit}")
        elif self.type == "text" and not (isinstance(value, str) and _sendable(value)):
            raise InvalidValue(name, "must be text of one line")
        elif self.type == "bytes" and not isinstance(value, bytes | str):
            raise InvalidValue(name, "must be bytes or text")
        elif self.type == "headers":
            _check_headers(value)
        elif self.type == "json":
            write_json(value, name=name)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a fault does to an answer.

    Attributes:
        answer: sent in place of what the endpoint would say; the endpoint is not asked.
        change: makes another answer of the endpoint's.
        pad: bytes of white space sent after the body.
        chunks: in how many pieces the body is sent.
        pause: seconds between two pieces.
        rate: bytes a second, in place of ``chunks`` and ``pause``.
        cut: bytes of the body that are sent before the connection is closed, fewer than promised.
        drop: close the connection without an answer, before the endpoint is asked or after.
        key: a key that the fault brought in.
    """

    answer: Response | None = None
    change: Callable[[Response], Response] | None = None
    pad: int = 0
    chunks: int = 1
    pause: float = 0.0
    rate: float | None = None
    cut: int | None = None
    drop: Literal["", "before", "after"] = ""
    key: Key | None = None

    @property
    def changes_nothing(self) -> bool:
        """Whether the answer would be the honest one."""
        return self == Effect()


@dataclass(frozen=True, kw_only=True)
class Order:
    """A fault as it was asked for.

    Attributes:
        issuer: whose.
        endpoint: which endpoint.
        variant: the form; empty for a fault of one form.
        options: the parameters, defaults filled in.
    """

    issuer: Issuer
    endpoint: Endpoint
    variant: str
    options: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of fault.

    Attributes:
        id: ``group.name``.
        title: what goes wrong, in a few words.
        source: where it is described, or what it has broken.
        make: says what it does to an answer.
        variants: the forms that it comes in, the usual one first; empty when there is one form only.
        parameters: by name.
        endpoints: where it can happen.
    """

    id: str
    title: str
    source: str
    make: Callable[[Order], Effect]
    variants: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ENDPOINTS

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which it can be asked for."""
        return (self.id, *(f"{self.id}[{variant}]" for variant in self.variants))

    def effect(self, issuer: Issuer, endpoint: Endpoint, variant: str, given: Mapping[str, Any]) -> Effect:
        """What it does to an answer of that endpoint.

        Raises:
            UnknownName: it has no such parameter.
            InvalidValue: a parameter cannot be used, or it is no fault of this endpoint.
        """
        if endpoint not in self.endpoints:
            raise InvalidValue(self.id, f"is a fault of {', '.join(self.endpoints)}, not of {endpoint}")
        for name, value in given.items():
            if name not in self.parameters:
                raise UnknownName(f"parameter of {self.id}", name, self.parameters)
            self.parameters[name].check(name, value)
        defaults = {
            name: parameter.default
            for name, parameter in self.parameters.items()
            if parameter.default is not None
        }
        options = {**defaults, **given}
        return self.make(Order(issuer=issuer, endpoint=endpoint, variant=variant, options=options))


_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]+")

FAULTS: dict[str, Kind] = {}
"""Every kind of fault by id."""

_Maker = Callable[[Order], Effect]


def fault(
    id_: str,
    *,
    title: str,
    source: str,
    variants: tuple[str, ...] = (),
    endpoints: tuple[Endpoint, ...] = ENDPOINTS,
    **parameters: Parameter,
) -> Callable[[_Maker], _Maker]:
    """Enter a kind of fault into the catalogue."""

    def register(make: _Maker) -> _Maker:
        FAULTS[id_] = Kind(
            id=id_,
            title=title,
            source=source,
            make=make,
            variants=variants,
            parameters=parameters,
            endpoints=endpoints,
        )
        return make

    return register


def write_json(value: Any, *, name: str = "json") -> bytes:
    """The value in JSON.

    Raises:
        InvalidValue: it has no JSON form.
    """
    try:
        return json.dumps(value, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        raise InvalidValue(name, "has no JSON form") from None


def _check_headers(value: Any) -> None:
    if not isinstance(value, Mapping):
        raise InvalidValue("headers", "must map names to values")
    for name, content in value.items():
        if not (isinstance(name, str) and _HEADER_NAME.fullmatch(name)):
            raise InvalidValue("headers", "a name must be letters, digits, - and _")
        if name.lower() in ("content-length", "transfer-encoding"):
            raise InvalidValue("headers", f"{name.lower()} is set as the body needs it; see http.truncate")
        if not (isinstance(content, str) and _sendable(content)):
            raise InvalidValue("headers", "a value must be Latin-1 text of one line")


def _sendable(value: str) -> bool:
    return value.isprintable() and all(ord(character) < 256 for character in value)
