"""Sessions: several people, one process, and time."""

from __future__ import annotations

from harness.errors import Mismatch
from harness.scenario import BOTH_WIRES, scenario
from harness.world import World


@scenario(
    "ses.a-then-b",
    title="Bob after Alice gets Bob's credentials",
    source="CWE-488, exposure of data element to wrong session",
    wires=BOTH_WIRES,
)
def bob_after_alice(world: World) -> None:
    """A cache keyed by role, or a client that is kept, gives the second person the first one's keys."""
    alice, bob = world.mint("alice"), world.mint("bob")
    seen = {
        name: world.call(token).is_accepted().signed_by("GetCallerIdentity")
        for name, token in (("alice", alice), ("bob", bob), ("alice again", alice))
    }
    if seen["alice"] == seen["bob"]:
        raise Mismatch(expected="Bob's call signed with Bob's keys", observed="Alice's keys for both")
    if seen["alice"] != seen["alice again"]:
        raise Mismatch(expected="Alice's keys for Alice again", observed="others")


@scenario(
    "ses.hijack",
    title="Bob's token on Alice's session is refused",
    source="MCP security best practices, session hijacking",
    wires=("2025-11-25",),
)
def hijacked_session(world: World) -> None:
    """A session id is not a credential: whoever finds it in a log must not be able to use it."""
    session = world.session(world.mint("alice"))
    session.call().is_accepted()
    session.token = world.mint("bob")
    answer = session.call()
    if answer.status not in {403, 404}:
        raise Mismatch(expected="404 or 403 for another person's session", observed=answer.summary)


@scenario(
    "ses.creds-expired",
    title="AWS credentials that have expired are replaced, once",
    source="AWS STS API reference: credentials end at Expiration; ExpiredTokenException",
)
def aws_credentials_expire(world: World) -> None:
    """The token lives for hours, the credentials for one: AWS must never see a stale key."""
    token = world.mint("alice", expires_in=4 * 3600)
    first = world.call(token).is_accepted().signed_by("GetCallerIdentity")
    world.travel(minutes=61)
    second = world.call(token).is_accepted().signed_by("GetCallerIdentity")
    if first == second:
        raise Mismatch(expected="new credentials after an hour", observed="the old ones")
    stale = [
        call.operation
        for call in world.aws.journal
        if call.error in {"ExpiredToken", "ExpiredTokenException"}
    ]
    if stale:
        raise Mismatch(expected="no call with expired credentials", observed=f"{stale[0]} with expired ones")
    exchanges = [call for call in world.aws.journal if call.operation == world.setup.assume]
    if len(exchanges) != 2:
        raise Mismatch(expected="one exchange an hour", observed=f"{len(exchanges)} exchanges in two")
