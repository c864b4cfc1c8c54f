"""What an operation on a stack would do, before it is done.

A change set is this plan; an update without one is refused. Values that only the doing can tell stand as
``KNOWN_LATER``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.aws.cloudformation import parameters as parameter_rules
from harness.aws.cloudformation.functions import NO_VALUE, Evaluation, Reference, conditions
from harness.aws.cloudformation.handler import Handler, tagged
from harness.aws.cloudformation.reading import invalid
from harness.aws.cloudformation.stacks import Output, Resource, Stack, Stacks
from harness.aws.cloudformation.template import Declared, Template
from harness.aws.cloudformation.types import TYPES
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["KNOWN_LATER", "Change", "Values", "attribute_of", "changes", "outputs", "replaces"]

KNOWN_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
_LONGEST_OUTPUT = 1024


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happens to one resource.

    Attributes:
        action: ``Add``, ``Modify`` or ``Remove``.
        declared: as the new template has it; None where it has it no more.
        resource: as it is; None where it is not yet.
        properties: the names of those that differ.
        is_replaced: whether another one takes its place.
    """

    action: str
    declared: Declared | None
    resource: Resource | None
    properties: tuple[str, ...] = ()
    is_replaced: bool = False


class Values:
    """The values of a template in the place of one stack.

    Args:
        call: of CloudFormation.
        stacks: of the account.
        stack: where the values belong.
        template, parameters: what the stack has or will have.
        resource: what a reference to a resource comes to; raises AwsError if that is unknown.
    """

    def __init__(
        self,
        call: Context,
        stacks: Stacks,
        stack: Stack,
        *,
        template: Template,
        parameters: Mapping[str, str],
        resource: Callable[[Reference], Any],
    ) -> None:
        self._call, self._stacks = call, stacks
        self._template, self._parameters, self._resource = template, parameters, resource
        self._pseudo = {
            "AWS::AccountId": call.aws.account_id,
            "AWS::NoValue": NO_VALUE,
            "AWS::NotificationARNs": stack.settings.get("NotificationARNs", []),
            "AWS::Partition": "aws",
            "AWS::Region": call.region,
            "AWS::StackId": stack.id,
            "AWS::StackName": stack.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        self.imports: set[str] = set()
        self.taken = conditions(template.conditions, self._reference, template.mappings)
        self._evaluation = Evaluation(
            reference=self._reference, mappings=template.mappings, taken=self.taken, imported=self._import
        )

    def value(self, value: Any) -> Any:
        """Return what a value comes to; ``NO_VALUE`` where it is left out."""
        return self._evaluation.value(value)

    def _reference(self, reference: Reference) -> Any:
        name = reference.name
        if reference.attribute is None and name in self._parameters:
            text = self._parameters[name]
            is_list = parameter_rules.is_list(self._template.parameters[name])
            return [part.strip() for part in text.split(",")] if is_list else text
        if name in self._pseudo:
            return self._pseudo[name]
        return self._resource(reference)

    def _import(self, name: str) -> str:
        found = (output for _, output in self._stacks.exports(self._call.region) if output.export == name)
        output = next(found, None)
        if output is None:
            raise invalid(f"No export named {name} found.")
        self.imports.add(name)
        return output.value


def replaces(declared: Declared, resource: Resource, properties: Mapping[str, Any]) -> bool:
    """Tell whether a resource must be replaced to have these properties."""
    kind = TYPES.get(declared.type)
    if kind is None or declared.type != resource.type:
        return True
    differ = _different(resource.properties, properties)
    return not kind.fixed.isdisjoint(differ)


def _is_same(declared: Declared, resource: Resource) -> bool:
    """Tell whether a resource is declared as it is, its properties apart."""
    return declared.metadata == resource.metadata and declared.deletion_policy == resource.deletion_policy


def changes(
    call: Context,
    stacks: Stacks,
    stack: Stack,
    *,
    template: Template,
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
) -> tuple[list[Change], bool]:
    """Return what would happen to each resource, and whether anything else would change.

    Raises:
        AwsError: ``ValidationError``.
    """
    later: set[str] = set()
    asked = False

    def resource(reference: Reference) -> Any:
        nonlocal asked
        found = stack.resources.get(reference.name)
        if found is None or reference.name in later:
            asked = True
            return KNOWN_LATER
        return attribute_of(call, stack, found, reference)

    def settled(value: Any) -> Any:
        """Evaluate; what cannot be evaluated for want of what comes later is known later."""
        nonlocal asked
        asked = False
        try:
            return values.value(value)
        except AwsError:
            if asked:
                return KNOWN_LATER
            raise

    values = Values(call, stacks, stack, template=template, parameters=parameters, resource=resource)
    found, else_changes = [], tags != stack.tags
    created = template.created(values.taken)
    for declared in created:
        one = stack.resources.get(declared.name)
        pairs = [(name, settled(value)) for name, value in declared.properties.items()]
        properties = {name: value for name, value in pairs if value is not NO_VALUE}
        if one is None or not one.exists:
            later.add(declared.name)
            found.append(Change(action="Add", declared=declared, resource=None))
            continue
        kind = TYPES.get(declared.type)
        properties = tagged(kind, properties, tags) if kind is not None else properties
        differ = _different(one.properties, properties)
        if differ or one.type != declared.type:
            is_replaced = replaces(declared, one, properties)
            later |= {declared.name} if is_replaced else set()
            found.append(
                Change(
                    action="Modify",
                    declared=declared,
                    resource=one,
                    properties=differ,
                    is_replaced=is_replaced,
                )
            )
        else_changes = else_changes or not _is_same(declared, one)
    names = {declared.name for declared in created}
    found += [
        Change(action="Remove", declared=None, resource=one)
        for name, one in reversed(stack.resources.items())
        if name not in names and one.exists
    ]
    new_outputs = outputs(values, template, evaluate=settled)
    return found, else_changes or new_outputs != stack.outputs


def attribute_of(call: Context, stack: Stack, resource: Resource, reference: Reference) -> Any:
    """Return what a reference to a resource that exists comes to."""
    if reference.attribute is None:
        return resource.physical_id
    kind = TYPES[resource.type]
    fact = kind.attributes.get(reference.attribute)
    facts = Handler(call=call, kind=kind, name=resource.name, stack=stack.name).facts(
        resource.properties, resource.known
    )
    if fact not in facts:
        raise invalid(
            f"Template error: resource {resource.name} does not support attribute type "
            f"{reference.attribute} in "
            "Fn::GetAtt"
        )
    value = facts[fact]
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if hasattr(value, "strftime") else value


def outputs(
    values: Values, template: Template, *, evaluate: Callable[[Any], Any] | None = None
) -> list[Output]:
    """Return the outputs of a template whose conditions hold.

    Raises:
        AwsError: ``ValidationError``, for one that is no string.
    """
    evaluate = evaluate or values.value
    found = []
    for name, declared in template.outputs.items():
        if not values.taken.get(declared.get("Condition", ""), True):
            continue
        value, export = evaluate(declared["Value"]), ""
        if "Export" in declared:
            export = evaluate(declared["Export"]["Name"])
            if not isinstance(export, str) or not 0 < len(export) <= 255:
                raise invalid(
                    f"Template format error: Output {name} is malformed. Its export's name is no string"
                )
        value = str(value).lower() if isinstance(value, bool) else value
        if not isinstance(value, str | int | float) or len(str(value)) > _LONGEST_OUTPUT:
            raise invalid(
                f"Template format error: The Value field of every Outputs member must evaluate to a "
                f"String ({name})"
            )
        found.append(
            Output(name=name, value=str(value), description=declared.get("Description"), export=export)
        )
    return found


def _different(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        name
        for name in dict.fromkeys((*before, *after))
        if before.get(name, NO_VALUE) != after.get(name, NO_VALUE)
    )
