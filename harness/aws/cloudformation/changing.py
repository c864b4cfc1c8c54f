"""CreateStack, UpdateStack, DeleteStack and UpdateTerminationProtection.

Source: AWS CloudFormation API Reference, under these names; the messages are those of public reports.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from harness.aws.cloudformation import plan
from harness.aws.cloudformation.provisioning import Provisioning
from harness.aws.cloudformation.reading import invalid
from harness.aws.cloudformation.requests import check_name, refuse, wanted
from harness.aws.cloudformation.stacks import Stack, Stacks
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError

__all__ = ["CHANGING", "check_updatable", "new_stack", "refuse_to_keep", "settings_of"]

# A stack in one of these can be updated (User Guide, "Stack status codes").
_UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
    }
)


def new_stack(call: Context, name: str, *, status: str) -> Stack:
    """Make the record of a stack; nothing keeps it yet."""
    arn = call.arn(f"stack/{name}/{uuid.uuid4()}")
    return Stack(id=arn, name=name, region=call.region, created=call.now, status=status)


def settings_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a call is described as the stack's."""
    members = ("Capabilities", "DisableRollback", "NotificationARNs", "TimeoutInMinutes")
    return {name: fields[name] for name in members if fields.get(name) is not None}


def check_updatable(stack: Stack) -> None:
    """Refuse to update a stack in a state that does not allow it.

    Raises:
        AwsError: ``ValidationError``.
    """
    if stack.status not in _UPDATABLE:
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def refuse_to_keep(disables_rollback: object) -> None:
    """Refuse an update whose failure would be kept.

    Raises:
        AwsError: ``NotImplemented``.
    """
    if disables_rollback:
        raise AwsError("NotImplemented", "This AWS does not implement updates without rollback.")


def create_stack(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """CreateStack."""
    name, stacks = fields["StackName"], call.aws.state(Stacks)
    check_name(name)
    if fields.get("DisableRollback") and fields.get("OnFailure"):
        raise invalid("You may not specify both DisableRollback and OnFailure")
    want = wanted(fields)
    with stacks.lock:
        if stacks.find(call.region, name) is not None:
            raise AwsError("AlreadyExistsException", f"Stack [{name}] already exists")
        stack = new_stack(call, name, status="")
        stack.settings = settings_of(fields)
        stack.is_protected = bool(fields.get("EnableTerminationProtection"))
        plan.changes(
            call, stacks, stack, template=want.template, parameters=want.parameters, tags=want.tags
        )  # what cannot be evaluated is refused before there is a stack
        stacks.add(stack)
        on_failure = fields.get("OnFailure") or (
            "DO_NOTHING" if fields.get("DisableRollback") else "ROLLBACK"
        )
        provisioning = Provisioning(call, stacks, stack, token=fields.get("ClientRequestToken"))
        provisioning.create(want.template, want.parameters, want.tags, on_failure=on_failure)
    return {"StackId": stack.id}


def update_stack(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateStack."""
    stacks = call.aws.state(Stacks)
    with stacks.lock:
        stack = stacks.find(call.region, fields["StackName"])
        if stack is None or stack.status == "DELETE_COMPLETE":
            raise invalid(f"Stack [{fields['StackName']}] does not exist")
        check_updatable(stack)
        refuse_to_keep(fields.get("DisableRollback"))
        want = wanted(fields, stack)
        found, else_changes = plan.changes(
            call, stacks, stack, template=want.template, parameters=want.parameters, tags=want.tags
        )
        if not found and not else_changes:
            raise invalid("No updates are to be performed.")
        stack.settings |= settings_of(fields)
        stack.change_sets = {}  # they were made for what the stack is no more
        provisioning = Provisioning(call, stacks, stack, token=fields.get("ClientRequestToken"))
        provisioning.update(want.template, want.parameters, want.tags)
    return {"StackId": stack.id}


def delete_stack(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteStack: nothing happens if there is no such stack."""
    refuse(fields)
    stacks = call.aws.state(Stacks)
    with stacks.lock:
        stack = stacks.find(call.region, fields["StackName"])
        if stack is None or stack.status == "DELETE_COMPLETE":
            return {}
        if stack.is_protected:
            raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        retained = frozenset(fields.get("RetainResources") or [])
        if retained and stack.status != "DELETE_FAILED":
            raise invalid(
                "Invalid operation on stack. RetainResources is only for stacks in the DELETE_FAILED state."
            )
        if unknown := sorted(retained - set(stack.resources)):
            raise invalid(f"Resources [{', '.join(unknown)}] do not exist in stack {stack.name}")
        if fields.get("DeletionMode") == "FORCE_DELETE_STACK":
            raise AwsError("NotImplemented", "This AWS does not implement FORCE_DELETE_STACK of DeleteStack.")
        Provisioning(call, stacks, stack, token=fields.get("ClientRequestToken")).delete(retained)
    return {}


def update_termination_protection(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateTerminationProtection."""
    stacks = call.aws.state(Stacks)
    with stacks.lock:
        stack = stacks.get(call.region, fields["StackName"])
        if stack.status == "DELETE_COMPLETE":
            raise invalid(f"Stack [{stack.name}] does not exist")
        stack.is_protected = fields["EnableTerminationProtection"]
        return {"StackId": stack.id}


CHANGING: Mapping[str, Operation] = {
    "CreateStack": create_stack,
    "DeleteStack": delete_stack,
    "UpdateStack": update_stack,
    "UpdateTerminationProtection": update_termination_protection,
}
"""By name."""
