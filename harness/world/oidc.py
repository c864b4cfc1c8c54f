"""The path of a third-party issuer: ``sts:AssumeRoleWithWebIdentity`` (the guide's option 3, with Okta)."""

from __future__ import annotations

from harness.world.setup import Setup, Site, create_role, trust

__all__ = ["set_up"]


def set_up(site: Site) -> Setup:
    """Create the issuer, its provider in IAM, and a role that trusts it for this server's audience."""
    issuer = site.new_issuer("okta", audience=site.resource)
    site.internet.serve(issuer.host, issuer.app)
    provider = site.aws.call(
        "iam", "create_open_id_connect_provider", Url=issuer.url, ClientIDList=[site.resource]
    )
    name = issuer.url.removeprefix("https://")
    document = trust(
        "sts:AssumeRoleWithWebIdentity",
        {"Federated": provider["OpenIDConnectProviderArn"]},
        StringEquals={f"{name}:aud": site.resource},
    )
    role_arn = create_role(site.aws, document)
    return Setup(
        issuer=issuer,
        role_arn=role_arn,
        trust=document,
        environ={
            "AUTH_PROVIDER": "oidc",
            "OIDC_ISSUER": issuer.url,
            "OIDC_CLIENT_ID": issuer.client_id,
            "AWS_CLOUDWATCH_ROLE_ARN": role_arn,
        },
        claims={},
        scope_claim="scp",
        assume="AssumeRoleWithWebIdentity",
        distrusted="AccessDenied",
    )
