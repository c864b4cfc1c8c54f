"""The pages of Identity Center under AWS's host names, as a person with Chromium sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, expect

from harness.internet import Internet
from tests.aws_identity_center import (
    CALLBACK,
    DEVICE_CODE,
    OIDC_HOST,
    Center,
    new_center,
    refused,
    request_of,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def center() -> Iterator[Center]:
    with new_center(account_id="310987654325") as center:
        center.user("alice")
        center.user("bob")
        yield center


@pytest.fixture
def page(chromium: Browser, center: Center) -> Iterator[Page]:
    """A page in a pocket internet with this AWS, without JavaScript."""
    internet = Internet()
    address = internet.serve(center.aws.hosts[0], center.aws.app)
    for host in center.aws.hosts[1:]:
        internet.connect(host, address)
    with chromium.new_context(
        proxy={"server": internet.door("browser")}, ignore_https_errors=True, java_script_enabled=False
    ) as context:
        yield context.new_page()
    internet.close()


def test_a_person_types_the_code_of_a_device_and_allows_it(center: Center, page: Page) -> None:
    client = center.client(scopes=["sso:account:access"])
    device = center.oidc.start_device_authorization(**client, startUrl=center.start_url)
    page.goto(center.start_url)
    page.get_by_label("The code that your device shows").fill(device["userCode"].lower())
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text(device["userCode"])).to_be_visible()
    page.get_by_label("Sign in as").select_option(label="Bob (bob)")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Request approved")).to_be_visible()
    tokens = center.oidc.create_token(**client, grantType=DEVICE_CODE, deviceCode=device["deviceCode"])
    assert tokens["accessToken"]


def test_a_person_denies_a_device(center: Center, page: Page) -> None:
    client = center.client(scopes=["sso:account:access"])
    device = center.oidc.start_device_authorization(**client, startUrl=center.start_url)
    page.goto(device["verificationUriComplete"])
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", name="Request denied")).to_be_visible()
    with refused("AccessDeniedException"):
        center.oidc.create_token(**client, grantType=DEVICE_CODE, deviceCode=device["deviceCode"])


def test_the_browser_goes_back_to_the_program_with_a_code(center: Center, page: Page) -> None:
    client = center.client(
        scopes=["sso:account:access"],
        grantTypes=["authorization_code", "refresh_token"],
        redirectUris=[CALLBACK],
        issuerUrl=center.start_url,
    )
    verifier, uri = "v" * 43, "http://127.0.0.1:9/oauth/callback"  # nobody listens there
    query = urlencode(request_of(client["clientId"], verifier, redirect_uri=uri))
    page.goto(f"https://{OIDC_HOST}/authorize?{query}")
    with page.expect_request(f"{uri}**") as caught:
        page.get_by_role("button", name="Allow").click()
    answer = parse_qs(urlsplit(caught.value.url).query)
    assert answer["state"] == ["abc"]
    tokens = center.oidc.create_token(
        **client,
        grantType="authorization_code",
        code=answer["code"][0],
        redirectUri=uri,
        codeVerifier=verifier,
    )
    assert tokens["accessToken"]
