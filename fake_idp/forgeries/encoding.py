"""Tokens that are written wrongly: not three segments, not base64url, not JSON, or far too much of it."""

from __future__ import annotations

import functools
import json
import os
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from fake_idp import jws
from fake_idp.errors import InvalidValue
from fake_idp.forgeries import jwe
from fake_idp.forgeries.registry import Parameter, Variant, forgery
from fake_idp.tokens import Draft

_BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_KIB = 1024


# Segments


@forgery(
    "enc.segments",
    title="not three segments",
    source="RFC 7515 sections 5.2 and 7.1; Wycheproof rejectsMissing and rejectsExtra",
    fails="form",
    changes="token",
    variants=("two", "one", "four", "trailing-dot", "empty", "dot", "two-dots"),
)
def _segments(draft: Draft, variant: str) -> str:
    honest = jws.split(draft.sign())
    return {
        "two": f"{honest.header}.{honest.payload}",
        "one": honest.header,
        "four": ".".join((*honest, honest.signature)),
        "trailing-dot": ".".join(honest) + ".",
        "empty": "",
        "dot": ".",
        "two-dots": "..",
    }[variant]


@forgery(
    "enc.json-serialization",
    title="the JSON serialization of JWS, where a compact one is called for",
    source="RFC 7515 section 7.2; RFC 7519 section 1; Wycheproof JsonSerialization",
    fails="form",
    changes="token",
    variants=("flattened", "general"),
)
def _json_serialization(draft: Draft, variant: str) -> str:
    honest = jws.split(draft.sign())
    signed = {"protected": honest.header, "signature": honest.signature}
    if variant == "flattened":
        return json.dumps({"payload": honest.payload, **signed}, separators=(",", ":"))
    return json.dumps({"payload": honest.payload, "signatures": [signed]}, separators=(",", ":"))


# base64url


@forgery(
    "enc.padding",
    title="padded with =",
    source="RFC 7515 section 2, against it; Wycheproof tcId 367 and 370; AWS load balancers do it",
    fails="encoding",
    changes="signature",
    variants=(
        Variant("signature", expect="either"),
        Variant("every-segment", expect="either", changes=("header", "payload", "signature")),
        Variant("signed-over", expect="either", changes=("header", "payload")),
    ),
)
def _padding(draft: Draft, variant: str) -> str:
    honest = jws.split(draft.sign())
    if variant == "signature":
        return ".".join(honest._replace(signature=_padded(honest.signature)))
    if variant == "every-segment":
        return ".".join(map(_padded, honest))
    signed = f"{_padded(honest.header)}.{_padded(honest.payload)}"
    return f"{signed}.{jws.b64url(draft.key.sign(signed.encode()))}"


def _padded(segment: str) -> str:
    # One that needs no padding gets a whole group of it, so that there always is some.
    return segment + "=" * (-len(segment) % 4 or 4)


@forgery(
    "enc.noncanonical-bits",
    title="other bits where base64 has bits to spare",
    source="RFC 4648 section 3.5; GHSA-hxm8-2xgr-2p9m; Wycheproof tcId 374",
    fails="encoding",
    changes="signature",
)
def _noncanonical_bits(draft: Draft, _: str) -> str:
    honest = jws.split(draft.sign())
    if len(honest.signature) % 4 == 0:
        raise InvalidValue(
            "enc.noncanonical-bits",
            f"a signature of {draft.key.algorithm} has no bits to spare; not so ES256",
        )
    last = _BASE64URL.index(honest.signature[-1]) ^ 1
    return ".".join(honest._replace(signature=honest.signature[:-1] + _BASE64URL[last]))


@forgery(
    "enc.junk",
    title="characters in the signature that base64url does not have",
    source="RFC 7515 section 2; Wycheproof tcId 360 to 369",
    fails="encoding",
    changes="signature",
    variants=("space", "newline", "marks", "plus-slashes", "standard-alphabet"),
)
def _junk(draft: Draft, variant: str) -> str:
    honest = jws.split(draft.sign())
    if variant == "standard-alphabet":
        for _ in range(100):  # an ECDSA signature is another each time
            translated = honest.signature.replace("-", "+").replace("_", "/")
            if translated != honest.signature:
                return ".".join(honest._replace(signature=translated))
            honest = jws.split(draft.sign())
        raise InvalidValue(
            "enc.junk[standard-alphabet]",
            "this signature is the same in both alphabets, by chance; try with another claim",
        )
    junk = {"space": " ", "newline": "\n", "marks": "!!!!", "plus-slashes": "+//+"}[variant]
    middle = len(honest.signature) // 2 // 4 * 4
    broken = honest.signature[:middle] + junk + honest.signature[middle:]
    return ".".join(honest._replace(signature=broken))


# JSON


@forgery(
    "enc.dup-claim",
    title="a member that is there twice: first a hostile value, then the honest one",
    source="RFC 7515 section 4; RFC 7519 section 4; RFC 8259 section 4",
    fails="duplicate",
    changes="",
    variants=[
        *(Variant(name, expect="either", changes=(f"claims.{name}",)) for name in ("sub", "exp", "aud")),
        Variant("role", expect="either", changes=("claims.*",)),
        *(Variant(f"header-{name}", expect="either", changes=(f"header.{name}",)) for name in ("alg", "kid")),
    ],
    claim=Parameter("the claim that the variant role is about", "role", kind="text"),
)
def _dup_claim(draft: Draft, variant: str, *, claim: str) -> str:
    if variant.startswith("header-"):
        name = variant.removeprefix("header-")
        return draft.write(header=_twice(draft.header, name, "none" if name == "alg" else "attacker"))
    if variant == "role":
        honest = draft.claims.get(claim, "reader")
        hostile: Any = ["admin"] if isinstance(honest, list) else "admin"
        return draft.write(payload=_twice({**draft.claims, claim: honest}, claim, hostile))
    values = {"sub": "mallory", "exp": draft.now - 3600, "aud": "https://other.example"}
    return draft.write(payload=_twice(draft.claims, variant, values[variant]))


def _twice(members: Mapping[str, Any], name: str, first: Any) -> bytes:
    """The JSON object with one more member of that name just before its own."""
    if name not in members:
        raise InvalidValue(name, "the honest token does not carry it, so it cannot be there twice")
    at = list(members).index(name)
    before, after = (
        jws.json_bytes(dict(part), what="claim")[1:-1]
        for part in (list(members.items())[:at], list(members.items())[at:])
    )
    more = jws.json_bytes({name: first}, what="claim")[1:-1]
    return b"{" + b",".join(part for part in (before, more, after) if part) + b"}"


@forgery(
    "enc.payload-shape",
    title="the payload is no JSON object",
    source="RFC 7519 section 7.2, step 10",
    fails="payload",
    changes="payload",
    variants=("list", "string", "null", "number", "empty", "not-json"),
)
def _payload_shape(draft: Draft, variant: str) -> str:
    shapes = {"list": "[]", "string": '"x"', "null": "null", "number": "1", "empty": "", "not-json": "{"}
    return draft.write(payload=shapes[variant].encode())


@forgery(
    "enc.surrogate",
    title="characters in sub that hardly anybody expects",
    source="RFC 8259 sections 7 and 8; RFC 8725 section 3.7",
    fails="characters",
    changes="claims.sub",
    variants=(
        *(Variant(name, expect="either") for name in ("surrogate", "bidi", "nul")),
        Variant("not-utf-8", changes=("payload",)),
    ),
)
def _surrogate(draft: Draft, variant: str) -> str:
    sub = draft.claims.get("sub")
    if not isinstance(sub, str):
        raise InvalidValue("sub", "the honest token does not carry it as a string")
    if variant == "not-utf-8":
        mark = "\ue000" * 3  # a character that nobody else uses, to find the place again
        written = draft.with_claims({"sub": sub + mark}).payload_bytes()
        return draft.write(payload=written.replace(b"\\ue000" * 3, b"\xff"))
    # Between isolates the text of "nimda" reads backwards.
    strange = {"surrogate": sub + "\ud800", "bidi": f"{sub}\u202enimda\u202c", "nul": f"{sub}\0admin"}
    return draft.with_claims({"sub": strange[variant]}).sign()


# Size


@forgery(
    "enc.deep-nesting",
    title="a claim of many nested arrays",
    source="RFC 8259 section 9; GHSA-8wjv-2p76-3863",
    fails="nesting",
    changes="payload",
    depth=Parameter("how many arrays", 100_000),
)
def _deep_nesting(draft: Draft, _: str, *, depth: float) -> str:
    levels = _count("depth", depth, most=10_000_000)
    return draft.write(
        payload=draft.payload_bytes()[:-1] + b',"nested":' + b"[" * levels + b"]" * levels + b"}"
    )


@forgery(
    "enc.oversize",
    title="honestly signed, and far larger than any token",
    source="CVE-2025-61920; RFC 8725 section 3.3",
    fails="size",
    changes="",
    variants=(
        Variant("payload", expect="either", changes=("claims.filler",)),
        Variant("header", expect="either", changes=("header.filler",)),
    ),
    size=Parameter("bytes to add; 262144 to the payload, 65536 to the header, when left out"),
)
def _oversize(draft: Draft, variant: str, *, size: float | None) -> str:
    usual = 256 * _KIB if variant == "payload" else 64 * _KIB
    filler = "x" * _count("size", usual if size is None else size, most=100_000_000)
    if variant == "payload":
        return draft.with_claims({"filler": filler}).sign()
    return draft.with_header(filler=filler).sign()


def _count(name: str, value: float, *, most: int) -> int:
    if not 1 <= value <= most:
        raise InvalidValue(name, f"must be a number from 1 to {most}")
    return int(value)


# Tokens in tokens


@forgery(
    "enc.nested-jwt",
    title="the payload is another token",
    source="RFC 7519 section 5.2; RFC 8725 section 3.11",
    fails="payload",
    changes="header.cty payload",
)
def _nested_jwt(draft: Draft, _: str) -> str:
    return draft.with_header(cty="JWT").write(payload=draft.sign().encode())


@forgery(
    "enc.jwe",
    title="encrypted, or compressed, where a signature is called for",
    source="RFC 7516; RFC 8725 sections 3.3 and 3.6; CVE-2024-33664, CVE-2024-28102, CVE-2026-39373",
    fails="form",
    changes="token",
    variants=(
        "jwe",
        "pbes2",
        "zip-bomb",
        Variant("zip-on-jws", fails="payload", changes=("header.zip", "payload")),
    ),
    iterations=Parameter("p2c of the variant pbes2", 1_000_000_000),
    size=Parameter("bytes that the variant zip-bomb becomes", 50_000_000),
)
def _jwe(draft: Draft, variant: str, *, iterations: float, size: float) -> str:
    if variant == "zip-on-jws":
        return draft.with_header(zip="DEF").write(payload=_deflated(draft.payload_bytes()))
    if variant == "pbes2":
        header = {"p2s": jws.b64url(os.urandom(16)), "p2c": _count("iterations", iterations, most=10**12)}
        return jwe.write({"alg": "PBES2-HS512+A256KW", **header}, draft.payload_bytes(), jwe.nobody)
    algorithm, wrap = jwe.wrapping(draft.key.public)
    if variant == "jwe":
        return jwe.write({"alg": algorithm}, draft.payload_bytes(), wrap)
    bomb = _bomb(_count("size", size, most=200_000_000))
    return jwe.write({"alg": algorithm, "zip": "DEF"}, bomb, wrap)


def _deflated(data: bytes) -> bytes:
    """Raw DEFLATE (RFC 1951), as ``zip: DEF`` has it (RFC 7516 section 4.1.3)."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


@functools.lru_cache(maxsize=2)
def _bomb(size: int) -> bytes:
    """That many spaces, compressed a thousandfold, never all in memory."""
    compressor = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = b" " * 1_000_000
    whole, rest = divmod(size, len(block))
    feed: Callable[[bytes], bytes] = compressor.compress
    return b"".join([*(feed(block) for _ in range(whole)), feed(block[:rest]), compressor.flush()])
