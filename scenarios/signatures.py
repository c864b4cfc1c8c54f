"""Signatures: tokens that the issuer did not sign."""

from __future__ import annotations

from harness.scenario import scenario
from harness.world import World


@scenario("sig.none", title="an unsigned token is refused", source="CVE-2015-2951; RFC 8725 section 3.1")
def unsigned(world: World) -> None:
    """`alg: none` says that there is nothing to check. A library that believes it lets anybody in."""
    world.call(world.forge("sig.none")).is_refused(401, "invalid_token")


@scenario(
    "sig.corrupt",
    title="a payload that was changed after signing is refused",
    source="RFC 7515 section 5.2; CVE-2020-28042",
)
def changed_payload(world: World) -> None:
    """The signature is genuine and the claims are not those that it covers."""
    world.call(world.forge("sig.corrupt")).is_refused(401, "invalid_token")


@scenario(
    "sig.wrong-key",
    title="a signature by another key under the right kid is refused",
    source="RFC 7515 section 5.2",
)
def wrong_key(world: World) -> None:
    """A kid is a hint to find the key, and proves nothing."""
    world.call(world.forge("sig.wrong-key")).is_refused(401, "invalid_token")


@scenario(
    "sig.hs-confusion",
    title="an HMAC keyed with the issuer's public key is refused",
    source="CVE-2016-10555; CVE-2022-29217; RFC 8725 section 3.1",
)
def hmac_with_public_key(world: World) -> None:
    """Everybody has the public key. A verifier that takes the algorithm from the token uses it as a
    shared secret."""
    world.call(world.forge("sig.hs-confusion")).is_refused(401, "invalid_token")
