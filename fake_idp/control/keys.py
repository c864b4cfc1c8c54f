"""The keys of an issuer; the private ones stay where they are."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from fake_idp.control.answers import Body
from fake_idp.control.issuers import Chosen
from fake_idp.issuer import Issuer
from fake_idp.keys import Algorithm

__all__ = ["router"]

router = APIRouter(prefix="/keys", tags=["keys"])


class KeyView(BaseModel):
    """A key of the ring; as ``fake_idp.keys.Held``.

    Attributes:
        kid: its id.
        use: which tokens it signs.
        state: ``next`` is published but does not sign yet, ``current`` signs, ``previous`` is still
            published, ``retired`` is not published any more.
        algorithm: what it signs with.
    """

    kid: str
    use: str
    state: Literal["next", "current", "previous", "retired"]
    algorithm: str


class Jwks(BaseModel):
    """A JWK Set (RFC 7517 section 5)."""

    keys: list[dict[str, Any]]


class RotateBody(Body):
    """How to rotate.

    Attributes:
        overlap: keep publishing the old keys, so that tokens in flight stay good.
        algorithm: of the new keys; as before when left out.
    """

    overlap: bool = True
    algorithm: Algorithm | None = None


class AnnounceBody(Body):
    """Nothing needs to be said."""


class RetireBody(Body):
    """Which key to withdraw.

    Attributes:
        kid: its id.
    """

    kid: str


@router.get("", summary="The keys, oldest first")
async def list_keys(issuer: Chosen) -> list[KeyView]:
    """Retired ones included: ``mint`` still takes them."""
    return _views(issuer)


@router.get("/jwks", summary="The public keys as the issuer publishes them")
async def export_jwks(issuer: Chosen) -> Jwks:
    """Whatever fault the JWKS endpoint has."""
    return Jwks(keys=issuer.keys.jwks()["keys"])


@router.post("/rotate", summary="Sign with new keys from now on")
async def rotate(issuer: Chosen, body: RotateBody) -> list[KeyView]:
    """The announced ones, if there are any. Without overlap the old keys are withdrawn at once."""
    issuer.keys.rotate(**body.given())
    return _views(issuer)


@router.post("/announce", summary="Publish the next keys without signing with them yet")
async def announce(issuer: Chosen, body: AnnounceBody) -> list[KeyView]:
    """As Okta does before it rotates."""
    issuer.keys.announce()
    return _views(issuer)


@router.post("/retire", summary="Withdraw a key from the JWKS")
async def retire(issuer: Chosen, body: RetireBody) -> list[KeyView]:
    """Not one that is signing: rotate first."""
    issuer.keys.retire(body.kid)
    return _views(issuer)


def _views(issuer: Issuer) -> list[KeyView]:
    return [
        KeyView(kid=held.key.kid, use=held.use, state=held.state, algorithm=held.key.algorithm)
        for held in issuer.keys.held
    ]
