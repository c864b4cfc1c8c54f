"""Which issuer an operation is for, and what there is to know about each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.issuer import Issuer
from fake_idp.presets import PRESETS, Endpoint, Preset

__all__ = ["All", "Chosen", "name_issuers", "router"]

router = APIRouter(prefix="/_control", tags=["issuers"])


def name_issuers(issuers: Iterable[Issuer]) -> dict[str, Issuer]:
    """Give each issuer of a site a name: its preset's, with a number from the second one on."""
    names: dict[str, Issuer] = {}
    for issuer in issuers:
        name, number = issuer.preset.name, 1
        while name in names:
            number += 1
            name = f"{issuer.preset.name}-{number}"
        names[name] = issuer
    return names


_Name = Annotated[
    str | None,
    Query(
        description="Which issuer: a name of `/_control/issuers`, or its URL. "
        "It may be left out where there is only one.",
        examples=["okta"],
    ),
]


def _named(request: Request, issuer: _Name = None) -> dict[str, Issuer]:
    names: dict[str, Issuer] = request.app.state.issuers
    if issuer is None:
        return names
    for name, each in names.items():
        if issuer in (name, each.url):
            return {name: each}
    raise UnknownName("issuer", issuer, names)


def _chosen(every: Annotated[dict[str, Issuer], Depends(_named)]) -> Issuer:
    if len(every) != 1:
        raise InvalidValue("issuer", f"say which, with ?issuer= and one of {', '.join(every) or 'none'}")
    return next(iter(every.values()))


All = Annotated[dict[str, Issuer], Depends(_named)]
"""The issuer that a request names, by its name; every one when it names none."""

Chosen = Annotated[Issuer, Depends(_chosen)]
"""The issuer that a request is for."""


class IssuerView(BaseModel):
    """One issuer of this site.

    Attributes:
        name: what the ``issuer`` parameter takes.
        preset: the preset's name.
        title: the vendor.
        url: the issuer identifier, as in ``iss``.
        discovery_url: where its metadata is, by the issuer's own name.
        endpoints: the URL of each endpoint, by the issuer's own name.
        paths: where this server answers for it: the endpoint of each path.
        client_id: the default client.
        audience: what access tokens carry as ``aud``, where the vendor has audiences.
        scope: the scopes of a token that is not given any.
        algorithm: what it signs with.
        keys: the ids of the published keys.
        auto_login: who is signed in without a page, if anybody.
        lax: the rules that it does not hold.
    """

    name: str
    preset: str
    title: str
    url: str
    discovery_url: str
    endpoints: dict[Endpoint, str]
    paths: dict[str, Endpoint]
    client_id: str
    audience: str
    scope: list[str]
    algorithm: str
    keys: list[str]
    auto_login: str | None
    lax: list[str]


class PresetView(BaseModel):
    """A vendor that an issuer can look like.

    Attributes:
        name: the preset's name.
        title: the vendor.
        url: the issuer identifier when none is given.
        default_use: which token ``mint`` makes when not told.
        algorithm: what the vendor signs with.
        lifetime: how long an access token is good, in seconds.
        grants: the grant types that the vendor has.
        access_tokens: whether access tokens are JWTs or opaque.
        endpoints: the endpoints that the vendor has.
        sources: for each claim, where its shape comes from.
    """

    name: str
    title: str
    url: str
    default_use: str
    algorithm: str
    lifetime: int
    grants: list[str]
    access_tokens: str
    endpoints: list[Endpoint]
    sources: dict[str, str]


@router.get("/issuers", summary="The issuers of this server")
async def list_issuers(request: Request) -> list[IssuerView]:
    """Each with its endpoints and the ids of its keys."""
    return [_view(name, issuer) for name, issuer in request.app.state.issuers.items()]


@router.get("/presets", summary="The vendors that an issuer can look like")
async def list_presets() -> list[PresetView]:
    """Every preset that this version knows, whether an issuer of this server has it or not."""
    return [_preset_view(preset) for preset in PRESETS.values()]


def _view(name: str, issuer: Issuer) -> IssuerView:
    return IssuerView(
        name=name,
        preset=issuer.preset.name,
        title=issuer.preset.title,
        url=issuer.url,
        discovery_url=issuer.discovery_url,
        endpoints=issuer.endpoints,
        paths=issuer.routes,
        client_id=issuer.client_id,
        audience=issuer.audience,
        scope=list(issuer.scope),
        algorithm=issuer.keys.algorithm,
        keys=[key.kid for key in issuer.keys.published],
        auto_login=issuer.auto_login,
        lax=sorted(issuer.lax),
    )


def _preset_view(preset: Preset) -> PresetView:
    return PresetView(
        name=preset.name,
        title=preset.title,
        url=preset.url,
        default_use=preset.default_use,
        algorithm=preset.algorithm,
        lifetime=preset.lifetime,
        grants=list(preset.grants),
        access_tokens=preset.access_tokens,
        endpoints=list(preset.endpoints(preset.url)),
        sources=dict(preset.sources),
    )
