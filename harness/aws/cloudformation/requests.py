"""What the operations on stacks have in common: the template, parameters, tags and capabilities of a call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.aws.cloudformation import parameters as parameter_rules
from harness.aws.cloudformation.reading import invalid
from harness.aws.cloudformation.stacks import Stack
from harness.aws.cloudformation.template import Template, parse
from harness.aws.errors import AwsError
from harness.aws.paging import Paging
from harness.aws.tags import by_key

__all__ = ["Wanted", "check_name", "page", "refuse", "template_of", "wanted"]

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*", re.ASCII)
page = Paging(size=100, code="ValidationError", message="Invalid NextToken")
# What AWS takes and this AWS does not act by: it is refused, not passed over.
_LACKING = (
    "DeploymentConfig",
    "DeploymentMode",
    "DisableValidation",
    "ImportExistingResources",
    "IncludeNestedStacks",
    "ResourceTypes",
    "ResourcesToImport",
    "RetainExceptOnCreate",
    "RoleARN",
    "StackPolicyBody",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
    "StackPolicyURL",
    "StackSetName",
    "TemplateURL",
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a call wants a stack to be."""

    template: Template
    parameters: dict[str, str]
    tags: dict[str, str]


def refuse(fields: Mapping[str, Any]) -> None:
    """Refuse what this AWS does not act by.

    Raises:
        AwsError: ``NotImplemented``, naming the field.
    """
    lacking = [name for name in _LACKING if fields.get(name)]
    if (fields.get("RollbackConfiguration") or {}).get("RollbackTriggers"):
        lacking.append("RollbackTriggers")
    if lacking:
        raise AwsError(
            "NotImplemented", f"This AWS does not implement {', '.join(lacking)} of CloudFormation."
        )


def check_name(name: str) -> None:
    """Refuse what is no name of a new stack (CreateStack, StackName).

    Raises:
        AwsError: ``ValidationError``.
    """
    for broken, constraint in (
        (len(name) > 128, "Member must have length less than or equal to 128"),
        (not _NAME.fullmatch(name), f"Member must satisfy regular expression pattern: {_NAME.pattern}"),
    ):
        if broken:
            raise invalid(
                f"1 validation error detected: Value '{name[:200]}' at 'stackName' failed to satisfy "
                "constraint: "
                f"{constraint}"
            )


def template_of(fields: Mapping[str, Any], stack: Stack | None = None) -> Template:
    """Return the template that a call has, or means by ``UsePreviousTemplate``.

    Raises:
        AwsError: ``ValidationError``.
    """
    body = fields.get("TemplateBody")
    if fields.get("UsePreviousTemplate"):
        if body is not None or stack is None or stack.template is None:
            raise invalid("Either Template URL or Template Body must be specified.")
        return stack.template
    if not body:
        raise invalid("Either Template URL or Template Body must be specified.")
    return parse(str(body))


def wanted(fields: Mapping[str, Any], stack: Stack | None = None) -> Wanted:
    """Return what a call wants, if its parameters fit and its capabilities suffice.

    Raises:
        AwsError: ``ValidationError`` or ``InsufficientCapabilitiesException``.
    """
    refuse(fields)
    template = template_of(fields, stack)
    parameters = parameter_rules.resolve(
        template.parameters, fields.get("Parameters") or [], stack.parameters if stack is not None else None
    )
    tags = by_key(fields.get("Tags"))
    if len(tags) > 50 or len(tags) < len(fields.get("Tags") or []):
        raise invalid("Tags must be at most 50, each key once.")
    if any(key.lower().startswith("aws:") for key in tags):
        raise invalid("aws: prefixed tag key names are not allowed for external use.")
    if fields.get("Tags") is None and stack is not None:
        tags = dict(stack.tags)
    required = template.capabilities()
    accepted = {"CAPABILITY_IAM": {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}}
    given = set(fields.get("Capabilities") or [])
    for capability in required:
        if given.isdisjoint(accepted.get(capability, {capability})):
            raise AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{capability}]")
    return Wanted(template=template, parameters=parameters, tags=tags)
