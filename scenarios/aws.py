"""AWS says no: the exchange, the role's policies, and what the caller learns of it."""

from __future__ import annotations

from harness.scenario import scenario
from harness.world import World

_STRANGER = "arn:aws:iam::999999999999:role/Somebody"


def _trusting(principal: str) -> dict[str, object]:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


@scenario(
    "aws.trust",
    title="a role that does not trust the caller's issuer gives no credentials",
    source="AWS IAM user guide, AssumeRoleWithWebIdentity: AccessDenied",
    cases=("stranger", "deny"),
    broken_afterwards="the role trusts nobody here",
)
def role_does_not_trust(world: World, case: str) -> None:
    """The token is good for the server and not for AWS, whose word is final."""
    document = _trusting(_STRANGER)
    if case == "deny":
        statements = [*world.setup.trust["Statement"], *world.setup.trust["Statement"]]
        document = {
            "Version": "2012-10-17",
            "Statement": [statements[0], {**statements[1], "Effect": "Deny"}],
        }
    world.set_trust(document)
    world.call(world.mint("alice")).is_tool_error(world.setup.distrusted)


@scenario(
    "aws.no-ambient",
    title="when the exchange fails, nobody gets the server's own AWS identity",
    source="CWE-441; AWS security blog, the confused deputy problem",
    broken_afterwards="the role trusts nobody here",
)
def no_ambient_credentials(world: World) -> None:
    """The SDK's default chain finds the host's credentials by itself; one forgotten argument is enough.
    The invariant looks for any call by that identity."""
    world.set_trust(_trusting(_STRANGER))
    world.call(world.mint("alice"), "list_metrics").is_tool_error(world.setup.distrusted)


@scenario(
    "aws.provider-unknown",
    title="an issuer that is not registered in the account is refused by STS",
    source="AWS STS API reference, AssumeRoleWithWebIdentity: InvalidIdentityToken",
    on=("oidc",),
    broken_afterwards="the account does not know the issuer any more",
)
def provider_unknown(world: World) -> None:
    """The server trusts the issuer, the account does not."""
    listed = world.aws.call("iam", "list_open_id_connect_providers")
    for provider in listed["OpenIDConnectProviderList"]:
        world.aws.call("iam", "delete_open_id_connect_provider", OpenIDConnectProviderArn=provider["Arn"])
    world.call(world.mint("alice")).is_tool_error("InvalidIdentityToken")


@scenario(
    "aws.role-deleted",
    title="a role that is gone gives no credentials",
    source="AWS IAM user guide: AccessDenied for a role that does not exist",
    broken_afterwards="the role is gone",
)
def role_deleted(world: World) -> None:
    """AWS does not say whether a role exists: it denies."""
    name = world.setup.role_arn.rpartition("/")[2]
    for policy in world.aws.call("iam", "list_attached_role_policies", RoleName=name)["AttachedPolicies"]:
        world.aws.call("iam", "detach_role_policy", RoleName=name, PolicyArn=policy["PolicyArn"])
    world.aws.call("iam", "delete_role", RoleName=name)
    world.call(world.mint("alice")).is_tool_error(world.setup.distrusted)


@scenario(
    "aws.no-permission",
    title="a write is refused to a read-only role, and the caller learns why",
    source="AWS IAM user guide, policy evaluation logic: implicit deny",
)
def write_with_a_read_only_role(world: World) -> None:
    """Reading works; writing is AWS's decision, shown as a tool error and not as a crash."""
    token = world.mint("alice", scopes=["cw:read", "cw:write"])
    world.call(token, "list_metrics").is_accepted()
    alarm = {"alarm_name": "Alarm", "namespace": "Harness", "metric_name": "Requests", "threshold": 1.0}
    world.call(token, "put_metric_alarm", **alarm).is_tool_error("AccessDenied")
