"""What comes after the sign-in, with each vendor that has it: userinfo, introspection, revocation, logout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import jwt
import pytest

from fake_idp import PRESETS, Issuer
from fake_idp.clients import DEFAULT_SECRET
from tests.oauth_client import DEVICE, by_name, served
from tests.oauth_party import Party, basic


def having(*endpoints: str, grant: str = "") -> Any:
    """Every preset with these endpoints and that grant."""
    return pytest.mark.parametrize(
        "preset",
        [
            name
            for name, preset in PRESETS.items()
            if set(endpoints) <= preset.endpoints(preset.url).keys() and (not grant or grant in preset.grants)
        ],
    )


@pytest.fixture(scope="module")
def issuers() -> Iterator[dict[str, Issuer]]:
    with served(*PRESETS.values()) as issuers:
        yield by_name(issuers)


@pytest.fixture(scope="module")
def browser() -> Iterator[httpx2.Client]:
    with httpx2.Client() as browser:
        yield browser


@pytest.fixture
def party(issuers: dict[str, Issuer], browser: httpx2.Client, preset: str) -> Party:
    return Party.confidential(issuers[preset], browser)


def ask(party: Party, endpoint: Any, token: str) -> httpx2.Response:
    """The token at an endpoint for clients."""
    headers = basic(party.client_id, DEFAULT_SECRET)
    return party.browser.post(party.issuer.endpoints[endpoint], data={"token": token}, headers=headers)


def userinfo(party: Party, token: str) -> httpx2.Response:
    url = party.issuer.endpoints["userinfo"]
    return party.browser.get(url, headers={"authorization": f"Bearer {token}"})


@having("authorization", "userinfo")
def test_userinfo_is_about_the_person_of_the_id_token(party: Party) -> None:
    tokens = party.sign_in("bob", scope="openid email")
    answer = userinfo(party, tokens["access_token"])
    assert answer.status_code == 200, answer.text
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert answer.json()["sub"] == claims["sub"]  # OpenID Connect Core 1.0 section 5.3.2
    assert userinfo(party, tokens["id_token"]).status_code == 401


@having("authorization", "introspection")
def test_introspection_tells_a_live_token_from_a_dead_one(party: Party) -> None:
    tokens = party.sign_in("bob")
    said = ask(party, "introspection", tokens["access_token"]).json()
    assert (said["active"], said["username"], said["client_id"]) == (True, "bob", party.client_id)
    assert ask(party, "introspection", tokens["id_token"]).json() == {"active": False}


@having("authorization", "userinfo", "revocation", grant="refresh_token")
def test_a_revoked_refresh_token_takes_the_access_token_along(party: Party) -> None:
    tokens = party.sign_in("bob", scope="openid offline_access", access_type="offline")
    if not party.issuer.preset.revokes_access_tokens:
        refused = ask(party, "revocation", tokens["access_token"])
        assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_token_type")
    assert userinfo(party, tokens["access_token"]).status_code == 200
    assert ask(party, "revocation", tokens["refresh_token"]).status_code == 200
    assert userinfo(party, tokens["access_token"]).status_code == 401
    assert party.refresh(tokens["refresh_token"]).status_code == 400


@having("authorization", "end_session")
def test_logout_goes_back_by_the_vendors_own_parameter(party: Party) -> None:
    back = "http://127.0.0.1:9/bye"
    name = party.issuer.preset.logout_redirects[0]
    hint = party.sign_in(scope="openid")["id_token"]
    query = {"client_id": party.client_id, name: back, "id_token_hint": hint}
    answer = party.browser.get(party.issuer.endpoints["end_session"], params=query)
    assert (answer.status_code, answer.headers["location"]) == (302, back)


@having("device_authorization", grant=DEVICE)
def test_the_device_grant_gives_tokens_with_every_vendor_that_has_it(party: Party) -> None:
    party.issuer.devices.script(user="carol")
    form = {"client_id": party.client_id, "scope": "openid"}
    headers = basic(party.client_id, DEFAULT_SECRET)
    started = party.browser.post(party.issuer.endpoints["device_authorization"], data=form, headers=headers)
    assert party.browser.get(started.json()["verification_uri_complete"]).status_code in (200, 400)
    answer = party.token(DEVICE, device_code=started.json()["device_code"])
    assert answer.status_code == 200, answer.text
    assert userinfo(party, answer.json()["access_token"]).status_code == 200


@having("authorization")
def test_the_token_response_has_what_the_vendor_adds_and_nothing_else(party: Party, preset: str) -> None:
    standard = {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
    more = {"ext_expires_in"} if preset.startswith("entra") else set()
    assert set(party.sign_in(scope="openid email")) - standard == more
