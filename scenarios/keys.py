"""Keys: what an issuer does with its JWKS in a year."""

from __future__ import annotations

from harness.errors import Mismatch
from harness.scenario import scenario
from harness.world import World


@scenario(
    "jwks.rotate-overlap",
    title="a new key works at once, and the old one as long as it is published",
    source="OIDC Core section 10.1.1",
)
def rotation_with_overlap(world: World) -> None:
    """The server's cache is warm and does not have the new key: its kid is the sign to look again."""
    old = world.mint("alice")
    world.call(old).is_accepted()
    world.issuer.keys.rotate()
    world.call(world.mint("alice")).is_accepted()
    world.call(old).is_accepted()


@scenario(
    "jwks.rotate-hard",
    title="a withdrawn key stops working",
    source="RFC 7517 section 5; RFC 9700 section 4.10",
)
def withdrawn_key(world: World) -> None:
    """The issuer takes a stolen key out of its JWKS; six minutes later no server may accept it."""
    old = world.mint("alice")
    world.call(old).is_accepted()
    world.issuer.keys.rotate(overlap=False)
    world.travel(minutes=6)
    world.call(old).is_refused(401, "invalid_token")
    world.call(world.mint("alice")).is_accepted()


@scenario(
    "jwks.outage-warm",
    title="an issuer that is down takes nobody with it whose key is known",
    source="GHSA-fhv5-28vv-h8m8",
    outage=True,
)
def issuer_down_while_warm(world: World) -> None:
    """An unknown kid makes the server ask an issuer that is down; the keys it has must survive that."""
    token = world.mint("alice")
    world.call(token).is_accepted()
    world.issuer.faults.add("jwks", status=503)
    world.issuer.faults.add("discovery", status=503)
    world.call(token).is_accepted()
    world.call(world.forge("hdr.kid-unknown[attacker-key]")).is_refused_or_unavailable()
    world.call(token).is_accepted()


@scenario(
    "jwks.http-error",
    title="an issuer that is down at first is an outage, not a crash, and the server recovers",
    source="RFC 9110 section 15.6.4",
    outage=True,
)
def issuer_down_while_cold(world: World) -> None:
    """401 or 503, either will do, but no 500, no pass, and no restart when the issuer is back."""
    world.issuer.faults.add("jwks", status=500)
    world.call(world.mint("alice")).is_refused_or_unavailable()
    world.issuer.faults.clear()
    world.travel(minutes=1)
    world.call(world.mint("alice")).is_accepted()


@scenario(
    "jwks.kid-unknown-flood",
    title="unknown kids do not become a flood on the issuer",
    source="CVE-2026-48524; GHSA-2gx3-rcp4-g85q",
)
def flood_of_unknown_kids(world: World) -> None:
    """Anybody can write a kid. The invariant bounds the fetches; the honest token is served all the while."""
    for _ in range(20):
        world.call(world.forge("hdr.kid-unknown[attacker-key]")).is_refused(401, "invalid_token")
    world.call(world.mint("alice")).is_accepted()


@scenario(
    "disc.issuer-mismatch",
    title="a discovery document of another issuer is not believed",
    source="RFC 8414 section 3.3; OIDC Discovery section 4.3",
    outage=True,
)
def discovery_of_another_issuer(world: World) -> None:
    """Whoever can change where the keys come from can sign for everybody."""
    body = b'{"issuer": "https://evil.example", "jwks_uri": "%s"}' % world.issuer.jwks_url.encode()
    world.issuer.faults.add("discovery", body=body)
    answer = world.call(world.mint("alice")).is_refused_or_unavailable()
    if world.issuer.journal.requests(endpoint="jwks"):
        raise Mismatch(expected="no keys taken by way of that document", observed=answer.summary)
    world.issuer.faults.clear()
    world.travel(minutes=1)
