"""The other pages that a person sees: a device's code, and the end of a session."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

import jwt
from playwright.sync_api import Page, expect

from fake_idp import Issuer
from tests.browser.checks import check
from tests.browser.relying_party import RelyingParty

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def post(url: str, **form: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(url, urlencode(form).encode(), timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def begun(issuer: Issuer) -> dict[str, Any]:
    """A device has asked for a code (RFC 8628 section 3.2)."""
    status, body = post(
        issuer.endpoints["device_authorization"], client_id=issuer.client_id, scope="openid profile"
    )
    assert status == 200
    return body


def polled(issuer: Issuer, device: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return post(
        issuer.endpoints["token"],
        grant_type=DEVICE,
        device_code=device["device_code"],
        client_id=issuer.client_id,
    )


def test_a_device_is_signed_in_with_the_code_typed_by_hand(page: Page, issuer: Issuer):
    device = begun(issuer)
    page.goto(device["verification_uri"])
    expect(page.get_by_label("The code that the device shows")).to_be_focused()
    page.keyboard.type(device["user_code"].lower())
    page.keyboard.press("Enter")
    expect(page.get_by_text(device["user_code"])).to_be_visible()
    page.get_by_role("button", name="bob").click()
    expect(page.get_by_role("heading", name="Connected")).to_be_visible()
    status, body = polled(issuer, device)
    assert status == 200
    assert jwt.decode(body["id_token"], options={"verify_signature": False})["sub"] == "bob"


def test_a_device_is_denied(page: Page, issuer: Issuer):
    device = begun(issuer)
    page.goto(device["verification_uri_complete"])
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", name="Denied")).to_be_visible()
    status, body = polled(issuer, device)
    assert (status, body["error"]) == (400, "access_denied")


def test_a_wrong_code_can_be_typed_again(page: Page, issuer: Issuer):
    device = begun(issuer)
    page.goto(device["verification_uri"])
    code = page.get_by_label("The code that the device shows")
    code.fill("<b>WRONG</b>")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)
    code.fill(device["user_code"])
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="alice")).to_be_focused()


def test_the_device_pages_are_legible_and_labelled(page: Page, issuer: Issuer):
    device = begun(issuer)
    page.goto(device["verification_uri"])
    check(page)
    page.goto(device["verification_uri_complete"])
    check(page)


def test_signing_out_ends_the_browsers_session(page: Page, issuer: Issuer, relying_party: RelyingParty):
    page.goto(relying_party.url(issuer))
    page.get_by_role("button", name="alice").click()
    page.wait_for_url(f"{relying_party.redirect_uri}**")
    page.goto(relying_party.url(issuer, prompt="none"))
    assert "code" in relying_party.answer
    page.goto(issuer.endpoints["end_session"])
    check(page)
    expect(page.get_by_role("button", name="Sign out")).to_be_focused()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Signed out")).to_be_visible()
    check(page)
    page.goto(relying_party.url(issuer, prompt="none"))
    assert relying_party.answer["error"] == "login_required"


def test_whoever_is_sent_to_sign_out_may_go_back_to_the_application(
    page: Page, issuer: Issuer, relying_party: RelyingParty
):
    page.goto(relying_party.url(issuer))
    page.get_by_role("button", name="alice").click()
    page.wait_for_url(f"{relying_party.redirect_uri}**")
    back = urlencode({"client_id": issuer.client_id, "post_logout_redirect_uri": relying_party.redirect_uri})
    page.goto(f"{issuer.endpoints['end_session']}?{back}")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{relying_party.redirect_uri}**")
    expect(page.get_by_role("heading", name="Back at the application")).to_be_visible()
