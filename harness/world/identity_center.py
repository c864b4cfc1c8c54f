"""The path of IAM Identity Center: a role claim and ``sts:AssumeRole`` (the guide's option 1).

Identity Center publishes no discovery document or JWKS for applications; the guide assumes an issuer
that does and that puts the role of the person's permission set into ``custom:role_arn``. The world
gives the guide what it assumes.
"""

from __future__ import annotations

from harness.world.setup import Setup, Site, create_role, trust

__all__ = ["set_up"]


def set_up(site: Site) -> Setup:
    """Create the issuer, and a role that the server's own identity may assume."""
    issuer = site.new_issuer("identity_center")
    site.internet.serve(issuer.host, issuer.app)
    document = trust("sts:AssumeRole", {"AWS": site.server_arn})
    role_arn = create_role(site.aws, document)
    return Setup(
        issuer=issuer,
        role_arn=role_arn,
        trust=document,
        environ={
            "AUTH_PROVIDER": "identity_center",
            "AWS_IDENTITY_CENTER_REGION": site.aws.region,
            "AWS_IDENTITY_CENTER_ISSUER": issuer.url,
            "AWS_IDENTITY_CENTER_CLIENT_ID": issuer.client_id,
            "AWS_IDENTITY_CENTER_ALLOWED_ROLES": role_arn,
        },
        claims={"custom:role_arn": role_arn},
        assume="AssumeRole",
        distrusted="AccessDenied",
    )
