"""Signatures that are none, are another's, or are malformed; algorithms that nobody agreed on."""

from __future__ import annotations

import functools
import hashlib
import hmac
import itertools
import json
from base64 import b64encode
from collections.abc import Callable
from typing import cast

from cryptography.hazmat.primitives.asymmetric import rsa

from fake_idp import algorithms, jws
from fake_idp.algorithms import CURVES, Algorithm
from fake_idp.errors import InvalidValue
from fake_idp.forgeries import outsiders
from fake_idp.forgeries.emsa import MALFORMATIONS, encode, raw_sign
from fake_idp.forgeries.registry import Parameter, Publication, Variant, forgery
from fake_idp.key import Key
from fake_idp.tokens import Draft

# The order of each curve is 2**bits less a rest (SEC 2, sections 2.4.2, 2.5.1 and 2.6.1).
_ORDERS = {
    "ES256": 2**256 - 0xFFFFFFFF00000000000000004319055258E8617B0C46353D039CDAAF,
    "ES384": 2**384 - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D,
    "ES512": 2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
}


@forgery(
    "sig.none",
    title="the header says that the token is not signed",
    source="RFC 8725 section 3.1; CVE-2015-2951, CVE-2026-28802; Wycheproof AlgIsNone",
    fails="alg",
    changes="header.alg signature",
    variants=(
        *("none", "None", "NONE", "nOnE", "none-space", "empty"),
        Variant("signed", changes=("header.alg",)),
    ),
)
def _none(draft: Draft, variant: str) -> str:
    algorithm = {"none-space": "none ", "empty": "", "signed": "none"}.get(variant, variant)
    return draft.with_header(alg=algorithm).write(sign=None if variant == "signed" else lambda _: b"")


@forgery(
    "sig.alg-shape",
    title="an algorithm that is missing, no text, or in no registry",
    source="RFC 7515 section 4.1.1; RFC 7518 section 3.1",
    fails="alg",
    changes="header.alg",
    variants=("missing", "null", "list", "lowercase", "unknown"),
)
def _alg_shape(draft: Draft, variant: str) -> str:
    name = draft.key.algorithm
    if variant == "missing":
        return draft.without_header("alg").sign()
    values = {"null": None, "list": [name], "lowercase": name.lower(), "unknown": f"{name[:2]}257"}
    return draft.with_header(alg=values[variant]).sign()


@forgery(
    "sig.corrupt",
    title="the signature is not of this content",
    source="RFC 7515 section 5.2; CVE-2020-28042; Wycheproof ModifiedSignature",
    fails="signature",
    changes="signature",
    variants=(
        Variant("payload-swap", changes=("claims.sub", "signature")),
        Variant("header-swap", changes=("header", "signature")),
        *("empty", "truncated", "bit-flip", "all-zero"),
    ),
)
def _corrupt(draft: Draft, variant: str) -> str:
    honest = jws.split(draft.sign())
    if variant == "payload-swap":
        other = "mallory" if draft.claims.get("sub") != "mallory" else "trudy"
        swapped = draft.with_claims({"sub": other}).payload_bytes()
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


@forgery(
    "sig.wrong-key",
    title="signed with another key under the right key's id",
    source="RFC 7515 section 5.2; PortSwigger Web Security Academy, JWT attacks",
    fails="signature",
    changes="signature",
)
def _wrong_key(draft: Draft, _: str) -> str:
    return draft.write(sign=outsiders.attacker(draft.key.algorithm).sign)


# HMAC


@forgery(
    "sig.hs-confusion",
    title="HS256 keyed with the public key",
    source="RFC 8725 section 3.1; CVE-2016-10555, CVE-2022-29217, CVE-2024-33663, CVE-2026-48526",
    fails="alg",
    changes="header.alg signature",
    variants=("pem", "pem-stripped", "pkcs1", "der", "jwk", "x5c"),
)
def _hs_confusion(draft: Draft, variant: str) -> str:
    if variant == "jwk":
        secret = json.dumps(draft.key.public_jwk(), separators=(",", ":")).encode()
    elif variant == "x5c":
        secret = b64encode(outsiders.certificate(draft.key, "issuer"))
    elif variant == "pkcs1" and not draft.key.algorithm.startswith(("RS", "PS")):
        raise _needs("sig.hs-confusion[pkcs1]", "an RSA key", "RS256")
    else:
        secret = draft.key.public_bytes(pem=variant != "der", pkcs1=variant == "pkcs1")
    return _with_hmac(draft, secret.strip() if variant == "pem-stripped" else secret)


@forgery(
    "sig.hs-weak",
    title="HS256 keyed with what anybody guesses",
    source="RFC 8725 section 3.5; CVE-2019-20933, GHSA-gg9x-qcx2-xmrh; jwt_tool's list of common secrets",
    fails="alg",
    changes="header.alg signature",
    variants=("empty", "secret", "null-byte", "common"),
    secret=Parameter("the HMAC key, in place of the variant's", kind="text"),
)
def _hs_weak(draft: Draft, variant: str, *, secret: str | None) -> str:
    guessed = {"empty": "", "secret": "secret", "null-byte": "\0", "common": "your-256-bit-secret"}
    return _with_hmac(draft, (guessed[variant] if secret is None else secret).encode("utf-8", "replace"))


def _with_hmac(draft: Draft, secret: bytes) -> str:
    signed = draft.with_header(alg="HS256")
    return signed.write(sign=lambda message: hmac.digest(secret, message, hashlib.sha256))


# Algorithms


def _sibling(name: str) -> Callable[[Key], Publication | None]:
    """The published key that signs with that algorithm, unless the issuer's own key can."""
    algorithm = cast("Algorithm", name)

    def publishes(own: Key) -> Publication | None:
        return None if algorithms.takes(algorithm, own.private) else (outsiders.spare(algorithm), {})

    return publishes


@forgery(
    "sig.alg-not-listed",
    title="signed by the issuer, with an algorithm that was not agreed on",
    source="RFC 8725 sections 3.1 and 3.2; FAPI conformance suite, invalid-alternate-alg",
    fails="alg",
    changes="header.alg header.kid signature",
    variants=[Variant(name, publishes=_sibling(name)) for name in ("RS512", "PS256", "ES384", "EdDSA")],
)
def _alg_not_listed(draft: Draft, variant: str) -> str:
    algorithm = algorithms.check(variant)
    if algorithm == draft.key.algorithm:
        raise InvalidValue(
            f"sig.alg-not-listed[{variant}]", "that is what this issuer signs with; take another variant"
        )
    if algorithms.takes(algorithm, draft.key.private):
        sign = algorithms.signer(algorithm, draft.key.private)
        return draft.with_header(alg=variant).write(sign=sign)
    other = outsiders.spare(algorithm)
    return draft.with_header(alg=variant, kid=other.kid).write(sign=other.sign)


# ECDSA

_EDGES = ("0", "1", "n-1", "n")


@forgery(
    "sig.ecdsa-zero",
    title="r and s that no signature has",
    source="CVE-2022-21449; FIPS 186-5 section 6.4.2; Wycheproof tcId 386 to 401",
    fails="signature",
    changes="signature",
    variants=[f"{r},{s}" for r, s in itertools.product(_EDGES, _EDGES)],
)
def _ecdsa_zero(draft: Draft, variant: str) -> str:
    order, size = _ecdsa(draft, "sig.ecdsa-zero")
    edges = {"0": 0, "1": 1, "n-1": order - 1, "n": order}
    signature = b"".join(edges[each].to_bytes(size, "big") for each in variant.split(","))
    return draft.write(sign=lambda _: signature)


@forgery(
    "sig.ecdsa-encoding",
    title="an ECDSA signature in another form, or of another curve",
    source="RFC 7518 section 3.4; Wycheproof tcId 379 to 385",
    fails="signature",
    changes="signature",
    variants=("der", "longer", "shorter", "other-curve"),
)
def _ecdsa_encoding(draft: Draft, variant: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    _, size = _ecdsa(draft, "sig.ecdsa-encoding")
    if variant == "other-curve":
        other: Algorithm = "ES384" if draft.key.algorithm != "ES384" else "ES256"
        return draft.write(sign=outsiders.spare(other).sign)

    def sign(message: bytes) -> bytes:
        honest = draft.key.sign(message)
        if variant == "der":
            r, s = (int.from_bytes(half, "big") for half in (honest[:size], honest[size:]))
            return encode_dss_signature(r, s)
        return honest + b"\0" if variant == "longer" else honest[:-1]

    return draft.write(sign=sign)


@forgery(
    "sig.ecdsa-high-s",
    title="an ECDSA signature with the larger of the two good values of s",
    source="RFC 7518 section 3.4, which has no rule against it",
    fails="",
    changes="signature",
    variants=(Variant("", expect="accept"),),
)
def _ecdsa_high_s(draft: Draft, _: str) -> str:
    order, size = _ecdsa(draft, "sig.ecdsa-high-s")

    def sign(message: bytes) -> bytes:
        honest = draft.key.sign(message)
        s = int.from_bytes(honest[size:], "big")
        return honest[:size] + max(s, order - s).to_bytes(size, "big")

    return draft.write(sign=sign)


def _ecdsa(draft: Draft, id_: str) -> tuple[int, int]:
    """The order of the key's curve, and the size of r and of s in bytes."""
    if draft.key.algorithm not in CURVES:
        raise _needs(id_, "an ECDSA key", "ES256")
    return _ORDERS[draft.key.algorithm], algorithms.field_bytes(CURVES[draft.key.algorithm][1])


# RSA


@forgery(
    "sig.rsa-padding",
    title="an RSA signature over a malformed encoding",
    source="RFC 8017 section 8.2.2; CVE-2006-4339, CVE-2016-1494; Wycheproof ModifiedPadding",
    fails="signature",
    changes="signature",
    variants=(*MALFORMATIONS, "leading-zero"),
)
def _rsa_padding(draft: Draft, variant: str) -> str:
    private = draft.key.private
    if not isinstance(private, rsa.RSAPrivateKey) or draft.key.algorithm.startswith("PS"):
        raise _needs("sig.rsa-padding", "an RSASSA-PKCS1-v1_5 key", "RS256")
    if variant == "leading-zero":
        return draft.write(sign=lambda message: b"\0" + draft.key.sign(message))
    n, d = _numbers(private)
    malformed, name, size = MALFORMATIONS[variant], f"sha{draft.key.algorithm[2:]}", private.key_size // 8
    return draft.write(sign=lambda message: raw_sign(malformed(message, name, size), n, d))


@functools.lru_cache(maxsize=16)
def _numbers(private: rsa.RSAPrivateKey) -> tuple[int, int]:
    numbers = private.private_numbers()
    return numbers.public_numbers.n, numbers.d


def _weakness(name: str) -> Callable[[Key], Publication | None]:
    return lambda own: (outsiders.weak(name, own.algorithm), outsiders.WEAK[name][1])


@forgery(
    "sig.weak-key",
    title="signed with a published key that is too weak",
    source="RFC 7518 section 3.3; RFC 8725 section 3.5; CVE-2017-15361; Wycheproof web key tcId 7 to 9",
    fails="key",
    changes="header.kid signature",
    variants=[Variant(name, publishes=_weakness(name)) for name in outsiders.WEAK],
)
def _weak_key(draft: Draft, variant: str) -> str:
    key = outsiders.weak(variant, draft.key.algorithm)
    changed = draft.with_header(kid=key.kid)
    if variant == "e-1":
        return changed.write(sign=lambda message: encode(message, key.algorithm, 256))
    return changed.write(sign=key.sign)


def _needs(id_: str, what: str, algorithm: str) -> InvalidValue:
    return InvalidValue(id_, f'needs {what}: use Issuer(algorithm="{algorithm}")')
