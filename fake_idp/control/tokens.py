"""Honest tokens, hostile tokens, and what a careful server makes of either."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter
from pydantic import BaseModel, Field

from fake_idp.control.answers import DEEPEST, Body, body_of, nested_deeper
from fake_idp.control.issuers import Chosen
from fake_idp.errors import UnknownName
from fake_idp.forgeries import FORGERIES, Expectation, Forgery, find_forgery, publish
from fake_idp.issuer import Issuer
from fake_idp.judge import Check, judge, read
from fake_idp.options import ForgeOptions, TokenOptions
from fake_idp.presets import TokenUse

__all__ = ["router"]

router = APIRouter(prefix="/_control", tags=["tokens"])

Text = str | list[str]


class TokenBody(Body):
    """What can be asked of a token, all of it optional; as ``fake_idp.options.TokenOptions`` has it.

    Attributes:
        sub: the subject; ``alice`` when left out, or the client of a machine's token.
        claims: more claims, or other values for the vendor's.
        without: claims to leave out.
        expires_in: seconds until it expires; negative for a token that has.
        aud: the value of ``aud``, whatever the vendor has there.
        audience: the API that the token is for, in the place where the vendor has it.
        token_use: ``access`` or ``id``; the preset's usual one when left out.
        scope: the granted scopes; a list, or a string with spaces.
        headers: more header members, or other values; null leaves a member out.
        key: the id of a key of the issuer, retired ones included.
        client_id: the client that the token is for.
        grant: the grant type that it comes from; ``client_credentials`` makes a machine's token.
        user: the name of the user whose groups, roles and claims it has; the subject's when left out.
        nonce: for an ID token.
        auth_time: when the person signed in, in seconds since the epoch.
        session: the same for every token of one sign-in.
        access_token: what an ID token comes with, for ``at_hash``.
        confirmation: the value of ``cnf``.
        actor: the value of ``act``.
    """

    sub: str | None = None
    claims: dict[str, Any] | None = None
    without: list[str] = Field(default_factory=list)
    expires_in: float | None = None
    aud: Text | None = None
    audience: Text | None = None
    token_use: Literal["access", "id"] | None = None
    scope: Text | None = None
    headers: dict[str, Any] | None = None
    key: str | None = None
    client_id: str | None = None
    grant: str = "authorization_code"
    user: str | None = None
    nonce: str | None = None
    auth_time: int | None = None
    session: str | None = None
    access_token: str | None = None
    confirmation: dict[str, Any] | None = None
    actor: dict[str, Any] | None = None

    def options(self, issuer: Issuer) -> TokenOptions:
        """As ``mint`` takes them."""
        given = {name: value for name, value in self.given().items() if name in TokenOptions.__annotations__}
        if self.user is not None:
            given["user"] = issuer.users.get(self.user)
        if isinstance(self.audience, list):
            given["audience"] = tuple(self.audience)
        return cast("TokenOptions", given)


class ForgeBody(TokenBody):
    """A forgery, and what the honest token beneath it would be.

    Attributes:
        forgery: an id such as ``sig.none``, or with a variant ``sig.none[NONE]``.
        parameters: the forgery's own, such as ``{"seconds": 90}``.
        publish: publish the key that it is signed with, where the key is what is wrong.
    """

    forgery: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    publish: bool = False


class JudgeBody(Body):
    """A token to be judged.

    Attributes:
        token: the token and nothing around it.
        token_use: which kind is wanted; whichever it looks like when left out.
        audience: who it has to be for; whom the issuer's honest tokens are for when left out.
    """

    token: str
    token_use: Literal["access", "id"] | None = None
    audience: Text | None = None


class CheckView(BaseModel):
    """What one check found; as ``fake_idp.judge.Check``."""

    name: str
    verdict: Literal["pass", "fail", "skip"]
    words: str
    source: str


class Minted(BaseModel):
    """A token.

    Attributes:
        token: the token.
        response: what a token endpoint would answer with it (RFC 6749 section 5.1).
        issuer: the issuer identifier.
        header: its header; null where a forgery left none to read.
        claims: its claims, likewise.
    """

    token: str
    response: dict[str, Any]
    issuer: str
    header: dict[str, Any] | None
    claims: dict[str, Any] | None


class Forged(Minted):
    """A hostile token.

    Attributes:
        forgery: the forgery's name.
        title: its defect, in a few words.
        source: where the defect is described.
        expect: what a careful server does with it; ``either`` where the standards leave it the choice.
        checks: what a careful server would find.
    """

    forgery: str
    title: str
    source: str
    expect: Expectation
    checks: list[CheckView]


class Judged(BaseModel):
    """A token taken apart and judged; a server must refuse it unless ``good``.

    Attributes:
        good: whether no check failed.
        header: its header, or null.
        claims: its claims, or null.
        checks: every check, whatever those before it found.
    """

    good: bool
    header: dict[str, Any] | None
    claims: dict[str, Any] | None
    checks: list[CheckView]


class ForgeryView(BaseModel):
    """A way in which a token can be wrong; as ``fake_idp.forgeries.Forgery``.

    Attributes:
        names: what ``forge`` takes, and what a careful server does with each.
        parameters: what can be said about it, in words with the unit.
    """

    id: str
    title: str
    source: str
    names: dict[str, Expectation]
    parameters: dict[str, str]


@router.post("/mint", summary="Make an honest token")
async def mint(issuer: Chosen, body: Annotated[TokenBody, body_of(TokenBody)]) -> Minted:
    """The vendor's shape, this issuer's name and key, now by this issuer's clock."""
    options = body.options(issuer)
    return Minted(**_described(issuer, issuer.mint(body.sub, **options), body))


@router.post("/forge", summary="Make a hostile token")
async def forge(issuer: Chosen, body: ForgeBody) -> Forged:
    """What ``mint`` would make of the same options, with one defect."""
    forgery, variant = find_forgery(body.forgery)
    for name in body.parameters:
        if name not in forgery.parameters:
            raise UnknownName(f"parameter of {forgery.id}", name, forgery.parameters)
    options = cast("ForgeOptions", {**body.options(issuer), **body.parameters})
    token = issuer.forge(body.forgery, body.sub, **options)
    if body.publish:
        publish(body.forgery, issuer.keys)
    return Forged(
        **_described(issuer, token, body),
        forgery=body.forgery,
        title=forgery.title,
        source=forgery.source,
        expect=variant.expect,
        checks=_views(judge(token, issuer, token_use=_use(issuer, body))),
    )


@router.get("/forgeries", summary="The ways in which a token can be wrong")
async def list_forgeries() -> list[ForgeryView]:
    """Each with the names that ``forge`` takes, and where its defect is described."""
    return [_forgery_view(forgery) for forgery in FORGERIES.values()]


@router.post("/judge", summary="Take a token apart and check everything about it")
async def judge_token(issuer: Chosen, body: JudgeBody) -> Judged:
    """Every check that a careful server would make, against this issuer's name, keys and clock."""
    audience = tuple(body.audience) if isinstance(body.audience, list) else body.audience
    checks = judge(body.token, issuer, token_use=body.token_use, audience=audience)
    good = all(check.verdict != "fail" for check in checks)
    return Judged(good=good, checks=_views(checks), **_read(body.token))


def _described(issuer: Issuer, token: str, body: TokenBody) -> dict[str, Any]:
    use = _use(issuer, body)
    response: dict[str, Any] = {
        f"{use}_token": token,
        "token_type": "Bearer" if body.confirmation is None else "DPoP",
        "expires_in": issuer.preset.lifetime_of(use) if body.expires_in is None else body.expires_in,
    }
    if body.scope is not None:
        response["scope"] = body.scope if isinstance(body.scope, str) else " ".join(body.scope)
    return {"token": token, "response": response, "issuer": issuer.url, **_read(token)}


def _use(issuer: Issuer, body: TokenBody) -> TokenUse:
    """The kind of token that was asked for."""
    return body.token_use or ("access" if body.grant == "client_credentials" else issuer.preset.default_use)


def _read(token: str) -> dict[str, dict[str, Any] | None]:
    parts = zip(("header", "claims"), read(token), strict=True)
    return {name: None if nested_deeper(part, DEEPEST) else part for name, part in parts}


def _views(checks: tuple[Check, ...]) -> list[CheckView]:
    return [CheckView(**asdict(check)) for check in checks]


def _forgery_view(forgery: Forgery) -> ForgeryView:
    return ForgeryView(
        id=forgery.id,
        title=forgery.title,
        source=forgery.source,
        names={name: find_forgery(name)[1].expect for name in forgery.names},
        parameters={name: parameter.says for name, parameter in forgery.parameters.items()},
    )
