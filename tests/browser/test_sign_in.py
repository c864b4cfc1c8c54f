"""Signing in at the authorization endpoint, as a person does it."""

from __future__ import annotations

import re

import jwt
import pytest
from playwright.sync_api import Page, expect

from fake_idp import Issuer
from tests.browser.checks import NO_SCRIPT, check
from tests.browser.relying_party import RelyingParty
from tests.oauth_party import claims_of


def arrived(page: Page) -> None:
    expect(page.get_by_role("heading", name="Back at the application")).to_be_visible()


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_one_click_signs_somebody_in(page: Page, issuer: Issuer, relying_party: RelyingParty, name: str):
    page.goto(relying_party.url(issuer, nonce="n-1"))
    page.get_by_role("button", name=re.compile(f"^{name}")).click()
    arrived(page)
    assert relying_party.answer["state"] == "xyz"
    assert relying_party.answer["iss"] == issuer.url
    tokens = relying_party.tokens(issuer)
    assert tokens.status == 200
    key = jwt.PyJWK(issuer.keys.current.public_jwk())
    said = jwt.decode(tokens.body["id_token"], key, algorithms=["ES256"], audience=issuer.client_id)
    assert (said["sub"], said["nonce"]) == (name, "n-1")


def test_enter_alone_signs_the_first_one_in(page: Page, issuer: Issuer, relying_party: RelyingParty):
    page.goto(relying_party.url(issuer))
    expect(page.get_by_role("button", name="alice")).to_be_focused()
    page.keyboard.press("Enter")
    arrived(page)
    assert claims_of(relying_party.tokens(issuer).body["id_token"])["sub"] == "alice"


def test_the_keyboard_is_enough_for_the_second_one(page: Page, issuer: Issuer, relying_party: RelyingParty):
    page.goto(relying_party.url(issuer))
    expect(page.get_by_role("button", name="alice")).to_be_focused()
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    assert "bob" in focused.inner_text()
    assert focused.evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    arrived(page)
    assert claims_of(relying_party.tokens(issuer).body["id_token"])["sub"] == "bob"


def test_any_other_name_can_be_typed_and_enter_takes_that_name(
    page: Page, issuer: Issuer, relying_party: RelyingParty
):
    page.goto(relying_party.url(issuer))
    page.get_by_label("Somebody else").fill("mallory@example.net")
    page.keyboard.press("Enter")
    arrived(page)
    assert claims_of(relying_party.tokens(issuer).body["id_token"])["sub"] == "mallory@example.net"


def test_a_click_on_somebody_counts_more_than_a_name_left_in_the_field(
    page: Page, issuer: Issuer, relying_party: RelyingParty
):
    page.goto(relying_party.url(issuer))
    page.get_by_label("Somebody else").fill("mallory")
    page.get_by_role("button", name="carol").click()
    arrived(page)
    assert claims_of(relying_party.tokens(issuer).body["id_token"])["sub"] == "carol"


def test_enter_in_an_empty_name_field_says_that_somebody_is_to_be_chosen(
    page: Page, issuer: Issuer, relying_party: RelyingParty
):
    page.goto(relying_party.url(issuer))
    page.get_by_label("Somebody else").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Choose somebody")
    page.get_by_role("button", name="alice").click()
    arrived(page)


def test_added_claims_are_in_the_token(page: Page, issuer: Issuer, relying_party: RelyingParty):
    page.goto(relying_party.url(issuer))
    page.get_by_text("Add claims, or let it fail").click()
    page.get_by_label("More claims").fill('{"groups": ["ops"], "tenant": "Zürich"}')
    page.get_by_role("button", name="alice").click()
    arrived(page)
    said = claims_of(relying_party.tokens(issuer).body["access_token"])
    assert (said["groups"], said["tenant"]) == (["ops"], "Zürich")


def test_claims_that_are_no_object_are_shown_again_with_the_reason(
    page: Page, issuer: Issuer, relying_party: RelyingParty
):
    page.goto(relying_party.url(issuer))
    page.get_by_text("Add claims, or let it fail").click()
    for text in ("{", "[1]", '"x"', '{"a": NaN}', "<script>alert(1)</script>"):
        page.get_by_label("More claims").fill(text)
        page.get_by_role("button", name="alice").click()
        expect(page.get_by_role("alert")).to_contain_text("JSON")
        expect(page.get_by_label("More claims")).to_have_value(text)
        assert relying_party.answer == {}
    page.get_by_label("More claims").fill("")
    page.get_by_role("button", name="alice").click()
    arrived(page)


def test_deny_is_told_to_the_application(page: Page, issuer: Issuer, relying_party: RelyingParty):
    page.goto(relying_party.url(issuer))
    page.get_by_role("button", name="Deny").click()
    arrived(page)
    assert relying_party.answer["error"] == "access_denied"
    assert relying_party.answer["state"] == "xyz"


def test_every_failure_on_the_page_happens(page: Page, issuer: Issuer, relying_party: RelyingParty):
    page.goto(relying_party.url(issuer))
    offered = page.locator("#failure option").evaluate_all("all => all.map(each => each.value)")
    errors = [each for each in offered if each and "." not in each]
    assert errors[0] == "access_denied"
    for failure in [*errors, "time.exp-past", "sig.wrong-key"]:
        page.goto(relying_party.url(issuer))
        page.get_by_text("Add claims, or let it fail").click()
        page.get_by_label("What happens").select_option(failure)
        page.get_by_role("button", name="alice").click()
        arrived(page)
        if failure in errors:
            assert relying_party.answer["error"] == failure
        else:
            token = relying_party.tokens(issuer).body["access_token"]
            key = jwt.PyJWK(issuer.keys.current.public_jwk())
            expected = {
                "time.exp-past": jwt.ExpiredSignatureError,
                "sig.wrong-key": jwt.InvalidSignatureError,
            }[failure]
            with pytest.raises(expected):
                jwt.decode(token, key, algorithms=["ES256"], audience=issuer.audience)


BAD_REQUESTS = (
    ("client_id", "<img src=x onerror=alert(1)>", "client"),
    ("redirect_uri", "javascript:alert(1)", "scheme"),
    ("redirect_uri", "https://elsewhere.example/", "not one of the client's"),
)


def test_a_request_that_nobody_can_be_sent_back_from_is_explained(
    page: Page, issuer: Issuer, relying_party: RelyingParty
):
    for name, value, said in BAD_REQUESTS:
        page.goto(relying_party.url(issuer, **{name: value}))
        expect(page.get_by_role("heading", name="This request cannot be answered")).to_be_visible()
        expect(page.locator("main")).to_contain_text(said)
        check(page)


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"


def test_hostile_names_are_text(page: Page, issuer: Issuer, relying_party: RelyingParty):
    issuer.users.add(HOSTILE, groups=(HOSTILE,), roles=("</style><script>alert(3)",), provider=HOSTILE)
    issuer.clients.add(issuer.client_id, client_name=HOSTILE, any_loopback=True)
    page.goto(relying_party.url(issuer, state=HOSTILE, login_hint=HOSTILE))
    expect(page.locator("strong").first).to_have_text(HOSTILE)
    first = page.locator(".people button").first
    expect(first).to_contain_text("</style><script>alert(3)")
    first.click()
    arrived(page)
    assert relying_party.answer["state"] == HOSTILE
    assert claims_of(relying_party.tokens(issuer).body["id_token"])["sub"] == HOSTILE


def test_a_hostile_scope_is_text(page: Page, issuer: Issuer, relying_party: RelyingParty):
    page.goto(relying_party.url(issuer, scope="openid <script>alert(4)</script>"))
    expect(page.locator(".tag").last).to_have_text("<script>alert(4)</script>")


def test_the_page_is_legible_and_labelled(page: Page, issuer: Issuer, relying_party: RelyingParty):
    issuer.users.add("averylongname" * 15, groups=("one-group-with-a-long-name",) * 12)
    page.goto(relying_party.url(issuer, scope="openid " + "x" * 300))
    page.get_by_text("Add claims, or let it fail").click()
    check(page)


@pytest.mark.parametrize("look", [NO_SCRIPT], ids=["no script"])
def test_it_works_without_script(page: Page, issuer: Issuer, relying_party: RelyingParty):
    page.goto(relying_party.url(issuer))
    page.get_by_text("Add claims, or let it fail").click()
    page.get_by_label("More claims").fill('{"a": 1}')
    page.get_by_role("button", name="bob").click()
    arrived(page)
    assert claims_of(relying_party.tokens(issuer).body["access_token"])["a"] == 1


def test_the_page_cannot_be_framed_or_run_anything(page: Page, issuer: Issuer, relying_party: RelyingParty):
    answer = page.goto(relying_party.url(issuer))
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    assert page.locator("script").count() == 0


def test_whoever_goes_back_gets_a_fresh_page(page: Page, issuer: Issuer, relying_party: RelyingParty):
    page.goto(relying_party.url(issuer))
    page.get_by_role("button", name="alice").click()
    arrived(page)
    page.go_back()
    page.get_by_role("button", name="bob").click()
    arrived(page)
    assert claims_of(relying_party.tokens(issuer).body["id_token"])["sub"] == "bob"


def test_a_page_is_good_for_one_answer(page: Page, issuer: Issuer, relying_party: RelyingParty):
    page.goto(relying_party.url(issuer))
    form = page.locator("form").first
    form.evaluate("form => form.target = '_blank'")
    with page.expect_popup() as other:
        page.get_by_role("button", name="alice").click()
    arrived(other.value)
    form.evaluate("form => form.target = '_self'")
    page.get_by_role("button", name="bob").click()
    expect(page.get_by_role("heading", name="This request cannot be answered")).to_be_visible()
