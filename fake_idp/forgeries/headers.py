"""Headers that bring a key, point elsewhere, or ask for what the verifier does not know."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

from fake_idp import jws, random_ids
from fake_idp.errors import InvalidValue
from fake_idp.forgeries import outsiders
from fake_idp.forgeries.registry import Parameter, Variant, forgery
from fake_idp.tokens import Draft

_CANARY = "https://attacker.example/jwks.json"


# Keys that the token brings along


@forgery(
    "hdr.jwk",
    title="brings the key that it is signed with",
    source="RFC 8725 section 3.10; CVE-2018-0114, CVE-2026-27962; Wycheproof tcId 32",
    fails="signature",
    changes="header.jwk signature",
    variants=("same-kid", Variant("no-kid", changes=("header.jwk", "header.kid", "signature"))),
)
def _jwk(draft: Draft, variant: str) -> str:
    key = outsiders.attacker(draft.key.algorithm)
    jwk = key.public_jwk()
    if variant == "no-kid":
        del jwk["kid"]
        return draft.without_header("kid").with_header(jwk=jwk).write(sign=key.sign)
    return draft.with_header(jwk={**jwk, "kid": draft.key.kid}).write(sign=key.sign)


@forgery(
    "hdr.jku-x5u",
    title="points to the key that it is signed with, or brings a certificate for it",
    source="RFC 7515 sections 4.1.2 and 4.1.5 to 4.1.8; RFC 8725 section 3.10; jwt_tool, spoofed jku",
    fails="signature",
    changes="",
    variants=[
        Variant(name, changes=(f"header.{name}", "signature"))
        for name in ("jku", "x5u", "x5c", "x5t", "x5t#S256")
    ],
    canary=Parameter("the URL that nobody may ask, for jku and x5u", _CANARY, kind="text"),
)
def _jku_x5u(draft: Draft, variant: str, *, canary: str) -> str:
    leaf, authority = outsiders.chain(draft.key.algorithm)
    values: dict[str, Any] = {
        "jku": canary,
        "x5u": canary,
        "x5c": [b64encode(each).decode() for each in (leaf, authority)],  # not base64url: RFC 7515 4.1.6
        "x5t": jws.b64url(hashlib.sha1(leaf).digest()),  # noqa: S324 (the one hash that x5t has)
        "x5t#S256": jws.b64url(hashlib.sha256(leaf).digest()),
    }
    key = outsiders.attacker(draft.key.algorithm)
    return draft.with_header(**{variant: values[variant]}).write(sign=key.sign)


# Key ids


@forgery(
    "hdr.kid-unknown",
    title="a key id that the issuer never published",
    source="RFC 7515 section 4.1.4; CVE-2026-48524",
    fails="kid",
    changes="header.kid",
    variants=("genuine-key", Variant("attacker-key", changes=("header.kid", "signature"))),
)
def _kid_unknown(draft: Draft, variant: str) -> str:
    key = draft.key if variant == "genuine-key" else outsiders.attacker(draft.key.algorithm)
    # As long as the real one, and never the same twice: a flood of them must not be cacheable.
    length = max(len(draft.key.kid), 16)
    return draft.with_header(kid=random_ids.token_urlsafe(length)[:length]).write(sign=key.sign)


@forgery(
    "hdr.kid-injection",
    title="a key id that does harm where it is used unchecked",
    source="RFC 8725 section 3.10; jwt_tool's playbook; PortSwigger Web Security Academy, kid path traversal",
    fails="kid",
    changes="header.kid",
    variants=(
        *("traversal", "dev-null", "invalid-path", "sql", "command", "url"),
        *("empty", "nul", "crlf", "long"),
    ),
    canary=Parameter("the URL that nobody may ask, for the variant url", _CANARY, kind="text"),
)
def _kid_injection(draft: Draft, variant: str, *, canary: str) -> str:
    values = {
        "traversal": "../../../../../../../dev/null",
        "dev-null": "/dev/null",
        "invalid-path": "/invalid_path",
        "sql": "x' UNION SELECT 'key' -- ",
        "command": "|sleep 10",
        "url": canary,
        "empty": "",
        "nul": f"{draft.key.kid}\0",
        "crlf": f"{draft.key.kid}\r\nx-injected: 1",
        "long": "k" * 5000,
    }
    return draft.with_header(kid=values[variant]).sign()


@forgery(
    "hdr.kid-type",
    title="a key id that is no text, or the right one in other letters",
    source="RFC 7515 section 4.1.4, a case-sensitive string",
    fails="kid",
    changes="header.kid",
    variants=("number", "list", "null", "true", "object", "case"),
)
def _kid_type(draft: Draft, variant: str) -> str:
    kid = draft.key.kid
    if variant == "case" and kid.swapcase() == kid:
        raise InvalidValue("hdr.kid-type[case]", "the key id has no letter")
    values: dict[str, Any] = {
        "number": 1,
        "list": [kid],
        "null": None,
        "true": True,
        "object": {},
        "case": kid.swapcase(),
    }
    return draft.with_header(kid=values[variant]).sign()


# Extensions


@forgery(
    "hdr.crit",
    title="says that the verifier must understand something",
    source="RFC 7515 section 4.1.11; CVE-2026-32597, CVE-2025-59420",
    fails="crit",
    changes="header.crit",
    variants=(
        Variant("unknown", changes=("header.crit", "header.urn:example:extension")),
        *("empty", "not-list", "absent-member", "alg"),
    ),
)
def _crit(draft: Draft, variant: str) -> str:
    extension = "urn:example:extension"
    if variant == "unknown":
        return draft.with_header(**{"crit": [extension], extension: True}).sign()
    values = {"empty": [], "not-list": extension, "absent-member": [extension], "alg": ["alg"]}
    return draft.with_header(crit=values[variant]).sign()


@forgery(
    "hdr.b64",
    title="says that the payload is not encoded",
    source="RFC 7797 sections 3, 6 and 7; CVE-2026-48525, GHSA-wphv-vfrh-23q5",
    fails="b64",
    changes="header.b64 header.crit",
    variants=("with-crit", Variant("without-crit", changes=("header.b64",))),
)
def _b64(draft: Draft, variant: str) -> str:
    # The payload segment is what it would be without: whoever overlooks b64 finds the honest claims in
    # it, whoever obeys finds a text that is no JSON.
    crit = {"crit": ["b64"]} if variant == "with-crit" else {}
    return draft.with_header(b64=False, **crit).sign()


# Types


@forgery(
    "hdr.typ-id-token",
    title="an ID token, where an access token is called for",
    source="RFC 9068 section 4; RFC 8725 sections 3.11 and 3.12",
    fails="typ",
    changes="",
    variants=(Variant("", options={"token_use": "id"}),),
)
def _typ_id_token(draft: Draft, _: str) -> str:
    return draft.sign()


@forgery(
    "hdr.typ-forms",
    title="the type of an access token in another of its forms",
    source="RFC 9068 section 4; RFC 7515 section 4.1.9",
    fails="typ",
    changes="header.typ",
    variants=(
        Variant("upper-case", expect="accept", options={"token_use": "access"}),
        Variant("media-type", expect="accept", options={"token_use": "access"}),
        # Good only where the issuer never sends one, as Cognito and Okta do not.
        Variant("absent", expect="either", options={"token_use": "access"}),
    ),
)
def _typ_forms(draft: Draft, variant: str) -> str:
    if variant == "absent":
        if "typ" not in draft.header:
            raise InvalidValue("typ", "the honest token does not carry it, so it cannot be left out")
        return draft.without_header("typ").sign()
    return draft.with_header(typ="AT+JWT" if variant == "upper-case" else "application/at+jwt").sign()
