"""The verifier of web identity tokens, asked directly, with tokens that another library has made."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk, jws

from fake_idp import Issuer
from harness.aws.identity_token import Reason, TokenRejected, audiences, verify
from tests.aws_sts.party import AUDIENCE, Web

ISSUER = "https://joserfc.example"
NOW = 1_800_000_000
CLAIMS = {"iss": ISSUER, "sub": "alice", "aud": "app", "iat": NOW, "exp": NOW + 60}
KEYS = {
    "RSA": jwk.RSAKey.generate_key(2048, {"kid": "rsa"}),
    **{name: jwk.ECKey.generate_key(name, {"kid": name}) for name in ("P-256", "P-384", "P-521")},
    "oct": jwk.OctKey.generate_key(256, {"kid": "oct"}),
    "OKP": jwk.OKPKey.generate_key("Ed25519", {"kid": "okp"}),
}
JWKS = {"keys": [key.as_dict(private=False) for name, key in KEYS.items() if name != "oct"]}


def no_fetch(url: str) -> tuple[int, bytes]:
    raise AssertionError(f"{url} was asked for")


def sign(algorithm: str, key: str, claims: object = CLAIMS, **header: Any) -> str:
    protected = {"alg": algorithm, "kid": KEYS[key].kid, **header}
    return jws.serialize_compact(protected, json.dumps(claims), KEYS[key], algorithms=[algorithm])


def check(token: str, **options: Any) -> dict[str, Any]:
    given = {"issuer": ISSUER, "jwks": JWKS, "fetch": no_fetch, "now": NOW, "tolerance": 0, **options}
    return verify(token, **given)


def reason(token: str, **options: Any) -> Reason:
    with pytest.raises(TokenRejected) as caught:
        check(token, **options)
    return caught.value.reason


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        *((f"RS{size}", "RSA") for size in (256, 384, 512)),
        *(("ES256", "P-256"), ("ES384", "P-384"), ("ES512", "P-521")),
    ],
)
def test_what_another_library_signs_is_verified(algorithm: str, key: str) -> None:
    token = sign(algorithm, key)
    assert check(token) == CLAIMS
    head, _, signature = token.rpartition(".")
    other = "A" if signature[0] != "A" else "B"
    assert reason(f"{head}.{other}{signature[1:]}") is Reason.SIGNATURE


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [*((f"PS{size}", "RSA") for size in (256, 384, 512)), ("HS256", "oct"), ("Ed25519", "OKP")],
)
def test_every_other_algorithm_is_refused(algorithm: str, key: str) -> None:
    assert reason(sign(algorithm, key)) is Reason.ALGORITHM


def test_an_algorithm_has_one_curve() -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"ES256","kid":"P-384"}').rstrip(b"=").decode()
    _, payload, signature = sign("ES384", "P-384").split(".")
    assert reason(f"{header}.{payload}.{signature}") is Reason.SIGNATURE


@pytest.mark.parametrize(
    ("changes", "options", "expected"),
    [
        ({"exp": NOW}, {}, Reason.EXPIRED),
        ({"exp": NOW - 299}, {"tolerance": 300}, None),
        ({"exp": NOW - 300}, {"tolerance": 300}, Reason.EXPIRED),
        ({"nbf": NOW}, {}, None),
        ({"nbf": NOW + 1}, {}, Reason.NOT_YET_VALID),
        ({"iat": NOW + 1}, {}, Reason.NOT_YET_VALID),
        ({"iat": NOW - 10}, {"max_age": 10}, None),
        ({"iat": NOW - 11}, {"max_age": 10}, Reason.TOO_OLD),
        ({"iat": NOW - 10**9}, {}, None),
        ({"sub": "x" * 255}, {}, None),
        ({"sub": "x" * 256}, {}, Reason.MALFORMED),
        ({"sub": ""}, {}, Reason.MISSING_CLAIM),
        ({"iss": "https://other.example"}, {}, Reason.ISSUER),
        ({"exp": float(NOW + 60)}, {}, Reason.MALFORMED),
        ({"exp": True}, {}, Reason.MALFORMED),
    ],
)
def test_claims_are_checked_to_the_second(
    changes: dict[str, Any], options: dict[str, Any], expected: Reason | None
) -> None:
    token = sign("ES256", "P-256", {**CLAIMS, **changes})
    if expected is None:
        assert check(token, **options)["iss"] == ISSUER
    else:
        assert reason(token, **options) is expected


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"aud": "a"}, ("a",)),
        ({"aud": ["a", "b"]}, ("a", "b")),
        ({"aud": ["a"], "azp": "c"}, ("c",)),
        ({"aud": "a", "azp": ["a"]}, ()),
        ({"aud": "a", "azp": {"a": 1}}, ()),
        ({"aud": "a", "azp": ""}, ("a",)),
        ({"aud": [1, None, {"a": 1}, ""]}, ()),
        ({"aud": {"a": 1}}, ()),
        ({}, ()),
    ],
)
def test_the_audience_is_azp_or_else_aud(claims: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert audiences(claims) == expected


def test_a_token_for_a_known_place_of_keys_needs_no_discovery() -> None:
    issuer, web = Issuer("okta", audience=AUDIENCE), Web()
    web.publish(issuer)
    options = {"issuer": issuer.url, "jwks": None, "jwks_url": issuer.jwks_url, "fetch": web}
    claims = check(issuer.mint(sub="bob"), **options, now=issuer.clock.now())
    assert claims["sub"] == "bob"
    assert web.seen == [issuer.jwks_url]


def test_a_refusal_says_nothing_of_the_token() -> None:
    token = sign("RS256", "RSA", {**CLAIMS, "exp": 0, "secret": "hunter2"})
    with pytest.raises(TokenRejected) as caught:
        check(token)
    assert "hunter2" not in repr(caught.value)
    assert caught.value.expires == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["alg", "kid", "crit", "b64", "typ", "iss", "sub", "aud", "iat", "exp", "nbf", "azp"])
OBJECTS = st.dictionaries(NAMES, JSON | st.sampled_from(["RS256", "ES256", "rsa", ISSUER, NOW]), max_size=6)


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@given(OBJECTS | JSON, OBJECTS | JSON, st.binary(max_size=80))
@settings(max_examples=150, deadline=None)
def test_whatever_is_in_a_token_that_nobody_signed_it_is_refused(
    header: object, claims: object, signature: bytes
) -> None:
    end = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    assert reason(f"{segment(header)}.{segment(claims)}.{end}")


@given(st.text(max_size=40) | st.text("ey.-_=AB", max_size=40))
@settings(max_examples=200, deadline=None)
def test_whatever_is_no_token_is_malformed(text: str) -> None:
    assert reason(text) is Reason.MALFORMED


MEMBERS = st.sampled_from(["kty", "kid", "n", "e", "crv", "x", "y", "use", "alg", "key_ops"])
SIGNED = (("RSA", "rsa", sign("RS256", "RSA")), ("EC", "P-256", sign("ES256", "P-256")))


@given(st.dictionaries(MEMBERS, JSON))
@settings(max_examples=100, deadline=None)
def test_whatever_a_key_set_holds_it_verifies_nothing_by_accident(key: dict[str, Any]) -> None:
    for kind, kid, token in SIGNED:
        jwks = {"keys": [{"kty": kind, "kid": kid, "crv": "P-256", **key}]}
        assert reason(token, jwks=jwks) is Reason.SIGNATURE
