"""A forgery changes one thing, and every check but one passes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fake_idp import FORGERIES, PRESETS, InvalidValue, Issuer, jws
from fake_idp.forgeries import Variant, find_forgery, forge, publish
from fake_idp.forgeries.emsa import encode
from fake_idp.forgeries.outsiders import other_issuer
from fake_idp.tokens import Draft

NAMES = [
    f"{forgery.id}[{variant}]" if variant else forgery.id
    for forgery in FORGERIES.values()
    for variant in forgery.variants
]
CLIENT_CLAIMS = ("client_id", "cid", "azp", "appid")
LONGEST = 30_000
ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)

Pairs = list[tuple[str, Any]]


@pytest.fixture(scope="module")
def issuers() -> dict[tuple[str, str], Issuer]:
    return {
        (preset, algorithm): Issuer(preset, algorithm=algorithm)  # type: ignore[arg-type]
        for preset in PRESETS
        for algorithm in ("RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA")
    }


# When a forgery may say that a token cannot have its defect, by its id or by its name.
INAPPLICABLE: dict[str, Callable[[Draft], bool]] = {
    **dict.fromkeys(
        ("sig.ecdsa-zero", "sig.ecdsa-encoding", "sig.ecdsa-high-s"), lambda d: d.key.algorithm[:2] != "ES"
    ),
    **dict.fromkeys(("sig.rsa-padding", "sig.weak-key"), lambda d: d.key.algorithm[:2] != "RS"),
    "sig.hs-confusion[pkcs1]": lambda d: d.key.algorithm[:2] not in ("RS", "PS"),
    "sig.alg-not-listed[ES384]": lambda d: d.key.algorithm == "ES384",
    "sig.alg-not-listed[EdDSA]": lambda d: d.key.algorithm == "EdDSA",
    "enc.noncanonical-bits": lambda d: (
        d.key.algorithm in ("ES384", "ES512")
    ),  # 96 and 132 bytes: no bits to spare
    "enc.junk[standard-alphabet]": lambda d: (
        d.key.algorithm == "EdDSA" and not set(jws.split(d.sign()).signature) & set("-_")
    ),
    "hdr.typ-forms[absent]": lambda d: "typ" not in d.header,
    "clm.token-use": lambda d: "token_use" not in d.claims,
    "clm.client-id[other]": lambda d: not any(claim in d.claims for claim in CLIENT_CLAIMS),
    **dict.fromkeys(
        ("clm.scope", "clm.scope-type"), lambda d: not (d.claims.get("scope") or d.claims.get("scp"))
    ),
    **dict.fromkeys(
        ("clm.aud-list", "clm.resource", "clm.aud[missing]", "enc.dup-claim[aud]"),
        lambda d: "aud" not in d.claims,
    ),
}


def inapplicable(name: str, draft: Draft) -> bool:
    rule = INAPPLICABLE.get(name) or INAPPLICABLE.get(name.partition("[")[0])
    return rule is not None and rule(draft)


# A verifier that goes on after a failed check, so that a second defect would show


def failed_checks(token: str, draft: Draft, issuer: Issuer) -> Iterator[str]:
    try:
        parts = jws.split(token)
    except Exception:
        yield "form"
        return
    if token == "..":
        yield "form"
        return
    if len(token) > LONGEST:
        yield "size" if "[[[" not in _lenient(parts.payload).decode("latin-1") else "nesting"
    raw = [_lenient(part) for part in parts]
    if any(jws.b64url(data) != part for data, part in zip(raw, parts, strict=True)):
        yield "encoding"
    pairs = json.loads(raw[0], object_pairs_hook=list)
    header: dict[str, Any] = dict(pairs)
    if len(header) != len(pairs):
        yield "duplicate"
    yield from failed_header_checks(header, draft)
    signed = [f"{parts.header}.{parts.payload}", ".".join(part.rstrip("=") for part in parts[:2])]
    yield from failed_signature_checks(header, [text.encode() for text in signed], raw[2], draft, issuer)
    try:
        claims = json.loads(raw[1], object_pairs_hook=_once)
    except DuplicateMember as duplicate:
        yield "duplicate"
        claims = duplicate.last
    except UnicodeDecodeError:
        yield "characters" if raw[1].startswith(b"{") else "payload"
        return
    except RecursionError:
        return
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        yield "payload"
        return
    yield from failed_claim_checks(claims, draft)


def failed_header_checks(header: dict[str, Any], draft: Draft) -> Iterator[str]:
    crit = header.get("crit", ["b64"])
    if not isinstance(crit, list) or not crit or any(name != "b64" for name in crit):
        yield "crit"
    if "b64" in header:
        yield "b64"
    typ = header.get("typ", "").lower().removeprefix("application/")
    if typ not in {str(draft.header.get("typ", "")).lower(), "at+jwt"}:
        yield "typ"


def failed_signature_checks(
    header: dict[str, Any], signed: list[bytes], signature: bytes, draft: Draft, issuer: Issuer
) -> Iterator[str]:
    # The server trusts another issuer too, one of whose keys has the same id.
    other = {**other_issuer(draft.key.algorithm).public_jwk(), "kid": draft.key.kid}
    jwks = [*issuer.keys.jwks()["keys"], other]
    if header.get("alg") != draft.key.algorithm:
        yield "alg"
        return
    if "kid" in header:
        candidates = [
            jwk for jwk in jwks if jwk.get("kid") == header["kid"] and isinstance(header["kid"], str)
        ]
        if not candidates:
            yield "kid"
            return
    else:
        candidates = [jwk for jwk in jwks if jwk["alg"] == header["alg"]]
    used = [jwk for jwk in candidates if any(verifies(jwk, text, signature) for text in signed)]
    if not used:
        yield "signature"
        return
    if "kid" not in header:
        yield "kid"
    if used[0].get("use", "sig") != "sig" or used[0].get("key_ops", ["verify"]) != ["verify"]:
        yield "key"
    if used[0]["kty"] == "RSA" and is_weak(*(_number(used[0][name]) for name in "ne")):
        yield "key"


def verifies(jwk: dict[str, Any], message: bytes, signature: bytes) -> bool:
    if jwk.get("e") == "AQ":  # no library takes it
        return encode(message, jwk["alg"], 256) == signature
    key = jwt.PyJWK(jwk)
    return key.Algorithm.verify(message, key.key, signature)


def is_weak(n: int, e: int) -> bool:
    """RFC 7518 section 3.3; an exponent that does nothing; the fingerprint of ROCA (Nemec et al. 2017)."""
    roca = all(n % prime in {pow(65537, k, prime) for k in range(prime)} for prime in ROCA_PRIMES)
    return n.bit_length() < 2048 or e < 3 or roca


def failed_claim_checks(claims: dict[str, Any], draft: Draft) -> Iterator[str]:
    def time_ok(name: str, *, past: bool) -> bool:
        when = claims.get(name)
        if isinstance(when, bool) or not isinstance(when, int | float):
            return name not in claims and (name == "nbf" or name not in draft.claims)
        return when <= draft.now if past else when > draft.now

    for name, past in (("exp", False), ("nbf", True), ("iat", True)):
        if not time_ok(name, past=past):
            yield name
    if claims.get("iss") != draft.claims["iss"]:
        yield "iss"
    if "aud" in {**draft.claims, **claims} and not _aud_ok(claims.get("aud"), draft.claims.get("aud")):
        yield "aud"
    sub = claims.get("sub")
    if not isinstance(sub, str) or not sub:
        yield "sub"
    elif any(character in sub for character in "\0\u202e\ud800"):
        yield "characters"
    clients = [claims[name] for name in CLIENT_CLAIMS if name in claims]
    if any(client not in {draft.claims.get(name) for name in CLIENT_CLAIMS} for client in clients):
        yield "client"
    if claims.get("token_use") != draft.claims.get("token_use"):
        yield "token_use"
    if any(claims.get(name) != draft.claims.get(name) for name in ("scope", "scp")):
        yield "scope"


def _aud_ok(found: Any, honest: Any) -> bool:
    found, right = (value if isinstance(value, list) else [value] for value in (found, honest))
    return set(right) <= {each for each in found if isinstance(each, str)} and all(
        isinstance(each, str) for each in found
    )


class DuplicateMember(Exception):
    def __init__(self, last: dict[str, Any]) -> None:
        super().__init__()
        self.last = last


def _once(pairs: Pairs) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise DuplicateMember(dict(pairs))
    return dict(pairs)


def _lenient(text: str) -> bytes:
    """What is left when everything is overlooked that base64url does not have."""
    translated = text.replace("+//+", "").replace("+", "-").replace("/", "_")
    return jws.from_b64url(re.sub("[^A-Za-z0-9_-]", "", translated), part="any")


def _number(text: str) -> int:
    return int.from_bytes(jws.from_b64url(text, part="number"), "big")


# The property

TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    preset=st.sampled_from(list(PRESETS)),
    algorithm=st.sampled_from(["RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA"]),
    sub=TEXT,
    extra=st.dictionaries(
        st.text(min_size=10, max_size=12), st.integers() | TEXT | st.lists(TEXT), max_size=3
    ),
)
def test_a_forgery_has_one_defect_and_leaves_the_rest_alone_byte_for_byte(
    issuers: dict[tuple[str, str], Issuer], preset: str, algorithm: str, sub: str, extra: dict[str, Any]
) -> None:
    issuer = issuers[preset, algorithm]
    for name in NAMES:
        _, variant = find_forgery(name)
        draft = issuer.draft(sub, claims=extra, **variant.options)  # type: ignore[misc]
        if inapplicable(name, draft):
            with pytest.raises(InvalidValue):
                forge(name, draft)
            continue
        publish(name, issuer.keys)
        forged = forge(name, draft)
        note = f"{name} of {preset} with {algorithm}: {forged[:2000]}"
        if "token" not in variant.changes:
            check_changes(variant, jws.split(draft.sign()), jws.split(forged), draft, note)
        expected = set() if harmless(name, draft) else {variant.fails} - {""}
        if name == "time.skew[fast]" and "nbf" in draft.claims:
            expected.add("nbf")  # one wrong clock dates both
        assert set(failed_checks(forged, draft, issuer)) == expected, note


def harmless(name: str, draft: Draft) -> bool:
    """Where the vendor's honest token is like that already."""
    return name == "hdr.typ-id-token" or (name == "clm.client-id[no-aud]" and "aud" not in draft.claims)


def check_changes(variant: Variant, honest: jws.Parts, forged: jws.Parts, draft: Draft, note: str) -> None:
    for segment, prefix in (("header", "header"), ("payload", "claims")):
        names = {change.partition(".")[2] for change in variant.changes if change.startswith(f"{prefix}.")}
        mine, theirs = getattr(forged, segment), getattr(honest, segment)
        if segment in variant.changes:
            assert mine != theirs, note
        elif not names:
            assert mine == theirs, note
        else:
            check_members(names, _pairs(theirs), _pairs(mine), note)
    if "signature" not in variant.changes:
        signed = f"{forged.header}.{forged.payload}".encode()
        jwk = draft.key.public_jwk()
        assert verifies(jwk, signed, jws.from_b64url(forged.signature, part="signature")), note


def check_members(names: set[str], honest: Pairs, forged: Pairs, note: str) -> None:
    if names == {"*"}:
        differing = {name for name, _ in set(map(repr2, honest)) ^ set(map(repr2, forged))}
        assert len(differing) <= 1, note
        names = differing
    left, right = ([pair for pair in pairs if pair[0] not in names] for pairs in (honest, forged))
    assert left == right, note  # in the same order too


def repr2(pair: tuple[str, Any]) -> tuple[str, str]:
    return pair[0], repr(pair[1])


def _pairs(segment: str) -> Pairs:
    pairs: Pairs = json.loads(jws.from_b64url(segment, part="segment"), object_pairs_hook=_list)
    return pairs


def _list(pairs: Pairs) -> Pairs:
    return pairs


@pytest.mark.parametrize("algorithm", ["RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA"])
@pytest.mark.parametrize("preset", PRESETS)
def test_an_honest_token_fails_no_check(
    issuers: Mapping[tuple[str, str], Issuer], preset: str, algorithm: str
) -> None:
    issuer = issuers[preset, algorithm]
    draft = issuer.draft("alice")
    assert list(failed_checks(draft.sign(), draft, issuer)) == []


def test_each_name_says_what_is_changed_and_what_is_to_be_expected() -> None:
    for forgery in FORGERIES.values():
        for variant in forgery.variants.values():
            assert (variant.expect == "accept") == (variant.fails == ""), forgery.id
            assert variant.changes or forgery.id == "hdr.typ-id-token", forgery.id
