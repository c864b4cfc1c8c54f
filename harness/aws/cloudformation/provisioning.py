"""Creates, updates and deletes a stack, resource by resource, and undoes it where one fails.

Source: AWS CloudFormation User Guide, "How CloudFormation works" and "Stack failure options"; reasons are in
AWS's words as public reports quote them. All is done when the call returns: the statuses between are events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.aws.cloudformation.functions import NO_VALUE, Reference
from harness.aws.cloudformation.handler import Handler, ResourceFailed, tagged
from harness.aws.cloudformation.plan import Values, attribute_of, outputs, replaces
from harness.aws.cloudformation.reading import invalid
from harness.aws.cloudformation.stacks import Output, Resource, Stack, Stacks
from harness.aws.cloudformation.template import Declared, Template
from harness.aws.cloudformation.types import TYPES
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["Provisioning"]


@dataclass(frozen=True, kw_only=True)
class _Step:
    """What an update did to one resource.

    Attributes:
        new: as it is now.
        old: as it was; None if it was not there.
        is_replaced: whether the two are different things of their service.
    """

    new: Resource
    old: Resource | None
    is_replaced: bool = False


class Provisioning:
    """One operation on one stack.

    Args:
        call: of CloudFormation; its caller creates the resources.
        stacks: of the account; its lock is held.
        stack: the stack.
        token: ``ClientRequestToken``, which its events repeat.
    """

    def __init__(self, call: Context, stacks: Stacks, stack: Stack, *, token: str | None = None) -> None:
        self._call, self._stacks, self._stack, self._token = call, stacks, stack, token

    def create(
        self, template: Template, parameters: dict[str, str], tags: dict[str, str], *, on_failure: str
    ) -> None:
        """Create everything; ``on_failure`` is ``ROLLBACK``, ``DELETE`` or ``DO_NOTHING``."""
        stack = self._stack
        stack.template, stack.parameters, stack.tags = template, parameters, tags
        stack.secrets |= template.secrets(parameters)
        values = self._values(template, parameters)
        declared = template.created(values.taken)
        self._stack_is("CREATE_IN_PROGRESS", "User Initiated")
        failure = ""
        for one in declared:
            resource = Resource(name=one.name, type=one.type)
            stack.resources[one.name] = resource
            try:
                self._create(one, resource, values, tags)
            except ResourceFailed as error:
                self._resource_is(resource, "CREATE_FAILED", str(error))
                failure = f"The following resource(s) failed to create: [{one.name}]. "
                break
        if not failure:
            try:
                stack.outputs = self._outputs(values, template)
            except AwsError as error:
                failure = error.message
        stack.imports = values.imports
        if not failure:
            self._stack_is("CREATE_COMPLETE")
        elif on_failure == "DO_NOTHING":
            self._stack_is("CREATE_FAILED", failure)
        else:
            self._undo_creation(failure, on_failure)

    def _undo_creation(self, failure: str, on_failure: str) -> None:
        stack, verb = self._stack, "DELETE" if on_failure == "DELETE" else "ROLLBACK"
        end = "Delete" if verb == "DELETE" else "Rollback"
        self._stack_is(f"{verb}_IN_PROGRESS", f"{failure}{end} requested by user.")
        stack.outputs, stack.imports = [], set()
        failed = self._delete_all(keeps_created=False)
        if failed:
            self._stack_is(
                f"{verb}_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
            )
            return
        self._stack_is(f"{verb}_COMPLETE")
        if verb == "DELETE":
            stack.deleted = self._call.now

    def delete(self, retained: frozenset[str] = frozenset()) -> None:
        """Delete everything but what is to be retained."""
        stack, region = self._stack, self._call.region
        for output in stack.outputs:
            if users := self._stacks.importers(region, output.export, but=stack) if output.export else []:
                # The stack stays as it was (rlister/stax#40, USSBA/aws-cft-tools#27).
                text = f"Export {output.export} cannot be deleted as it is in use by {', '.join(users)}"
                self._stack_is(stack.status, text)
                return
        self._stack_is("DELETE_IN_PROGRESS", "User Initiated")
        failed = self._delete_all(keeps_created=True, retained=retained)
        if failed:
            self._stack_is(
                "DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
            )
            return
        stack.outputs, stack.imports, stack.deleted = [], set(), self._call.now
        self._stack_is("DELETE_COMPLETE")

    def update(self, template: Template, parameters: dict[str, str], tags: dict[str, str]) -> None:
        """Change what differs; if something fails, what was done is undone."""
        stack = self._stack
        stack.secrets |= template.secrets(parameters)
        values = self._values(template, parameters)
        declared = template.created(values.taken)
        self._stack_is("UPDATE_IN_PROGRESS", "User Initiated")
        done: list[_Step] = []
        failure = ""
        for one in declared:
            try:
                self._bring_about(one, values, tags, done)
            except ResourceFailed as error:
                resource = stack.resources[one.name]
                if not done or done[-1].new is not resource:  # it failed before it was touched
                    done.append(_Step(new=resource, old=resource))
                verb = "create" if done[-1].old is None else "update"
                self._resource_is(resource, f"{verb.upper()}_FAILED", str(error))
                failure = f"The following resource(s) failed to {verb}: [{one.name}]. "
                break
        if not failure:
            try:
                stack.outputs = self._outputs(values, template)
            except AwsError as error:
                failure = f"{error.message} "
        if failure:
            self._undo_update(failure, done)
        else:
            for one in declared:
                resource = stack.resources[one.name]
                resource.metadata, resource.deletion_policy = one.metadata, one.deletion_policy
            stack.template, stack.parameters, stack.tags = template, parameters, tags
            stack.imports, stack.updated = values.imports, self._call.now
            self._clean_up(declared, done)

    def _bring_about(
        self, declared: Declared, values: Values, tags: Mapping[str, str], done: list[_Step]
    ) -> None:
        """Create, change or replace one resource, or leave it as it is."""
        stack = self._stack
        old = stack.resources.get(declared.name)
        if old is None or not old.exists:
            new = stack.resources[declared.name] = Resource(name=declared.name, type=declared.type)
            done.append(_Step(new=new, old=None))
            self._create(declared, new, values, tags)
            return
        properties = self._properties(declared, values, tags)
        if properties == old.properties and declared.type == old.type:
            return
        new = replace(old, known=dict(old.known), type=declared.type)
        stack.resources[declared.name] = new
        is_replaced = replaces(declared, old, properties)
        done.append(_Step(new=new, old=old, is_replaced=is_replaced))
        if is_replaced:
            self._resource_is(
                new,
                "UPDATE_IN_PROGRESS",
                "Requested update requires the creation of a new physical resource; hence creating one.",
            )
            new.known, new.exists, new.physical_id = {}, False, ""
            self._check_rename(declared, old, properties)
            self._create(declared, new, values, tags, verb="UPDATE")
            return
        self._resource_is(new, "UPDATE_IN_PROGRESS")
        handler = self._handler(new)
        handler.check_change(old.properties, properties, new.known)
        new.properties = properties
        handler.update(old.properties, properties, new.known)
        self._resource_is(new, "UPDATE_COMPLETE")

    def _check_rename(self, declared: Declared, old: Resource, properties: Mapping[str, Any]) -> None:
        """Refuse a second one of the same name, in the same place, beside the first one."""
        kind, before = TYPES.get(declared.type), old.properties
        if kind is None or declared.type != old.type or kind.naming not in kind.fixed:
            return
        name = properties.get(kind.naming)
        is_elsewhere = properties.get(kind.within) != before.get(kind.within)
        if name is not None and name == before.get(kind.naming) and not is_elsewhere:
            raise ResourceFailed(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {name} and update the stack again."
            )

    def _clean_up(self, declared: list[Declared], done: list[_Step]) -> None:
        """Delete what was replaced, and what the template has no more."""
        stack, names = self._stack, {one.name: one for one in declared}
        self._stack_is("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        for step in reversed(done):
            if step.old is not None and step.is_replaced:
                policy = names[step.new.name].update_replace_policy
                self._delete(step.old, is_retained=policy != "Delete")
        for name, resource in [*reversed(stack.resources.items())]:
            if name not in names and self._delete(resource, is_retained=resource.deletion_policy != "Delete"):
                del stack.resources[name]
        order = [*names, *(name for name in stack.resources if name not in names)]
        stack.resources = {name: stack.resources[name] for name in order}  # in which they are deleted
        self._stack_is("UPDATE_COMPLETE")

    def _undo_update(self, failure: str, done: list[_Step]) -> None:
        stack = self._stack
        self._stack_is("UPDATE_ROLLBACK_IN_PROGRESS", failure)
        failed = []
        for step in reversed(done):
            new, old = step.new, step.old
            if old is None or step.is_replaced:
                stack.resources.pop(new.name, None)
                if not self._delete(new, is_retained=new.deletion_policy == "Retain"):
                    failed.append(new.name)
                if old is not None:
                    stack.resources[new.name] = old
                    self._resource_is(old, "UPDATE_COMPLETE")
                continue
            try:
                self._resource_is(old, "UPDATE_IN_PROGRESS")
                self._handler(new).update(new.properties, old.properties, old.known)
                self._resource_is(old, "UPDATE_COMPLETE")
                stack.resources[new.name] = old
            except ResourceFailed as error:
                self._resource_is(new, "UPDATE_FAILED", str(error))
                failed.append(new.name)
        if failed:
            text = f"The following resource(s) failed to update: [{', '.join(failed)}]. "
            self._stack_is("UPDATE_ROLLBACK_FAILED", text)
            return
        self._stack_is("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self._stack_is("UPDATE_ROLLBACK_COMPLETE")

    def _values(self, template: Template, parameters: Mapping[str, str]) -> Values:
        def resource(reference: Reference) -> Any:
            return attribute_of(self._call, self._stack, self._stack.resources[reference.name], reference)

        return Values(
            self._call, self._stacks, self._stack, template=template, parameters=parameters, resource=resource
        )

    def _properties(self, declared: Declared, values: Values, tags: Mapping[str, str]) -> dict[str, Any]:
        try:
            pairs = ((name, values.value(value)) for name, value in declared.properties.items())
            properties = {name: value for name, value in pairs if value is not NO_VALUE}
        except AwsError as error:
            raise ResourceFailed(error.message) from None
        kind = TYPES.get(declared.type)
        return properties if kind is None else tagged(kind, properties, tags)

    def _create(
        self,
        declared: Declared,
        resource: Resource,
        values: Values,
        tags: Mapping[str, str],
        *,
        verb: str = "CREATE",
    ) -> None:
        resource.properties = self._properties(declared, values, tags)
        resource.metadata, resource.deletion_policy = declared.metadata, declared.deletion_policy
        if verb == "CREATE":
            self._resource_is(resource, "CREATE_IN_PROGRESS")
        handler = self._handler(resource)
        handler.check(resource.properties)
        resource.known = dict(handler.made_names())
        handler.make(resource.properties, resource.known)
        resource.exists = True
        facts = handler.facts(resource.properties, resource.known)
        resource.physical_id = str(facts[handler.kind.ref])
        self._resource_is(resource, f"{verb}_IN_PROGRESS", "Resource creation Initiated")
        handler.finish(resource.properties, resource.known)
        self._resource_is(resource, f"{verb}_COMPLETE")

    def _handler(self, resource: Resource) -> Handler:
        kind = TYPES.get(resource.type)
        if kind is None:
            raise ResourceFailed(f"This AWS does not support the resource type {resource.type}.")
        return Handler(call=self._call, kind=kind, name=resource.name, stack=self._stack.name)

    def _delete_all(self, *, keeps_created: bool, retained: frozenset[str] = frozenset()) -> list[str]:
        """Delete the resources, the last one first, and return the names of those that cannot be.

        Args:
            keeps_created: whether the policy ``RetainExceptOnCreate`` retains.
            retained: names that are not deleted whatever their policy.
        """
        keep = {"Retain", "RetainExceptOnCreate"} if keeps_created else {"Retain"}
        return [
            name
            for name, one in reversed(self._stack.resources.items())
            if not self._delete(one, is_retained=one.deletion_policy in keep or name in retained)
        ]

    def _delete(self, resource: Resource, *, is_retained: bool) -> bool:
        """Delete a resource and tell whether it is gone, or retained."""
        if not resource.exists:
            if resource.status not in {"DELETE_COMPLETE", "DELETE_SKIPPED"}:
                self._resource_is(resource, "DELETE_COMPLETE")
            return True
        if is_retained:
            resource.exists = False
            self._resource_is(resource, "DELETE_SKIPPED")
            return True
        self._resource_is(resource, "DELETE_IN_PROGRESS")
        try:
            self._handler(resource).delete(resource.properties, resource.known)
        except ResourceFailed as failure:
            self._resource_is(resource, "DELETE_FAILED", str(failure))
            return False
        resource.exists = False
        self._resource_is(resource, "DELETE_COMPLETE")
        return True

    def _outputs(self, values: Values, template: Template) -> list[Output]:
        """Return the outputs, if their exports are nobody else's and no export in use changes.

        Raises:
            AwsError: ``ValidationError``.
        """
        stack, region = self._stack, self._call.region
        found = outputs(values, template)
        others = {output.export: one for one, output in self._stacks.exports(region) if one is not stack}
        for output in found:
            if output.export and output.export in others:
                name = others[output.export].name
                raise invalid(f"Export with name {output.export} is already exported by stack {name}. ")
        for old in stack.outputs:
            if not old.export or any(new.export == old.export and new.value == old.value for new in found):
                continue
            if users := self._stacks.importers(region, old.export, but=stack):
                verb = "updated" if any(new.export == old.export for new in found) else "deleted"
                # linz/geostore#630, anomalyco/sst#1256
                raise invalid(f"Export {old.export} cannot be {verb} as it is in use by {', '.join(users)}")
        return found

    def _stack_is(self, status: str, reason: str = "") -> None:
        self._stack.now_is(status, now=self._call.now, reason=reason, token=self._token)

    def _resource_is(self, resource: Resource, status: str, reason: str = "") -> None:
        self._stack.resource_is(resource, status, now=self._call.now, reason=reason, token=self._token)
