"""Token exchange (RFC 8693)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from fake_idp import Issuer
from fake_idp.presets.plain import Plain
from tests.oauth_client import (
    EXCHANGE,
    JWT_BEARER,
    TYPE,
    Answer,
    Signer,
    basic,
    device_tokens,
    fresh,
    post,
    served,
    token,
)

PARTNER = "https://partner.example"


@pytest.fixture(scope="module")
def _served() -> Iterator[list[Issuer]]:
    with served("plain", "plain") as issuers:
        yield issuers


@pytest.fixture
def idp(_served: list[Issuer]) -> Issuer:
    return fresh(_served[0])


@pytest.fixture
def neighbour(_served: list[Issuer]) -> Issuer:
    return fresh(_served[1])


@pytest.fixture
def partner(idp: Issuer) -> Signer:
    """Somebody whose tokens the issuer was told to trust."""
    signer = Signer()
    idp.trust(PARTNER, signer.jwks)
    return signer


def exchange(issuer: Issuer, subject: str, kind: str = "access_token", **form: str) -> Answer:
    given = {"grant_type": EXCHANGE, "subject_token": subject, "subject_token_type": TYPE + kind}
    return token(issuer, {**given, **form})


def claims_of(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    return jwt.decode(answer.json()["access_token"], options={"verify_signature": False})


def test_an_access_token_becomes_one_for_another_api(idp: Issuer) -> None:
    subject = idp.mint(sub="alice", scope="openid cw:read")
    answer = exchange(idp, subject, resource="https://other.example/api", scope="files:read")
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert said["issued_token_type"] == TYPE + "access_token"
    assert (said["token_type"], said["scope"]) == ("Bearer", "files:read")
    assert "refresh_token" not in said
    claims = claims_of(answer)
    assert (claims["sub"], claims["aud"]) == ("alice", "https://other.example/api")
    assert claims["client_id"] == idp.client_id
    assert "act" not in claims  # impersonation


def test_for_the_same_api_the_scope_can_only_shrink(idp: Issuer) -> None:
    subject = idp.mint(sub="alice", scope="a b")
    assert exchange(idp, subject).json()["scope"] == "a b"
    assert exchange(idp, subject, scope="a").json()["scope"] == "a"
    assert exchange(idp, subject, scope="a c").is_refused("invalid_scope")


def test_several_audiences_and_resources_are_all_in_the_token(idp: Issuer) -> None:
    subject = idp.mint(sub="alice")
    answer = exchange(idp, subject, audience="billing", resource="https://a.example/x")
    assert claims_of(answer)["aud"] in (
        ["https://a.example/x", "billing"],
        ("https://a.example/x", "billing"),
    )
    for wrong in ("relative/path", "https://a.example/#fragment", "http://["):
        assert exchange(idp, subject, resource=wrong).is_refused("invalid_target")


def test_delegation_says_who_acts_and_who_acted_before(idp: Issuer) -> None:
    robot = idp.mint(grant="client_credentials", client_id="robot")
    delegated = exchange(
        idp, idp.mint(sub="alice"), actor_token=robot, actor_token_type=TYPE + "access_token"
    )
    claims = claims_of(delegated)
    assert (claims["sub"], claims["act"]) == ("alice", {"sub": "robot"})
    again = exchange(
        idp,
        delegated.json()["access_token"],
        actor_token=idp.mint(sub="bob"),
        actor_token_type=TYPE + "access_token",
    )
    assert claims_of(again)["act"] == {"sub": "bob", "act": {"sub": "robot"}}


def test_a_foreign_actor_is_named_with_its_issuer(idp: Issuer, partner: Signer) -> None:
    actor = partner.assertion(idp, iss=PARTNER, sub="robot")
    answer = exchange(idp, idp.mint(sub="alice"), actor_token=actor, actor_token_type=TYPE + "jwt")
    assert claims_of(answer)["act"] == {"sub": "robot", "iss": PARTNER}


def test_may_act_is_held(idp: Issuer) -> None:
    subject = idp.mint(sub="alice", claims={"may_act": {"sub": "robot"}})
    for actor, may in (("robot", True), ("mallory", False)):
        answer = exchange(
            idp, subject, actor_token=idp.mint(sub=actor), actor_token_type=TYPE + "access_token"
        )
        assert (answer.status == 200) is may
    assert exchange(idp, subject).is_refused("invalid_request")
    for allowed, may in (({"sub": idp.client_id}, True), ({}, False), ("robot", False)):
        own = exchange(idp, idp.mint(sub="alice", claims={"may_act": allowed}))
        assert (own.status == 200) is may


@pytest.mark.parametrize("kind", ["id_token", "jwt"])
def test_an_id_token_is_a_subject_for_its_own_client(idp: Issuer, kind: str) -> None:
    idp.users.add("alice", sub="person-1")
    subject = device_tokens(idp, scope="openid")["id_token"]
    assert claims_of(exchange(idp, subject, kind))["sub"] == "person-1"
    other = idp.mint(sub="alice", token_use="id", client_id="somebody-else")
    assert exchange(idp, other, kind).is_refused("invalid_request")


def test_an_id_token_can_be_asked_for(idp: Issuer) -> None:
    answer = exchange(idp, idp.mint(sub="alice"), requested_token_type=TYPE + "id_token")
    assert answer.json()["issued_token_type"] == TYPE + "id_token"
    assert answer.json()["token_type"] == "N_A"
    claims = claims_of(answer)
    assert (claims["sub"], claims["aud"], claims["iss"]) == ("alice", idp.client_id, idp.url)


def test_a_jwt_can_be_asked_for_and_nothing_unknown(idp: Issuer) -> None:
    subject = idp.mint(sub="alice")
    answer = exchange(idp, subject, requested_token_type=TYPE + "jwt")
    assert answer.json()["issued_token_type"] == TYPE + "jwt"
    for unknown in ("saml2", "refresh_token", "x"):
        assert exchange(idp, subject, requested_token_type=TYPE + unknown).is_refused("invalid_request")


def test_a_vendor_with_opaque_access_tokens_exchanges_those() -> None:
    class Vendor(Plain):
        access_tokens = "opaque"

    with served(Vendor()) as (idp,):
        subject = device_tokens(idp, scope="openid a")["access_token"]
        assert "." not in exchange(idp, subject, scope="a").json()["access_token"]
        assert exchange(idp, subject, requested_token_type=TYPE + "jwt").is_refused("invalid_request")
        assert exchange(idp, "x" * 43).is_refused("invalid_request")


def test_a_machine_stays_a_machine(idp: Issuer) -> None:
    subject = token(idp, {"grant_type": "client_credentials", "scope": "cw:read"}).json()["access_token"]
    said = exchange(idp, subject)
    assert claims_of(said)["sub"] == idp.client_id
    assert "id_token" not in said.json()


def test_tokens_of_trusted_issuers_are_taken_and_others_are_not(
    idp: Issuer, neighbour: Issuer, partner: Signer
) -> None:
    assert claims_of(exchange(idp, neighbour.mint(sub="zoe")))["sub"] == "zoe"
    assert claims_of(exchange(idp, neighbour.mint(sub="zoe", token_use="id"), "id_token"))["sub"] == "zoe"
    trusted = partner.assertion(idp, iss=PARTNER, sub="zoe")
    assert claims_of(exchange(idp, trusted, "jwt"))["sub"] == "zoe"
    for stranger in (
        Signer().assertion(idp, iss=PARTNER),
        partner.assertion(idp, iss="https://other.example"),
        partner.assertion(idp, iss=idp.url),
        Issuer("plain", url="https://far.example", algorithm="ES256").mint(sub="zoe"),
    ):
        assert exchange(idp, stranger, "jwt").is_refused("invalid_request")


@pytest.mark.parametrize(
    "wrong", [{"exp": 1}, {"exp": None}, {"exp": "x"}, {"nbf": 4_000_000_000}, {"sub": None}]
)
def test_a_foreign_token_that_is_not_good_is_refused(
    idp: Issuer, partner: Signer, wrong: dict[str, Any]
) -> None:
    bad = partner.assertion(idp, iss=PARTNER, **wrong)
    assert exchange(idp, bad, "jwt").is_refused("invalid_request")


def test_a_revoked_subject_token_is_refused(idp: Issuer) -> None:
    subject = idp.mint(sub="alice")
    post(idp.endpoints["revocation"], {"token": subject}, basic(idp))
    assert exchange(idp, subject).is_refused("invalid_request")


def test_the_tokens_and_their_types_come_together(idp: Issuer) -> None:
    subject = idp.mint(sub="alice")
    kind = TYPE + "access_token"
    for form in (
        {},
        {"subject_token": subject},
        {"subject_token_type": kind},
        {"subject_token": subject, "subject_token_type": TYPE + "saml2"},
        {"subject_token": subject, "subject_token_type": kind, "actor_token": subject},
        {"subject_token": subject, "subject_token_type": kind, "actor_token_type": kind},
        {"subject_token": subject, "subject_token_type": TYPE + "id_token"},
    ):
        assert token(idp, {"grant_type": EXCHANGE, **form}).is_refused("invalid_request")


def test_the_new_token_is_bound_by_its_own_proof(idp: Issuer) -> None:
    holder = Signer()
    proof = holder.proof(idp, "POST", idp.endpoints["token"])
    form = {"grant_type": EXCHANGE, "subject_token": idp.mint(), "subject_token_type": TYPE + "access_token"}
    answer = token(idp, form, {**basic(idp), "dpop": proof})
    assert answer.json()["token_type"] == "DPoP"
    assert "jkt" in claims_of(answer)["cnf"]


def test_an_identity_assertion_goes_from_one_issuer_to_another(idp: Issuer, neighbour: Issuer) -> None:
    signed_in = device_tokens(idp, scope="openid")["id_token"]
    answer = exchange(
        idp,
        signed_in,
        "id_token",
        requested_token_type=TYPE + "id-jag",
        audience=neighbour.url,
        resource="https://mcp.example.com/mcp",
        scope="cw:read",
    )
    said = answer.json()
    assert (said["issued_token_type"], said["token_type"]) == (TYPE + "id-jag", "N_A")
    assert jwt.get_unverified_header(said["access_token"])["typ"] == "oauth-id-jag+jwt"
    redeemed = token(neighbour, {"grant_type": JWT_BEARER, "assertion": said["access_token"]})
    claims = claims_of(redeemed)
    assert (claims["iss"], claims["sub"], claims["aud"], claims["scope"]) == (
        neighbour.url,
        "alice",
        "https://mcp.example.com/mcp",
        "cw:read",
    )
    nowhere = exchange(idp, signed_in, "id_token", requested_token_type=TYPE + "id-jag")
    assert nowhere.is_refused("invalid_target")
