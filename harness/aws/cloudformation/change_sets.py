"""Change sets: what would be done, shown before it is done. ``aws cloudformation deploy`` works by them.

Source: AWS CloudFormation API Reference, under the operations' names; messages as the AWS CLI's own code
(``deployer.py``) and public reports have them.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from harness.aws.cloudformation import plan
from harness.aws.cloudformation.changing import check_updatable, new_stack, refuse_to_keep, settings_of
from harness.aws.cloudformation.provisioning import Provisioning
from harness.aws.cloudformation.reading import invalid
from harness.aws.cloudformation.requests import Wanted, check_name, page, wanted
from harness.aws.cloudformation.shown import shown_parameters
from harness.aws.cloudformation.stacks import ChangeSet, Stack, Stacks
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.tags import as_list
from harness.aws.times import moment

__all__ = ["CHANGE_SETS", "find_change_set"]

_REVIEW = "REVIEW_IN_PROGRESS"
_NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
_ARN = re.compile(r"arn:aws:cloudformation:[^:]+:[0-9]{12}:changeSet/.+", re.ASCII)


def find_change_set(call: Context, fields: Mapping[str, Any]) -> tuple[Stack, ChangeSet]:
    """Return the change set that a call names, by its ARN, or by its name and its stack.

    Raises:
        AwsError: ``ChangeSetNotFound`` or ``ValidationError``.
    """
    stacks, name = call.aws.state(Stacks), fields["ChangeSetName"]
    missing = AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", status=404)
    if _ARN.fullmatch(name):
        for stack in stacks.here(call.region):
            for change_set in stack.change_sets.values():
                if change_set.id == name:
                    return stack, change_set
        raise missing
    if not fields.get("StackName"):
        raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
    found = stacks.find(call.region, fields["StackName"])
    if found is None:
        raise invalid(f"Stack [{fields['StackName']}] does not exist")
    if name not in found.change_sets:
        raise missing
    return found, found.change_sets[name]


def create_change_set(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """CreateChangeSet: of the type CREATE it makes a stack that is only reviewed."""
    stacks, kind = call.aws.state(Stacks), fields.get("ChangeSetType") or "UPDATE"
    if kind == "IMPORT":
        raise AwsError("NotImplemented", "This AWS does not implement the change set type IMPORT.")
    with stacks.lock:
        stack = _stack_of(call, stacks, fields, kind)
        name = fields["ChangeSetName"]
        if name in stack.change_sets:
            raise AwsError(
                "AlreadyExistsException",
                f"ChangeSet {name} cannot be created due to a mismatch with existing attribute Name",
            )
        want = wanted(fields, stack if kind == "UPDATE" else None)
        arn = call.arn(f"changeSet/{name}/{uuid.uuid4()}")
        change_set = ChangeSet(id=arn, name=name, created=call.now, fields=dict(fields))
        change_set.template, change_set.parameters, change_set.tags = (
            want.template,
            want.parameters,
            want.tags,
        )
        _plan(call, stacks, stack, change_set, want)
        if stacks.find(call.region, stack.id) is None:
            stacks.add(stack)
            stack.now_is(_REVIEW, now=call.now, reason="User Initiated")
        stack.change_sets[name] = change_set
        return {"Id": change_set.id, "StackId": stack.id}


def _stack_of(call: Context, stacks: Stacks, fields: Mapping[str, Any], kind: str) -> Stack:
    name = fields["StackName"]
    stack = stacks.find(call.region, name)
    if stack is not None and stack.status == "DELETE_COMPLETE":
        stack = None
    if kind == "UPDATE":
        if stack is None:
            raise invalid(f"Stack [{name}] does not exist")
        check_updatable(stack)
        return stack
    if stack is None:
        check_name(name)
        return new_stack(call, name, status=_REVIEW)
    if stack.status != _REVIEW:
        raise invalid(
            f"Stack [{stack.name}] already exists and cannot be created again with the changeSet "
            f"[{fields['ChangeSetName']}]."
        )
    return stack


def _plan(call: Context, stacks: Stacks, stack: Stack, change_set: ChangeSet, want: Wanted) -> None:
    """Say what the change set would do, or why it is none."""
    try:
        found, else_changes = plan.changes(
            call, stacks, stack, template=want.template, parameters=want.parameters, tags=want.tags
        )
    except AwsError as error:
        change_set.status, change_set.execution, change_set.reason = "FAILED", "UNAVAILABLE", error.message
        return
    if not found and not else_changes:
        change_set.status, change_set.execution, change_set.reason = "FAILED", "UNAVAILABLE", _NO_CHANGES
    change_set.changes = [{"Type": "Resource", "ResourceChange": _change(one)} for one in found]


def _change(change: plan.Change) -> dict[str, Any]:
    declared, resource = change.declared, change.resource
    known: dict[str, Any] = {
        "Action": change.action,
        "LogicalResourceId": declared.name if declared is not None else resource.name if resource else "",
        "PhysicalResourceId": resource.physical_id if resource is not None else None,
        "ResourceType": declared.type if declared is not None else resource.type if resource else "",
        "Scope": [],
        "Details": [],
    }
    if change.action == "Modify":
        recreation = "Always" if change.is_replaced else "Never"
        known |= {
            "Replacement": "True" if change.is_replaced else "False",
            "Scope": ["Properties"],
            "Details": [
                {
                    "Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation},
                    "Evaluation": "Static",
                    "ChangeSource": "DirectModification",
                }
                for name in change.properties
            ],
        }
    return known


def describe_change_set(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeChangeSet."""
    stacks = call.aws.state(Stacks)
    with stacks.lock:
        stack, change_set = find_change_set(call, fields)
        return {
            **_summary(stack, change_set),
            "Parameters": shown_parameters(change_set.template, change_set.parameters),
            "NotificationARNs": change_set.fields.get("NotificationARNs", []),
            "RollbackConfiguration": {},
            "Capabilities": change_set.fields.get("Capabilities", []),
            "Tags": as_list(change_set.tags),
            "OnStackFailure": change_set.fields.get("OnStackFailure"),
            **page(change_set.changes, fields, "Changes"),
        }


def _summary(stack: Stack, change_set: ChangeSet) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": change_set.id,
        "ChangeSetName": change_set.name,
        "ExecutionStatus": change_set.execution,
        "Status": change_set.status,
        "StatusReason": change_set.reason or None,
        "CreationTime": moment(change_set.created),
        "Description": change_set.fields.get("Description"),
        "IncludeNestedStacks": False,
    }


def list_change_sets(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """ListChangeSets."""
    stacks = call.aws.state(Stacks)
    with stacks.lock:
        stack = stacks.get(call.region, fields["StackName"])
        return page([_summary(stack, one) for one in stack.change_sets.values()], fields, "Summaries")


def execute_change_set(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """ExecuteChangeSet: the stack's other change sets go with it."""
    stacks = call.aws.state(Stacks)
    with stacks.lock:
        stack, change_set = find_change_set(call, fields)
        if change_set.execution != "AVAILABLE" or change_set.template is None:
            raise AwsError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change_set.id}] cannot be executed in its current status of "
                f"[{change_set.status}]",
            )
        keeps = bool(fields.get("DisableRollback")) or change_set.fields.get("OnStackFailure") == "DO_NOTHING"
        if stack.status != _REVIEW:
            refuse_to_keep(keeps)
        stack.change_sets = {}
        stack.change_set_id, stack.settings = (
            change_set.id,
            {**stack.settings, **settings_of(change_set.fields)},
        )
        provisioning = Provisioning(call, stacks, stack, token=fields.get("ClientRequestToken"))
        template, parameters, tags = change_set.template, change_set.parameters, change_set.tags
        failure = change_set.fields.get("OnStackFailure")
        change_set.execution = "EXECUTE_COMPLETE"
        if stack.status == _REVIEW:
            on_failure = "DO_NOTHING" if keeps else failure or "ROLLBACK"
            provisioning.create(template, parameters, tags, on_failure=on_failure)
        else:
            provisioning.update(template, parameters, tags)
    return {}


def delete_change_set(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteChangeSet; one that is not there is no error, a stack that is not there is one."""
    stacks = call.aws.state(Stacks)
    with stacks.lock:
        try:
            stack, change_set = find_change_set(call, fields)
        except AwsError as error:
            if error.code == "ChangeSetNotFound":
                return {}
            raise
        del stack.change_sets[change_set.name]
    return {}


CHANGE_SETS: Mapping[str, Operation] = {
    "CreateChangeSet": create_change_set,
    "DeleteChangeSet": delete_change_set,
    "DescribeChangeSet": describe_change_set,
    "ExecuteChangeSet": execute_change_set,
    "ListChangeSets": list_change_sets,
}
"""By name."""
