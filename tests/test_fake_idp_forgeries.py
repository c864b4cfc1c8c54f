"""Forgeries: refused by a careful verifier, each for exactly one reason."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fake_idp import FORGERIES, PRESETS, InvalidValue, Issuer, UnknownName, jws
from fake_idp.forgeries import forge
from fake_idp.tokens import Draft

NAMES = [name for forgery in FORGERIES.values() for name in forgery.names]

# Which one check each forgery fails.
DEFECT = {
    "sig.none": "alg",
    "sig.corrupt": "signature",
    "sig.wrong-key": "signature",
    "sig.hs-confusion": "alg",
    "hdr.kid-unknown": "kid",
    "time.exp-past": "exp",
    "time.exp-edge": "exp",
    "time.leeway-cap": "exp",
    "time.exp-missing": "exp",
    "time.nbf": "nbf",
    "clm.iss": "iss",
    "clm.aud": "aud",
}


@pytest.fixture(scope="module")
def issuers() -> dict[str, Issuer]:
    return {preset: Issuer(preset) for preset in PRESETS}


def failed_checks(token: str, issuer: Issuer, *, now: int) -> Iterator[str]:
    """A verifier that goes on after a failed check, so that a second defect would show."""
    parts = jws.split(token)
    header = json.loads(jws.from_b64url(parts.header, part="header"))
    claims = json.loads(jws.from_b64url(parts.payload, part="payload"))
    genuine = issuer.keys.current
    if header["alg"] != genuine.algorithm:
        yield "alg"
    elif genuine.sign(f"{parts.header}.{parts.payload}".encode()) != jws.from_b64url(
        parts.signature, part="s"
    ):
        yield "signature"  # RS256 is deterministic
    if header["kid"] != genuine.kid:
        yield "kid"
    if claims.get("iss") != issuer.token_issuer:
        yield "iss"
    if claims.get("aud") != issuer.draft().claims["aud"]:
        yield "aud"
    if not isinstance(claims.get("exp"), int) or claims["exp"] <= now:
        yield "exp"
    if "nbf" in claims and (not isinstance(claims["nbf"], int) or claims["nbf"] > now):
        yield "nbf"


def test_every_forgery_has_a_defect_that_these_tests_know() -> None:
    assert set(DEFECT) == set(FORGERIES)


@pytest.mark.parametrize("preset", PRESETS)
def test_an_honest_token_fails_no_check(issuers: dict[str, Issuer], preset: str) -> None:
    issuer = issuers[preset]
    assert list(failed_checks(issuer.mint(), issuer, now=int(time.time()))) == []


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from([name for name in NAMES if name != "hdr.kid-unknown[attacker-key]"]),
    preset=st.sampled_from(list(PRESETS)),
    sub=st.text(max_size=20),
    extra=st.dictionaries(st.text(min_size=8, max_size=12), st.integers() | st.text(), max_size=3),
)
def test_a_forgery_has_one_defect_and_leaves_the_rest_alone_byte_for_byte(
    issuers: dict[str, Issuer], name: str, preset: str, sub: str, extra: dict[str, Any]
) -> None:
    issuer = issuers[preset]
    draft = issuer.draft(sub, claims=extra)
    honest, forged = jws.split(draft.sign()), jws.split(forge(name, draft))
    defect = DEFECT[name.partition("[")[0]]

    assert list(failed_checks(".".join(forged), issuer, now=draft.now)) == [defect]
    if defect in ("alg", "kid"):
        assert forged.payload == honest.payload
        assert _same_but(forged.header, honest.header, defect)
    elif defect in ("exp", "nbf", "iss", "aud"):
        assert forged.header == honest.header
        assert _same_but(forged.payload, honest.payload, defect)
    else:
        assert sum(a != b for a, b in zip(forged, honest, strict=True)) == 1


def _same_but(forged: str, honest: str, member: str) -> bool:
    objects = [json.loads(jws.from_b64url(text, part="object")) for text in (forged, honest)]
    left, right = ([item for item in found.items() if item[0] != member] for found in objects)
    return left == right  # the order of members too


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_careful_verifier_refuses_every_forgery(
    issuers: dict[str, Issuer], name: str, algorithm: Any
) -> None:
    issuer = issuers["okta"] if algorithm == "RS256" else Issuer("okta", algorithm=algorithm)
    if name == "sig.hs-confusion[pkcs1]" and algorithm == "ES256":
        with pytest.raises(InvalidValue, match="RSA"):
            issuer.forge(name)
        return
    with pytest.raises((jwt.InvalidTokenError, KeyError)):
        verify(issuer.forge(name, sub="alice"), issuer)
    verify(issuer.mint(sub="alice"), issuer)


def verify(token: str, issuer: Issuer) -> None:
    keys = jwt.PyJWKSet.from_dict(issuer.keys.jwks())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    options: Any = {"require": ["exp", "iss", "aud", "sub"]}
    jwt.decode(
        token,
        key,
        algorithms=["RS256", "ES256"],
        issuer=issuer.url,
        audience=issuer.audience,
        options=options,
    )


def test_an_id_alone_means_its_first_variant() -> None:
    issuer = Issuer("plain")
    draft = issuer.draft()
    assert forge("sig.none", draft) == forge("sig.none[none]", draft)


def test_none_with_the_genuine_signature_keeps_a_signature() -> None:
    issuer = Issuer("plain")
    assert jws.split(issuer.forge("sig.none")).signature == ""
    assert len(jws.split(issuer.forge("sig.none[signed]")).signature) == 342


def test_an_unknown_key_id_is_never_the_same_twice_and_looks_like_the_vendor_s() -> None:
    issuer = Issuer("cognito")
    kids = {jwt.get_unverified_header(issuer.forge("hdr.kid-unknown"))["kid"] for _ in range(5)}
    assert len(kids) == 5
    assert {len(kid) for kid in kids} == {44}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("sig.nome", "sig.none"), ("sig.none[Nome]", "sig.none[None]"), ("clm.audi", "clm.aud")],
)
def test_an_unknown_forgery_is_answered_with_the_nearest_one(name: str, nearest: str) -> None:
    with pytest.raises(UnknownName) as caught:
        Issuer("plain").forge(name)
    assert caught.value.nearest == nearest


@given(name=st.text())
def test_no_name_of_a_forgery_causes_anything_but_an_unknown_name(name: str) -> None:
    if name not in NAMES:
        with pytest.raises(UnknownName):
            forge(name, DRAFT)


DRAFT: Draft = Issuer("plain", algorithm="ES256").draft()


def test_a_claim_that_is_not_there_cannot_be_left_out() -> None:
    with pytest.raises(InvalidValue, match="aud"):
        Issuer("cognito").forge("clm.aud[missing]", token_use="access")
