"""Cognito: user pools and what is in them, identity pools and their roles.

Source: AWS CloudFormation Template Reference, ``AWS::Cognito``.
"""

from __future__ import annotations

from harness.aws.cloudformation.types.resource_type import (
    Do,
    Facts,
    Part,
    PropertyError,
    ResourceType,
    names,
)

__all__ = ["COGNITO"]

_POOL = {"UserPoolId": "UserPoolId"}
_CLIENT = {**_POOL, "ClientId": "ClientId"}
_DOMAIN = {**_POOL, "Domain": "Domain"}
_GROUP = {**_POOL, "GroupName": "GroupName"}
_SERVER = {**_POOL, "Identifier": "Identifier"}
_USER = {**_POOL, "Username": "Username"}
_IDENTITY_POOL = {"IdentityPoolId": "IdentityPoolId"}


def _second_factors(facts: Facts) -> Facts:
    """The fields of SetUserPoolMfaConfig, where the pool has second factors.

    CreateUserPool takes a pool with MFA only if it can send text messages (aws-cdk#12075), so CloudFormation
    sets it by this other call; ``EnabledMfas`` says which factors.
    """
    enabled = facts.get("EnabledMfas", [])
    if not isinstance(enabled, list):
        raise PropertyError("#/EnabledMfas: expected type: JSONArray")
    if unknown := [one for one in enabled if one not in ("SMS_MFA", "SOFTWARE_TOKEN_MFA")]:
        raise PropertyError(f"#/EnabledMfas: this AWS does not support {str(unknown[0])[:100]}")
    mode = facts.get("MfaConfiguration")
    if not enabled and mode in (None, "OFF"):
        return {}
    fields: Facts = {"MfaConfiguration": mode or "OFF"}
    if "SOFTWARE_TOKEN_MFA" in enabled:
        fields["SoftwareTokenMfaConfiguration"] = {"Enabled": True}
    if "SMS_MFA" in enabled or (not enabled and "SmsConfiguration" in facts):
        fields["SmsMfaConfiguration"] = {
            "SmsConfiguration": facts.get("SmsConfiguration"),
            "SmsAuthenticationMessage": facts.get("SmsAuthenticationMessage"),
        }
    return {"SecondFactors": fields}


def _role_mappings(facts: Facts) -> Facts:
    """Role mappings by their provider, which a member of each may name in place of its key."""
    given, found = facts.get("RoleMappings", {}), {}
    for key, mapping in given.items() if isinstance(given, dict) else [("", given)]:
        if not isinstance(mapping, dict):
            raise PropertyError(f"#/RoleMappings/{key}: expected type: JSONObject")
        rest = {name: value for name, value in mapping.items() if name != "IdentityProvider"}
        found[str(mapping.get("IdentityProvider", key))] = rest
    return {"Mappings": found}


COGNITO = (
    ResourceType(
        name="AWS::Cognito::UserPool",
        service="cognito-idp",
        properties=names(
            "AccountRecoverySetting AdminCreateUserConfig AliasAttributes AutoVerifiedAttributes "
            "DeletionProtection DeviceConfiguration EmailConfiguration EmailVerificationMessage "
            "EmailVerificationSubject LambdaConfig Policies Schema "
            "SmsAuthenticationMessage SmsConfiguration SmsVerificationMessage UserAttributeUpdateSettings "
            "UserPoolAddOns UserPoolTags UserPoolTier UsernameAttributes UsernameConfiguration "
            "VerificationMessageTemplate",
            EnabledMfas="",
            MfaConfiguration="",
            UserPoolName="PoolName",
        ),
        lacking=frozenset(
            {
                "EmailAuthenticationMessage",
                "EmailAuthenticationSubject",
                "IssuerConfiguration",
                "KeyConfiguration",
                "WebAuthnFactorConfiguration",
                "WebAuthnRelyingPartyID",
                "WebAuthnUserVerification",
            }
        ),
        naming="UserPoolName",
        create=Do("CreateUserPool", whole=True),
        answer="UserPool",
        update=(Do("UpdateUserPool", _POOL, whole=True),),
        delete=Do("DeleteUserPool", _POOL),
        parts=(
            Part(
                property="SecondFactors",
                put=Do(
                    "SetUserPoolMfaConfig",
                    {
                        **_POOL,
                        "MfaConfiguration": "Item.MfaConfiguration",
                        "SoftwareTokenMfaConfiguration": "Item.SoftwareTokenMfaConfiguration",
                        "SmsMfaConfiguration": "Item.SmsMfaConfiguration",
                    },
                ),
                drop=Do("SetUserPoolMfaConfig", {**_POOL, "MfaConfiguration": '="OFF"'}),
                again=True,  # UpdateUserPool takes away what it is not told
            ),
        ),
        derived={
            "UserPoolId": "{Id}",
            "ProviderName": "cognito-idp.{Region}.{URLSuffix}/{Id}",
            "ProviderURL": "https://cognito-idp.{Region}.{URLSuffix}/{Id}",
        },
        derive=_second_factors,
        derived_from={"SecondFactors": ("EnabledMfas", "MfaConfiguration")},
        ref="UserPoolId",
        attributes=names("Arn ProviderName ProviderURL UserPoolId"),
        tags="UserPoolTags",
    ),
    ResourceType(
        name="AWS::Cognito::UserPoolClient",
        service="cognito-idp",
        properties=names(
            "AccessTokenValidity AllowedOAuthFlows AllowedOAuthFlowsUserPoolClient AllowedOAuthScopes "
            "AnalyticsConfiguration AuthSessionValidity CallbackURLs ClientName DefaultRedirectURI "
            "EnablePropagateAdditionalUserContextData EnableTokenRevocation ExplicitAuthFlows GenerateSecret "
            "IdTokenValidity LogoutURLs PreventUserExistenceErrors ReadAttributes RefreshTokenRotation "
            "RefreshTokenValidity SupportedIdentityProviders TokenValidityUnits UserPoolId WriteAttributes"
        ),
        required=("UserPoolId",),
        naming="ClientName",
        create=Do("CreateUserPoolClient", whole=True),
        answer="UserPoolClient",
        update=(Do("UpdateUserPoolClient", _CLIENT, whole=True),),
        delete=Do("DeleteUserPoolClient", _CLIENT),
        fixed=frozenset({"GenerateSecret", "UserPoolId"}),
        ref="ClientId",
        attributes=names("ClientId ClientSecret", Name="ClientName"),
    ),
    ResourceType(
        name="AWS::Cognito::UserPoolDomain",
        service="cognito-idp",
        properties=names("CustomDomainConfig Domain ManagedLoginVersion UserPoolId"),
        lacking=frozenset({"Routing"}),
        required=("Domain", "UserPoolId"),
        create=Do("CreateUserPoolDomain", whole=True),
        read=(Do("DescribeUserPoolDomain", {"Domain": "Domain"}), "DomainDescription"),
        update=(Do("UpdateUserPoolDomain", _DOMAIN, whole=True),),
        delete=Do("DeleteUserPoolDomain", _DOMAIN),
        fixed=frozenset({"Domain", "UserPoolId"}),
        ref="Domain",
        attributes=names("CloudFrontDistribution"),
    ),
    ResourceType(
        name="AWS::Cognito::UserPoolGroup",
        service="cognito-idp",
        properties=names("Description GroupName Precedence RoleArn UserPoolId"),
        required=("UserPoolId",),
        naming="GroupName",
        within="UserPoolId",
        create=Do("CreateGroup", whole=True),
        update=(Do("UpdateGroup", _GROUP, whole=True),),
        delete=Do("DeleteGroup", _GROUP),
        fixed=frozenset({"GroupName", "UserPoolId"}),
        ref="GroupName",
    ),
    ResourceType(
        name="AWS::Cognito::UserPoolResourceServer",
        service="cognito-idp",
        properties=names("Identifier Name Scopes UserPoolId"),
        required=("Identifier", "Name", "UserPoolId"),
        create=Do("CreateResourceServer", whole=True),
        update=(Do("UpdateResourceServer", _SERVER, whole=True),),
        delete=Do("DeleteResourceServer", _SERVER),
        fixed=frozenset({"Identifier", "UserPoolId"}),
        ref="Identifier",
    ),
    ResourceType(
        name="AWS::Cognito::UserPoolUser",
        service="cognito-idp",
        properties=names(
            "ClientMetadata DesiredDeliveryMediums ForceAliasCreation MessageAction UserAttributes "
            "UserPoolId "
            "Username ValidationData"
        ),
        required=("UserPoolId",),
        naming="Username",
        within="UserPoolId",
        create=Do("AdminCreateUser", whole=True),
        answer="User",
        delete=Do("AdminDeleteUser", _USER),
        fixed=frozenset(
            {
                "ClientMetadata",
                "DesiredDeliveryMediums",
                "ForceAliasCreation",
                "MessageAction",
                "UserAttributes",
                "UserPoolId",
                "Username",
                "ValidationData",
            }
        ),
        ref="Username",
    ),
    ResourceType(
        name="AWS::Cognito::IdentityPool",
        service="cognito-identity",
        properties=names(
            "AllowClassicFlow AllowUnauthenticatedIdentities CognitoIdentityProviders DeveloperProviderName "
            "IdentityPoolName IdentityPoolTags OpenIdConnectProviderARNs SamlProviderARNs "
            "SupportedLoginProviders"
        ),
        lacking=frozenset({"CognitoEvents", "CognitoStreams", "PushSync"}),
        required=("AllowUnauthenticatedIdentities",),
        naming="IdentityPoolName",
        create=Do("CreateIdentityPool", whole=True),
        update=(Do("UpdateIdentityPool", _IDENTITY_POOL, whole=True),),
        delete=Do("DeleteIdentityPool", _IDENTITY_POOL),
        ref="IdentityPoolId",
        attributes=names("", Id="IdentityPoolId", Name="IdentityPoolName"),
        tags="IdentityPoolTags",
    ),
    ResourceType(
        name="AWS::Cognito::IdentityPoolRoleAttachment",
        service="cognito-identity",
        properties=names("IdentityPoolId RoleMappings Roles"),
        required=("IdentityPoolId",),
        defaults={"Roles": {}},
        create=Do("SetIdentityPoolRoles", {**_IDENTITY_POOL, "Roles": "Roles", "RoleMappings": "Mappings"}),
        update=(
            Do("SetIdentityPoolRoles", {**_IDENTITY_POOL, "Roles": "Roles", "RoleMappings": "Mappings"}),
        ),
        delete=Do("SetIdentityPoolRoles", {**_IDENTITY_POOL, "Roles": "={}"}),
        derive=_role_mappings,
        derived_from={"Mappings": ("RoleMappings",)},
        fixed=frozenset({"IdentityPoolId"}),
        ref="GeneratedId",
        attributes={"Id": "GeneratedId"},
    ),
    ResourceType(
        name="AWS::Cognito::IdentityPoolPrincipalTag",
        service="cognito-identity",
        properties=names("IdentityPoolId IdentityProviderName PrincipalTags UseDefaults"),
        required=("IdentityPoolId", "IdentityProviderName"),
        create=Do("SetPrincipalTagAttributeMap", whole=True),
        update=(
            Do(
                "SetPrincipalTagAttributeMap",
                {**_IDENTITY_POOL, "IdentityProviderName": "IdentityProviderName"},
                whole=True,
            ),
        ),
        delete=Do(
            "SetPrincipalTagAttributeMap",
            {
                **_IDENTITY_POOL,
                "IdentityProviderName": "IdentityProviderName",
                "UseDefaults": "=false",
                "PrincipalTags": "={}",
            },
        ),
        fixed=frozenset({"IdentityPoolId", "IdentityProviderName"}),
        derived={"Ref": "{IdentityPoolId}|{IdentityProviderName}"},
        ref="Ref",
    ),
)
