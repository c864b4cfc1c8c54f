"""Judging a token: every honest one passes, a forged one fails where it is forged, and none raises."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_idp import PRESETS, Issuer
from fake_idp.algorithms import ALGORITHMS, Algorithm
from fake_idp.forgeries import FORGERIES, publish
from fake_idp.judge import Check, judge, read
from fake_idp.jws import b64url
from fake_idp.oauth.records import token_digest

NOW = 1_800_000_000


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    issuer = Issuer(algorithm="ES256")
    issuer.clock.freeze(NOW)
    return issuer


def failed(checks: tuple[Check, ...]) -> dict[str, str]:
    return {check.name: check.words for check in checks if check.verdict == "fail"}


def signed(issuer: Issuer, header: str, payload: str) -> str:
    """A token of exactly this text, with a good signature."""
    text = f"{b64url(header.encode())}.{b64url(payload.encode())}"
    return f"{text}.{b64url(issuer.keys.current.sign(text.encode()))}"


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("use", ["access", "id"])
def test_an_honest_token_passes_every_check(preset: str, use: Any) -> None:
    issuer = Issuer(preset, algorithm="ES256")
    token = issuer.mint(token_use=use)
    checks = judge(token, issuer)
    skipped = {check.name for check in checks if check.verdict == "skip"}
    assert skipped == ({"kid"} if (preset, use) == ("okta_org", "access") else set())  # never published
    assert not failed(checks)
    assert not failed(judge(token, issuer, token_use=use))
    assert all(check.words and check.source for check in checks)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_signature_of_every_algorithm_is_checked(algorithm: Algorithm) -> None:
    issuer, other = Issuer(algorithm=algorithm), Issuer(algorithm=algorithm)
    token = issuer.mint()
    assert not failed(judge(token, issuer))
    head, _, signature = token.rpartition(".")
    assert set(failed(judge(f"{head}.{b64url(b'x' * 64)}", issuer))) == {"signature"}
    assert set(failed(judge(token, other))) == {"kid", "signature"}
    moved = issuer.mint("mallory").rpartition(".")[0]
    assert failed(judge(f"{moved}.{signature}", issuer)) == {
        "signature": "of other content, or by another key"
    }


# What a forgery calls the check that it fails, and what it is called here; a scope is for the server to
# judge that knows what was asked of it, and sizes are for whoever reads the request.
STRUCTURE = {"structure", "text"}
CHECKS = {
    **dict.fromkeys(("form", "encoding", "payload", "duplicate", "characters", "nesting"), STRUCTURE),
    "b64": {"crit"},
    "token_use": {"token use"},
    "scope": set(),
    "size": set(),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_fails_the_check_that_it_is_made_for(forgery: str) -> None:
    for variant in FORGERIES[forgery].variants.values():
        name = f"{forgery}[{variant.name}]" if variant.name else forgery
        issuer = Issuer("cognito" if variant.fails == "token_use" else "plain", algorithm=algorithm_for(name))
        issuer.clock.freeze()  # some are about a single second
        token = issuer.forge(name)
        publish(name, issuer.keys)
        found = set(failed(judge(token, issuer, token_use="access")))
        wanted = CHECKS.get(variant.fails, {variant.fails})
        if variant.expect == "accept":
            assert not found, name
        elif variant.expect == "refuse" and wanted:
            assert found & wanted, name
        if not any(change in ("signature", "token", "header") for change in variant.changes):
            assert len(found) <= 1 or variant.fails in ("typ", "b64"), name


def algorithm_for(name: str) -> Algorithm:
    return "ES256" if "ecdsa" in name else "RS256"


@pytest.mark.parametrize(
    ("claims", "check", "words"),
    [
        ({"exp": NOW}, "exp", "expires this second"),
        ({"exp": NOW - 7200}, "exp", "expired 2 hours ago"),
        ({"exp": True}, "exp", "it is no number"),
        ({"nbf": NOW + 300}, "nbf", "not good for another 5 minutes"),
        ({"iat": NOW + 3600}, "iat", "60 minutes in the future"),
        ({"iat": "x"}, "iat", "it is no number"),
        ({"sub": ""}, "sub", "there is no subject"),
        ({"sub": ["alice"]}, "sub", "there is no subject"),
        ({"aud": ["https://api.example.com", 1]}, "aud", "it names no audience"),
        ({"aud": "https://other.example"}, "aud", "wanted: 'https://api.example.com'"),
        ({"iss": "https://idp.example.com/"}, "iss", "the issuer says 'https://idp.example.com'"),
        ({"client_id": "stranger"}, "client", "'stranger' is no client of this issuer"),
    ],
)
def test_a_wrong_claim_is_named_in_words(
    issuer: Issuer, claims: dict[str, Any], check: str, words: str
) -> None:
    found = failed(judge(issuer.mint(claims=claims), issuer, token_use="access"))
    assert set(found) == {check}
    assert words in found[check]


@pytest.mark.parametrize(
    ("headers", "check"),
    [
        ({"jwk": {"kty": "oct"}}, "header keys"),
        ({"jku": "https://evil.test/jwks"}, "header keys"),
        ({"crit": ["exp"]}, "crit"),
        ({"b64": False}, "crit"),
        ({"typ": "JWT"}, "typ"),
        ({"typ": None}, "typ"),
        ({"typ": 1}, "typ"),
        ({"alg": ["ES256"]}, "alg"),
        ({"alg": "es256"}, "alg"),
    ],
)
def test_a_wrong_header_is_found_although_the_signature_is_good(
    issuer: Issuer, headers: dict[str, Any], check: str
) -> None:
    assert set(failed(judge(issuer.mint(headers=headers), issuer))) == {check}


def test_a_media_type_may_be_written_in_full_and_in_any_case(issuer: Issuer) -> None:
    for typ in ("AT+JWT", "application/at+jwt"):
        assert not failed(judge(issuer.mint(headers={"typ": typ}), issuer))


def test_an_id_token_is_no_access_token(issuer: Issuer) -> None:
    token = issuer.mint(token_use="id")
    assert not failed(judge(token, issuer))
    assert set(failed(judge(token, issuer, token_use="access"))) == {"typ", "token use", "aud", "client"}


def test_the_wanted_audience_can_be_given(issuer: Issuer) -> None:
    token = issuer.mint(audience="https://other.example")
    assert set(failed(judge(token, issuer))) == {"aud"}
    assert not failed(judge(token, issuer, audience="https://other.example"))


def test_a_withdrawn_key_and_a_revoked_token_are_told_apart() -> None:
    issuer = Issuer(algorithm="ES256")
    token = issuer.mint()
    issuer.state.put("revoked", token_digest(token), {})
    assert failed(judge(token, issuer)) == {"revocation": "revoked at the issuer"}
    issuer.state.clear("revoked")
    issuer.keys.rotate(overlap=False)
    assert failed(judge(token, issuer))["kid"] == "a key that was withdrawn"


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ('{"sub":"alice","sub":"mallory"}', "has 'sub' twice"),
        ('{"deep":{"a":1,"a":2}}', "has 'a' twice"),
        ('{"exp":NaN}', "has NaN"),
        ('{"sub":"\\ud800"}', "half a character"),
    ],
)
def test_json_that_parsers_read_differently_is_refused(issuer: Issuer, payload: str, words: str) -> None:
    header = json.dumps(issuer.draft().header)
    assert words in failed(judge(signed(issuer, header, payload), issuer))["text"]


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("", "has 1 segments"),
        ("a.b", "has 2 segments"),
        ("a.b.c.d.e", "has 5 segments"),
        ("e30=.e30.", "the header is not base64url"),
        ("e30.e31.", "bits that mean nothing"),
        ("e30.W10.", "the payload is not a JSON object"),
        ("e30.e30.\u00e9", "the signature is not base64url"),
    ],
)
def test_what_is_no_jws_fails_the_first_check_and_skips_the_others(token: str, words: str) -> None:
    first, *others = judge(token)
    assert first.name == "structure"
    assert words in first.words
    assert {check.verdict for check in others} == {"skip"}


def test_without_an_issuer_only_what_can_be_checked_is(issuer: Issuer) -> None:
    verdicts = {check.name: check.verdict for check in judge(issuer.mint(), now=NOW)}
    skipped = {name for name, verdict in verdicts.items() if verdict == "skip"}
    assert skipped == {
        "alg",
        "kid",
        "signature",
        "typ",
        "token use",
        "iss",
        "aud",
        "revocation",
        "key",
        "client",
    }
    assert "fail" not in verdicts.values()
    assert set(failed(judge(issuer.mint(), now=NOW + 4000))) == {"exp"}
    assert set(failed(judge(issuer.forge("sig.none"), now=NOW))) == {"alg"}
    assert "shared secret" in failed(judge(issuer.forge("sig.hs-confusion"), now=NOW))["alg"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = (
    "alg",
    "kid",
    "typ",
    "crit",
    "b64",
    "jwk",
    "iss",
    "aud",
    "sub",
    "exp",
    "nbf",
    "iat",
    "token_use",
    "client_id",
)
OBJECTS = st.dictionaries(st.sampled_from(NAMES), JSON)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(header=OBJECTS, claims=OBJECTS)
def test_no_token_makes_it_raise(header: dict[str, Any], claims: dict[str, Any]) -> None:
    token = signed(HOSTILE, json.dumps(header), json.dumps(claims))
    for subject in (None, HOSTILE):
        checks = judge(token, subject)
        assert len({check.name for check in checks}) == len(checks) > 10
        assert all(len(check.words) < 400 for check in checks)
    assert read(token)[0] is not None


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(token=st.text(st.characters()) | st.text(alphabet="eyJ0.-_=", max_size=30))
def test_no_text_makes_it_raise(token: str) -> None:
    assert judge(token, HOSTILE)[0].verdict in ("pass", "fail")
    read(token)


@pytest.mark.parametrize("depth", [50, 200, 900, 5000, 100_000])
def test_no_depth_makes_it_raise(issuer: Issuer, depth: int) -> None:
    header = json.dumps(issuer.draft().header)
    token = signed(issuer, header, '{"a":' + "[" * depth + "]" * depth + "}")
    assert failed(judge(token, issuer))
    read(token)


HOSTILE = Issuer(algorithm="ES256")
