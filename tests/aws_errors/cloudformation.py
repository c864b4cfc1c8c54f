"""CloudFormation: what is refused at once. What fails later is in a stack's events."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from tests.aws_errors.account import GROUP, Account
from tests.aws_errors.row import Row

__all__ = ["ROWS"]

_cfn = partial(Row, "cloudformation")
_INVALID = "ValidationError"
_RESOURCES = {"G": GROUP}
_ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": "123456789012"},
                "Action": "sts:AssumeRole",
            },
        }
    },
}


def _create(template: Any, **more: Any) -> Any:
    """Create a stack of a template, an object or a text."""
    body = template if isinstance(template, str) else json.dumps(template)
    return lambda a: a.cfn.create_stack(StackName=a.name("stack"), TemplateBody=body, **more)


def _same(a: Account) -> None:
    a.cfn.create_stack(StackName=a.stack(), TemplateBody=json.dumps({"Resources": _RESOURCES}))


def _unchanged(a: Account) -> None:
    a.cfn.update_stack(StackName=a.stack(), TemplateBody=json.dumps({"Resources": _RESOURCES}))


def _protected(a: Account) -> None:
    a.cfn.delete_stack(StackName=a.stack(EnableTerminationProtection=True))


def _change_set(a: Account, **more: Any) -> tuple[str, str]:
    stack, name = a.stack(), a.name("change")
    template = json.dumps({"Resources": _RESOURCES})
    a.cfn.create_change_set(StackName=stack, ChangeSetName=name, TemplateBody=template, **more)
    return stack, name


def _no_changes(a: Account) -> None:
    stack, name = _change_set(a)
    a.cfn.execute_change_set(StackName=stack, ChangeSetName=name)


def _same_change_set(a: Account) -> None:
    stack, name = _change_set(a)
    a.cfn.create_change_set(
        StackName=stack, ChangeSetName=name, TemplateBody=json.dumps({"Resources": _RESOURCES})
    )


def _property(value: Any) -> Any:
    return _create({"Resources": {"G": {**GROUP, "Properties": {"LogGroupName": value}}}})


ROWS = (
    _cfn(
        "CreateStack",
        _INVALID,
        "Template format error: JSON not well-formed. (line 1, column 15)",
        "A template that is neither JSON nor YAML.",
        _create('{"Resources": '),
    ),
    _cfn(
        "CreateStack",
        _INVALID,
        "Template format error: At least one Resources member must be defined.",
        "A template without resources.",
        _create({}),
    ),
    _cfn(
        "CreateStack",
        _INVALID,
        "Template format error: Unrecognized resource types: [What]",
        "What cannot be a resource type. A type of AWS's that is not here fails the stack with its name "
        "instead.",
        _create({"Resources": {"A": {"Type": "What"}}}),
    ),
    _cfn(
        "CreateStack",
        _INVALID,
        "Invalid template property or properties [Foo]",
        "A section that templates do not have.",
        _create({"Resources": _RESOURCES, "Foo": {}}),
    ),
    _cfn(
        "CreateStack",
        _INVALID,
        "This AWS does not support Transform in templates.",
        "`Transform`, `Rules` and `Hooks`.",
        _create({"Resources": _RESOURCES, "Transform": "AWS::Serverless-2016-10-31"}),
        ours=True,
    ),
    _cfn(
        "CreateStack",
        _INVALID,
        "Template error: YAML aliases are not allowed in CloudFormation templates",
        "A YAML alias.",
        _create("Resources: {A: &a {Type: 'AWS::Logs::LogGroup'}, B: *a}"),
    ),
    _cfn(
        "CreateStack",
        _INVALID,
        "Template format error: Unresolved resource dependencies [Nobody] in the Resources block "
        "of the template",
        "A reference to what is not there.",
        _property({"Ref": "Nobody"}),
    ),
    _cfn(
        "CreateStack",
        _INVALID,
        "Template error: this AWS does not support the function Fn::Transform.",
        "A function that is not here.",
        _property({"Fn::Transform": {"Name": "x"}}),
        ours=True,
    ),
    _cfn(
        "CreateStack",
        _INVALID,
        "This AWS does not support dynamic references ({{resolve:...}}).",
        "A dynamic reference.",
        _property("{{resolve:ssm:x}}"),
        ours=True,
    ),
    _cfn(
        "CreateStack",
        _INVALID,
        "Circular dependency between resources: [A, B]",
        "Resources that need each other.",
        _create({"Resources": {"A": {**GROUP, "DependsOn": "B"}, "B": {**GROUP, "DependsOn": "A"}}}),
    ),
    _cfn(
        "CreateStack",
        _INVALID,
        "Parameters: [Name] must have values",
        "A parameter without a value.",
        _create({"Parameters": {"Name": {"Type": "String"}}, "Resources": _RESOURCES}),
    ),
    _cfn(
        "CreateStack",
        "InsufficientCapabilitiesException",
        "Requires capabilities : [CAPABILITY_IAM]",
        "IAM resources without `--capabilities`.",
        _create({"Resources": {"R": _ROLE}}),
    ),
    _cfn("CreateStack", "AlreadyExistsException", "Stack […] already exists", "A name that is taken.", _same),
    _cfn(
        "CreateStack",
        "NotImplemented",
        "This AWS does not implement … of CloudFormation.",
        "What this CloudFormation does not act by, such as `StackPolicyBody`.",
        _create({"Resources": _RESOURCES}, StackPolicyBody="{}"),
        ours=True,
    ),
    _cfn(
        "UpdateStack",
        _INVALID,
        "No updates are to be performed.",
        "A template that changes nothing.",
        _unchanged,
    ),
    _cfn(
        "UpdateStack",
        _INVALID,
        "Stack [absent] does not exist",
        "A stack that does not exist.",
        lambda a: a.cfn.update_stack(StackName="absent", TemplateBody=json.dumps({"Resources": _RESOURCES})),
    ),
    _cfn(
        "DescribeStacks",
        _INVALID,
        "Stack with id absent does not exist",
        "A stack that does not exist.",
        lambda a: a.cfn.describe_stacks(StackName="absent"),
    ),
    _cfn(
        "DeleteStack",
        _INVALID,
        "Stack […] cannot be deleted while TerminationProtection is enabled",
        "A protected stack.",
        _protected,
    ),
    _cfn(
        "DescribeChangeSet",
        "ChangeSetNotFound",
        "ChangeSet [absent] does not exist",
        "A change set that does not exist.",
        lambda a: a.cfn.describe_change_set(StackName=a.stack(), ChangeSetName="absent"),
        404,
    ),
    _cfn(
        "CreateChangeSet",
        "AlreadyExistsException",
        "ChangeSet … cannot be created due to a mismatch with existing attribute Name",
        "A name that is taken.",
        _same_change_set,
    ),
    _cfn(
        "ExecuteChangeSet",
        "InvalidChangeSetStatus",
        "ChangeSet […] cannot be executed in its current status of [FAILED]",
        "A change set without changes.",
        _no_changes,
    ),
)
