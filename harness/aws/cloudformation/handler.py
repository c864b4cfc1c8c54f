"""Creates, changes and deletes one resource, by what its type says and with the caller's own permissions."""

from __future__ import annotations

import json
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.aws.cloudformation.fields import fields_of, sources_of, unexpected
from harness.aws.cloudformation.types import Do, Part, ResourceType
from harness.aws.cloudformation.types.resource_type import Facts, PropertyError
from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.models import service_model
from harness.aws.tags import as_list

__all__ = ["Handler", "ResourceFailed", "tagged"]

_Answer = TypeVar("_Answer")

_GONE = frozenset(
    {
        "NoSuchEntity",
        "NotFound",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "UserNotFoundException",
    }
)
# CloudFormation CLI User Guide, "Handler error codes", for the codes of services.
_HANDLER_CODES = {
    "AccessDenied": "AccessDenied",
    "AccessDeniedException": "AccessDenied",
    "EntityAlreadyExists": "AlreadyExists",
    "GroupExistsException": "AlreadyExists",
    "LimitExceeded": "ServiceLimitExceeded",
    "LimitExceededException": "ServiceLimitExceeded",
    "ResourceAlreadyExistsException": "AlreadyExists",
    "Throttling": "Throttling",
    "UsernameExistsException": "AlreadyExists",
    **dict.fromkeys(_GONE, "NotFound"),
}


class ResourceFailed(Exception):
    """A resource could not be created, changed or deleted; the text is the reason that events show.

    Attributes:
        is_gone: whether the reason is that it is not there.
    """

    def __init__(self, reason: str, *, is_gone: bool = False) -> None:
        super().__init__(reason)
        self.is_gone = is_gone


def tagged(kind: ResourceType, properties: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the properties with the stack's tags among its own, which go before them."""
    if not kind.tags or not tags:
        return dict(properties)
    own = properties.get(kind.tags, [])
    if isinstance(own, dict):
        own = as_list(own)
    if not isinstance(own, list):  # wrong, and refused as such
        return dict(properties)
    keys = [tag.get("Key") for tag in own if isinstance(tag, dict)]
    added = as_list({key: value for key, value in tags.items() if key not in keys})
    return {**properties, kind.tags: [*own, *added]}


def _invalid(name: str, what: str) -> ResourceFailed:
    return ResourceFailed(f"Properties validation failed for resource {name} with message:\n{what}")


@dataclass(frozen=True, kw_only=True)
class Handler:
    """Acts on one resource.

    Attributes:
        call: of CloudFormation, of which this is a part.
        kind: the type.
        name: the logical id.
        stack: the name of the stack.
    """

    call: Context
    kind: ResourceType
    name: str
    stack: str

    def facts(self, properties: Mapping[str, Any], known: Mapping[str, Any]) -> Facts:
        """Return the facts of a resource.

        Args:
            properties: as the template has them, evaluated.
            known: what it is known by already: the names made for it and what the answers said.

        Raises:
            ResourceFailed: a property does not fit.
        """
        kind = self.kind
        facts: Facts = {
            "AccountId": self.call.aws.account_id,
            "Partition": "aws",
            "Region": self.call.region,
            "URLSuffix": "amazonaws.com",
            **kind.defaults,
            **known,
            **properties,
        }
        try:
            facts |= kind.derive(facts) if kind.derive is not None else {}
        except PropertyError as error:
            raise _invalid(self.name, str(error)) from None
        for fact, text in kind.derived.items():
            if all(name in facts for _, name, _, _ in string.Formatter().parse(text) if name):
                facts[fact] = text.format_map(facts)
        return facts

    def made_names(self) -> dict[str, str]:
        """Return the names made for a new resource: ``GeneratedId``, and that of the type if it has one."""
        made = {"GeneratedId": self._new_name(128)}
        if self.kind.naming:
            made[self.kind.naming] = self._new_name(self.kind.longest_name)
        return made

    def _new_name(self, longest: int) -> str:
        """Make ``stack-logical-RANDOM``, the two cut to fit."""
        ending = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(12))
        room = longest - len(ending) - 2
        stack = self.stack[: max(room - len(self.name), room // 2)]
        return f"{stack}-{self.name[: room - len(stack)]}-{ending}"

    def check(self, properties: Mapping[str, Any]) -> None:
        """Refuse properties that the type or this AWS does not have, and those that are missing.

        Raises:
            ResourceFailed: naming them.
        """
        kind = self.kind
        if lacking := sorted(set(properties) & kind.lacking):
            raise ResourceFailed(
                f"This AWS does not support the property {', '.join(lacking)} of {kind.name}."
            )
        unknown = sorted(set(properties) - set(kind.properties))
        missing = [one for one in kind.required if one not in properties]
        wrong = [
            *(f"#: extraneous key [{one[:200]}] is not permitted" for one in unknown),
            *(f"#: required key [{one}] not found" for one in missing),
        ]
        if wrong:
            raise _invalid(self.name, "\n".join(wrong))

    def check_change(self, before: Mapping[str, Any], properties: Mapping[str, Any], known: Facts) -> None:
        """Refuse, before anything is done, a change that cannot be made.

        Raises:
            ResourceFailed: naming the properties.
        """
        self.check(properties)
        old, new = self.facts(before, known), self.facts(properties, known)
        if stuck := self._unchangeable(old, new):
            raise ResourceFailed(f"Updates are not allowed for property - {', '.join(stuck)}.")
        for do in self.kind.update:
            self._fields(do, new)
        for part in self.kind.parts:
            self._items(part, new)

    def make(self, properties: Mapping[str, Any], known: Facts) -> None:
        """Create it without its parts, and add to ``known`` what it is known by.

        Raises:
            ResourceFailed: it is not there then.
        """
        kind, facts = self.kind, self.facts(properties, known)
        for part in kind.parts:  # what does not fit is found before anything is made
            self._items(part, facts)
        if kind.taken is not None:
            find, member = kind.taken
            if self._do(find, facts).get(member):
                raise ResourceFailed(f"{facts.get(kind.ref)} already exists")
        if kind.create is not None:
            answer = self._do(kind.create, facts)
            known |= answer.get(kind.answer, {}) if kind.answer else answer
            self._settle(self.facts(properties, known), answer)

    def finish(self, properties: Mapping[str, Any], known: Facts) -> None:
        """Create the parts of what was made.

        Raises:
            ResourceFailed: at any point; some of it is there then.
        """
        facts = self.facts(properties, known)
        for part in self.kind.parts:
            if not self._goes_along(part):
                for put, _ in self._items(part, facts).values():
                    self._send(part.put, put)
        self._read(facts, known)

    def update(self, before: Mapping[str, Any], properties: Mapping[str, Any], known: Facts) -> None:
        """Change it in place.

        Raises:
            ResourceFailed: at any point; what was changed by then stays so.
        """
        kind, old, new = self.kind, self.facts(before, known), self.facts(properties, known)
        wanted = [(do, self._fields(do, old), self._fields(do, new)) for do in kind.update]
        calls = [(do, fields) for do, was, fields in wanted if was != fields]
        if calls:
            self._prepare(new)
        for do, fields in calls:
            self._send(do, fields)
        for part in kind.parts:
            self._update_part(part, old, new, again=part.again and bool(calls))
        if kind.after_update is not None:
            self._do(kind.after_update, new)
        self._read(new, known)

    def delete(self, properties: Mapping[str, Any], known: Facts) -> None:
        """Take it away; what is not there any more is no failure.

        Raises:
            ResourceFailed: at any point.
        """
        kind, facts = self.kind, self.facts(properties, known)
        for part in reversed(kind.parts) if kind.is_stripped else ():
            if part.drop is not None and not self._goes_along(part):
                for _, drop in self._items(part, facts).values():
                    self._drop(part.drop, drop)
        if kind.delete is None:
            return
        try:
            self._prepare(facts)
            self._settle(facts, self._do(kind.delete, facts))
        except ResourceFailed as failure:
            if not failure.is_gone:
                raise

    def _prepare(self, facts: Facts) -> None:
        prepare = self.kind.prepare
        if prepare is not None:
            self._guarded(lambda: prepare(self._invoke, facts))

    def _settle(self, facts: Facts, answer: Mapping[str, Any]) -> None:
        settle = self.kind.settle
        if settle is not None:
            self._guarded(lambda: settle(self._invoke, facts, answer))

    def _read(self, facts: Facts, known: Facts) -> None:
        if self.kind.read is not None:
            read, member = self.kind.read
            answer = self._do(read, facts)
            known |= answer.get(member, {}) if member else answer

    def _goes_along(self, part: Part) -> bool:
        """Tell whether the main call creates a part already."""
        create = self.kind.create
        return create is not None and part.property in sources_of(self.kind, create).values()

    def _unchangeable(self, old: Facts, new: Facts) -> list[str]:
        """Return the properties that differ, and that no call changes."""
        kind = self.kind
        sources = {part.property for part in kind.parts}
        for do in kind.update:
            sources |= set(sources_of(kind, do).values())
        for part in kind.parts:
            sources |= set(part.put.fields.values())
        for fact, properties in kind.derived_from.items():
            sources |= set(properties) if fact in sources else set()
        return [name for name in kind.properties if old.get(name) != new.get(name) and name not in sources]

    def _update_part(self, part: Part, old: Facts, new: Facts, *, again: bool) -> None:
        before, after = self._items(part, old), self._items(part, new)
        for key, (_, drop) in before.items():
            if key not in after and part.drop is not None:
                self._drop(part.drop, drop)
        for key, (put, _) in after.items():
            if key not in before or again:
                self._send(part.put, put)
            elif put != before[key][0]:
                self._send(part.change or part.put, put)

    def _items(self, part: Part, facts: Facts) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
        """Return the fields to put and to drop each item of a part, by what tells the items apart."""
        value = facts.get(part.property)
        if value is None:
            return {}
        if part.each and isinstance(value, dict):  # tags
            value = as_list(value)
        if part.each and not isinstance(value, list):
            raise _invalid(self.name, str(unexpected("JSONArray", value, f"#/{part.property}")))
        found, name = {}, "" if part.property in self.kind.derived_from else part.property
        for item in value if part.each else [value]:
            with_item = {**facts, "Item": item}
            put = self._fields(part.put, with_item, name)
            drop = self._fields(part.drop, with_item, name) if part.drop is not None else {}
            found[json.dumps(drop, sort_keys=True, default=str)] = (put, drop)
        return found

    def _fields(self, do: Do, facts: Facts, item: str = "Item") -> dict[str, Any]:
        try:
            return fields_of(self.kind, do, facts, item=item)
        except PropertyError as error:
            raise _invalid(self.name, str(error)) from None

    def _do(self, do: Do, facts: Facts) -> Mapping[str, Any]:
        return self._send(do, self._fields(do, facts))

    def _drop(self, do: Do, fields: Mapping[str, Any]) -> None:
        try:
            self._send(do, fields)
        except ResourceFailed as failure:
            if not failure.is_gone:
                raise

    def _send(self, do: Do, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._guarded(lambda: self._invoke(do.operation, fields))

    def _invoke(self, operation: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.call.aws.invoke(self.kind.service, operation, fields, by=self.call)

    def _guarded(self, act: Callable[[], _Answer]) -> _Answer:
        """Word a service's refusal as the events of CloudFormation do (the form of its handlers)."""
        try:
            return act()
        except AwsError as error:
            service = service_model(self.kind.service).service_id.replace(" ", "")
            code = _HANDLER_CODES.get(
                error.code, "InvalidRequest" if error.status < 500 else "InternalFailure"
            )
            raise ResourceFailed(
                f'Resource handler returned message: "{error.message} (Service: {service}, Status Code: '
                f'{error.status}, Request ID: {uuid.uuid4()})" (RequestToken: {uuid.uuid4()}, '
                f"HandlerErrorCode: {code})",
                is_gone=error.code in _GONE,
            ) from None
