"""The operations that tell of stacks and of templates.

Source: AWS CloudFormation API Reference, under their names; the messages are those of public reports.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.aws.cloudformation.change_sets import find_change_set
from harness.aws.cloudformation.parameters import is_secret
from harness.aws.cloudformation.reading import invalid
from harness.aws.cloudformation.requests import page, refuse, template_of
from harness.aws.cloudformation.shown import shown_parameters
from harness.aws.cloudformation.stacks import Resource, Stack, Stacks
from harness.aws.cloudformation.template import Template
from harness.aws.context import Context, Operation
from harness.aws.tags import as_list
from harness.aws.times import moment

__all__ = ["DESCRIBING"]

_NOT_CHECKED = {"StackDriftStatus": "NOT_CHECKED"}


def describe_stacks(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeStacks: one, by its name or id, or all that are not deleted."""
    stacks, name = call.aws.state(Stacks), fields.get("StackName")
    with stacks.lock:
        found = [stacks.get(call.region, name)] if name else stacks.live(call.region)
        return page([_stack(stack) for stack in found], fields, "Stacks")


def list_stacks(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """ListStacks: those that were deleted too."""
    stacks, wanted = call.aws.state(Stacks), fields.get("StackStatusFilter")
    with stacks.lock:
        found = [stack for stack in stacks.here(call.region) if not wanted or stack.status in wanted]
        summaries = [
            {
                "StackId": stack.id,
                "StackName": stack.name,
                "TemplateDescription": stack.template.description if stack.template else None,
                **_state(stack),
            }
            for stack in found
        ]
        return page(summaries, fields, "StackSummaries")


def describe_stack_events(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeStackEvents, the last one first."""
    stacks, name = call.aws.state(Stacks), fields["StackName"]
    with stacks.lock:
        stack = stacks.find(call.region, name)
        if stack is None:
            raise invalid(f"Stack [{name}] does not exist")
        events = [
            {
                "StackId": stack.id,
                "EventId": event.id,
                "StackName": stack.name,
                "LogicalResourceId": event.name,
                "PhysicalResourceId": event.physical_id,
                "ResourceType": event.type,
                "Timestamp": moment(event.time),
                "ResourceStatus": event.status,
                "ResourceStatusReason": event.reason or None,
                "ResourceProperties": event.properties or None,
                "ClientRequestToken": event.token,
            }
            for event in reversed(stack.events)
        ]
        return page(events, fields, "StackEvents")


def describe_stack_resource(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeStackResource."""
    stacks, name = call.aws.state(Stacks), fields["LogicalResourceId"]
    with stacks.lock:
        stack = stacks.find(call.region, fields["StackName"])
        if stack is None:
            raise invalid(f"Stack '{fields['StackName']}' does not exist")
        resource = stack.resources.get(name)
        if resource is None:
            raise invalid(f"Resource {name} does not exist for stack {stack.name}")
        metadata = None if resource.metadata is None else json.dumps(resource.metadata)
        return {
            "StackResourceDetail": {
                **_names(stack),
                **_resource(resource, "LastUpdatedTimestamp"),
                "Metadata": metadata,
            }
        }


def describe_stack_resources(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeStackResources, by the stack or by the physical id of one of its resources."""
    stacks, physical_id = call.aws.state(Stacks), fields.get("PhysicalResourceId")
    if bool(fields.get("StackName")) is bool(physical_id):
        raise invalid("Either StackName or PhysicalResourceId must be specified, and not both")
    with stacks.lock:
        if physical_id:
            found = [
                stack
                for stack in stacks.live(call.region)
                if any(one.physical_id == physical_id and one.exists for one in stack.resources.values())
            ]
            if not found:
                raise invalid(f"Stack for {physical_id} does not exist")
        else:
            found = [stacks.get(call.region, fields["StackName"])]
        stack, logical = found[0], fields.get("LogicalResourceId")
        resources = [
            {**_names(stack), **_resource(one, "Timestamp")}
            for one in stack.resources.values()
            if logical in {None, one.name}
        ]
        if logical and not resources:
            raise invalid(f"Resource {logical} does not exist for stack {stack.name}")
        return {"StackResources": resources}


def list_stack_resources(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """ListStackResources."""
    stacks = call.aws.state(Stacks)
    with stacks.lock:
        stack = stacks.get(call.region, fields["StackName"])
        summaries = [_resource(one, "LastUpdatedTimestamp") for one in stack.resources.values()]
        return page(summaries, fields, "StackResourceSummaries")


def get_template(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """GetTemplate: the text as it came; nothing processes it."""
    stacks = call.aws.state(Stacks)
    with stacks.lock:
        if fields.get("ChangeSetName"):
            template = find_change_set(call, fields)[1].template
        elif fields.get("StackName"):
            template = stacks.get(call.region, fields["StackName"]).template
        else:
            raise invalid("StackName or ChangeSetName is required")
        body = template.body if template is not None else ""
        return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}


def get_template_summary(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """GetTemplateSummary, of a text or of a stack's template."""
    refuse(fields)
    template: Template | None = None
    if fields.get("StackName"):
        stacks = call.aws.state(Stacks)
        with stacks.lock:
            template = stacks.get(call.region, fields["StackName"]).template
        if template is None:
            raise invalid(f"Stack with id {fields['StackName']} has no template")
    template = template or template_of(fields)
    declared = [
        {
            **_declared(name, one),
            "ParameterType": one["Type"],
            "ParameterConstraints": {"AllowedValues": list(map(str, one.get("AllowedValues", [])))},
        }
        for name, one in template.parameters.items()
    ]
    types: dict[str, list[str]] = {}
    for one in template.resources.values():
        types.setdefault(one.type, []).append(one.name)
    return {
        "Parameters": declared,
        "Description": template.description,
        **_required(template),
        "ResourceTypes": [one.type for one in template.resources.values()],
        "Version": template.version,
        "Metadata": json.dumps(template.metadata) if template.metadata is not None else None,
        "ResourceIdentifierSummaries": [
            {"ResourceType": kind, "LogicalResourceIds": names} for kind, names in types.items()
        ],
    }


def validate_template(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """ValidateTemplate."""
    refuse(fields)
    template = template_of(fields)
    return {
        "Parameters": [_declared(name, one) for name, one in template.parameters.items()],
        "Description": template.description,
        **_required(template),
    }


def list_exports(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """ListExports."""
    stacks = call.aws.state(Stacks)
    with stacks.lock:
        found = [
            {"ExportingStackId": stack.id, "Name": output.export, "Value": output.value}
            for stack, output in stacks.exports(call.region)
        ]
        return page(sorted(found, key=lambda one: one["Name"]), fields, "Exports")


def list_imports(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """ListImports: the stacks that use an export."""
    stacks, name = call.aws.state(Stacks), fields["ExportName"]
    with stacks.lock:
        if not any(output.export == name for _, output in stacks.exports(call.region)):
            raise invalid(f"Export '{name}' does not exist.")
        users = stacks.importers(call.region, name)
    if not users:
        raise invalid(f"Export '{name}' is not imported by any stack.")
    return {"Imports": users}


DESCRIBING: Mapping[str, Operation] = {
    "DescribeStackEvents": describe_stack_events,
    "DescribeStackResource": describe_stack_resource,
    "DescribeStackResources": describe_stack_resources,
    "DescribeStacks": describe_stacks,
    "GetTemplate": get_template,
    "GetTemplateSummary": get_template_summary,
    "ListExports": list_exports,
    "ListImports": list_imports,
    "ListStackResources": list_stack_resources,
    "ListStacks": list_stacks,
    "ValidateTemplate": validate_template,
}
"""By name."""


def _state(stack: Stack) -> dict[str, Any]:
    return {
        "CreationTime": moment(stack.created),
        "LastUpdatedTime": moment(stack.updated) if stack.updated is not None else None,
        "DeletionTime": moment(stack.deleted) if stack.deleted is not None else None,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "DriftInformation": _NOT_CHECKED,
    }


def _stack(stack: Stack) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set_id,
        "Description": stack.template.description if stack.template else None,
        "Parameters": shown_parameters(stack.template, stack.parameters) or None,
        **_state(stack),
        "RollbackConfiguration": {},
        "DisableRollback": False,
        "NotificationARNs": [],
        **stack.settings,
        "Outputs": [
            {
                "OutputKey": output.name,
                "OutputValue": output.value,
                "Description": output.description,
                "ExportName": output.export or None,
            }
            for output in stack.outputs
        ]
        or None,
        "Tags": as_list(stack.tags),
        "EnableTerminationProtection": stack.is_protected,
    }


def _names(stack: Stack) -> dict[str, str]:
    return {"StackName": stack.name, "StackId": stack.id}


def _resource(resource: Resource, time: str) -> dict[str, Any]:
    return {
        "LogicalResourceId": resource.name,
        "PhysicalResourceId": resource.physical_id or None,
        "ResourceType": resource.type,
        time: moment(resource.time),
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason or None,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def _declared(name: str, one: Mapping[str, Any]) -> dict[str, Any]:
    default, description = one.get("Default"), one.get("Description")
    return {
        "ParameterKey": name,
        "DefaultValue": None if default is None else str(default),
        "NoEcho": is_secret(one),
        "Description": None if description is None else str(description),
    }


def _required(template: Template) -> dict[str, Any]:
    capabilities = template.capabilities()
    if not capabilities:
        return {"Capabilities": []}
    types = ", ".join(template.iam_types())
    return {
        "Capabilities": capabilities,
        "CapabilitiesReason": f"The following resource(s) require capabilities: [{types}]",
    }
