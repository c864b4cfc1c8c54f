"""The AWS CLI commands of the guide, in its order: what AWS says to each, and the corrected ones.

``{name}`` stands for what an earlier command returned. The guide's own placeholders stay as they are where
AWS, or the AWS CLI, refuses them as such.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["COMMANDS", "Command"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of the guide.

    Attributes:
        id: a name for it.
        guide: as the guide has it; empty where the guide lacks a command that is needed.
        refused: what the refusal says, AWS's code or the words of the AWS CLI; empty when it is right.
        is_sent: whether it is AWS that refuses; else the AWS CLI does.
        right: the corrected commands, all of which succeed; the guide's own when it is right.
        keeps: names for what the last of them returns, by the path in its JSON.
        source: where AWS's answer is described.
    """

    id: str
    guide: str = ""
    refused: str = ""
    is_sent: bool = True
    right: tuple[str, ...] = ()
    keeps: Mapping[str, str] = field(default_factory=dict)
    source: str = ""


def _trust(principal: str, **condition: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": principal},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    return (
        json.dumps({"Version": "2012-10-17", "Statement": [statement]}).replace("{", "{{").replace("}", "}}")
    )


_INSTANCE = "arn:aws:sso:::instance/ssoins-xxxxx"
_POLICY = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
_POOL = (
    "cognito-idp create-user-pool --pool-name cloudwatch-mcp-users --auto-verified-attributes email "
    "--username-attributes email{0} --region us-east-1"
)
_CLIENT = (
    "cognito-idp create-user-pool-client --user-pool-id {{pool}} --client-name cloudwatch-mcp-client "
    "--generate-secret {0} --allowed-o-auth-scopes openid profile email "
    "--callback-urls https://your-mcp-server.com/callback --supported-identity-providers COGNITO"
)
_IDENTITY_POOL = (
    "cognito-identity create-identity-pool --identity-pool-name cloudwatch-mcp-identity {0} "
    "--cognito-identity-providers "
    "ProviderName=cognito-idp.us-east-1.amazonaws.com/{{pool}},ClientId={{client}}"
)
_ROLE = "iam create-role --role-name {0} --assume-role-policy-document '{1}'"
_ATTACH = f"iam attach-role-policy --role-name {{0}} --policy-arn {_POLICY}"
_IN_IDENTITY_POOL = _trust(
    "cognito-identity.amazonaws.com",
    StringEquals={"cognito-identity.amazonaws.com:aud": "{identity_pool}"},
).replace("{{identity_pool}}", "{identity_pool}")
_BY_OKTA = _trust(
    "arn:aws:iam::ACCOUNT-ID:oidc-provider/your-okta-domain.okta.com",
    StringEquals={"your-okta-domain.okta.com:aud": "your-client-id"},
)

COMMANDS = (
    Command(
        id="create-instance",
        guide="sso-admin create-instance --region us-east-1",
        keeps={"instance": "InstanceArn"},
    ),
    Command(
        id="create-permission-set",
        guide=f"sso-admin create-permission-set --instance-arn {_INSTANCE} --name CloudWatchMCPAccess "
        "--description 'CloudWatch MCP Server access'",
        refused="ValidationException",
        right=(
            "sso-admin update-instance --instance-arn {instance} --permission-sets-enabled",
            "sso-admin create-permission-set --instance-arn {instance} --name CloudWatchMCPAccess "
            "--description 'CloudWatch MCP Server access'",
        ),
        keeps={"permission_set": "PermissionSet.PermissionSetArn"},
        source="IAM Identity Center API Reference, CreatePermissionSet, InstanceArn: sixteen characters; "
        "UpdateInstance: an instance of one account has no permission sets until they are enabled",
    ),
    Command(
        id="attach-managed-policy",
        guide=f"sso-admin attach-managed-policy-to-permission-set --instance-arn {_INSTANCE} "
        f"--permission-set-arn arn:aws:sso:::permissionSet/xxxxx --managed-policy-arn {_POLICY}",
        refused="ValidationException",
        right=(
            "sso-admin attach-managed-policy-to-permission-set --instance-arn {instance} "
            f"--permission-set-arn {{permission_set}} --managed-policy-arn {_POLICY}",
        ),
        source="the same, PermissionSetArn: the instance is a part of it",
    ),
    Command(
        id="create-application",
        guide=f"sso-admin create-application --instance-arn {_INSTANCE} --name cloudwatch-mcp-server "
        "--application-provider-arn arn:aws:sso::aws:applicationProvider/custom",
        refused="ValidationException",
        right=(
            "sso-admin create-application --instance-arn {instance} --name cloudwatch-mcp-server "
            "--application-provider-arn arn:aws:sso::aws:applicationProvider/custom",
        ),
        keeps={"application": "ApplicationArn"},
        source="the same",
    ),
    Command(
        id="create-user-pool",
        guide=_POOL.format(" --mfa-configuration OPTIONAL"),
        refused="InvalidParameterException",
        right=(_POOL.format(""),),
        keeps={"pool": "UserPool.Id"},
        source="aws-cli#3876: MFA wants its settings first",
    ),
    Command(
        id="set-user-pool-mfa-config",
        right=(
            "cognito-idp set-user-pool-mfa-config --user-pool-id {pool} "
            "--software-token-mfa-configuration Enabled=true --mfa-configuration OPTIONAL",
        ),
        source="Cognito API Reference, SetUserPoolMfaConfig",
    ),
    Command(
        id="create-user-pool-client",
        guide=_CLIENT.format("--allowed-o-auth-flows authorization_code"),
        refused="InvalidParameterException",
        right=(
            _CLIENT.format(
                "--allowed-o-auth-flows code --allowed-o-auth-flows-user-pool-client "
                "--explicit-auth-flows ALLOW_USER_SRP_AUTH ALLOW_REFRESH_TOKEN_AUTH"
            ),
        ),
        keeps={"client": "UserPoolClient.ClientId"},
        source="aws-cloudformation-user-guide#563",
    ),
    Command(
        id="create-identity-pool",
        guide=_IDENTITY_POOL.format("--allow-unauthenticated-identities false"),
        refused="Unknown options: false",
        is_sent=False,
        right=(_IDENTITY_POOL.format("--no-allow-unauthenticated-identities"),),
        keeps={"identity_pool": "IdentityPoolId"},
        source="AWS CLI User Guide, Boolean parameters",
    ),
    Command(
        id="create-role-cognito",
        guide=_ROLE.format("CloudWatchMCPAuthenticatedRole", _IN_IDENTITY_POOL),
        keeps={"authenticated": "Role.Arn"},
    ),
    Command(id="attach-role-policy-cognito", guide=_ATTACH.format("CloudWatchMCPAuthenticatedRole")),
    Command(
        id="set-identity-pool-roles",
        right=(
            "cognito-identity set-identity-pool-roles --identity-pool-id {identity_pool} "
            "--roles authenticated={authenticated}",
        ),
        source="Cognito Federated Identities API Reference, GetCredentialsForIdentity: a pool needs roles",
    ),
    Command(
        id="create-open-id-connect-provider",
        guide="iam create-open-id-connect-provider --url https://your-okta-domain.okta.com "
        "--client-id-list your-client-id --thumbprint-list '<certificate-thumbprint>'",
        refused="Invalid length for parameter ThumbprintList[0]",
        is_sent=False,
        right=(
            "iam create-open-id-connect-provider --url https://your-okta-domain.okta.com "
            f"--client-id-list your-client-id --thumbprint-list {'0123456789' * 4}",
        ),
        keeps={"provider": "OpenIDConnectProviderArn"},
        source="IAM API Reference, CreateOpenIDConnectProvider: 40 hexadecimal digits; newer tools need none",
    ),
    Command(
        id="create-role-oidc",
        guide=_ROLE.format("CloudWatchMCPOIDCRole", _BY_OKTA),
        refused="MalformedPolicyDocument",
        right=(_ROLE.format("CloudWatchMCPOIDCRole", _BY_OKTA.replace("ACCOUNT-ID", "{account}")),),
        keeps={"oidc": "Role.Arn"},
        source="IAM User Guide, AWS JSON policy elements: Principal",
    ),
    Command(id="attach-role-policy-oidc", guide=_ATTACH.format("CloudWatchMCPOIDCRole")),
)
