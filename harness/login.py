"""A profile of the AWS CLI by which a person logs in, in a world of IAM Identity Center."""

from __future__ import annotations

from harness.world import World

__all__ = ["profile"]


def profile(world: World, person: str) -> str:
    """Let a person sign in without a page, with the world's permission set, and return the profile ``sso``.

    ``aws sso login --no-browser --profile sso`` logs in by it; so do SDKs afterwards.

    Args:
        world: of IAM Identity Center.
        person: a user name.
    """
    from harness.aws.identity_center.sign_in.waiting import SignIn

    aws = world.aws
    [instance] = aws.call("sso-admin", "list_instances")["Instances"]
    here = {"InstanceArn": instance["InstanceArn"]}
    [permission_set] = aws.call("sso-admin", "list_permission_sets", **here)["PermissionSets"]
    described = aws.call("sso-admin", "describe_permission_set", **here, PermissionSetArn=permission_set)
    user = aws.call(
        "identitystore",
        "create_user",
        IdentityStoreId=instance["IdentityStoreId"],
        UserName=person,
        DisplayName=person,
        Name={"GivenName": person, "FamilyName": person},
    )
    aws.call(
        "sso-admin",
        "create_account_assignment",
        **here,
        PermissionSetArn=permission_set,
        TargetId=aws.account_id,
        TargetType="AWS_ACCOUNT",
        PrincipalType="USER",
        PrincipalId=user["UserId"],
    )
    aws.state(SignIn).automatic = person
    lines = (
        "[profile sso]",
        f"sso_start_url = https://{instance['IdentityStoreId']}.awsapps.com/start",
        f"sso_region = {aws.region}",
        f"sso_account_id = {aws.account_id}",
        f"sso_role_name = {described['PermissionSet']['Name']}",
        f"region = {aws.region}",
    )
    return "\n".join((*lines, ""))
