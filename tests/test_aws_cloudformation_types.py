"""The tables of resource types, held by AWS's own schemas (as cfn-lint ships them) and models."""

from __future__ import annotations

from typing import Any

import pytest

from harness.aws.cloudformation.fields import sources_of
from harness.aws.cloudformation.types import TYPES, Do, ResourceType
from harness.aws.models import is_known, operation_model

KINDS = pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)

# Where AWS's documentation of a type says otherwise than its schema: Url of a provider is documented as
# required, and the schema leaves it open.
REQUIRED_TOO = {"AWS::IAM::OIDCProvider": {"Url"}}


def schema(kind: ResourceType) -> Any:
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    return PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind.name)


def properties(paths: Any) -> set[str]:
    return {path.split("/")[2] for path in paths or ()}


def calls(kind: ResourceType) -> list[Do]:
    """Every call of a type."""
    found = [kind.create, *kind.update, kind.delete, kind.after_update]
    found += [kind.read[0]] if kind.read else []
    found += [kind.taken[0]] if kind.taken else []
    for part in kind.parts:
        found += [part.put, part.drop, part.change]
    return [one for one in found if one is not None]


@KINDS
def test_every_property_that_aws_has_is_supported_or_known_to_be_lacking(kind: ResourceType) -> None:
    told = schema(kind).schema
    settable = set(told["properties"]) - properties(told.get("readOnlyProperties"))
    assert set(kind.properties) | kind.lacking == settable
    assert not set(kind.properties) & kind.lacking


@KINDS
def test_the_required_properties_are_those_of_the_schema(kind: ResourceType) -> None:
    required = set(schema(kind).schema.get("required", ()))
    assert set(kind.required) == required | REQUIRED_TOO.get(kind.name, set())


@KINDS
def test_what_cannot_change_in_place_is_what_the_schema_says(kind: ResourceType) -> None:
    fixed = properties(schema(kind).schema.get("createOnlyProperties"))
    assert kind.fixed == fixed - kind.lacking


@KINDS
def test_a_fixed_name_identifies_where_the_schema_says_so(kind: ResourceType) -> None:
    identifier = properties(schema(kind).schema["primaryIdentifier"])
    if kind.naming in kind.fixed and kind.name != "AWS::IAM::ManagedPolicy":  # its ARN has its name
        assert {kind.naming, kind.within} - {""} == identifier


@KINDS
def test_get_att_has_the_attributes_of_the_schema(kind: ResourceType) -> None:
    assert set(kind.attributes) == set(schema(kind).get_atts)


@KINDS
def test_every_call_and_every_field_is_in_the_services_model(kind: ResourceType) -> None:
    for do in calls(kind):
        assert is_known(kind.service, do.operation), do.operation
        members = operation_model(kind.service, do.operation).input_shape.members
        assert set(sources_of(kind, do)) <= set(members), do.operation


@KINDS
def test_every_call_has_the_fields_that_its_operation_requires(kind: ResourceType) -> None:
    for do in calls(kind):
        required = set(operation_model(kind.service, do.operation).input_shape.required_members)
        assert required <= set(sources_of(kind, do)), do.operation


@KINDS
def test_every_answer_has_what_is_read_from_it(kind: ResourceType) -> None:
    read = [(kind.create, kind.answer)] if kind.create else []
    read += [kind.read] if kind.read else []
    read += [kind.taken] if kind.taken else []
    for do, member in read:
        shape = operation_model(kind.service, do.operation).output_shape
        assert not member or member in shape.members


@KINDS
def test_every_property_goes_into_some_call(kind: ResourceType) -> None:
    sources = set()
    for do in calls(kind):
        sources |= set(sources_of(kind, do).values())
    sources |= {part.property for part in kind.parts}
    derived = {name for fact, names in kind.derived_from.items() if fact in sources for name in names}
    assert set(kind.properties) <= sources | derived


def test_the_types_that_were_promised_are_there() -> None:
    promised = {
        "Cognito": "UserPool UserPoolClient UserPoolDomain UserPoolGroup UserPoolResourceServer UserPoolUser "
        "IdentityPool IdentityPoolRoleAttachment IdentityPoolPrincipalTag",
        "IAM": "OIDCProvider Role ManagedPolicy Policy User Group",
        "SSO": "PermissionSet Application Assignment Instance",
        "Logs": "LogGroup LogStream QueryDefinition",
        "CloudWatch": "Alarm Dashboard",
    }
    assert set(TYPES) == {
        f"AWS::{service}::{one}" for service, them in promised.items() for one in them.split()
    }
