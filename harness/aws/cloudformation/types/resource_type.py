"""How a resource type is written down: which calls it is made of, and what it tells of itself.

The calls take their fields from the facts of a resource. Facts are its properties by their names, what the
answer to its creation said, ``Region``, ``AccountId``, ``Partition``, ``URLSuffix``, and what is derived from
these. A source, the right side of a field, is the name of a fact; ``[Name]`` is a list of that one; what
begins with ``=`` is JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Do", "Facts", "Invoke", "Part", "PropertyError", "ResourceType", "names"]

Facts = dict[str, Any]
"""What is known of one resource."""

Invoke = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Calls an operation of the resource's service: its name and its fields in, its members out."""


class PropertyError(Exception):
    """A property that does not fit: a text such as ``#/Tags: expected type: JSONArray, found: String``."""


@dataclass(frozen=True)
class Do:
    """A call.

    Attributes:
        operation: of the type's service.
        fields: field of the operation -> source; those whose source is unknown are left out.
        whole: whether every property that the operation has a field for goes along.
    """

    operation: str
    fields: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a property means beside the main call: a call for each of its items, or one for all of it.

    Attributes:
        property: the property, or a derived fact.
        put: adds an item; ``Item`` is the item among its facts, ``Item.X`` its member ``X``.
        drop: takes one away; the same fields mean the same item. None where nothing has to be done.
        change: puts an item that is there with other fields; ``put`` when left out.
        each: whether the property is a list of items.
        again: whether it is put again after every change of the resource.
    """

    property: str
    put: Do
    drop: Do | None = None
    change: Do | None = None
    each: bool = False
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A resource type.

    Attributes:
        name: for example ``AWS::IAM::Role``.
        service: botocore's name of its service.
        properties: property -> field of the operations; empty where no operation has it as it is.
        lacking: properties that AWS has and this AWS has not.
        required: properties without which it cannot be.
        naming: the property for which a name is made when it is left out.
        longest_name: characters of such a name.
        within: the property that says in what the name is the only one; empty for names of the whole account.
        defaults: facts that hold where a property is left out.
        create: the call that makes it; None where its parts are all of it.
        answer: the member of the answer that describes it; the answer itself when empty.
        read: a call whose answer adds facts, and the member of that answer.
        update: the calls that change it; one is made only where its fields change.
        delete: the call that takes it away; None where its parts are all of it.
        parts: what is made after it.
        is_stripped: whether its parts are taken away before it, since its service demands that.
        fixed: properties whose change makes another one.
        ref: the fact that ``Ref`` returns, which is its physical id.
        attributes: attribute of ``Fn::GetAtt`` -> fact.
        derived: fact -> format of it, filled with other facts.
        derive: returns more facts, where a format cannot say them; raises PropertyError.
        derived_from: fact of ``derive`` -> the properties that it stands for.
        tags: the property of its tags, to which the stack's are added.
        taken: a call that finds one of the same name, and the member of the answer that lists it: for
            services whose operation to create one overwrites it.
        prepare: called before it is changed or deleted.
        settle: called with the answer once it was created or deleted; raises AwsError if that failed.
        after_update: a call that follows changes.
    """

    name: str
    service: str
    properties: Mapping[str, str]
    lacking: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    naming: str = ""
    longest_name: int = 128
    within: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    create: Do | None = None
    answer: str = ""
    read: tuple[Do, str] | None = None
    update: tuple[Do, ...] = ()
    delete: Do | None = None
    parts: tuple[Part, ...] = ()
    is_stripped: bool = False
    fixed: frozenset[str] = frozenset()
    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    derived: Mapping[str, str] = field(default_factory=dict)
    derive: Callable[[Facts], Facts] | None = None
    derived_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: str = ""
    taken: tuple[Do, str] | None = None
    prepare: Callable[[Invoke, Facts], None] | None = None
    settle: Callable[[Invoke, Facts, Mapping[str, Any]], None] | None = None
    after_update: Do | None = None


def names(text: str, **renamed: str) -> dict[str, str]:
    """Return properties: those of ``text`` have fields of the same name, the others as given."""
    return {**{name: name for name in text.split()}, **renamed}
