"""Applications: customer managed ones, and who may use them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.identity_center.admin.lookup import (
    application_of,
    conflict,
    instance_of,
    invalid,
    not_found,
    principal_of,
)
from harness.aws.identity_center.paging import page
from harness.aws.identity_center.records import (
    Application,
    Instance,
    Principal,
    new_client_id,
    new_id,
)
from harness.aws.tags import by_key
from harness.aws.times import moment

__all__ = ["OPERATIONS"]

CUSTOM = "arn:aws:sso::aws:applicationProvider/custom"
_CUSTOM_SAML = "arn:aws:sso::aws:applicationProvider/custom-saml"
_PROVIDERS: Mapping[str, Mapping[str, Any]] = {
    CUSTOM: {
        "ApplicationProviderArn": CUSTOM,
        "FederationProtocol": "OAUTH",
        "DisplayData": {
            "DisplayName": "Custom application",
            "Description": "Customer managed OAuth 2.0 application",
        },
    }
}
_UPDATABLE = ("Description", "PortalOptions", "Status")


def create_application(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Create an OAuth application; it takes grants, scopes and an authentication method afterwards.

    Raises:
        AwsError: ``ResourceNotFoundException``, for another provider; ``ValidationException``, for SAML,
            which the API reference leaves to the console; ``ConflictException``, for a name that is taken.
    """
    instance = instance_of(call, fields)
    provider = fields["ApplicationProviderArn"]
    if provider == _CUSTOM_SAML:
        raise invalid("SAML 2.0 applications are created in the console only.")
    if provider not in _PROVIDERS:
        raise not_found(f"ApplicationProvider {provider}")
    if any(each.name == fields["Name"] for each in instance.applications.values()):
        raise conflict(f"Application with name {fields['Name']} already exists.")
    made = Application(
        arn=f"arn:aws:sso::{instance.account}:application/{instance.id}/apl-{new_id()}",
        provider_arn=provider,
        name=fields["Name"],
        created=moment(call.now),
        region=instance.region,
        client_id=new_client_id(instance.region),
        members={"Status": "ENABLED", **_members(fields)},
    )
    instance.applications[made.arn] = made
    instance.tags[made.arn] = by_key(fields.get("Tags"))
    return {
        "ApplicationArn": made.arn,
        "InstanceArn": instance.arn,
        "IdentityStoreArn": instance.store.arn,
    }


def describe_application(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an application."""
    return _described(*application_of(call, fields))


def list_applications(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the applications of an instance."""
    instance, wanted = instance_of(call, fields), fields.get("Filter", {})
    found = [
        _described(instance, each)
        for each in instance.applications.values()
        if wanted.get("ApplicationAccount", instance.account) == instance.account
        and wanted.get("ApplicationProvider", each.provider_arn) == each.provider_arn
    ]
    return page(found, fields, "Applications")


def update_application(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Change an application; a disabled one gets no tokens.

    Raises:
        AwsError: ``ConflictException``, for a name that is taken; ``ResourceNotFoundException``.
    """
    instance, found = application_of(call, fields)
    name = fields.get("Name", found.name)
    if any(each.name == name for each in instance.applications.values() if each is not found):
        raise conflict(f"Application with name {name} already exists.")
    found.name = name
    found.members |= _members(fields)
    return {}


def delete_application(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Delete an application with all that was put to it.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    instance, found = application_of(call, fields)
    del instance.applications[found.arn]
    instance.tags.pop(found.arn, None)
    return {}


def describe_provider(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an application provider.

    Raises:
        AwsError: ``ResourceNotFoundException``: this AWS has no AWS managed applications.
    """
    arn = fields["ApplicationProviderArn"]
    if arn not in _PROVIDERS:
        raise not_found(f"ApplicationProvider {arn}")
    return _PROVIDERS[arn]


def list_providers(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the application providers."""
    return page(_PROVIDERS.values(), fields, "ApplicationProviders")


def create_assignment(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Assign an application to a user or a group.

    Raises:
        AwsError: ``ConflictException``, when it is; ``ResourceNotFoundException``.
    """
    instance, found = application_of(call, fields)
    principal = principal_of(instance, fields)
    if principal in found.principals:
        raise conflict(f"{principal.kind} {principal.id} is already assigned to {found.name}.")
    found.principals.append(principal)
    return {}


def describe_assignment(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an assignment of an application.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    _, found = application_of(call, fields)
    return _assignment(found, _assigned(found, fields))


def delete_assignment(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take an application from a user or a group.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    _, found = application_of(call, fields)
    found.principals.remove(_assigned(found, fields))
    return {}


def list_assignments(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return to whom an application is assigned."""
    _, found = application_of(call, fields)
    assignments = [_assignment(found, principal) for principal in found.principals]
    return page(assignments, fields, "ApplicationAssignments")


def list_for_principal(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the applications that are assigned to a user or a group."""
    instance = instance_of(call, fields)
    principal, only = principal_of(instance, fields), fields.get("Filter", {}).get("ApplicationArn")
    assignments = [
        _assignment(each, principal)
        for each in instance.applications.values()
        if principal in each.principals and only in {None, each.arn}
    ]
    return page(assignments, fields, "ApplicationAssignments")


def put_assignment_configuration(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Decide whether everybody may use an application, or those only to whom it is assigned."""
    application_of(call, fields)[1].requires_assignment = fields["AssignmentRequired"]
    return {}


def get_assignment_configuration(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Tell whether an application needs an assignment."""
    return {"AssignmentRequired": application_of(call, fields)[1].requires_assignment}


def put_session_configuration(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Decide whether a user's sessions go on in the background; what that does is the application's."""
    _, found = application_of(call, fields)
    status = fields.get("UserBackgroundSessionApplicationStatus", found.has_background_sessions)
    found.has_background_sessions = status
    return {}


def get_session_configuration(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Tell whether a user's sessions go on in the background."""
    status = application_of(call, fields)[1].has_background_sessions
    return {"UserBackgroundSessionApplicationStatus": status}


def _members(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in _UPDATABLE if name in fields}


def _described(instance: Instance, found: Application) -> dict[str, Any]:
    return {
        "ApplicationArn": found.arn,
        "ApplicationProviderArn": found.provider_arn,
        "Name": found.name,
        "ApplicationAccount": instance.account,
        "InstanceArn": instance.arn,
        "IdentityStoreArn": instance.store.arn,
        "CreatedDate": found.created,
        "CreatedFrom": found.region,
        **found.members,
    }


def _assigned(found: Application, fields: Mapping[str, Any]) -> Principal:
    principal = Principal(kind=fields["PrincipalType"], id=fields["PrincipalId"])
    if principal not in found.principals:
        raise not_found(f"Assignment of {found.name} to {principal.kind} {principal.id}")
    return principal


def _assignment(found: Application, principal: Principal) -> dict[str, Any]:
    return {"ApplicationArn": found.arn, "PrincipalId": principal.id, "PrincipalType": principal.kind}


OPERATIONS: Mapping[str, Operation] = {
    "CreateApplication": create_application,
    "CreateApplicationAssignment": create_assignment,
    "DeleteApplication": delete_application,
    "DeleteApplicationAssignment": delete_assignment,
    "DescribeApplication": describe_application,
    "DescribeApplicationAssignment": describe_assignment,
    "DescribeApplicationProvider": describe_provider,
    "GetApplicationAssignmentConfiguration": get_assignment_configuration,
    "GetApplicationSessionConfiguration": get_session_configuration,
    "ListApplicationAssignments": list_assignments,
    "ListApplicationAssignmentsForPrincipal": list_for_principal,
    "ListApplicationProviders": list_providers,
    "ListApplications": list_applications,
    "PutApplicationAssignmentConfiguration": put_assignment_configuration,
    "PutApplicationSessionConfiguration": put_session_configuration,
    "UpdateApplication": update_application,
}
