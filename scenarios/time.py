"""Time: tokens before and after their hour."""

from __future__ import annotations

from harness.scenario import BOTH_WIRES, scenario
from harness.world import World


@scenario("time.exp-past", title="an expired token is refused", source="RFC 7519 section 4.1.4")
def expired(world: World) -> None:
    """Its hour ended an hour ago, well outside any leeway: whoever found it in a log must not get in."""
    world.call(world.forge("time.exp-past")).is_refused(401, "invalid_token")


@scenario(
    "time.exp-edge",
    title="a token is expired at its exp, not a second after",
    source="RFC 7519 section 4.1.4: on or after which the JWT MUST NOT be accepted",
)
def expires_exactly_now(world: World) -> None:
    """Off by one: `now > exp` accepts what `now >= exp` refuses."""
    world.call(world.mint("alice", expires_in=0)).is_refused(401, "invalid_token")


@scenario(
    "time.exp-missing",
    title="a token that never expires is refused",
    source="RFC 9068 section 2.2: exp REQUIRED",
)
def never_expires(world: World) -> None:
    """Most libraries check exp only if it is there."""
    world.call(world.forge("time.exp-missing")).is_refused(401, "invalid_token")


@scenario("time.nbf", title="a token from the future is refused", source="RFC 7519 section 4.1.5")
def not_yet_valid(world: World) -> None:
    """`nbf` is five minutes ahead: clocks differ by seconds."""
    world.call(world.forge("time.nbf")).is_refused(401, "invalid_token")


@scenario(
    "time.mid-session",
    title="a token that expires in the middle of a session is refused from then on",
    source="MCP authorization: every HTTP request is validated",
    wires=BOTH_WIRES,
)
def expires_in_the_middle(world: World) -> None:
    """A session, and credentials that are still good, are no reason to let an expired token through."""
    session = world.session(world.mint("alice", expires_in=60))
    session.call().is_accepted()
    world.travel(minutes=10)
    session.call().is_refused(401, "invalid_token")
