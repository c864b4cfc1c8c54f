"""Second opinions: what PyJWT and joserfc, used carefully, say about every forgery.

Each refuses what is to be refused and accepts the controls, but for the leniencies that are listed
here. A list that is no longer true fails too.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
import time_machine
from joserfc import jwt as joserfc_jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from fake_idp import FORGERIES, InvalidValue, Issuer
from fake_idp.forgeries import Variant, find_forgery, publish

NOW = 1_800_000_000
NAMES = [
    f"{forgery.id}[{variant}]" if variant else forgery.id
    for forgery in FORGERIES.values()
    for variant in forgery.variants
]


class Refused(Exception):
    """What a careful server adds to a library."""


def check_by_hand(header: dict[str, Any], claims: dict[str, Any], honest: dict[str, Any]) -> None:
    """Client, kind and scope: no library can know what they should be."""
    for name in ("client_id", "cid", "azp", "appid"):
        if name in claims and claims[name] != honest["client"]:
            raise Refused("client")
    if claims.get("token_use") != honest["token_use"]:
        raise Refused("token_use")
    if honest["typ"] and str(header.get("typ", "")).lower().removeprefix("application/") != "at+jwt":
        raise Refused("typ")
    if honest["scope"] and claims.get("scope") != honest["scope"]:
        raise Refused("scope")


def by_pyjwt(token: str, issuer: Issuer, audience: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    keys = jwt.PyJWKSet.from_dict(issuer.keys.jwks())
    header = jwt.get_unverified_header(token)
    key = keys[header["kid"]]
    options: Any = {
        "require": ["exp", "iss", "sub", *(["aud"] if audience else [])],
        "verify_aud": bool(audience),
        "enforce_minimum_key_length": True,
    }
    claims = jwt.decode(
        token, key, algorithms=[issuer.keys.algorithm], issuer=issuer.url, audience=audience, options=options
    )
    return header, claims


def by_joserfc(token: str, issuer: Issuer, audience: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    keys: Any = KeySet.import_key_set(issuer.keys.jwks())  # type: ignore[arg-type]
    found = joserfc_jwt.decode(token, keys, algorithms=[issuer.keys.algorithm])
    rules: dict[str, Any] = {
        "iss": {"essential": True, "value": issuer.url},
        "sub": {"essential": True},
        "exp": {"essential": True},
    }
    if audience:
        rules["aud"] = {"essential": True, "value": audience}
    joserfc_jwt.JWTClaimsRegistry(now=NOW, leeway=0, **rules).validate(found.claims)
    return found.header, found.claims


Library = Callable[[str, Issuer, str | None], tuple[dict[str, Any], dict[str, Any]]]


@pytest.fixture(scope="module")
def issuers() -> Iterator[list[Issuer]]:
    with time_machine.travel(NOW, tick=False):
        yield [Issuer("plain"), Issuer("plain", algorithm="ES256"), Issuer("cognito")]


def tokens(name: str, issuers: list[Issuer]) -> Iterator[tuple[Issuer, Variant, str]]:
    """The forgery, of every issuer here that can have it."""
    _, variant = find_forgery(name)
    for issuer in issuers:
        try:
            token = issuer.forge(name, "alice")
        except InvalidValue:
            continue
        honest = issuer.keys.held
        publish(name, issuer.keys)
        yield issuer, variant, token
        issuer.keys.restore(honest)


def opinion(library: Library, token: str, issuer: Issuer, use: str) -> str:
    """``accept``, ``refuse``, or ``crash``: an exception that a caller of the library does not expect.

    The server is one that takes tokens of that use.
    """
    cognito = issuer.preset.name == "cognito"
    honest = {
        "client": issuer.client_id,
        "token_use": use if cognito else None,
        "typ": not cognito,
        "scope": " ".join(issuer.scope) if use == "access" else "",
    }
    audience = issuer.client_id if use == "id" else None if cognito else str(issuer.audience)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about weak keys: a server does not see them
            header, claims = library(token, issuer, audience)
        check_by_hand(header, claims, honest)
    except (jwt.PyJWTError, JoseError, Refused, KeyError, ValueError):
        return "refuse"
    except Exception:
        return "crash"
    return "accept"


# What the libraries let through, and why. A server has to see to these itself.
PYJWT = {
    "clm.sub[empty]": "sub has to be a string, and the empty one is",
    "jwks.use-enc[use]": "use is looked at by PyJWKClient, and not by PyJWKSet",
    "jwks.use-enc[key-ops]": "key_ops is looked at by nobody",
    "sig.weak-key[roca]": "the primes of a modulus are not judged, only its length",
}
JOSERFC = {
    "hdr.crit[empty]": "an empty list names nothing that is unknown",
    "hdr.crit[alg]": "alg is known, so it is understood",
    "sig.weak-key[rsa-1024]": "a warning is given, and no refusal",
    "sig.weak-key[roca]": "as PyJWT",
}


@pytest.mark.parametrize(
    ("library", "known"), [(by_pyjwt, PYJWT), (by_joserfc, JOSERFC)], ids=["PyJWT", "joserfc"]
)
def test_a_careful_server_refuses_what_is_to_be_refused_and_accepts_the_controls(
    issuers: list[Issuer], library: Library, known: dict[str, str]
) -> None:
    differing: dict[str, str] = {}
    for name in NAMES:
        judged = 0
        for issuer, variant, token in tokens(name, issuers):
            use = "access" if variant.options else issuer.preset.default_use
            said = opinion(library, token, issuer, use)
            judged += 1
            if said == "crash" or said != variant.expect != "either":
                differing[name] = said
        assert judged, f"no issuer here can make {name}"
    assert differing == dict.fromkeys(known, "accept")
