"""The operations of CloudFormation, by an engine of its own: each resource is made by a call of its service.

The calls have the permissions of whoever calls CloudFormation, as without a service role in the real one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.cloudformation.change_sets import CHANGE_SETS
from harness.aws.cloudformation.changing import CHANGING
from harness.aws.cloudformation.describing import DESCRIBING
from harness.aws.cloudformation.stacks import Stacks
from harness.aws.context import Context, Operation

__all__ = ["OPERATIONS", "condition_keys", "resources"]

OPERATIONS: Mapping[str, Operation] = {**CHANGE_SETS, **CHANGING, **DESCRIBING}


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """The stack, of calls that name one.

    One that is not there yet has ``*`` for its id (Service Authorization Reference, CloudFormation).
    """
    name = fields.get("StackName") or ""
    change_set = fields.get("ChangeSetName") or ""
    if not name and change_set.startswith("arn:"):
        stacks = call.aws.state(Stacks)
        with stacks.lock:
            found = [one.id for one in stacks.here(call.region) if _has(one.change_sets.values(), change_set)]
        return found or ["*"]
    if not name:
        return ["*"]
    if name.startswith("arn:"):
        return [name]
    stacks = call.aws.state(Stacks)
    with stacks.lock:
        stack = stacks.find(call.region, name)
    if stack is not None:
        return [stack.id]
    return [f"arn:aws:cloudformation:{call.region}:{call.aws.account_id}:stack/{name}/*"]


def _has(change_sets: Any, arn: str) -> bool:
    return any(one.id == arn for one in change_sets)


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """The name of the change set, of calls that have one."""
    name = fields.get("ChangeSetName")
    return {"cloudformation:ChangeSetName": name} if name else {}
