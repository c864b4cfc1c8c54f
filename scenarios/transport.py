"""Transport: how the credential travels, and what the server says to one who has none."""

from __future__ import annotations

from harness.errors import Mismatch
from harness.scenario import BOTH_WIRES, scenario
from harness.world import World


@scenario(
    "tr.honest",
    title="an honest token goes through the server to CloudWatch",
    source="MCP authorization 2026-07-28; the guide's three options",
    wires=BOTH_WIRES,
)
def honest(world: World) -> None:
    """Alice signs in, her token is exchanged for AWS credentials of her own, and CloudWatch answers."""
    who = world.call(world.mint("alice")).is_accepted()
    role = world.setup.role_arn.rpartition("/")[2]
    if f":assumed-role/{role}/" not in who.body:
        raise Mismatch(expected=f"the caller's identity in AWS, a session of {role}", observed=who.text)
    world.publish_metric("Requests")
    metrics = world.call(world.mint("alice"), "list_metrics", namespace="Harness").is_accepted()
    if "Requests" not in metrics.body:
        raise Mismatch(expected="the metric Requests of the account", observed=metrics.text[:200])


@scenario(
    "tr.no-credential",
    title="no credential is 401, and the challenge says where to get one",
    source="RFC 6750 section 3.1; RFC 9728 section 5.1",
)
def no_credential(world: World) -> None:
    """A client that knows nothing finds its way from the challenge. Nothing was wrong with its token, as
    there was none, so the challenge carries no error code."""
    answer = world.call(None).is_refused(401)
    if not answer.challenge_parameter("resource_metadata"):
        raise Mismatch(expected="resource_metadata in the challenge", observed=answer.challenge)
    if answer.challenge_parameter("error"):
        raise Mismatch(expected="no error code where no credential came", observed=answer.challenge)


@scenario(
    "tr.prm-open",
    title="the protected resource metadata is public and names this server and its issuer",
    source="RFC 9728 section 3",
)
def metadata_is_open(world: World) -> None:
    """The document must name the resource as the client knows it and the issuer letter by letter, or
    clients refuse to sign in."""
    origin, _, path = world.resource.rpartition("/")
    answer = world.driver.send("GET", url=f"{origin}/.well-known/oauth-protected-resource/{path}")
    document = answer.message
    seen = (answer.status, document.get("resource"), document.get("authorization_servers"))
    wanted = (200, world.resource, [world.issuer.url])
    if seen != wanted:
        raise Mismatch(expected=f"{wanted}", observed=f"{seen}")


@scenario(
    "tr.query-token",
    title="a token in the query is no credential",
    source="RFC 9700 section 4.3.2; MCP authorization, token requirements (MUST NOT)",
)
def token_in_the_query(world: World) -> None:
    """URLs end up in logs, histories and referrers; a server that takes tokens there invites the theft."""
    token = world.mint("alice")
    world.driver.send("POST", url=f"{world.resource}?access_token={token}", body={}).is_refused(401)


@scenario(
    "tr.two-headers",
    title="two Authorization headers are a malformed request, in either order",
    source="RFC 6750 section 3.1; RFC 9110 section 5.3",
)
def two_headers(world: World) -> None:
    """A gateway may check the first and the server the second."""
    good, bad = world.mint("alice"), world.forge("sig.none")
    world.driver.call(good, headers=[("Authorization", f"Bearer {bad}")]).is_refused(400)
    world.driver.call(bad, headers=[("Authorization", f"Bearer {good}")]).is_refused(400)
