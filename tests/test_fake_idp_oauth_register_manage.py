"""What a client may do with its registration afterwards (RFC 7592)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from fake_idp import Issuer
from tests.oauth_client import by_name, served
from tests.oauth_party import CALLBACK, Party, error_of


@pytest.fixture(scope="module")
def issuers() -> Iterator[dict[str, Issuer]]:
    with served("plain", "auth0") as issuers:
        yield by_name(issuers)


@pytest.fixture
def issuer(issuers: dict[str, Issuer]) -> Issuer:
    issuers["plain"].state.clear()
    return issuers["plain"]


def registered(issuer: Issuer, browser: httpx2.Client, **metadata: Any) -> dict[str, Any]:
    sent = {"redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"], **metadata}
    answer = browser.post(issuer.endpoints["registration"], json=sent)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def manage(
    browser: httpx2.Client, method: str, client: dict[str, Any], token: str | None = None, **more: Any
) -> httpx2.Response:
    bearer = f"Bearer {token or client['registration_access_token']}"
    headers = {"authorization": bearer.encode("latin-1")}
    return browser.request(method, client["registration_client_uri"], headers=headers, **more)


def test_a_client_reads_what_it_registered(issuer: Issuer, browser: httpx2.Client) -> None:
    client = registered(issuer, browser, client_name="My editor")
    answer = manage(browser, "GET", client)
    assert (answer.status_code, answer.json()) == (200, client)
    assert answer.headers["cache-control"] == "no-store"
    assert client["registration_client_uri"].startswith(issuer.url + "/")


def test_a_change_takes_the_place_of_all_that_was_there(issuer: Issuer, browser: httpx2.Client) -> None:
    client = registered(issuer, browser, client_name="My editor", policy_uri="https://app.example.com/policy")
    other = "http://127.0.0.1:9/other"
    wanted = {"client_id": client["client_id"], "redirect_uris": [other], "client_name": "Another name"}
    answer = manage(browser, "PUT", client, json=wanted | {"client_secret": client["client_secret"]})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["client_name"], said["redirect_uris"]) == ("Another name", [other])
    assert said["client_secret"] == client["client_secret"]
    assert "policy_uri" not in said
    assert manage(browser, "GET", client).json() == said
    party = Party(issuer, client["client_id"], client["client_secret"], browser=browser)
    assert party.ask().status_code == 400
    party.redirect_uri = other
    assert "Another name" in party.ask().text


def test_a_client_that_becomes_public_has_no_secret_any_more(issuer: Issuer, browser: httpx2.Client) -> None:
    client = registered(issuer, browser)
    wanted = {
        "client_id": client["client_id"],
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
    }
    assert "client_secret" not in manage(browser, "PUT", client, json=wanted).json()
    party = Party(issuer, client["client_id"], client["client_secret"], browser=browser)
    assert error_of(party.redeem("any"), 401) == "invalid_client"


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "example-client"},
        {"client_secret": "chosen by the client"},
        {"registration_access_token": "mine"},
        {"registration_client_uri": "https://evil.example.com/"},
        {"client_secret_expires_at": 0},
        {"client_id_issued_at": 1},
        {"client_name": 5},
        {"grant_types": ["magic"]},
    ],
    ids="-".join,
)
def test_a_change_that_cannot_be_is_refused_and_changes_nothing(
    issuer: Issuer, browser: httpx2.Client, wrong: dict[str, Any]
) -> None:
    client = registered(issuer, browser)
    wanted = {"client_id": client["client_id"], "redirect_uris": [CALLBACK], **wrong}
    assert error_of(manage(browser, "PUT", client, json=wanted)) == "invalid_client_metadata"
    assert manage(browser, "GET", client).json() == client


def test_a_client_that_withdraws_is_gone_with_its_tokens(issuer: Issuer, browser: httpx2.Client) -> None:
    client = registered(issuer, browser)
    party = Party(issuer, client["client_id"], client["client_secret"], browser=browser)
    tokens = party.sign_in()
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert browser.get(issuer.endpoints["userinfo"], headers=bearer).status_code == 200
    answer = manage(browser, "DELETE", client)
    assert (answer.status_code, answer.content) == (204, b"")
    assert error_of(party.refresh(tokens["refresh_token"]), 401) == "invalid_client"
    assert browser.get(issuer.endpoints["userinfo"], headers=bearer).status_code == 401
    assert error_of(manage(browser, "GET", client), 401) == "invalid_token"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_nobody_but_the_client_manages_its_registration(
    issuer: Issuer, browser: httpx2.Client, method: str
) -> None:
    client, other = registered(issuer, browser), registered(issuer, browser)
    for token in (
        other["registration_access_token"],
        client["client_secret"],
        "x",
        "é",
    ):
        answer = manage(browser, method, client, token)
        assert error_of(answer, 401) == "invalid_token"
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    default = {
        **client,
        "registration_client_uri": f"{issuer.endpoints['registration']}?client_id=example-client",
    }
    assert error_of(manage(browser, method, default), 401) == "invalid_token"
    bare = browser.request(method, client["registration_client_uri"])
    assert (bare.status_code, bare.headers["www-authenticate"]) == (401, 'Bearer realm="fake-idp"')
    assert manage(browser, "GET", client).json() == client


def test_the_token_is_not_good_for_another_client_that_takes_the_id(
    issuer: Issuer, browser: httpx2.Client
) -> None:
    client = registered(issuer, browser)
    issuer.clients.remove(client["client_id"])
    issuer.clients.add(client["client_id"], client_secret="somebody else's")
    assert error_of(manage(browser, "GET", client), 401) == "invalid_token"


def test_the_registration_access_token_is_no_access_token(issuer: Issuer, browser: httpx2.Client) -> None:
    client = registered(issuer, browser)
    bearer = {"authorization": f"Bearer {client['registration_access_token']}"}
    assert browser.get(issuer.endpoints["userinfo"], headers=bearer).status_code == 401
    kept = repr([issuer.state.items(kind) for kind in ("registration", "client")])
    assert client["registration_access_token"] not in kept


def test_a_vendor_without_management_names_no_place_for_it(
    issuers: dict[str, Issuer], browser: httpx2.Client
) -> None:
    endpoint = issuers["auth0"].endpoints["registration"]
    metadata = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_basic"}
    client = browser.post(endpoint, json=metadata).json()
    assert not client.keys() & {"registration_client_uri", "registration_access_token"}
    answer = browser.get(f"{endpoint}?client_id={client['client_id']}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_value_that_cannot_be_kept_is_the_clients_mistake(issuer: Issuer, browser: httpx2.Client) -> None:
    large = {"keys": [{"kty": "EC", "x": "y" * 200_000}]}
    sent = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt", "jwks": large}
    answer = browser.post(issuer.endpoints["registration"], json=sent)
    assert error_of(answer) == "invalid_client_metadata"
    assert len(list(issuer.clients)) == 1


def test_json_that_is_too_deep_is_refused_without_a_traceback(issuer: Issuer, browser: httpx2.Client) -> None:
    client = {"redirect_uris": [CALLBACK], "jwks": {"keys": [{"kty": "EC", "x": "deep"}]}}
    headers = {"content-type": "application/json"}
    for depth in range(300, 1001, 100):
        body = json.dumps(client).replace('"deep"', "[" * depth + "]" * depth)
        answer = browser.post(issuer.endpoints["registration"], content=body, headers=headers)
        assert answer.status_code in (201, 400), (depth, answer.text)
