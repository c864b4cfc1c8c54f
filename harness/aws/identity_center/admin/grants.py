"""What an application may ask for: grants, an authentication method, and access scopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.identity_center.admin.lookup import application_of, invalid, not_found
from harness.aws.identity_center.paging import page
from harness.aws.policy import PolicyError, parse

__all__ = ["MEMBERS", "OPERATIONS"]

#: The member of ``Grant`` by the type of the grant.
MEMBERS: Mapping[str, str] = {
    "authorization_code": "AuthorizationCode",
    "refresh_token": "RefreshToken",
    "urn:ietf:params:oauth:grant-type:jwt-bearer": "JwtBearer",
    "urn:ietf:params:oauth:grant-type:token-exchange": "TokenExchange",
}


def put_grant(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let an application use a grant.

    Raises:
        AwsError: ``ValidationException``, unless the grant is of its type; ``ResourceNotFoundException``, for
            a trusted token issuer that the instance has not.
    """
    instance, found = application_of(call, fields)
    kind, grant = fields["GrantType"], fields["Grant"]
    if list(grant) != [MEMBERS[kind]]:
        raise invalid(f"The grant must have {MEMBERS[kind]}, and nothing else, for the grant type {kind}.")
    for authorized in grant.get("JwtBearer", {}).get("AuthorizedTokenIssuers", []):
        arn = authorized.get("TrustedTokenIssuerArn")
        if arn not in instance.token_issuers:
            raise not_found(f"TrustedTokenIssuer {arn}")
    found.grants[kind] = grant
    return {}


def get_grant(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a grant of an application.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    _, found = application_of(call, fields)
    if fields["GrantType"] not in found.grants:
        raise not_found(f"Grant {fields['GrantType']}")
    return {"Grant": found.grants[fields["GrantType"]]}


def list_grants(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the grants of an application."""
    _, found = application_of(call, fields)
    grants = [{"GrantType": kind, "Grant": grant} for kind, grant in found.grants.items()]
    return page(grants, fields, "Grants")


def delete_grant(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take a grant from an application.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    get_grant(call, fields)
    del application_of(call, fields)[1].grants[fields["GrantType"]]
    return {}


def put_method(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Decide, by a policy with principals, who gets tokens for an application by ``CreateTokenWithIAM``.

    Raises:
        AwsError: ``ValidationException``, for what is no policy.
    """
    _, found = application_of(call, fields)
    policy = fields["AuthenticationMethod"].get("Iam", {}).get("ActorPolicy")
    if not isinstance(policy, Mapping):
        raise invalid("AuthenticationMethod must have Iam, with an ActorPolicy that is a JSON object.")
    try:
        parse(policy)
    except PolicyError as error:
        raise invalid(f"The actor policy is invalid: {error.message}") from None
    found.actor_policy = policy
    return {}


def get_method(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the authentication method of an application.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    _, found = application_of(call, fields)
    if found.actor_policy is None:
        raise not_found(f"AuthenticationMethod {fields['AuthenticationMethodType']}")
    return {"AuthenticationMethod": {"Iam": {"ActorPolicy": found.actor_policy}}}


def list_methods(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the authentication methods of an application: one at most."""
    _, found = application_of(call, fields)
    method = {
        "AuthenticationMethodType": "IAM",
        "AuthenticationMethod": {"Iam": {"ActorPolicy": found.actor_policy}},
    }
    return page([method] if found.actor_policy is not None else [], fields, "AuthenticationMethods")


def delete_method(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let nobody get tokens for an application by ``CreateTokenWithIAM`` any more.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    get_method(call, fields)
    application_of(call, fields)[1].actor_policy = None
    return {}


def put_scope(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let tokens of an application have a scope, towards the authorized targets."""
    _, found = application_of(call, fields)
    found.scopes[fields["Scope"]] = list(fields.get("AuthorizedTargets", []))
    return {}


def get_scope(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a scope of an application.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    _, found = application_of(call, fields)
    if fields["Scope"] not in found.scopes:
        raise not_found(f"Scope {fields['Scope']}")
    return {"Scope": fields["Scope"], "AuthorizedTargets": found.scopes[fields["Scope"]]}


def list_scopes(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the scopes of an application."""
    _, found = application_of(call, fields)
    scopes = [{"Scope": scope, "AuthorizedTargets": targets} for scope, targets in found.scopes.items()]
    return page(scopes, fields, "Scopes")


def delete_scope(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take a scope from an application.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    get_scope(call, fields)
    del application_of(call, fields)[1].scopes[fields["Scope"]]
    return {}


OPERATIONS: Mapping[str, Operation] = {
    "DeleteApplicationAccessScope": delete_scope,
    "DeleteApplicationAuthenticationMethod": delete_method,
    "DeleteApplicationGrant": delete_grant,
    "GetApplicationAccessScope": get_scope,
    "GetApplicationAuthenticationMethod": get_method,
    "GetApplicationGrant": get_grant,
    "ListApplicationAccessScopes": list_scopes,
    "ListApplicationAuthenticationMethods": list_methods,
    "ListApplicationGrants": list_grants,
    "PutApplicationAccessScope": put_scope,
    "PutApplicationAuthenticationMethod": put_method,
    "PutApplicationGrant": put_grant,
}
