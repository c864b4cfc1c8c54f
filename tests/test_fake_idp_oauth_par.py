"""Pushed authorization requests (RFC 9126), and codes that are bound to a key (RFC 9449 section 10)."""

from __future__ import annotations

import httpx2
import pytest

from fake_idp import Issuer
from fake_idp.oauth.dpop import thumbprint
from tests.oauth_client import Signer, fresh
from tests.oauth_party import CALLBACK, PKCE, VERIFIER, Party, basic, error_of, sent_back


@pytest.fixture
def issuer(issuers: dict[str, Issuer]) -> Issuer:
    return fresh(issuers["plain"])


def push(party: Party, *, proof: str = "", **changed: str) -> httpx2.Response:
    form = {
        "client_id": party.client_id,
        "redirect_uri": party.redirect_uri,
        "response_type": "code",
        "scope": "openid cw:read",
        "state": "pushed",
        **PKCE,
        **changed,
    }
    headers = basic(party.client_id, party.secret) if party.secret else {}
    headers |= {"dpop": proof} if proof else {}
    url = party.issuer.endpoints["pushed_authorization_request"]
    return party.browser.post(url, data={k: v for k, v in form.items() if v}, headers=headers)


def authorize(party: Party, request_uri: str, **more: str) -> httpx2.Response:
    parameters = {"client_id": party.client_id, "request_uri": request_uri, **more}
    return party.browser.get(party.issuer.endpoints["authorization"], params=parameters)


@pytest.fixture
def party(issuer: Issuer, browser: httpx2.Client) -> Party:
    return Party.confidential(issuer, browser)


def test_a_pushed_request_counts_and_what_comes_with_its_uri_does_not(party: Party) -> None:
    answer = push(party)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert said["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert 5 <= said["expires_in"] <= 600
    page = authorize(party, said["request_uri"], scope="admin", redirect_uri="https://attacker.example")
    back = sent_back(party.answer(page, user="alice"))
    assert back["state"] == "pushed"
    assert party.redeem(back["code"]).json()["scope"] == "openid cw:read"


def test_a_pushed_request_is_good_once_but_its_page_may_be_loaded_again(party: Party) -> None:
    request_uri = push(party).json()["request_uri"]
    authorize(party, request_uri)
    page = authorize(party, request_uri)
    assert page.status_code == 200
    assert "code" in sent_back(party.answer(page, user="alice"))
    assert authorize(party, request_uri).status_code == 400


def test_a_pushed_request_is_good_for_a_while_and_for_one_client(party: Party) -> None:
    request_uri = push(party).json()["request_uri"]
    party.issuer.clients.add("other", redirect_uris=(CALLBACK,))
    other = Party(party.issuer, client_id="other", browser=party.browser)
    assert authorize(other, request_uri).status_code == 400
    party.issuer.clock.advance(91)
    assert authorize(party, request_uri).status_code == 400


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request": "x.y.z"}, "request_not_supported"),
        ({"redirect_uri": "https://attacker.example/cb"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "a  b"}, "invalid_scope"),
        ({"resource": "#"}, "invalid_target"),
    ],
)
def test_a_wrong_request_is_refused_when_it_is_pushed(
    party: Party, changed: dict[str, str], error: str
) -> None:
    assert error_of(push(party, **changed)) == error


def test_a_client_authenticates_to_push(party: Party) -> None:
    party.secret = "wrong"
    assert error_of(push(party), 401) == "invalid_client"


def test_a_secret_that_was_pushed_in_the_body_is_not_kept(party: Party) -> None:
    party.issuer.clients.add("s", client_secret="the-secret-of-s", redirect_uris=(CALLBACK,))
    form = Party(party.issuer, client_id="s", browser=party.browser)
    assert push(form, client_secret="the-secret-of-s").status_code == 201
    assert "the-secret-of-s" not in repr(party.issuer.state.items("request"))


# Codes that are bound to a key (RFC 9449 section 10)


def redeemed_with(party: Party, code: str, holder: Signer | None) -> httpx2.Response:
    headers = basic(party.client_id, party.secret)
    if holder is not None:
        headers["dpop"] = holder.proof(party.issuer, "POST", party.issuer.endpoints["token"])
    form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return party.token("authorization_code", headers=headers, **form)


def test_a_code_can_be_bound_to_a_key(party: Party) -> None:
    holder = Signer()
    code = party.code(dpop_jkt=thumbprint(holder.jwk))
    assert error_of(redeemed_with(party, code, None)) == "invalid_grant"
    assert error_of(redeemed_with(party, code, Signer())) == "invalid_grant"
    assert redeemed_with(party, code, holder).json()["token_type"] == "DPoP"


def test_a_proof_that_comes_with_a_pushed_request_binds_its_code(party: Party) -> None:
    holder, url = Signer(), party.issuer.endpoints["pushed_authorization_request"]

    def proof() -> str:
        return holder.proof(party.issuer, "POST", url)

    refused = push(party, proof=proof(), dpop_jkt=thumbprint(Signer().jwk))
    assert error_of(refused) == "invalid_dpop_proof"
    page = authorize(party, push(party, proof=proof()).json()["request_uri"])
    code = sent_back(party.answer(page, user="alice"))["code"]
    assert error_of(redeemed_with(party, code, Signer())) == "invalid_grant"
    assert redeemed_with(party, code, holder).json()["token_type"] == "DPoP"


def test_a_refresh_token_of_a_client_that_authenticates_is_bound_to_the_client_only(party: Party) -> None:
    code = party.code(scope="openid offline_access")
    tokens = redeemed_with(party, code, Signer()).json()
    assert tokens["token_type"] == "DPoP"
    assert party.refresh(tokens["refresh_token"]).json()["token_type"] == "Bearer"
