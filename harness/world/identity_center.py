"""The path of IAM Identity Center: a role claim and ``sts:AssumeRole`` (the guide's option 1).

The instance, the permission set and the application are made by the guide's own calls, with the ARNs that AWS
gives out, and with one call more: an instance that ``CreateInstance`` makes has no permission sets until
``UpdateInstance`` enables them.

Two things AWS has not, and the world gives the guide what it assumes. Identity Center publishes no discovery
document or JWKS for applications; here the instance's issuer answers at its URL. And no claim of its tokens
names a role: ``custom:role_arn`` does. That role is made apart, since the roles of permission sets trust the
account's SAML provider only, and nobody takes them on by ``AssumeRole``.
"""

from __future__ import annotations

from fake_idp import Issuer
from harness.world.setup import READ_ONLY, Setup, Site, create_role, trust

__all__ = ["set_up"]


def set_up(site: Site) -> Setup:
    """Create the instance, its permission set and application, and a role that the server may assume."""
    aws = site.aws
    instance: str = aws.call("sso-admin", "create_instance")["InstanceArn"]
    aws.call("sso-admin", "update_instance", InstanceArn=instance, PermissionSetsEnabled=True)
    permission_set = aws.call(
        "sso-admin",
        "create_permission_set",
        InstanceArn=instance,
        Name="CloudWatchMCPAccess",
        Description="CloudWatch MCP Server access",
    )
    aws.call(
        "sso-admin",
        "attach_managed_policy_to_permission_set",
        InstanceArn=instance,
        PermissionSetArn=permission_set["PermissionSet"]["PermissionSetArn"],
        ManagedPolicyArn=READ_ONLY,
    )
    application = aws.call(
        "sso-admin",
        "create_application",
        InstanceArn=instance,
        Name="cloudwatch-mcp-server",
        ApplicationProviderArn="arn:aws:sso::aws:applicationProvider/custom",
    )
    issuer = _issuer(site, instance, application["ApplicationArn"])
    site.internet.serve(issuer.host, issuer.app)
    document = trust("sts:AssumeRole", {"AWS": site.server_arn})
    role_arn = create_role(aws, document)
    return Setup(
        issuer=issuer,
        role_arn=role_arn,
        trust=document,
        environ={
            "AUTH_PROVIDER": "identity_center",
            "AWS_IDENTITY_CENTER_REGION": aws.region,
            "AWS_IDENTITY_CENTER_ISSUER": issuer.url,
            "AWS_IDENTITY_CENTER_CLIENT_ID": issuer.client_id,
            "AWS_IDENTITY_CENTER_ALLOWED_ROLES": role_arn,
        },
        claims={"custom:role_arn": role_arn},
        assume="AssumeRole",
        distrusted="AccessDenied",
    )


def _issuer(site: Site, instance_arn: str, application_arn: str) -> Issuer:
    """Return who signs the tokens of the instance: AWS's own for the application have the same keys."""
    from harness.aws.identity_center.records import IdentityCenter

    instance = site.aws.state(IdentityCenter).instances[instance_arn]
    application = instance.applications[application_arn]
    signer = instance.issuer(site.aws)
    if not isinstance(signer, Issuer):
        raise TypeError("the AWS of a world must have issuers of fake_idp")
    return signer.renamed(client_id=application.client_id)
