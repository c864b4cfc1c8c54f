"""Roles: whose permissions a caller gets, and who decides."""

from __future__ import annotations

from harness.errors import Mismatch
from harness.scenario import scenario
from harness.world import World

_CONFIGURED = "the role of this path comes from the configuration, not from a claim"


@scenario(
    "role.missing",
    title="a token without a role is 403, and AWS is not asked",
    source="the guide, option 1: No role associated with user",
    on=("oidc", "identity_center"),
    cases=("absent", "empty", "list"),
    skips={"oidc": _CONFIGURED},
)
def missing_role(world: World, case: str) -> None:
    """The person is who they say they are and may nothing here: not a reason to try a default."""
    role: object = [] if case == "list" else ""
    without = ("custom:role_arn",) if case == "absent" else ()
    world.call(world.mint("alice", claims={"custom:role_arn": role}, without=without)).is_refused(403)


@scenario(
    "role.not-allowed",
    title="a role outside the allow-list is 403, and AWS is not asked",
    source="CWE-441, the confused deputy; AWS IAM user guide, the confused deputy problem",
    skips={"oidc": _CONFIGURED, "cognito": "the identity pool chooses the role, the server has no say in it"},
)
def role_not_allowed(world: World) -> None:
    """AWS would give the credentials: the role exists and trusts the server. The server must not ask."""
    other = world.create_role("SomebodyElses")
    world.call(world.mint("alice", claims={"custom:role_arn": other})).is_refused(403)


@scenario(
    "role.from-request",
    title="a role that the request names is ignored",
    source="CWE-441, the confused deputy",
)
def role_from_the_request(world: World) -> None:
    """Only the token and the configuration say which role; an argument or a header is the caller's wish."""
    other = world.create_role("SomebodyElses")
    token = world.mint("alice")
    world.driver.call(token, "whoami", {"role_arn": other, "profile_name": "admin"})
    world.driver.call(token, headers=[("X-Role-Arn", other)])
    used = [call for call in world.aws.journal if "SomebodyElses" in (call.principal or "")]
    if used:
        raise Mismatch(expected="no call by the role that the request named", observed=str(used[0]))
