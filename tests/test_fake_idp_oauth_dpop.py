"""Proofs of possession (RFC 9449)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from joserfc.jwk import import_key

from fake_idp import Issuer
from fake_idp.oauth.dpop import WINDOW, normal_url, thumbprint
from fake_idp.presets.plain import Plain
from tests.oauth_client import Signer, basic, device_tokens, fresh, get, post, served, token

_CLIENT_CREDENTIALS = {"grant_type": "client_credentials", "scope": "cw:read"}


@pytest.fixture(scope="module")
def _served() -> Iterator[Issuer]:
    with served("plain") as (issuer,):
        yield issuer


@pytest.fixture
def idp(_served: Issuer) -> Issuer:
    return fresh(_served)


@pytest.fixture(scope="module")
def holder() -> Signer:
    return Signer()


def bound(idp: Issuer, holder: Signer) -> str:
    proof = holder.proof(idp, "POST", idp.endpoints["token"])
    return str(device_tokens(idp, {"dpop": proof}, scope="openid")["access_token"])


@pytest.mark.parametrize("algorithm", ["RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA"])
def test_a_proof_binds_the_token_to_its_key(idp: Issuer, algorithm: str) -> None:
    holder = Signer(algorithm)
    proof = holder.proof(idp, "POST", idp.endpoints["token"])
    answer = token(idp, _CLIENT_CREDENTIALS, {**basic(idp), "dpop": proof})
    assert answer.json()["token_type"] == "DPoP"
    claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert claims["cnf"] == {"jkt": import_key(holder.jwk).thumbprint()}


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    for algorithm in ("RS256", "ES256", "EdDSA"):
        jwk = Signer(algorithm).jwk
        assert thumbprint(jwk | {"kid": "x", "use": "sig"}) == import_key(jwk).thumbprint()


def test_without_a_proof_the_token_is_a_bearer_token(idp: Issuer) -> None:
    assert token(idp, _CLIENT_CREDENTIALS).json()["token_type"] == "Bearer"


def test_a_bound_token_is_good_with_a_proof_by_its_key(idp: Issuer, holder: Signer) -> None:
    url, access = idp.endpoints["userinfo"], bound(idp, holder)
    for method, ask in (("GET", get), ("POST", lambda url, headers: post(url, b"", headers))):
        proof = holder.proof(idp, method, url, access)
        answer = ask(url, {"authorization": f"DPoP {access}", "dpop": proof})
        assert answer.status == 200, answer.body
        assert answer.json()["sub"] == "alice"


def test_a_bound_token_is_refused_as_a_bearer_token(idp: Issuer, holder: Signer) -> None:
    url, access = idp.endpoints["userinfo"], bound(idp, holder)
    refused = get(url, {"authorization": f"Bearer {access}", "dpop": holder.proof(idp, "GET", url, access)})
    assert refused.is_refused("invalid_token", 401)
    (challenge,) = refused.challenges
    assert challenge.startswith("DPoP ")
    assert 'error="invalid_token"' in challenge
    assert "ES256" in challenge


def test_a_bound_token_needs_a_proof_by_the_same_key_for_the_same_token(idp: Issuer, holder: Signer) -> None:
    url, access = idp.endpoints["userinfo"], bound(idp, holder)
    thief = Signer()
    cases: list[tuple[str | None, str]] = [
        (None, "invalid_token"),
        (thief.proof(idp, "GET", url, access), "invalid_token"),
        (holder.proof(idp, "GET", url), "invalid_dpop_proof"),
        (holder.proof(idp, "GET", url, bound(idp, holder)), "invalid_dpop_proof"),
    ]
    for proof, error in cases:
        headers = {"authorization": f"DPoP {access}", **({"dpop": proof} if proof else {})}
        refused = get(url, headers)
        assert refused.is_refused(error, 401)
        assert f'error="{error}"' in refused.challenges[0]


def test_an_unbound_token_is_no_dpop_token(idp: Issuer, holder: Signer) -> None:
    url, access = idp.endpoints["userinfo"], idp.mint(sub="alice")
    headers = {"authorization": f"DPoP {access}", "dpop": holder.proof(idp, "GET", url, access)}
    assert get(url, headers).is_refused("invalid_token", 401)


def _other_key(holder: Signer, **members: Any) -> dict[str, Any]:
    return {"jwk": {**holder.jwk, **members}}


_WRONG: dict[str, Callable[[Signer], dict[str, Any]]] = {
    "another method": lambda _: {"htm": "GET"},
    "a method in lower case": lambda _: {"htm": "post"},
    "another URL": lambda _: {"htu": "https://idp.example.com/token"},
    "no URL": lambda _: {"htu": 1},
    "a broken URL": lambda _: {"htu": "http://[::1/token"},
    "too old": lambda _: {"iat": 1_800_000_000 - WINDOW - 1},
    "in the future": lambda _: {"iat": 1_800_000_000 + WINDOW + 1},
    "no time": lambda _: {"iat": None},
    "a time that is none": lambda _: {"iat": "now"},
    "no id": lambda _: {"jti": None},
    "an id that is none": lambda _: {"jti": 7},
    "another type": lambda _: {"header": {"typ": "JWT"}},
    "no key": lambda _: {"header": {"jwk": None}},
    "a key that is none": lambda _: {"header": {"jwk": "key"}},
    "another key": lambda _: {"header": {"jwk": Signer().jwk}},
    "a key of another kind": lambda _: {"header": {"jwk": Signer("EdDSA").jwk}},
    "the private key": lambda holder: {"header": {"jwk": holder.private_jwk}},
    "a key to encrypt": lambda holder: {"header": _other_key(holder, use="enc")},
    "a key elsewhere": lambda _: {"header": {"jku": "https://attacker.example/jwks"}},
    "a point off the curve": lambda holder: {"header": _other_key(holder, y=holder.jwk["x"])},
    "something critical": lambda _: {"header": {"crit": ["x"], "x": 1}},
}


@pytest.mark.parametrize("wrong", _WRONG)
def test_a_proof_that_is_wrong_is_refused(idp: Issuer, holder: Signer, wrong: str) -> None:
    idp.clock.freeze(1_800_000_000)
    url = idp.endpoints["token"]
    proof = holder.proof(idp, "POST", url, **_WRONG[wrong](holder))
    headers = {**basic(idp), "dpop": proof}
    assert token(idp, _CLIENT_CREDENTIALS, headers).is_refused("invalid_dpop_proof")
    good = {**basic(idp), "dpop": holder.proof(idp, "POST", url)}
    assert token(idp, _CLIENT_CREDENTIALS, good).status == 200


def test_symmetric_and_unsigned_proofs_are_refused(idp: Issuer, holder: Signer) -> None:
    claims = {"jti": "1", "htm": "POST", "htu": idp.endpoints["token"], "iat": int(idp.clock.now())}
    octet = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}
    for algorithm, key, jwk in (("HS256", "secret-" * 8, octet), ("none", None, holder.jwk)):
        proof = jwt.encode(claims, key, algorithm, headers={"typ": "dpop+jwt", "jwk": jwk})
        headers = {**basic(idp), "dpop": proof}
        assert token(idp, _CLIENT_CREDENTIALS, headers).is_refused("invalid_dpop_proof")


def test_a_weak_key_is_refused(idp: Issuer) -> None:
    holder = Signer("RS256", bits=1024)
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        proof = holder.proof(idp, "POST", idp.endpoints["token"])
    headers = {**basic(idp), "dpop": proof}
    assert token(idp, _CLIENT_CREDENTIALS, headers).is_refused("invalid_dpop_proof")


def test_two_proofs_are_one_too_many(idp: Issuer, holder: Signer) -> None:
    proofs = [("dpop", holder.proof(idp, "POST", idp.endpoints["token"])) for _ in range(2)]
    refused = token(idp, _CLIENT_CREDENTIALS, [*basic(idp).items(), *proofs])
    assert refused.status == 400
    assert refused.json()["error"] in ("invalid_dpop_proof", "invalid_request")


def test_a_proof_is_good_once_even_for_many_at_the_same_time(idp: Issuer, holder: Signer) -> None:
    headers = {**basic(idp), "dpop": holder.proof(idp, "POST", idp.endpoints["token"])}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: token(idp, _CLIENT_CREDENTIALS, headers), range(8)))
    assert sorted(each.status for each in answers) == [200] + [400] * 7


@pytest.mark.parametrize("spelling", ["HTTP://{}/token", "http://{}/%74oken", "http://{}/token?a=b#c"])
def test_the_same_url_in_another_spelling_is_the_same(idp: Issuer, holder: Signer, spelling: str) -> None:
    htu = spelling.format(idp.url.removeprefix("http://"))
    headers = {**basic(idp), "dpop": holder.proof(idp, "POST", htu)}
    assert token(idp, _CLIENT_CREDENTIALS, headers).status == 200


@pytest.mark.parametrize("path", ["/a%2fb", "/a/b", "/%e2%82%ac", "/a%zz", "/%"])
def test_the_spelling_of_a_url_is_normal_by_rfc_3986(path: str) -> None:
    assert normal_url(f"HTTPS://IDP.example:443{path}") == normal_url(f"https://idp.example{path}?x")
    assert normal_url("https://a.example/a%2Fb") != normal_url("https://a.example/a/b")
    assert normal_url("https://a.example:8443/") != normal_url("https://a.example/")
    assert normal_url("http://a.example") == normal_url("http://a.example:80/")


def test_a_refresh_keeps_to_the_key(idp: Issuer, holder: Signer) -> None:
    url = idp.endpoints["token"]
    tokens = device_tokens(idp, {"dpop": holder.proof(idp, "POST", url)}, scope="openid offline_access")
    form = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": idp.client_id,
    }
    assert token(idp, form, {}).is_refused("invalid_grant")
    assert token(idp, form, {"dpop": Signer().proof(idp, "POST", url)}).is_refused("invalid_grant")
    again = token(idp, form, {"dpop": holder.proof(idp, "POST", url)})
    assert again.json()["token_type"] == "DPoP"


def test_a_vendor_without_dpop_does_not_look_at_the_header() -> None:
    class Vendor(Plain):
        dpop = False

    with served(Vendor()) as (idp,):
        answer = token(idp, _CLIENT_CREDENTIALS, {**basic(idp), "dpop": "gibberish"})
        assert answer.json()["token_type"] == "Bearer"
        access = idp.mint(sub="alice", claims={"cnf": {"jkt": "x"}})
        headers = {"authorization": f"Bearer {access}", "dpop": "gibberish"}
        assert get(idp.endpoints["userinfo"], headers).status == 200
        refused = get(idp.endpoints["userinfo"], {"authorization": f"DPoP {access}"})
        assert [each.split()[0] for each in refused.challenges] == ["Bearer"]
