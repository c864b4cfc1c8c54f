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
    stacks, found = call.aws.state(Stacks), []
    name, change_set = fields.get("StackName") or "", fields.get("ChangeSetName") or ""
    with stacks.lock:
        if name.startswith("arn:"):
            found.append(name)
        elif name:
            stack = stacks.find(call.region, name)
            unknown = call.arn(f"stack/{name}/*")
            found.append(stack.id if stack is not None else unknown)
        if change_set.startswith("arn:"):  # it may be of another stack than the one that is named
            for stack in stacks.here(call.region):
                if any(one.id == change_set for one in stack.change_sets.values()):
                    found.append(stack.id)
    return list(dict.fromkeys(found)) or ["*"]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """The name of the change set, of calls that have one."""
    name = fields.get("ChangeSetName")
    return {"cloudformation:ChangeSetName": name} if name else {}
