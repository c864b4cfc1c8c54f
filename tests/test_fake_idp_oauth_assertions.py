"""JWTs that somebody else signed: the JWT bearer grant and client assertions (RFC 7523)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest

from fake_idp import Issuer
from tests.oauth_client import JWT_BEARER, Answer, Signer, basic, fresh, other_signature, post, served, token

PARTNER = "https://partner.example"
_CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def _served() -> Iterator[list[Issuer]]:
    with served("plain", "plain") as issuers:
        yield issuers


@pytest.fixture
def idp(_served: list[Issuer]) -> Issuer:
    issuer = fresh(_served[0])
    issuer.clock.freeze(1_800_000_000)
    return issuer


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture
def partner(idp: Issuer, signer: Signer) -> Signer:
    idp.trust(PARTNER, signer.jwks)
    return signer


def redeem(issuer: Issuer, assertion: str, headers: Mapping[str, str] | None = None, **form: str) -> Answer:
    return token(issuer, {"grant_type": JWT_BEARER, "assertion": assertion, **form}, headers)


def claims_of(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    return jwt.decode(answer.json()["access_token"], options={"verify_signature": False})


def test_a_trusted_issuer_vouches_for_a_person(idp: Issuer, partner: Signer) -> None:
    answer = redeem(idp, partner.assertion(idp, iss=PARTNER, sub="alice"), scope="cw:read")
    assert "refresh_token" not in answer.json()
    claims = claims_of(answer)
    assert (claims["sub"], claims["scope"], claims["iss"]) == ("alice", "cw:read", idp.url)
    idp.users.add("alice", sub="person-1")
    assert claims_of(redeem(idp, partner.assertion(idp, iss=PARTNER, sub="alice")))["sub"] == "person-1"
    assert claims_of(redeem(idp, partner.assertion(idp, iss=PARTNER, sub="new|one")))["sub"] == "new|one"


def test_the_token_endpoint_is_an_audience_too(idp: Issuer, partner: Signer) -> None:
    for audience in (idp.endpoints["token"], [idp.url, "x"]):
        assert redeem(idp, partner.assertion(idp, iss=PARTNER, aud=audience)).status == 200


def test_the_issuers_at_one_address_trust_each_other(idp: Issuer) -> None:
    neighbour = fresh(idp.neighbours[1])
    neighbour.clock.freeze(1_800_000_000)
    assertion = neighbour.mint(sub="zoe", token_use="id", aud=idp.url)
    assert claims_of(redeem(idp, assertion))["sub"] == "zoe"


def test_a_client_vouches_with_its_own_key(idp: Issuer, signer: Signer) -> None:
    idp.clients.add("robot", jwks=signer.jwks)
    own = {"grant_type": JWT_BEARER, "client_id": "robot"}
    answer = token(idp, {**own, "assertion": signer.assertion(idp, iss="robot", sub="bob")}, {})
    assert claims_of(answer)["sub"] == "bob"
    others = token(
        idp, {**own, "client_id": idp.client_id, "assertion": signer.assertion(idp, iss="robot")}, {}
    )
    assert others.is_refused("invalid_grant")


def test_a_token_of_this_issuer_for_the_client_is_good_on_behalf_of(idp: Issuer) -> None:
    assertion = idp.mint(sub="alice", audience=idp.client_id)
    for _ in range(2):
        assert claims_of(redeem(idp, assertion))["sub"] == "alice"
    assert redeem(idp, idp.mint(sub="alice", audience="https://else.example")).is_refused("invalid_grant")
    assert redeem(idp, idp.mint(sub="alice", token_use="id")).status == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://stranger.example"},
        {"iss": None},
        {"aud": "https://other.example"},
        {"aud": None},
        {"aud": []},
        {"exp": 1_800_000_000},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e300},
        {"nbf": 1_800_000_060},
        {"iat": 1_800_000_060},
        {"sub": None},
        {"sub": ""},
        {"sub": "a\u202eb"},
        {"jti": ""},
        {"header": {"typ": "dpop+jwt"}},
        {"header": {"typ": "at+jwt"}},
        {"header": {"kid": "another"}},
        {"header": {"jku": "https://attacker.example/jwks"}},
        {"header": {"x5c": []}},
    ],
)
def test_an_assertion_that_is_wrong_is_refused(idp: Issuer, partner: Signer, wrong: dict[str, Any]) -> None:
    assert redeem(idp, partner.assertion(idp, **{"iss": PARTNER, **wrong})).is_refused("invalid_grant")


def test_a_shared_secret_signs_nothing(idp: Issuer, signer: Signer) -> None:
    secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"
    idp.trust(PARTNER, {"keys": [{"kty": "oct", "k": secret}, *signer.jwks["keys"]]})
    claims = {"iss": PARTNER, "sub": "alice", "aud": idp.url, "exp": 1_800_000_060}
    for algorithm, key in (("HS256", jwt.utils.base64url_decode(secret)), ("none", None)):
        assert redeem(idp, jwt.encode(claims, key, algorithm)).is_refused("invalid_grant")


@pytest.mark.parametrize("algorithm", ["RS256", "PS512", "ES384", "ES512", "EdDSA"])
def test_every_asymmetric_algorithm_is_taken(idp: Issuer, algorithm: str) -> None:
    other = Signer(algorithm)
    idp.trust(PARTNER, {"keys": [{"kty": "strange"}, "no key", *other.jwks["keys"]]})
    assert redeem(idp, other.assertion(idp, iss=PARTNER)).status == 200


@pytest.mark.parametrize("jti", ["one", None])
def test_an_assertion_is_good_once_even_for_many_at_the_same_time(
    idp: Issuer, partner: Signer, jti: str | None
) -> None:
    assertion = partner.assertion(idp, iss=PARTNER, jti=jti)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: redeem(idp, assertion), range(8)))
    assert sorted(each.status for each in answers) == [200] + [400] * 7
    if jti:
        assert redeem(idp, partner.assertion(idp, iss=PARTNER, jti=jti, sub="bob")).is_refused(
            "invalid_grant"
        )


def test_an_assertion_without_an_id_is_not_good_again_under_its_other_signature(
    idp: Issuer, partner: Signer
) -> None:
    assertion = partner.assertion(idp, iss=PARTNER, jti=None)
    assert redeem(idp, assertion).status == 200
    assert redeem(idp, other_signature(assertion)).is_refused("invalid_grant")


def test_nobody_vouches_for_a_person_who_is_gone(idp: Issuer, partner: Signer) -> None:
    idp.users.remove("alice")
    assert redeem(idp, partner.assertion(idp, iss=PARTNER, sub="alice")).is_refused("invalid_grant")


def _id_jag(signer: Signer, idp: Issuer, **claims: Any) -> str:
    usual = {"iss": PARTNER, "client_id": idp.client_id, "header": {"typ": "oauth-id-jag+jwt"}}
    return signer.assertion(idp, **{**usual, **claims})


def test_an_identity_assertion_grants_what_it_says_and_no_more(idp: Issuer, partner: Signer) -> None:
    said = {"scope": "a b", "resource": "https://mcp.example.com/mcp"}
    claims = claims_of(redeem(idp, _id_jag(partner, idp, **said)))
    assert (claims["scope"], claims["aud"]) == ("a b", "https://mcp.example.com/mcp")
    assert claims_of(redeem(idp, _id_jag(partner, idp, **said), scope="a"))["scope"] == "a"
    assert redeem(idp, _id_jag(partner, idp, **said), scope="a c").is_refused("invalid_scope")
    other = redeem(idp, _id_jag(partner, idp, **said), resource="https://else.example")
    assert other.is_refused("invalid_target")


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"jti": None},
        {"iat": None},
        {"aud": "https://other.example"},
        {"resource": 7},
        {"resource": ["https://a.example", 7]},
    ],
)
def test_an_identity_assertion_that_is_wrong_is_refused(
    idp: Issuer, partner: Signer, wrong: dict[str, Any]
) -> None:
    assert redeem(idp, _id_jag(partner, idp, **wrong)).is_refused("invalid_grant")


def test_a_client_authenticates_by_an_assertion(idp: Issuer, signer: Signer) -> None:
    idp.clients.add("robot", jwks=signer.jwks, token_endpoint_auth_methods=["private_key_jwt"])

    def ask(assertion: str) -> Answer:
        form = {"client_assertion_type": _CLIENT_ASSERTION, "client_assertion": assertion}
        return token(idp, {"grant_type": "client_credentials", "scope": "cw:read", **form}, {})

    good = signer.assertion(idp, iss="robot", sub="robot")
    assert claims_of(ask(good))["client_id"] == "robot"
    assert ask(good).is_refused("invalid_client", 401)
    for wrong in (
        signer.assertion(idp, iss="robot", sub="robot", aud="https://other.example"),
        signer.assertion(idp, iss="robot", sub="robot", exp=1_800_000_000),
        signer.assertion(idp, iss="other", sub="robot"),
        Signer().assertion(idp, iss="robot", sub="robot"),
        signer.assertion(idp, iss="robot", sub="robot", header={"typ": "oauth-id-jag+jwt"}),
        "gibberish",
    ):
        assert ask(wrong).is_refused("invalid_client", 401)


def test_an_assertion_authenticates_at_every_endpoint_for_clients(idp: Issuer, signer: Signer) -> None:
    idp.clients.add("robot", jwks=signer.jwks, token_endpoint_auth_methods=["private_key_jwt"])
    for endpoint in ("introspection", "revocation"):
        form = {
            "client_assertion_type": _CLIENT_ASSERTION,
            "client_assertion": signer.assertion(idp, iss="robot", sub="robot"),
            "token": "x",
        }
        assert post(idp.endpoints[endpoint], form).status == 200


def test_without_an_assertion_the_request_is_wrong(idp: Issuer) -> None:
    assert token(idp, {"grant_type": JWT_BEARER}, basic(idp)).is_refused("invalid_request")
