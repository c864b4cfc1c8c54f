"""The keys of an issuer; the private ones stay where they are."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from fake_idp.algorithms import Algorithm
from fake_idp.control.answers import Body, body_of
from fake_idp.control.issuers import Chosen
from fake_idp.issuer import Issuer
from fake_idp.key_ring import KeyState

__all__ = ["router"]

router = APIRouter(prefix="/_control/keys", tags=["keys"])


class KeyView(BaseModel):
    """A key of the ring; as ``fake_idp.key_ring.Held``.

    Attributes:
        kid: its id.
        use: which tokens it signs.
        state: ``next`` is published but does not sign yet, ``current`` signs, ``previous`` is still
            published, ``retired`` is not published any more.
        algorithm: what it signs with.
        amended: the members of its JWK that are not published as they are.
    """

    kid: str
    use: str
    state: KeyState
    algorithm: Algorithm
    amended: list[str]


class Jwks(BaseModel):
    """A JWK Set (RFC 7517 section 5)."""

    keys: list[dict[str, Any]]


class NextBody(Body):
    """The keys to come; as ``fake_idp.key_ring.KeyRing.announce``.

    Attributes:
        use: of that use only.
        algorithm: of the new keys; as before when left out.
        kid: the new key's id, for instance one that an old key had; a fresh one when left out.
    """

    use: str | None = None
    algorithm: Algorithm | None = None
    kid: str | None = None


class RotateBody(NextBody):
    """How to rotate; as ``fake_idp.key_ring.KeyRing.rotate``.

    Attributes:
        overlap: keep publishing the old keys, so that tokens in flight stay good.
    """

    overlap: bool = True


class KidBody(Body):
    """Which key.

    Attributes:
        kid: its id.
    """

    kid: str


class AmendBody(KidBody):
    """What to publish of a key in place of the truth.

    Attributes:
        members: members that are added or said otherwise; null leaves a member out.
        private: publish the private members too, as no issuer ever should.
    """

    members: dict[str, Any] = Field(default_factory=dict)
    private: bool = False


class IncludeBody(Body):
    """Keys of others to publish.

    Attributes:
        jwks: JWKs, as they are, in place of those included before.
    """

    jwks: list[dict[str, Any]]


@router.get("", summary="The keys, oldest first")
async def list_keys(issuer: Chosen) -> list[KeyView]:
    """Retired ones included: ``mint`` still takes them."""
    return _views(issuer)


@router.get("/jwks", summary="The public keys that are published")
async def export_jwks(issuer: Chosen) -> Jwks:
    """As they are, whatever was amended and whatever fault the JWKS endpoint has."""
    uses = issuer.preset.publishes or issuer.keys.uses
    held = [each for each in issuer.keys.held if each.state != "retired" and each.use in uses]
    return Jwks(keys=[issuer.preset.jwk(each.key, url=issuer.url) for each in held])


@router.post("/announce", summary="Publish the next keys without signing with them yet")
async def announce(issuer: Chosen, body: Annotated[NextBody, body_of(NextBody)]) -> list[KeyView]:
    """As Okta does before it rotates."""
    issuer.keys.announce(**body.given())
    return _views(issuer)


@router.post("/rotate", summary="Sign with new keys from now on")
async def rotate(issuer: Chosen, body: Annotated[RotateBody, body_of(RotateBody)]) -> list[KeyView]:
    """The announced ones, if there are any. Without overlap the old keys are withdrawn at once."""
    issuer.keys.rotate(**body.given())
    return _views(issuer)


@router.post("/retire", summary="Withdraw a key from the JWKS")
async def retire(issuer: Chosen, body: KidBody) -> list[KeyView]:
    """Not one that is signing: rotate first."""
    issuer.keys.retire(body.kid)
    return _views(issuer)


@router.post("/reinstate", summary="Publish a retired key again")
async def reinstate(issuer: Chosen, body: KidBody) -> list[KeyView]:
    """Without signing with it."""
    issuer.keys.reinstate(body.kid)
    return _views(issuer)


@router.post("/amend", summary="Publish a key otherwise than it is")
async def amend(issuer: Chosen, body: AmendBody) -> list[KeyView]:
    """With neither members nor ``private``, as it is again."""
    key = issuer.keys.get(body.kid)
    issuer.keys.amend(body.kid, (key.jwk(private=True) if body.private else {}) | body.members)
    return _views(issuer)


@router.post("/include", summary="Publish keys of others too")
async def include(issuer: Chosen, body: IncludeBody) -> list[KeyView]:
    """None, for none any more."""
    issuer.keys.include(*body.jwks)
    return _views(issuer)


def _views(issuer: Issuer) -> list[KeyView]:
    return [
        KeyView(
            kid=held.key.kid,
            use=held.use,
            state=held.state,
            algorithm=held.key.algorithm,
            amended=list(held.members),
        )
        for held in issuer.keys.held
    ]
