"""Client authentication: secrets, signatures, and what is refused with a challenge."""

from __future__ import annotations

import base64
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwk
from joserfc import jwt as jose

from fake_idp import Issuer
from fake_idp.clients import DEFAULT_SECRET
from tests.oauth_client import fresh
from tests.oauth_party import Party, basic, claims_of, error_of

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def issuer(issuers: dict[str, Issuer]) -> Issuer:
    return fresh(issuers["plain"])


def test_a_secret_is_good_in_basic_and_in_the_body(party: Party) -> None:
    for secret in ("plain", "a+b c%2B&=:/ä€"):
        party.issuer.clients.add("a:b+c", client_secret=secret)
        inside = party.token("client_credentials", client_id="", headers=basic("a:b+c", secret))
        body = party.token("client_credentials", client_id="a:b+c", client_secret=secret)
        assert (inside.status_code, body.status_code) == (200, 200)


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic bm9jb2xvbg==",
        "Basic //79",
        "Bearer abc",
        f"Basic {base64.b64encode(b'example-client:wrong').decode()}",
        f"Basic {base64.b64encode(b'nobody:x').decode()}",
        f"Basic {base64.b64encode(b'example-client:').decode()}",
    ],
)
def test_bad_credentials_in_the_header_are_refused_with_a_challenge(party: Party, header: str) -> None:
    answer = party.token("client_credentials", client_id="", headers={"authorization": header})
    assert error_of(answer, 401) == "invalid_client"
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert DEFAULT_SECRET not in answer.text


@pytest.mark.parametrize(
    "form",
    [
        {"client_id": "nobody"},
        {"client_id": ""},
        {"client_secret": "wrong"},
        {"client_secret": DEFAULT_SECRET[:-1]},
        {"client_assertion_type": ASSERTION, "client_assertion": "x.y.z"},
    ],
)
def test_bad_credentials_in_the_body_are_refused(party: Party, form: dict[str, str]) -> None:
    assert error_of(party.token("client_credentials", **form), 401) == "invalid_client"


def test_two_ways_to_authenticate_at_once_are_refused(confidential: Party) -> None:
    answer = confidential.token("client_credentials", client_secret=DEFAULT_SECRET)
    assert error_of(answer) == "invalid_request"
    answer = confidential.token("client_credentials", client_id="another")
    assert error_of(answer) == "invalid_request"


def test_a_secret_in_the_query_is_refused(party: Party) -> None:
    url = f"{party.issuer.endpoints['token']}?client_secret={DEFAULT_SECRET}"
    data = {"grant_type": "client_credentials", "client_id": party.client_id}
    assert error_of(party.browser.post(url, data=data)) == "invalid_request"


def test_a_client_authenticates_as_it_was_registered(party: Party) -> None:
    party.issuer.clients.add("s", client_secret="s", token_endpoint_auth_methods=("client_secret_post",))
    refused = party.token("client_credentials", client_id="", headers=basic("s", "s"))
    assert error_of(refused, 401) == "invalid_client"
    assert "client_secret_post" in refused.json()["error_description"]
    assert error_of(party.token("client_credentials", client_id="s"), 401) == "invalid_client"
    assert party.token("client_credentials", client_id="s", client_secret="s").status_code == 200


def test_a_client_without_a_secret_has_none_to_give(party: Party) -> None:
    party.issuer.clients.add("s", token_endpoint_auth_methods=("client_secret_basic",))
    answer = party.token("client_credentials", client_id="", headers=basic("s", ""))
    assert error_of(answer, 401) == "invalid_client"


def test_a_lax_issuer_takes_any_client(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(party.issuer, "lax", frozenset({"clients"}))
    stranger = Party(party.issuer, client_id="stranger", secret="whatever", browser=party.browser)
    token = stranger.token("client_credentials").json()["access_token"]
    assert claims_of(token)["client_id"] == "stranger"
    assert stranger.sign_in()["token_type"] == "Bearer"


class Signer:
    """A client with a key."""

    def __init__(self, issuer: Issuer) -> None:
        self.key = jwk.ECKey.generate_key("P-256", {"kid": "k1"})
        self.issuer = issuer
        issuer.clients.add(
            "signer",
            token_endpoint_auth_methods=("private_key_jwt",),
            jwks={"keys": [self.key.as_dict(private=False)]},
        )

    def assertion(self, **changed: Any) -> str:
        now = int(self.issuer.clock.now())
        claims = {
            "iss": "signer",
            "sub": "signer",
            "aud": self.issuer.url,
            "iat": now,
            "exp": now + 60,
            "jti": f"{time.monotonic_ns()}",
        } | changed
        claims = {name: value for name, value in claims.items() if value is not None}
        return jose.encode({"alg": "ES256", "kid": "k1"}, claims, self.key)


def test_a_client_may_sign_an_assertion(party: Party) -> None:
    signer = Signer(party.issuer)
    for audience in (party.issuer.url, party.issuer.endpoints["token"]):
        for client_id in ("signer", ""):
            answer = party.token(
                "client_credentials",
                client_id=client_id,
                client_assertion_type=ASSERTION,
                client_assertion=signer.assertion(aud=audience),
            )
            assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "example-client"},
        {"sub": "example-client"},
        {"sub": None},
        {"aud": "https://other.example"},
        {"exp": 1},
        {"exp": None},
    ],
)
def test_an_assertion_that_says_something_else_is_refused(party: Party, changed: dict[str, Any]) -> None:
    assertion = Signer(party.issuer).assertion(**changed)
    answer = party.token(
        "client_credentials",
        client_id="signer",
        client_assertion_type=ASSERTION,
        client_assertion=assertion,
    )
    assert error_of(answer, 401) == "invalid_client"


def test_an_assertion_is_good_once_and_of_its_type_only(party: Party) -> None:
    signer = Signer(party.issuer)
    form = {"client_id": "signer", "client_assertion": signer.assertion()}
    wrong = party.token("client_credentials", client_assertion_type="urn:other", **form)
    assert error_of(wrong) == "invalid_request"
    assert party.token("client_credentials", client_assertion_type=ASSERTION, **form).status_code == 200
    again = party.token("client_credentials", client_assertion_type=ASSERTION, **form)
    assert error_of(again, 401) == "invalid_client"


def test_an_assertion_by_another_key_is_refused(party: Party) -> None:
    signer = Signer(party.issuer)
    claims = jwt.decode(signer.assertion(), options={"verify_signature": False})
    forged = jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "k1"})
    answer = party.token(
        "client_credentials", client_id="signer", client_assertion_type=ASSERTION, client_assertion=forged
    )
    assert error_of(answer, 401) == "invalid_client"
