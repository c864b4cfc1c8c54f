"""Hostile tokens, each with one defect.

A forgery has an id such as ``sig.none`` and, where it comes in several forms, variants that are
written after it: ``sig.none[NONE]``. The id alone means the first variant.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fake_idp import jws
from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.keys import Algorithm, Key
from fake_idp.tokens import Draft

__all__ = ["FORGERIES", "Forgery", "find_forgery", "forge"]

_ID = re.compile(r"(?P<id>[^\[\]]+)(?:\[(?P<variant>.*)\])?", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Forgery:
    """One way in which a token can be wrong.

    Attributes:
        id: the forgery's id, ``group.name``.
        title: the defect, in a few words.
        source: where the defect is described.
        make: writes the forged token from an honest draft.
        variants: the forms that it comes in, the usual one first; empty when there is one form only.
    """

    id: str
    title: str
    source: str
    make: Callable[[Draft, str], str]
    variants: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which it can be asked for."""
        return (self.id, *(f"{self.id}[{variant}]" for variant in self.variants))


FORGERIES: dict[str, Forgery] = {}
"""Every forgery by id."""

_Maker = Callable[[Draft, str], str]


def _forgery(
    id_: str, *, title: str, source: str, variants: tuple[str, ...] = ()
) -> Callable[[_Maker], _Maker]:
    def register(make: _Maker) -> _Maker:
        FORGERIES[id_] = Forgery(id=id_, title=title, source=source, make=make, variants=variants)
        return make

    return register


def find_forgery(name: str) -> tuple[Forgery, str]:
    """Look a forgery up by id, with or without a variant.

    Returns:
        The forgery and the variant, which is empty for a forgery of one form.

    Raises:
        UnknownName: there is no such forgery, or no such variant of it.
    """
    match = _ID.fullmatch(name)
    forgery = FORGERIES.get(match["id"]) if match else None
    if match is None or forgery is None or match["variant"] not in (None, *forgery.variants):
        raise UnknownName("forgery", name, [name for each in FORGERIES.values() for name in each.names])
    return forgery, match["variant"] or next(iter(forgery.variants), "")


def forge(name: str, draft: Draft) -> str:
    """Write the token that the draft would have become, with that one defect.

    Raises:
        UnknownName: there is no such forgery.
        InvalidValue: this draft cannot have the defect, for example a missing claim that was never there.
    """
    forgery, variant = find_forgery(name)
    return forgery.make(draft, variant)


# Signatures


@_forgery(
    "sig.none",
    title="the header says that the token is not signed",
    source="RFC 8725 section 3.1; CVE-2015-2951, CVE-2026-28802",
    variants=("none", "None", "NONE", "nOnE", "none-space", "empty", "signed"),
)
def _none(draft: Draft, variant: str) -> str:
    algorithm = {"none-space": "none ", "empty": "", "signed": "none"}.get(variant, variant)
    sign = draft.key.sign if variant == "signed" else lambda _: b""
    return jws.write(draft.with_header(alg=algorithm).header, draft.claims, sign)


@_forgery(
    "sig.corrupt",
    title="the signature is not of this content",
    source="RFC 7515 section 5.2; CVE-2020-28042",
    variants=("payload-swap", "header-swap", "empty", "truncated", "bit-flip", "all-zero"),
)
def _corrupt(draft: Draft, variant: str) -> str:
    honest = jws.split(draft.sign())
    if variant == "payload-swap":
        other = "mallory" if draft.claims.get("sub") != "mallory" else "trudy"
        swapped = jws.json_bytes(draft.with_claims({"sub": other}).claims, what="claim")
        return ".".join(honest._replace(payload=jws.b64url(swapped)))
    if variant == "header-swap":
        # The same members in another order: it means the same, and it is not what was signed.
        swapped = jws.json_bytes(dict(reversed(list(draft.header.items()))), what="header")
        return ".".join(honest._replace(header=jws.b64url(swapped)))
    signature = jws.from_b64url(honest.signature, part="signature")
    broken = {
        "empty": b"",
        "truncated": signature[:-1],
        "bit-flip": bytes([signature[0] ^ 1]) + signature[1:],
        "all-zero": bytes(len(signature)),
    }[variant]
    return ".".join(honest._replace(signature=jws.b64url(broken)))


@_forgery(
    "sig.wrong-key",
    title="signed with another key under the right key's id",
    source="RFC 7515 section 5.2; PortSwigger Web Security Academy, JWT attacks",
)
def _wrong_key(draft: Draft, _: str) -> str:
    return jws.write(draft.header, draft.claims, _attacker(draft.key.algorithm).sign)


@_forgery(
    "sig.hs-confusion",
    title="HS256 keyed with the public key",
    source="RFC 8725 section 3.1; CVE-2016-10555, CVE-2022-29217, CVE-2024-33663, CVE-2026-48526",
    variants=("pem", "pem-stripped", "pkcs1", "der", "jwk"),
)
def _hs_confusion(draft: Draft, variant: str) -> str:
    if variant == "jwk":
        secret = json.dumps(draft.key.public_jwk(), separators=(",", ":")).encode()
    elif variant == "pkcs1" and draft.key.algorithm != "RS256":
        raise InvalidValue("sig.hs-confusion[pkcs1]", "needs an RSA key")
    else:
        secret = draft.key.public_bytes(pem=variant != "der", pkcs1=variant == "pkcs1")
    if variant == "pem-stripped":
        secret = secret.strip()
    header = draft.with_header(alg="HS256").header
    return jws.write(header, draft.claims, lambda message: hmac.digest(secret, message, hashlib.sha256))


# Headers


@_forgery(
    "hdr.kid-unknown",
    title="a key id that the issuer never published",
    source="RFC 7515 section 4.1.4; CVE-2026-48524",
    variants=("genuine-key", "attacker-key"),
)
def _kid_unknown(draft: Draft, variant: str) -> str:
    key = draft.key if variant == "genuine-key" else _attacker(draft.key.algorithm)
    # As long as the real one, and never the same twice: a flood of them must not be cacheable.
    kid = secrets.token_urlsafe(max(len(draft.key.kid), 16))[: max(len(draft.key.kid), 16)]
    return jws.write(draft.with_header(kid=kid).header, draft.claims, key.sign)


# Times


@_forgery(
    "time.exp-past",
    title="expired",
    source="RFC 7519 section 4.1.4",
    variants=("1h", "1s", "60s", "1y"),
)
def _exp_past(draft: Draft, variant: str) -> str:
    ago = {"1s": 1, "60s": 60, "1h": 3600, "1y": 365 * 86400}[variant]
    return draft.with_claims({"exp": draft.now - ago}).sign()


@_forgery("time.exp-edge", title="expires this very second", source='RFC 7519 section 4.1.4, "on or after"')
def _exp_edge(draft: Draft, _: str) -> str:
    return draft.with_claims({"exp": draft.now}).sign()


@_forgery(
    "time.leeway-cap",
    title="expired for longer than any leeway",
    source='RFC 7519 section 4.1.4, "usually no more than a few minutes"',
)
def _leeway_cap(draft: Draft, _: str) -> str:
    return draft.with_claims({"exp": draft.now - 301}).sign()


@_forgery("time.exp-missing", title="never expires", source="RFC 9068 section 2.2")
def _exp_missing(draft: Draft, _: str) -> str:
    return _drop(draft, "exp").sign()


@_forgery(
    "time.nbf",
    title="not valid yet, or at no time that is one",
    source="RFC 7519 section 4.1.5",
    variants=("future", "string", "null"),
)
def _nbf(draft: Draft, variant: str) -> str:
    value = {"future": draft.now + 300, "string": "x", "null": None}[variant]
    return draft.with_claims({"nbf": value}).sign()


# Claims


@_forgery(
    "clm.iss",
    title="another issuer, or none",
    source="RFC 8725 section 3.8; OpenID Connect Core 1.0 section 3.1.3.7",
    variants=("other", "missing", "null", "list", "int"),
)
def _iss(draft: Draft, variant: str) -> str:
    return _wrong_claim(
        draft, "iss", variant, {"other": "https://attacker.example", "list": [draft.claims.get("iss")]}
    )


@_forgery(
    "clm.aud",
    title="for another audience, or for none",
    source="RFC 8725 section 3.9; RFC 9068 section 4",
    variants=("other", "missing", "null", "empty", "int", "dict"),
)
def _aud(draft: Draft, variant: str) -> str:
    values = {"other": "https://other.example", "empty": [], "dict": {"aud": draft.claims.get("aud")}}
    return _wrong_claim(draft, "aud", variant, values)


def _wrong_claim(draft: Draft, name: str, variant: str, values: dict[str, Any]) -> str:
    if variant == "missing":
        return _drop(draft, name).sign()
    return draft.with_claims({name: ({"null": None, "int": 1} | values)[variant]}).sign()


def _drop(draft: Draft, name: str) -> Draft:
    if name not in draft.claims:
        raise InvalidValue(name, "the honest token does not carry this claim, so it cannot be left out")
    return draft.without(name)


@functools.cache
def _attacker(algorithm: Algorithm) -> Key:
    """The key of somebody who is not the issuer; one for the process is enough."""
    return Key("attacker", algorithm=algorithm)
