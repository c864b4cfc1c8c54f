"""Claims: genuine tokens, meant for somebody else."""

from __future__ import annotations

from harness.scenario import scenario
from harness.world import World


@scenario(
    "clm.iss",
    title="a token of another issuer is refused",
    source="OIDC Core section 3.1.3.7 (2); RFC 8725 section 3.8",
)
def other_issuer(world: World) -> None:
    """The signature is by a key that the server trusts; the name is not the one it trusts."""
    world.call(world.forge("clm.iss")).is_refused(401, "invalid_token")


@scenario(
    "clm.aud",
    title="a token for another audience is refused",
    source="RFC 8707 section 2; RFC 9068 section 4; MCP authorization (MUST)",
)
def other_audience(world: World) -> None:
    """The person gave it to another application, which must not be able to use it here."""
    world.call(world.forge("clm.aud")).is_refused(401, "invalid_token")


@scenario(
    "clm.sub", title="a token that names nobody is refused", source="RFC 9068 section 2.2: sub REQUIRED"
)
def nobody(world: World) -> None:
    """Without a subject two people share one cache entry and one session name."""
    world.call(world.mint("", without=())).is_refused(401, "invalid_token")


@scenario(
    "clm.scope",
    title="a token without the scope is 403, and the challenge names the scope",
    source="RFC 6750 section 3.1; MCP authorization, scope challenge handling",
    skips=dict.fromkeys(
        ("identity_center", "cognito"), "tokens of this path carry no scopes: AWS's role decides"
    ),
)
def missing_scope(world: World) -> None:
    """The token is good; the person has not agreed to this."""
    answer = world.call(world.mint("alice", scopes=["openid"])).is_refused(403, "insufficient_scope")
    answer.names_scope("cw:read")


@scenario(
    "clm.token-use",
    title="a Cognito token of another use is refused",
    source="Amazon Cognito developer guide, verifying a JSON web token: token_use",
    on=("cognito",),
)
def other_token_use(world: World) -> None:
    """Signed by the same pool, for another purpose."""
    world.call(world.mint("alice", claims={"token_use": "refresh"})).is_refused(401, "invalid_token")
