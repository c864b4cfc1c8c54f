"""Applications of Identity Center, what they may ask for, and trusted token issuers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.aws_identity_center import CUSTOM, Center, new_center, refused

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
NO_ISSUER = "arn:aws:sso::310987654321:trustedTokenIssuer/ssoins-0123456789abcdef/tti-"
NO_ISSUER += "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture
def center() -> Iterator[Center]:
    with new_center() as center:
        yield center


@pytest.fixture
def application(center: Center) -> dict[str, str]:
    return {"ApplicationArn": center.application()}


def trusted(center: Center, name: str = "okta", url: str = "https://acme.okta.com") -> str:
    made = center.admin.create_trusted_token_issuer(
        InstanceArn=center.instance,
        Name=name,
        TrustedTokenIssuerType="OIDC_JWT",
        TrustedTokenIssuerConfiguration={
            "OidcJwtConfiguration": {
                "IssuerUrl": url,
                "ClaimAttributePath": "email",
                "IdentityStoreAttributePath": "emails.value",
                "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
            }
        },
    )
    return str(made["TrustedTokenIssuerArn"])


def test_an_application_is_described_changed_and_deleted(center: Center, application: dict[str, str]) -> None:
    found = center.admin.describe_application(**application)
    assert (found["Name"], found["Status"]) == ("cloudwatch-mcp-server", "ENABLED")
    assert (found["ApplicationAccount"], found["InstanceArn"]) == (center.aws.account_id, center.instance)
    (listed,) = center.admin.list_applications(InstanceArn=center.instance)["Applications"]
    assert listed["ApplicationArn"] == application["ApplicationArn"]
    elsewhere = center.admin.list_applications(
        InstanceArn=center.instance, Filter={"ApplicationAccount": "999999999999"}
    )
    assert elsewhere["Applications"] == []
    with refused("ConflictException"):
        center.application()
    other = center.application("other")
    with refused("ConflictException"):
        center.admin.update_application(ApplicationArn=other, Name="cloudwatch-mcp-server")
    center.admin.update_application(**application, Status="DISABLED", Description="off")
    found = center.admin.describe_application(**application)
    assert (found["Status"], found["Description"]) == ("DISABLED", "off")
    center.admin.delete_application(**application)
    with refused("ResourceNotFoundException"):
        center.admin.describe_application(**application)


@pytest.mark.parametrize(
    ("provider", "code"),
    [
        ("arn:aws:sso::aws:applicationProvider/no-such", "ResourceNotFoundException"),
        ("arn:aws:sso::aws:applicationProvider/custom-saml", "ValidationException"),
        ("arn:aws:sso::aws:application/custom", "ValidationException"),
    ],
)
def test_the_provider_is_that_of_oauth_applications(center: Center, provider: str, code: str) -> None:
    with refused(code):
        center.admin.create_application(
            InstanceArn=center.instance, Name="x", ApplicationProviderArn=provider
        )
    (found,) = center.admin.list_application_providers()["ApplicationProviders"]
    assert found == {
        key: value
        for key, value in center.admin.describe_application_provider(ApplicationProviderArn=CUSTOM).items()
        if key != "ResponseMetadata"
    }
    with refused("ResourceNotFoundException"):
        center.admin.describe_application_provider(
            ApplicationProviderArn="arn:aws:sso::aws:applicationProvider/no-such"
        )


def test_an_application_is_assigned_to_users_and_groups(center: Center, application: dict[str, str]) -> None:
    alice = center.user()
    who = {"PrincipalId": alice, "PrincipalType": "USER"}
    assert center.admin.get_application_assignment_configuration(**application)["AssignmentRequired"] is True
    center.admin.create_application_assignment(**application, **who)
    with refused("ConflictException"):
        center.admin.create_application_assignment(**application, **who)
    with refused("ResourceNotFoundException"):
        center.admin.create_application_assignment(**application, PrincipalId=alice, PrincipalType="GROUP")
    (listed,) = center.admin.list_application_assignments(**application)["ApplicationAssignments"]
    assert listed == {**application, **who}
    assert center.admin.describe_application_assignment(**application, **who)["PrincipalId"] == alice
    asked = {"InstanceArn": center.instance, **who}
    found = center.admin.list_application_assignments_for_principal(**asked)["ApplicationAssignments"]
    assert found == [listed]
    center.admin.delete_application_assignment(**application, **who)
    with refused("ResourceNotFoundException"):
        center.admin.delete_application_assignment(**application, **who)
    center.admin.put_application_assignment_configuration(**application, AssignmentRequired=False)
    assert center.admin.get_application_assignment_configuration(**application)["AssignmentRequired"] is False


def test_grants_are_of_their_type(center: Center, application: dict[str, str]) -> None:
    issuer = trusted(center)
    authorized = {"TrustedTokenIssuerArn": issuer, "AuthorizedAudiences": ["api://mcp"]}
    grants: dict[str, dict[str, Any]] = {
        JWT_BEARER: {"JwtBearer": {"AuthorizedTokenIssuers": [authorized]}},
        "authorization_code": {"AuthorizationCode": {"RedirectUris": ["https://app.example.com/cb"]}},
        "refresh_token": {"RefreshToken": {}},
    }
    for kind, grant in grants.items():
        center.admin.put_application_grant(**application, GrantType=kind, Grant=grant)
        assert center.admin.get_application_grant(**application, GrantType=kind)["Grant"] == grant
    listed = center.admin.list_application_grants(**application)["Grants"]
    assert {each["GrantType"]: each["Grant"] for each in listed} == grants
    with refused("ValidationException"):
        center.admin.put_application_grant(
            **application, GrantType="refresh_token", Grant={"TokenExchange": {}}
        )
    grants[JWT_BEARER]["JwtBearer"]["AuthorizedTokenIssuers"] = [{"TrustedTokenIssuerArn": NO_ISSUER}]
    with refused("ResourceNotFoundException"):
        center.admin.put_application_grant(**application, GrantType=JWT_BEARER, Grant=grants[JWT_BEARER])
    center.admin.delete_application_grant(**application, GrantType="refresh_token")
    with refused("ResourceNotFoundException"):
        center.admin.delete_application_grant(**application, GrantType="refresh_token")


def test_an_actor_policy_is_a_document_that_comes_back_as_it_was(
    center: Center, application: dict[str, str]
) -> None:
    method = {"AuthenticationMethodType": "IAM"}
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": center.aws.account_id},
        "Action": "sso-oauth:CreateTokenWithIAM",
        "Resource": application["ApplicationArn"],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    with refused("ResourceNotFoundException"):
        center.admin.get_application_authentication_method(**application, **method)
    for broken in ("text", {"Statement": "none"}, []):
        with refused("ValidationException"):
            center.admin.put_application_authentication_method(
                **application, **method, AuthenticationMethod={"Iam": {"ActorPolicy": broken}}
            )
    center.admin.put_application_authentication_method(
        **application, **method, AuthenticationMethod={"Iam": {"ActorPolicy": policy}}
    )
    found = center.admin.get_application_authentication_method(**application, **method)
    assert found["AuthenticationMethod"] == {"Iam": {"ActorPolicy": policy}}
    (listed,) = center.admin.list_application_authentication_methods(**application)["AuthenticationMethods"]
    assert listed["AuthenticationMethod"] == found["AuthenticationMethod"]
    center.admin.delete_application_authentication_method(**application, **method)
    assert center.admin.list_application_authentication_methods(**application)["AuthenticationMethods"] == []


def test_scopes_have_targets(center: Center, application: dict[str, str]) -> None:
    other = center.application("other")
    center.admin.put_application_access_scope(**application, Scope="mcp:read", AuthorizedTargets=[other])
    found = center.admin.get_application_access_scope(**application, Scope="mcp:read")
    assert (found["Scope"], found["AuthorizedTargets"]) == ("mcp:read", [other])
    assert len(center.admin.list_application_access_scopes(**application)["Scopes"]) == 1
    with refused("ValidationException"):
        center.admin.put_application_access_scope(**application, Scope="no scope")
    center.admin.delete_application_access_scope(**application, Scope="mcp:read")
    with refused("ResourceNotFoundException"):
        center.admin.get_application_access_scope(**application, Scope="mcp:read")


def test_background_sessions_are_off_until_they_are_put_on(
    center: Center, application: dict[str, str]
) -> None:
    member = "UserBackgroundSessionApplicationStatus"
    assert center.admin.get_application_session_configuration(**application)[member] == "DISABLED"
    center.admin.put_application_session_configuration(**application, **{member: "ENABLED"})
    assert center.admin.get_application_session_configuration(**application)[member] == "ENABLED"


def test_a_trusted_token_issuer_is_described_changed_and_deleted(center: Center) -> None:
    arn = trusted(center)
    number = center.instance.rpartition("/")[2]
    prefix = f"arn:aws:sso::{center.aws.account_id}:trustedTokenIssuer/{number}/tti-"
    assert re.fullmatch(rf"{prefix}[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}", arn)
    with refused("ConflictException"):
        trusted(center)
    with refused("ConflictException"):
        trusted(center, "other")
    other = trusted(center, "other", "https://other.okta.com")
    with refused("ConflictException"):
        center.admin.update_trusted_token_issuer(TrustedTokenIssuerArn=other, Name="okta")
    changes = {"OidcJwtConfiguration": {"ClaimAttributePath": "sub"}}
    center.admin.update_trusted_token_issuer(
        TrustedTokenIssuerArn=arn, TrustedTokenIssuerConfiguration=changes
    )
    found = center.admin.describe_trusted_token_issuer(TrustedTokenIssuerArn=arn)
    configuration = found["TrustedTokenIssuerConfiguration"]["OidcJwtConfiguration"]
    assert configuration["ClaimAttributePath"] == "sub"
    assert configuration["IssuerUrl"] == "https://acme.okta.com"
    listed = center.admin.list_trusted_token_issuers(InstanceArn=center.instance)["TrustedTokenIssuers"]
    assert [each["Name"] for each in listed] == ["okta", "other"]
    center.admin.delete_trusted_token_issuer(TrustedTokenIssuerArn=arn)
    with refused("ResourceNotFoundException"):
        center.admin.describe_trusted_token_issuer(TrustedTokenIssuerArn=arn)
    for count in range(9):
        trusted(center, f"issuer-{count}", f"https://{count}.okta.com")
    with refused("ServiceQuotaExceededException"):
        trusted(center, "eleventh", "https://eleventh.okta.com")
