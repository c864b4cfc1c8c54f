"""What an account keeps of its stacks: their resources, events, outputs and change sets."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.aws.cloudformation.reading import invalid
from harness.aws.cloudformation.template import Template
from harness.aws.cloudformation.types.resource_type import Facts

__all__ = ["ChangeSet", "Event", "Output", "Resource", "Stack", "Stacks"]


@dataclass(kw_only=True)
class Resource:
    """A resource of a stack.

    Attributes:
        name: logical id.
        type: for example ``AWS::IAM::Role``.
        physical_id: what ``Ref`` returns; empty until it is known.
        status, reason: of the last event; the reason may be empty.
        time: of the last event, in seconds since the epoch.
        properties: evaluated, the stack's tags included.
        known: names made for it, and what the answers of its service said.
        exists: whether its service has it.
        deletion_policy, metadata: as declared.
    """

    name: str
    type: str
    physical_id: str = ""
    status: str = ""
    reason: str = ""
    time: float = 0
    properties: Mapping[str, Any] = field(default_factory=dict)
    known: Facts = field(default_factory=dict)
    exists: bool = False
    deletion_policy: str = "Delete"
    metadata: Any = None


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of a stack's history; ``time`` in seconds since the epoch."""

    id: str
    time: float
    name: str
    physical_id: str
    type: str
    status: str
    reason: str
    properties: str
    token: str | None


@dataclass(frozen=True, kw_only=True)
class Output:
    """An output; ``export`` is the name by which other stacks import it, or empty."""

    name: str
    value: str
    description: str | None
    export: str


@dataclass(kw_only=True)
class ChangeSet:
    """A change set: what to execute later, and what it would do.

    Attributes:
        fields: of the call that created it.
        template, parameters, tags: what the stack will have; None of a template that failed.
        changes: as described.
    """

    id: str
    name: str
    created: float
    fields: Mapping[str, Any]
    template: Template | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    execution: str = "AVAILABLE"


@dataclass(kw_only=True)
class Stack:
    """A stack; times are in seconds since the epoch.

    Attributes:
        template: None while it is only reviewed.
        parameters: the values, as text.
        secrets: values of its NoEcho parameters, past ones too: events do not repeat them.
        imports: names of the exports that it uses.
        settings: ``DisableRollback``, ``TimeoutInMinutes`` and the like, as they are described.
    """

    id: str
    name: str
    region: str
    created: float
    status: str
    reason: str = ""
    template: Template | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    updated: float | None = None
    deleted: float | None = None
    is_protected: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    change_set_id: str | None = None

    def now_is(self, status: str, *, now: float, reason: str = "", token: str | None = None) -> None:
        """Set the stack's own status and record it."""
        self.status, self.reason = status, reason
        stack = Resource(name=self.name, type="AWS::CloudFormation::Stack", physical_id=self.id)
        stack.status, stack.reason, stack.time = status, reason, now
        self._record(stack, "", token)

    def resource_is(
        self, resource: Resource, status: str, *, now: float, reason: str = "", token: str | None = None
    ) -> None:
        """Set a resource's status and record it."""
        resource.status, resource.reason, resource.time = status, reason, now
        self._record(resource, f"{resource.name}-{status}-", token)

    def _record(self, resource: Resource, prefix: str, token: str | None) -> None:
        text = json.dumps(resource.properties) if resource.properties else ""
        for secret in self.secrets:
            text = text.replace(json.dumps(secret)[1:-1], "****")
        event = Event(
            id=f"{prefix}{uuid.uuid4()}",
            time=resource.time,
            name=resource.name,
            physical_id=resource.physical_id,
            type=resource.type,
            status=resource.status,
            reason=resource.reason,
            properties=text,
            token=token,
        )
        self.events.append(event)


class Stacks:
    """The stacks of one account, those that were deleted included.

    Attributes:
        lock: held while a stack is read or changed.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._stacks: dict[str, Stack] = {}

    def add(self, stack: Stack) -> None:
        """Keep a new stack."""
        self._stacks[stack.id] = stack

    def here(self, region: str) -> list[Stack]:
        """Return the stacks of a region, the last one first."""
        return [stack for stack in reversed(self._stacks.values()) if stack.region == region]

    def live(self, region: str) -> list[Stack]:
        """Return the stacks of a region but those that were deleted, the last one first."""
        return [stack for stack in self.here(region) if stack.status != "DELETE_COMPLETE"]

    def find(self, region: str, name: str) -> Stack | None:
        """Return a stack by its name, if it is not deleted, or by its id; None if there is none such."""
        found = self._stacks.get(name)
        if found is not None:
            return found if found.region == region else None
        return next((stack for stack in self.live(region) if stack.name == name), None)

    def get(self, region: str, name: str) -> Stack:
        """Return a stack as ``find`` does.

        Raises:
            AwsError: ``ValidationError``.
        """
        stack = self.find(region, name)
        if stack is None:
            raise invalid(f"Stack with id {name} does not exist")
        return stack

    def exports(self, region: str) -> Iterator[tuple[Stack, Output]]:
        """Yield what the stacks of a region export."""
        for stack in self.live(region):
            for output in stack.outputs:
                if output.export:
                    yield stack, output

    def importers(self, region: str, export: str, *, but: Stack | None = None) -> list[str]:
        """Return the names of the stacks that import an export."""
        return [stack.name for stack in self.live(region) if export in stack.imports and stack is not but]
