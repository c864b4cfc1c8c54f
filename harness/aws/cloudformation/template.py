"""A template that was read: its sections, what refers to what, the order in which resources come to be.

Source: AWS CloudFormation User Guide, "Template sections"; the messages are those of public reports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from harness.aws.cloudformation import parameters as parameter_rules
from harness.aws.cloudformation.functions import Reference, function_of, references
from harness.aws.cloudformation.reading import invalid, read
from harness.aws.cloudformation.types import TYPES

__all__ = ["PSEUDO_PARAMETERS", "Declared", "Template", "parse"]

PSEUDO_PARAMETERS = frozenset(
    {
        "AWS::AccountId",
        "AWS::NoValue",
        "AWS::NotificationARNs",
        "AWS::Partition",
        "AWS::Region",
        "AWS::StackId",
        "AWS::StackName",
        "AWS::URLSuffix",
    }
)
_SECTIONS = ("Conditions", "Mappings", "Metadata", "Outputs", "Parameters", "Resources")
_TEXTS = ("AWSTemplateFormatVersion", "Description")
_LACKING = ("Hooks", "Rules", "Transform")  # AWS has them, this AWS has not
_MEMBERS = (
    "Condition",
    "DeletionPolicy",
    "DependsOn",
    "Description",
    "Metadata",
    "Properties",
    "Type",
    "UpdateReplacePolicy",
)
_LACKING_MEMBERS = ("CreationPolicy", "UpdatePolicy")
_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate")
_TYPE = re.compile(r"[A-Za-z0-9]{2,64}(?:::[A-Za-z0-9_@-]{1,64}){1,3}", re.ASCII)
_MOST_RESOURCES, _MOST_OUTPUTS = 500, 200  # CloudFormation User Guide, "Quotas"
# Resource types that need CAPABILITY_IAM, and the property by which they need CAPABILITY_NAMED_IAM instead
# (CreateStack, Capabilities).
_IAM = {
    "AWS::IAM::AccessKey": "",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": "",
}


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A resource as the template declares it.

    Attributes:
        name: logical id.
        type: for example ``AWS::IAM::Role``.
        properties: functions and all.
        condition: name of one; empty if there is none.
        depends_on: logical ids.
        deletion_policy, update_replace_policy: ``Delete``, ``Retain`` or ``RetainExceptOnCreate``.
        metadata: anything.
    """

    name: str
    type: str
    properties: Mapping[str, Any]
    condition: str
    depends_on: tuple[str, ...]
    deletion_policy: str
    update_replace_policy: str
    metadata: Any


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template without errors of form.

    Attributes:
        body: the text.
        description, version, metadata: as in the text.
        parameters, mappings, conditions, outputs: the sections.
        resources: by logical id.
    """

    body: str
    description: str | None
    version: str | None
    metadata: Any
    parameters: Mapping[str, Any]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    outputs: Mapping[str, Any]
    resources: Mapping[str, Declared]

    def capabilities(self) -> list[str]:
        """Return the capability that the template requires, in a list; an empty one if it requires none."""
        iam = self.iam_types()
        if not iam:
            return []
        names = (one for one in self.resources.values() if one.type in iam)
        is_named = any(_IAM[one.type] in one.properties for one in names)
        return ["CAPABILITY_NAMED_IAM" if is_named else "CAPABILITY_IAM"]

    def iam_types(self) -> list[str]:
        """Return the resource types for which a capability is required."""
        return sorted({one.type for one in self.resources.values()} & set(_IAM))

    def created(self, taken: Mapping[str, bool]) -> list[Declared]:
        """Return the resources whose conditions hold, each after those that it depends on.

        Raises:
            AwsError: ``ValidationError``, when one refers to a resource that is not created.
        """
        found = {
            name: one for name, one in self.resources.items() if not one.condition or taken[one.condition]
        }
        needs = {}
        for name, one in found.items():
            referred = {ref.name for ref in references(one.properties, taken)} & set(self.resources)
            if gone := sorted(referred - set(found)):
                raise _unresolved(gone, "Resources")
            needs[name] = referred | (set(one.depends_on) & set(found))
        for output in self.outputs.values():
            if taken.get(output.get("Condition", ""), True):
                referred = {ref.name for ref in references(output, taken)} & set(self.resources)
                if gone := sorted(referred - set(found)):
                    raise _unresolved(gone, "Outputs")
        return [found[name] for name in _ordered(needs)]

    def secrets(self, values: Mapping[str, str]) -> set[str]:
        """Return the values of the parameters that are not to be shown."""
        return {
            values[name]
            for name, one in self.parameters.items()
            if values[name] and parameter_rules.is_secret(one)
        }


@lru_cache(maxsize=32)
def parse(body: str) -> Template:
    """Read and check a template; it must not be changed, since the same text gives the same object.

    Raises:
        AwsError: ``ValidationError``.
    """
    sections = read(body)
    for name in _LACKING:
        if name in sections:
            raise invalid(f"This AWS does not support {name} in templates.")
    if unknown := sorted(map(str, set(sections) - {*_SECTIONS, *_TEXTS})):
        raise invalid(f"Invalid template property or properties [{', '.join(unknown)[:1000]}]")
    for name in _TEXTS:
        if not isinstance(sections.get(name, ""), str):
            raise invalid(f"Template format error: {name} must be a string.")
    if sections.get("AWSTemplateFormatVersion", "2010-09-09") != "2010-09-09":
        raise invalid("Template format error: AWSTemplateFormatVersion must be 2010-09-09.")
    if len(sections.get("Description", "")) > 1024:
        raise invalid("Template format error: 'Description' length is greater than 1024.")
    for name in _SECTIONS:
        if not isinstance(sections.get(name, {}), dict) and not (name == "Metadata"):
            raise invalid(f"Template format error: {name} must be an object.")
    if not sections.get("Resources"):
        raise invalid("Template format error: At least one Resources member must be defined.")
    parameter_rules.check_declarations(sections.get("Parameters", {}))
    template = Template(
        body=body,
        description=sections.get("Description"),
        version=sections.get("AWSTemplateFormatVersion"),
        metadata=sections.get("Metadata"),
        parameters=sections.get("Parameters", {}),
        mappings=sections.get("Mappings", {}),
        conditions=sections.get("Conditions", {}),
        outputs=sections.get("Outputs", {}),
        resources=_resources(sections["Resources"]),
    )
    _check(template)
    return template


def _resources(section: Mapping[str, Any]) -> dict[str, Declared]:
    if len(section) > _MOST_RESOURCES:
        raise invalid(
            f"Template format error: Number of resources, {len(section)}, is greater than maximum "
            f"allowed, {_MOST_RESOURCES}"
        )
    found = {name: _declared(name, one) for name, one in section.items()}
    unknown = sorted({one.type for one in found.values() if not _TYPE.fullmatch(one.type)})
    if unknown:
        raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown)[:1000]}]")
    return found


def _declared(name: str, one: Any) -> Declared:
    if not re.fullmatch(r"[A-Za-z0-9]{1,255}", name):
        raise invalid(f"Template format error: Resource name {name[:255]} is non alphanumeric.")
    if not isinstance(one, dict) or not isinstance(one.get("Type"), str):
        raise invalid(
            f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
        )
    for member in _LACKING_MEMBERS:
        if member in one:
            raise invalid(f"This AWS does not support {member} of a resource ({name}).")
    if unknown := sorted(set(one) - set(_MEMBERS)):
        raise invalid(f"Invalid template resource property '{unknown[0][:255]}'")
    properties, needs = one.get("Properties", {}), one.get("DependsOn", [])
    needs = [needs] if isinstance(needs, str) else needs
    if not isinstance(properties, dict) or function_of(properties) is not None:
        raise invalid(
            f"Template format error: [/Resources/{name}/Properties] 'Properties' must be an object."
        )
    if not (isinstance(needs, list) and all(isinstance(need, str) for need in needs)):
        raise invalid(
            f"Template format error: [/Resources/{name}/DependsOn] DependsOn must be a string or a list"
        )
    if not isinstance(one.get("Condition", ""), str):
        raise invalid(
            f"Template format error: Every Condition member must be a string. ([/Resources/{name}])"
        )
    policies = [one.get("DeletionPolicy", "Delete"), one.get("UpdateReplacePolicy", "Delete")]
    for policy in policies:
        if policy not in _POLICIES:
            raise invalid(
                f"Template error: Unrecognized DeletionPolicy {str(policy)[:100]} for resource {name}"
            )
    return Declared(
        name=name,
        type=one["Type"],
        properties=properties,
        condition=one.get("Condition", ""),
        depends_on=tuple(needs),
        deletion_policy=policies[0],
        update_replace_policy=policies[1],
        metadata=one.get("Metadata"),
    )


def _check(template: Template) -> None:
    """Refuse references to what is not there, and resources that need each other."""
    known = {*template.parameters, *PSEUDO_PARAMETERS}
    used = {ref.name for ref in references(template.conditions)}
    if missing := sorted(used - known):
        raise invalid(
            f"Template format error: Unresolved dependencies [{', '.join(missing)}]. Cannot reference "
            "resources in the Conditions block of the template"
        )
    if both := sorted({*template.parameters} & {*template.resources}):
        raise invalid(f"Template format error: [{', '.join(both)}] are parameters and resources")
    needs = {}
    for name, one in template.resources.items():
        if one.condition and one.condition not in template.conditions:
            raise invalid(
                f"Template format error: Condition {one.condition} of resource {name} is not defined"
            )
        found = list(references(one.properties))
        _check_references(template, found, known, "Resources")
        if missing := sorted(set(one.depends_on) - set(template.resources)):
            raise _unresolved(missing, "Resources")
        needs[name] = ({ref.name for ref in found} | set(one.depends_on)) & set(template.resources)
    _ordered(needs)
    if len(template.outputs) > _MOST_OUTPUTS:
        raise invalid(
            f"Template format error: Number of outputs, {len(template.outputs)}, is greater than "
            f"maximum allowed, {_MOST_OUTPUTS}"
        )
    for name, output in template.outputs.items():
        _check_output(template, name, output)
        _check_references(template, list(references(output)), known, "Outputs")


def _check_output(template: Template, name: str, output: Any) -> None:
    if not re.fullmatch(r"[A-Za-z0-9]{1,255}", name):
        raise invalid(f"Template format error: Output name {name[:255]} is non alphanumeric.")
    if not isinstance(output, dict) or "Value" not in output:
        raise invalid(
            f"Template format error: Output {name} is malformed. Every Outputs member must contain a "
            "Value object"
        )
    export = output.get("Export", {"Name": ""})
    is_whole = isinstance(export, dict) and set(export) == {"Name"}
    if not is_whole or set(output) - {"Condition", "Description", "Export", "Value"}:
        raise invalid(f"Template format error: Output {name} is malformed.")
    if not isinstance(output.get("Description", ""), str):
        raise invalid(
            f"Template format error: Every Description member must be a string. ([/Outputs/{name}])"
        )
    condition = output.get("Condition")
    if condition is not None and condition not in list(template.conditions):
        raise invalid(f"Template format error: Condition {condition} of output {name} is not defined")


def _check_references(
    template: Template, found: Iterable[Reference], known: Iterable[str], section: str
) -> None:
    missing = set()
    for reference in found:
        one = template.resources.get(reference.name)
        if one is None and reference.attribute is not None:
            raise invalid(
                f"Template error: instance of Fn::GetAtt references undefined resource {reference.name}"
            )
        if one is None and reference.name not in known:
            missing.add(reference.name)
        kind = TYPES.get(one.type) if one is not None else None
        attribute = reference.attribute
        if kind is not None and attribute is not None and attribute not in kind.attributes:
            raise invalid(
                f"Template error: resource {reference.name} does not support attribute type "
                f"{attribute[:100]} in Fn::GetAtt"
            )
    if missing:
        raise _unresolved(sorted(missing), section)


def _unresolved(names: Iterable[str], section: str) -> Exception:
    return invalid(
        f"Template format error: Unresolved resource dependencies [{', '.join(names)}] in the "
        f"{section} block of the template"
    )


def _ordered(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names so that each comes after those it needs, otherwise in their own order.

    Raises:
        AwsError: ``ValidationError``, naming those that are in a circle.
    """
    order: list[str] = []
    left = {name: set(need) for name, need in needs.items()}
    while left:
        free = [name for name, need in left.items() if need.isdisjoint(left)]
        if not free:
            raise invalid(f"Circular dependency between resources: [{', '.join(_circle(left))}]")
        order += free
        left = {name: need for name, need in left.items() if name not in free}
    return order


def _circle(left: Mapping[str, set[str]]) -> Iterator[str]:
    """Yield those that are needed by what they need, in their own order; the rest only waits for them."""
    needed = dict(left)
    while leaves := set(needed).difference(*needed.values()):
        needed = {name: need for name, need in needed.items() if name not in leaves}
    yield from needed
