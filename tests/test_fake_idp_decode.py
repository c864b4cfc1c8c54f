"""``fake-idp decode``: a token in words."""

from __future__ import annotations

import contextlib
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_idp import PRESETS, Issuer, MalformedToken, jws
from fake_idp.algorithms import ALGORITHMS
from fake_idp.cli import main
from fake_idp.decode import Explanation, explain
from fake_idp.server import LoopbackServer

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


def failed(found: Explanation) -> dict[str, str]:
    return {check.name: check.words for check in found.suspicious}


@pytest.mark.parametrize(
    ("forgery", "check", "says"),
    [
        ("sig.none", "alg", "not signed, anybody can write it"),
        ("sig.none[none-space]", "alg", "not signed"),
        ("sig.none", "signature", "it is empty"),
        ("sig.corrupt[all-zero]", "signature", "all zeros"),
        ("sig.corrupt[truncated]", "signature", "these are 255"),
        ("sig.hs-confusion", "alg", "is a shared secret"),
        ("time.exp-past[1y]", "exp", "expired 365 days ago"),
        ("time.exp-missing", "exp", "never expires"),
        ("time.nbf", "nbf", "not good for another"),
        ("time.nbf[string]", "nbf", "no number"),
        ("clm.iss[missing]", "iss", "no issuer"),
        ("clm.aud[empty]", "aud", "no audience"),
    ],
)
def test_what_is_wrong_with_a_forgery_is_said_where_it_shows(forgery: str, check: str, says: str) -> None:
    assert says in failed(explain(Issuer("plain").forge(forgery), now=time.time()))[check]


@pytest.mark.parametrize(
    ("header", "claims", "check", "says"),
    [
        ({"alg": "ES256"}, None, "kid", "no key id"),
        ({"alg": "ES256", "kid": "k", "jku": "https://x"}, None, "header keys", "brings jku"),
        ({"alg": "ES256", "kid": "k", "crit": ["x"]}, None, "crit", "critical extensions"),
        ({"alg": "ES512", "kid": "k"}, None, "signature", "ES512 makes 132 bytes, these are 64"),
        (None, {"iat": NOW + 600, "exp": NOW + 700}, "iat", "10 minutes in the future"),
        (None, {"iat": NOW, "exp": NOW + 86400 * 30}, "lifetime", "good for 30 days, long"),
        (None, {"exp": True}, "exp", "no number"),
    ],
)
def test_other_oddities_are_pointed_out(header: Any, claims: Any, check: str, says: str) -> None:
    assert says in failed(explain(token(header, claims), now=NOW))[check]


def test_a_claim_that_is_there_twice_is_pointed_out() -> None:
    payload = jws.b64url(b'{"sub":"a","sub":"b"}')
    found = explain(f"{jws.split(token()).header}.{payload}.eA", now=NOW)
    assert "'sub' twice" in failed(found)["text"]


def test_every_check_says_where_its_rule_stands() -> None:
    assert all(check.source for check in explain(token(), now=NOW).checks)


def test_the_issuers_keys_and_name_are_checked_when_they_are_there() -> None:
    issuer = Issuer("okta")
    honest = issuer.mint()
    assert explain(honest, now=time.time(), issuer=issuer).suspicious == ()
    assert set(failed(explain(honest, now=time.time(), issuer=Issuer("okta")))) == {"kid", "signature"}
    other = issuer.renamed(url="https://other.example")
    assert set(failed(explain(honest, now=time.time(), issuer=other))) == {"iss"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_jwk_set_is_enough_for_the_signature(algorithm: Any) -> None:
    issuer = Issuer("plain", algorithm=algorithm)
    honest, keys = issuer.mint(), issuer.keys.jwks()

    def verdict(token: str, jwks: Any) -> str:
        (check,) = [c for c in explain(token, now=time.time(), jwks=jwks).checks if c.name == "signature"]
        return check.verdict

    assert verdict(honest, keys) == "pass"
    assert (
        verdict(honest, {"keys": [{}, "x", *Issuer("plain", algorithm="ES256").keys.jwks()["keys"]]})
        == "fail"
    )
    assert verdict(issuer.forge("sig.corrupt[bit-flip]"), keys) == "fail"
    assert verdict(honest, {"keys": None}) == "fail"


def test_a_jwk_set_comes_from_a_file_or_from_this_machine(
    tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("FAKE_IDP_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with LoopbackServer() as server:
        issuer = Issuer("plain", url=server.url)
        server.start(issuer.app)
        file = tmp_path / "jwks.json"
        file.write_text(json.dumps(issuer.keys.jwks()), encoding="utf-8")
        for where in (str(file), issuer.jwks_url):
            assert main(["decode", issuer.mint(), "--jwks", where, "--json"]) == 0
            checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
            assert checks["signature"]["verdict"] == "pass"
        issuer.faults.add("jwks", status=302)
        assert main(["decode", issuer.mint(), "--jwks", issuer.jwks_url]) == 2
        assert capsys.readouterr().err.count("\n") == 1


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
    assert {check["name"]: check["verdict"] for check in document["checks"]}["structure"] == "pass"
