"""Faults of the discovery document: it arrives well, and it says something wrong."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from fake_idp.errors import InvalidValue
from fake_idp.faults.http import ELSEWHERE, LINK_LOCAL
from fake_idp.faults.kinds import Effect, Order, Parameter, fault, write_json
from fake_idp.oauth.messages import Response

__all__: list[str] = []

Metadata = dict[str, Any]

_disc = functools.partial(fault, endpoints=("discovery",))
_MEMBER = Parameter(type="text", title="the member's name")


def _changed(change: Callable[[Metadata], Metadata]) -> Effect:
    def apply(answer: Response) -> Response:
        if answer.status != 200:
            return answer
        return replace(answer, body=write_json(change(json.loads(answer.body))))

    return Effect(change=apply)


def _said(**members: Any) -> Effect:
    return _changed(lambda document: document | members)


def _without(member: str) -> Effect:
    return _changed(lambda document: {name: value for name, value in document.items() if name != member})


@_disc(
    "disc.issuer-mismatch",
    title="the metadata of another issuer",
    source="RFC 8414 section 3.3; OpenID Connect Discovery 1.0 section 4.3",
    variants=("other", "trailing-slash", "upper-case", "missing", "list"),
    value=Parameter(type="text", title="the issuer, in place of the variant's own"),
)
def _issuer_mismatch(order: Order) -> Effect:
    url, host = order.issuer.url, urlsplit(order.issuer.url).netloc
    if "value" in order.options:
        return _said(issuer=order.options["value"])
    if order.variant == "missing":
        return _without("issuer")
    if order.variant == "upper-case":
        scheme, _, rest = url.partition("://")
        return _said(issuer=f"{scheme.upper()}://{host.upper()}{rest.removeprefix(host)}")
    return _said(
        issuer={
            "other": ELSEWHERE,
            "trailing-slash": url[:-1] if url.endswith("/") else f"{url}/",
            "list": [url],
        }[order.variant]
    )


@_disc(
    "disc.jwks-uri",
    title="no keys, or keys from where they must not come",
    source="RFC 8414 section 2: jwks_uri must be https; OpenID Connect Discovery 1.0 section 3; CWE-918",
    variants=("missing", "http", "other-host", "link-local", "file", "relative", "number"),
    location=Parameter(type="text", title="the URL, in place of the variant's own"),
)
def _jwks_uri(order: Order) -> Effect:
    if "location" in order.options:
        return _said(jwks_uri=order.options["location"])
    if order.variant == "missing":
        return _without("jwks_uri")
    honest = order.issuer.jwks_url
    if order.variant == "http" and honest.startswith("http:"):
        raise InvalidValue("disc.jwks-uri[http]", "this issuer's own jwks_uri is http already")
    return _said(
        jwks_uri={
            "http": f"http{honest.removeprefix('https')}",
            "other-host": f"{ELSEWHERE}{urlsplit(honest).path}",
            "link-local": LINK_LOCAL,
            "file": "file:///etc/hostname",
            "relative": urlsplit(honest).path,
            "number": 1,
        }[order.variant]
    )


@_disc(
    "disc.endpoints",
    title="every endpoint is missing, or at somebody else's",
    source="RFC 9700 section 4.4, mix-up attacks; RFC 8414 section 2",
    variants=("other-host", "missing", "http"),
)
def _endpoints(order: Order) -> Effect:
    def moved(url: str) -> str:
        parts = urlsplit(url)
        if order.variant == "http":
            return parts._replace(scheme="http").geturl()
        return ELSEWHERE + parts.path

    def change(document: Metadata) -> Metadata:
        return {
            name: moved(value) if name.endswith("_endpoint") else value
            for name, value in document.items()
            if not (order.variant == "missing" and name.endswith("_endpoint"))
        }

    return _changed(change)


@_disc(
    "disc.member",
    title="one member with another value",
    source="RFC 8414 section 2",
    member=_MEMBER,
    value=Parameter(type="json", title="its value"),
)
def _member(order: Order) -> Effect:
    if "value" not in order.options:
        raise InvalidValue("value", "give one; disc.omit leaves a member out")
    return _said(**{_needed(order): order.options["value"]})


@_disc("disc.omit", title="one member is missing", source="RFC 8414 section 2", member=_MEMBER)
def _omit(order: Order) -> Effect:
    return _without(_needed(order))


def _needed(order: Order) -> str:
    member: str = order.options.get("member", "")
    if not member:
        raise InvalidValue("member", "give a member's name")
    return member
