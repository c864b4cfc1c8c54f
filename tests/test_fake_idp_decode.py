"""``fake-idp decode``: a token in words."""

from __future__ import annotations

import contextlib
import io
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_idp import PRESETS, Issuer, MalformedToken, jws
from fake_idp.cli import main
from fake_idp.decode import explain

NOW = 1_800_000_000


def token(header: Any = None, claims: Any = None, signature: bytes = b"x" * 64) -> str:
    header = {"alg": "ES256", "kid": "k"} if header is None else header
    claims = (
        {"iss": "https://i", "sub": "s", "aud": "a", "iat": NOW, "exp": NOW + 60}
        if claims is None
        else claims
    )
    return jws.write(header, claims, lambda _: signature)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("use", ["access", "id"])
def test_an_honest_token_is_not_suspicious(preset: str, use: Any) -> None:
    found = explain(Issuer(preset).mint(sub="alice", token_use=use), now=time.time())
    assert found.suspicious == ()
    assert found.claims["sub"] == "alice"


def test_times_are_told_relative_to_now() -> None:
    claims = {"iat": NOW - 7200, "nbf": NOW, "exp": NOW + 86400 * 3, "auth_time": 10**20}
    assert explain(token(claims=claims), now=NOW).times == {
        "iat": "2027-01-15 06:00:00 UTC, 2 hours ago",
        "nbf": "2027-01-15 08:00:00 UTC, now",
        "exp": "2027-01-18 08:00:00 UTC, in 3 days",
        "auth_time": "no date that a calendar has",
    }


@pytest.mark.parametrize(
    ("forgery", "says"),
    [
        ("sig.none", "claims no algorithm"),
        ("sig.none[none-space]", "claims no algorithm"),
        ("sig.none[empty]", "claims no algorithm"),
        ("sig.none", "signature is empty"),
        ("sig.corrupt[all-zero]", "all zeros"),
        ("sig.corrupt[truncated]", "this one has 255"),
        ("sig.hs-confusion", "HS256 is a shared secret"),
        ("time.exp-past[1y]", "expired 365 days ago"),
        ("time.exp-missing", "never expires"),
        ("time.nbf", "not valid for another"),
        ("time.nbf[string]", "nbf is not a number"),
        ("clm.iss[missing]", "no issuer"),
        ("clm.aud[empty]", "no audience"),
    ],
)
def test_what_is_wrong_with_a_forgery_is_said_where_it_shows(forgery: str, says: str) -> None:
    found = explain(Issuer("plain").forge(forgery), now=time.time())
    assert any(says in line for line in found.suspicious), found.suspicious


@pytest.mark.parametrize(
    ("header", "claims", "says"),
    [
        ({"alg": "ES256"}, None, "no key id"),
        ({"alg": "ES256", "kid": "k", "jku": "https://x"}, None, "brings its own key (jku)"),
        ({"alg": "ES256", "kid": "k", "crit": ["x"]}, None, "critical extensions"),
        (None, {"iat": NOW + 600, "exp": NOW + 700}, "issued 10 minutes in the future"),
        (None, {"iat": NOW, "exp": NOW + 86400 * 30}, "good for 30 days"),
        (None, {"iss": " https://i", "exp": NOW + 1}, "spaces around"),
        (None, {"exp": True}, "exp is not a number"),
    ],
)
def test_other_oddities_are_pointed_out(header: Any, claims: Any, says: str) -> None:
    found = explain(token(header, claims), now=NOW)
    assert any(says in line for line in found.suspicious), found.suspicious


def test_a_claim_that_is_there_twice_is_pointed_out() -> None:
    payload = jws.b64url(b'{"sub":"a","sub":"b","o":{"x":1,"x":2}}')
    found = explain(f"{jws.split(token()).header}.{payload}.eA", now=NOW)
    assert [line for line in found.suspicious if "twice" in line] == ["the claim 'sub' is there twice"]


def test_a_pasted_header_line_is_understood() -> None:
    assert explain(f"  Bearer {token()} \n", now=NOW).claims["sub"] == "s"


@given(text=st.text() | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True))
def test_nothing_but_a_malformed_token_comes_of_garbage(text: str) -> None:
    with contextlib.suppress(MalformedToken):
        explain(text, now=NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
claim_names = st.sampled_from(
    ["iss", "sub", "aud", "exp", "nbf", "iat", "auth_time", "alg", "kid", "crit", "jwk"]
)


@given(header=st.dictionaries(claim_names, json_values), claims=st.dictionaries(claim_names, json_values))
def test_any_json_at_all_can_be_explained(header: Any, claims: Any) -> None:
    segments = [jws.b64url(json.dumps(part).encode()) for part in (header, claims)]
    explain(".".join([*segments, ""]), now=NOW)


def test_deep_nesting_is_refused_calmly() -> None:
    deep = jws.b64url(b'{"a":' + b"[" * 100_000)
    with pytest.raises(MalformedToken, match="payload is not JSON"):
        explain(f"e30.{deep}.", now=NOW)


def test_decode_reads_standard_input_and_prints_no_raw_control_character(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = token(claims={"sub": "\x1b[2J\u202e\x9b", "\x1b]0;": 1})
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(hostile.encode())))
    assert main(["decode", "-"]) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x1b" not in out
    assert "suspicious" in out


def test_decode_prints_json_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "--json", token()]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["claims"]["sub"] == "s"
    assert document["signature"] == "not checked"
