"""The token workbench of the console; what it makes is verified by PyJWT."""

from __future__ import annotations

import json
from typing import Any

import jwt
from playwright.sync_api import Page, expect

from fake_idp import Issuer
from fake_idp.app import Site
from fake_idp.forgeries import FORGERIES
from tests.browser.console import HOSTILE, fetch, noted, published, root, workbench


def verdict_of(page: Page, check: str) -> Any:
    row = page.locator("#verdicts tr", has=page.get_by_role("cell", name=check, exact=True))
    return row.locator("td:nth-child(2)")


def test_the_workbench_mints_a_token_that_verifies(page: Page, issuer: Issuer):
    issuer.clock.freeze(int(issuer.clock.now()))
    token = workbench(
        page, issuer, sub="zoë", claims='{"groups": ["ops"]}', expires_in="120", scope="read, write"
    )
    keys = jwt.PyJWKSet.from_json(fetch(issuer.jwks_url).decode())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    said = jwt.decode(token, key, algorithms=["ES256"], audience=issuer.audience)
    assert (said["sub"], said["groups"], said["scope"]) == ("zoë", ["ops"], "read write")
    assert said["exp"] - said["iat"] == 120
    expect(page.get_by_text("accepted", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="exp").first).to_contain_text("in 2 minutes")
    verdicts = page.locator("#verdicts td:nth-child(2)").all_inner_texts()
    assert len(verdicts) > 10
    assert "fail" not in verdicts
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == token


def test_the_workbench_forges_and_shows_which_check_sees_it(page: Page, issuer: Issuer):
    for forgery, failing in {
        "sig.none[NONE]": "alg",
        "time.exp-past": "exp",
        "sig.wrong-key": "signature",
        "clm.aud": "aud",
    }.items():
        chosen = next(name for name in FORGERIES[forgery.partition("[")[0]].names[::-1] if forgery in name)
        token = workbench(page, issuer, forgery=chosen)
        assert token.count(".") == 2
        expect(verdict_of(page, failing)).to_have_text("fail")
        expect(verdict_of(page, "structure")).to_have_text("pass")
        expect(page.get_by_text("refused", exact=True)).to_be_visible()
        expect(page.get_by_text("A careful server refuses it")).to_be_visible()


def test_every_forgery_on_the_page_can_be_made(page: Page, issuer: Issuer):
    page.goto(f"{root(issuer)}/console/tokens")
    offered = page.locator("#forgery option").evaluate_all("all => all.map(each => each.value)")
    assert {name.partition("[")[0] for name in offered[1:]} == set(FORGERIES)
    for group in {name.partition(".")[0] for name in offered[1:]}:
        name = next(each for each in offered if each.startswith(f"{group}."))
        workbench(page, issuer, forgery=name)
        expect(page.locator("#verdicts")).to_be_visible()


def test_a_defect_takes_parameters(page: Page, issuer: Issuer):
    token = workbench(page, issuer, forgery="time.exp-past[1h]", parameters='{"seconds": 7200}')
    said = jwt.decode(token, options={"verify_signature": False})
    assert said["exp"] <= issuer.clock.now() - 7190
    expect(page.get_by_text("Parameters: seconds")).to_be_visible()
    page.get_by_label("Parameters of the defect").fill('{"secnods": 1}')
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_role("alert")).to_contain_text("did you mean 'seconds'?")


def test_the_key_of_a_defect_is_published(page: Page, issuer: Issuer):
    token = workbench(page, issuer, forgery="jwks.use-enc[use]")
    kid = jwt.get_unverified_header(token)["kid"]
    assert kid not in published(issuer)
    page.get_by_role("button", name="Publish that key").click()
    noted(page, "is in the JWKS now")
    keys = {key["kid"]: key for key in json.loads(fetch(issuer.jwks_url))["keys"]}
    assert keys[kid]["use"] == "enc"


def test_a_token_that_somebody_has_is_judged(page: Page, issuer: Issuer, site: Site):
    foreign = site.issuers[1].mint("mallory")
    page.goto(f"{root(issuer)}/console/tokens")
    having = page.locator("section", has_text="Judge one that you have")
    having.get_by_label("Token").fill(f"Authorization: Bearer {foreign}")
    having.get_by_role("button", name="Judge it").click()
    expect(verdict_of(page, "iss")).to_have_text("fail")
    expect(page.get_by_text("refused", exact=True)).to_be_visible()


def test_whatever_is_pasted_is_judged(page: Page, issuer: Issuer):
    page.goto(f"{root(issuer)}/console/tokens")
    for token in ("x", "..", HOSTILE, "eyJhbGciOiJub25lIn0.W10.", "é" * 5000, "a.b.c.d.e", "eyJ9.eyJ9.\x01"):
        having = page.locator("section", has_text="Judge one that you have")
        having.get_by_label("Token").fill(token)
        having.get_by_role("button", name="Judge it").click()
        expect(page.locator("#made")).to_have_text(token)
        expect(page.get_by_text("refused", exact=True)).to_be_visible()
        expect(page.locator("#verdicts tr", has_text="structure")).to_contain_text("fail")


NO_TOKENS = (
    ("claims", "{", "not JSON"),
    ("claims", '{"a": NaN}', "JSON"),
    ("expires_in", "soon", "not a number"),
    ("expires_in", "1e400", "number"),
    ("headers", '"x"', "not a JSON object"),
)


def test_a_token_that_cannot_be_made_is_explained(page: Page, issuer: Issuer):
    for name, value, said in NO_TOKENS:
        page.goto(f"{root(issuer)}/console/tokens")
        page.locator(f"[name={name}]").fill(value)
        page.get_by_role("button", name="Make the token").click()
        expect(page.get_by_role("alert")).to_contain_text(said)
        expect(page.locator(f"[name={name}]")).to_have_value(value)
