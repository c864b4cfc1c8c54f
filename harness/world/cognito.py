"""The path of Cognito: a user pool, and an identity pool that gives credentials (the guide's option 2)."""

from __future__ import annotations

from typing import cast

from fake_idp import Issuer
from harness.world.setup import Setup, Site, create_role, trust

__all__ = ["set_up"]


def set_up(site: Site) -> Setup:
    """Create the user pool and its client, the identity pool, and the role of authenticated users."""
    from harness.aws.cognito_idp.pools import UserPools

    aws, region = site.aws, site.aws.region
    pool = aws.call(
        "cognito-idp",
        "create_user_pool",
        PoolName="cloudwatch-mcp-users",
        AutoVerifiedAttributes=["email"],
        UsernameAttributes=["email"],
    )
    pool_id: str = pool["UserPool"]["Id"]
    aws.call(
        "cognito-idp",
        "set_user_pool_mfa_config",
        UserPoolId=pool_id,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        MfaConfiguration="OPTIONAL",
    )
    client = aws.call(
        "cognito-idp",
        "create_user_pool_client",
        UserPoolId=pool_id,
        ClientName="cloudwatch-mcp-client",
        GenerateSecret=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["openid", "profile", "email"],
        CallbackURLs=["https://your-mcp-server.com/callback"],
        SupportedIdentityProviders=["COGNITO"],
    )
    client_id: str = client["UserPoolClient"]["ClientId"]
    provider = f"cognito-idp.{region}.amazonaws.com/{pool_id}"
    issuer = cast("Issuer", aws.state(UserPools).issuers[pool_id])

    identity_pool = aws.call(
        "cognito-identity",
        "create_identity_pool",
        IdentityPoolName="cloudwatch_mcp_identity",
        AllowUnauthenticatedIdentities=False,
        CognitoIdentityProviders=[{"ProviderName": provider, "ClientId": client_id}],
    )
    identity_pool_id: str = identity_pool["IdentityPoolId"]
    # The guide's trust policy, and the `amr` condition without which a guest would get the role too.
    document = trust(
        "sts:AssumeRoleWithWebIdentity",
        {"Federated": "cognito-identity.amazonaws.com"},
        StringEquals={"cognito-identity.amazonaws.com:aud": identity_pool_id},
        **{"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}},
    )
    role_arn = create_role(aws, document)
    aws.call(
        "cognito-identity",
        "set_identity_pool_roles",
        IdentityPoolId=identity_pool_id,
        Roles={"authenticated": role_arn},
    )
    return Setup(
        issuer=issuer,
        role_arn=role_arn,
        trust=document,
        environ={
            "AUTH_PROVIDER": "cognito",
            "AWS_COGNITO_REGION": region,
            "AWS_COGNITO_USER_POOL_ID": pool_id,
            "AWS_COGNITO_CLIENT_ID": client_id,
            "AWS_COGNITO_IDENTITY_POOL_ID": identity_pool_id,
        },
        claims={},
        assume="GetCredentialsForIdentity",
        distrusted="InvalidIdentityPoolConfigurationException",
    )
