"""Dynamic client registration (RFC 7591)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from fake_idp import PRESETS, Issuer
from fake_idp.oauth.messages import OAuthError
from fake_idp.presets.plain import Plain
from tests.oauth_client import by_name, fresh, served
from tests.oauth_party import CALLBACK, Party, error_of


class Modest(Plain):
    name = "modest"
    client_id_documents = False
    grants = ("authorization_code",)

    def discovery(self, url: str, **options: Any) -> dict[str, Any]:
        methods = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
        return super().discovery(url, **options) | methods


@pytest.fixture(scope="module")
def issuers() -> Iterator[dict[str, Issuer]]:
    with served(Plain(), Modest()) as issuers:
        yield by_name(issuers)


@pytest.fixture
def issuer(issuers: dict[str, Issuer]) -> Issuer:
    return fresh(issuers["plain"])


def register(issuer: Issuer, browser: httpx2.Client, **metadata: Any) -> httpx2.Response:
    return browser.post(issuer.endpoints["registration"], json=metadata)


def test_a_public_client_registers_signs_somebody_in_and_refreshes(
    issuer: Issuer, browser: httpx2.Client
) -> None:
    answer = register(
        issuer,
        browser,
        client_name="My editor",
        redirect_uris=[CALLBACK],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
        scope="openid cw:read",
    )
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert said["client_name"] == "My editor"
    assert said["redirect_uris"] == [CALLBACK]
    assert said["grant_types"] == ["authorization_code", "refresh_token"]
    assert abs(said["client_id_issued_at"] - issuer.clock.now()) < 60
    assert "client_secret" not in said
    party = Party(issuer, client_id=said["client_id"], browser=browser)
    assert "My editor" in party.ask().text
    assert party.refresh(party.sign_in()["refresh_token"]).status_code == 200


def test_a_confidential_client_gets_a_secret_that_does_not_expire(
    issuer: Issuer, browser: httpx2.Client
) -> None:
    said = register(issuer, browser, grant_types=["client_credentials"]).json()
    assert said["token_endpoint_auth_method"] == "client_secret_basic"  # RFC 7591 section 2
    assert said["response_types"] == []
    assert said["client_secret_expires_at"] == 0
    party = Party(issuer, client_id=said["client_id"], secret=said["client_secret"], browser=browser)
    assert party.token("client_credentials").status_code == 200
    assert error_of(party.token("client_credentials", headers={}), 401) == "invalid_client"


def test_what_a_client_leaves_out_is_filled_in_and_what_is_not_understood_is_left_out(
    issuer: Issuer, browser: httpx2.Client
) -> None:
    said = register(issuer, browser, redirect_uris=[CALLBACK], client_name=None, frobnicate=1).json()
    assert said["grant_types"] == ["authorization_code"]
    assert said["response_types"] == ["code"]
    assert not said.keys() & {"client_name", "frobnicate"}


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/cb?x=1",
        "http://localhost/cb",
        "http://[::1]:8000/cb",
        "com.example.app:/cb",
        "cursor://x/y",
    ],
)
def test_redirect_uris_that_may_be_registered(issuer: Issuer, browser: httpx2.Client, uri: str) -> None:
    said = register(issuer, browser, redirect_uris=[uri], token_endpoint_auth_method="none").json()
    party = Party(issuer, client_id=said["client_id"], redirect_uri=uri, browser=browser)
    assert party.answer(party.ask(), user="alice").headers["location"].startswith(uri)


@pytest.mark.parametrize(
    "uris",
    [
        None,
        [],
        "https://app.example/cb",
        [1],
        [""],
        ["/relative"],
        ["app.example/cb"],
        ["https://app.example/cb#part"],
        ["http://app.example/cb"],
        ["http://127.0.0.1.app.example/cb"],
        ["https://user@app.example/cb"],
        ["https:///cb"],
        ["https://app.example:port/cb"],
        ["https://app.example/\ncb"],
        ["https://app.example/ä"],
        ["javascript:alert(1)"],
        ["JavaScript:alert(1)"],
        ["data:text/html,x"],
        ["https://app.example/" + "x" * 2000],
        ["https://app.example/"] * 51,
    ],
)
def test_redirect_uris_that_may_not_be_registered(issuer: Issuer, browser: httpx2.Client, uris: Any) -> None:
    answer = register(issuer, browser, redirect_uris=uris)
    assert error_of(answer) == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "changed",
    [
        {"grant_types": ["implicit"]},
        {"grant_types": "authorization_code"},
        {"grant_types": [["authorization_code"]]},
        {"response_types": ["token"]},
        {"response_types": []},
        {"grant_types": ["client_credentials"], "response_types": ["code"]},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": 1},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/jwks"},
        {"jwks": []},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": ["x"]}},
        {"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
        {"jwks": {"keys": [{"kty": "EC", "d": "x"}]}},
        {"client_name": 1},
        {"client_name": "a\u0000b"},
        {"client_uri": "nowhere"},
        {"logo_uri": "javascript:alert(1)"},
        {"tos_uri": "https://[bad"},
        {"contacts": "me@example.com"},
        {"scope": "a  b"},
        {"application_type": "toaster"},
        {"id_token_signed_response_alg": "none"},
    ],
)
def test_metadata_that_cannot_be_are_refused(
    issuer: Issuer, browser: httpx2.Client, changed: dict[str, Any]
) -> None:
    answer = register(issuer, browser, **{"redirect_uris": [CALLBACK], **changed})
    assert error_of(answer) == "invalid_client_metadata"


def test_a_software_statement_is_not_approved(issuer: Issuer, browser: httpx2.Client) -> None:
    answer = register(issuer, browser, redirect_uris=[CALLBACK], software_statement="x.y.z")
    assert error_of(answer) == "unapproved_software_statement"


@pytest.mark.parametrize("body", ["", "{", "[]", '"x"', "null", "[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(issuer: Issuer, browser: httpx2.Client, body: str) -> None:
    url, headers = issuer.endpoints["registration"], {"content-type": "application/json"}
    assert error_of(browser.post(url, content=body, headers=headers)) == "invalid_request"
    assert error_of(browser.post(url, content="{}")) == "invalid_client_metadata"


def test_a_client_registers_what_the_issuer_has(issuers: dict[str, Issuer], browser: httpx2.Client) -> None:
    modest, uris = issuers["modest"], [CALLBACK]
    post = "client_secret_post"
    assert register(modest, browser, redirect_uris=uris, token_endpoint_auth_method=post).status_code == 201
    assert error_of(register(modest, browser, redirect_uris=uris)) == "invalid_client_metadata"
    refused = register(
        modest,
        browser,
        redirect_uris=uris,
        token_endpoint_auth_method=post,
        grant_types=["authorization_code", "refresh_token"],
    )
    assert error_of(refused) == "invalid_client_metadata"


@pytest.mark.parametrize(
    "vendor", [name for name, preset in PRESETS.items() if "registration" in preset.endpoints(preset.url)]
)
def test_a_client_registers_with_every_vendor_that_lets_it(browser: httpx2.Client, vendor: str) -> None:
    with served(vendor) as (issuer,):
        answer = register(issuer, browser, redirect_uris=[CALLBACK])
        if (refusal := refusal_of(issuer)) is not None:
            body = issuer.preset.error_body(refusal.error, refusal.description, now=0)
            assert (answer.status_code, answer.json().keys()) == (refusal.status, body.keys())
            return
        said = answer.json()
        party = Party(issuer, said["client_id"], said.get("client_secret", ""), browser=browser)
        assert party.sign_in()["token_type"] == "Bearer"


def refusal_of(issuer: Issuer) -> OAuthError | None:
    try:
        issuer.preset.check_request("registration", {})
    except OAuthError as refusal:
        return refusal
    return None
