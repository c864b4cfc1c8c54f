"""The console, as a person uses it; what it did is seen over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from fake_idp import Issuer
from fake_idp.app import Site
from tests.browser.checks import NO_SCRIPT, check
from tests.browser.console import HOSTILE, PAGES, fetch, noted, published, root, workbench
from tests.browser.relying_party import RelyingParty


def card(page: Page, issuer: Issuer) -> Any:
    """The issuer's part of the first page, opened."""
    page.goto(f"{root(issuer)}/?issuer={quote(issuer.url, safe='')}")
    return page.locator("details.issuer[open]")


def test_the_first_page_says_where_each_issuer_answers(page: Page, issuer: Issuer, site: Site):
    page.goto(f"{root(issuer)}/")
    for each in site.issuers:
        page.locator("summary", has_text=each.preset.title).click()
        links = page.locator("details.issuer", has_text=each.preset.title).get_by_role("link")
        for link in links.all():
            assert json.loads(fetch(link.inner_text()))
        assert links.count() == 2


def test_its_commands_can_be_copied_and_work(page: Page, issuer: Issuer):
    shown = card(page, issuer)
    shown.get_by_role("button", name="Copy").last.click()
    expect(shown.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"curl -s {issuer.endpoints['token']} -u {issuer.client_id}:")
    assert copied.endswith("-d grant_type=client_credentials")


def test_keys_are_rotated_and_the_old_one_is_retired(page: Page, issuer: Issuer):
    before = issuer.keys.current.kid
    shown = card(page, issuer)
    shown.get_by_role("button", name="Rotate", exact=True).click()
    noted(page, "the old keys are still published")
    after = issuer.keys.current.kid
    assert after != before
    assert {before, after} <= set(published(issuer))
    page.get_by_role("button", name=f"Retire {before}").click()
    noted(page, f"{before} is not published any more")
    assert before not in published(issuer)
    assert after in published(issuer)


def test_keys_are_announced_and_then_withdrawn_at_once(page: Page, issuer: Issuer):
    before = issuer.keys.current.kid
    card(page, issuer).get_by_role("button", name="Announce next").click()
    noted(page, "does not sign yet")
    announced = published(issuer)[-1]
    assert issuer.keys.current.kid == before
    page.get_by_role("button", name="Rotate, withdraw old").click()
    noted(page, "the old keys are withdrawn")
    assert published(issuer) == [announced]


def test_a_bad_jwks_is_published_and_cleared(page: Page, issuer: Issuer):
    honest = fetch(issuer.jwks_url)
    shown = card(page, issuer)
    shown.get_by_label("Publish a bad JWKS").select_option("jwks.private-key")
    shown.get_by_role("button", name="Publish").click()
    noted(page, "jwks.private-key")
    (key, *_) = json.loads(fetch(issuer.jwks_url))["keys"]
    assert "d" in key
    page.get_by_role("button", name="Clear jwks of").click()
    noted(page, "answers as it should again")
    assert fetch(issuer.jwks_url) == honest


def test_a_fault_is_added_for_some_requests(page: Page, issuer: Issuer):
    page.goto(f"{root(issuer)}/console/faults")
    page.get_by_label("Endpoint").select_option("discovery")
    page.get_by_label("For so many requests").fill("1")
    page.get_by_label("Status").fill("503")
    page.get_by_role("button", name="Add the fault").click()
    noted(page, "discovery has the fault http.answer")
    expect(page.get_by_role("row", name="discovery")).to_contain_text("1 more request")
    with pytest.raises(urllib.error.HTTPError, match="503") as caught:
        fetch(issuer.discovery_url)
    caught.value.close()
    page.reload()
    expect(page.get_by_text("None: every endpoint answers as it should.")).to_be_visible()
    assert json.loads(fetch(issuer.discovery_url))["issuer"] == issuer.url


NO_FAULTS: tuple[tuple[dict[str, str], str], ...] = (
    ({"Status": "99"}, "status"),
    ({"Status": "many"}, "status: is not a number"),
    ({"Status": "1.5"}, "whole number"),
    ({"For so many seconds": "nan"}, "seconds"),
    ({"More parameters": '{"locatoin": "x"}'}, "did you mean 'location'?"),
    ({"More parameters": "[]"}, "not a JSON object"),
    ({}, "http.answer"),
)


def test_a_fault_that_cannot_be_is_explained(page: Page, issuer: Issuer):
    for fields, said in NO_FAULTS:
        page.goto(f"{root(issuer)}/console/faults")
        for label, value in fields.items():
            page.get_by_label(label).fill(value)
        page.get_by_role("button", name="Add the fault").click()
        expect(page.get_by_role("alert")).to_contain_text(said)
        assert issuer.faults.active == ()


def test_the_journal_shows_a_request_while_one_looks(page: Page, issuer: Issuer):
    page.goto(f"{root(issuer)}/console/journal")
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    expect(page.get_by_text("It is live.")).to_be_visible()
    fetch(f"{issuer.jwks_url}?access_token=s3cret&x=1")
    row = page.get_by_role("row", name="jwks.json")
    expect(row).to_contain_text("200")
    expect(row).not_to_contain_text("s3cret")
    page.get_by_role("button", name="Clear").click()
    noted(page, "empty")
    assert len(issuer.journal) == 0


def test_a_hostile_path_in_the_journal_is_text(page: Page, issuer: Issuer):
    page.goto(f"{root(issuer)}/console/journal")
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(f"{root(issuer)}/{quote(HOSTILE)}?{quote(HOSTILE)}")
    caught.value.close()
    expect(page.locator("#journal")).to_contain_text(f"/{HOSTILE}")
    page.reload()
    expect(page.locator("#journal")).to_contain_text(f"/{HOSTILE}")


@pytest.mark.parametrize("look", [NO_SCRIPT], ids=["no script"])
def test_without_script_the_journal_is_as_it_was_and_reload_shows_more(page: Page, issuer: Issuer):
    page.goto(f"{root(issuer)}/console/journal")
    expect(page.get_by_text("Reload the page to see more.")).to_be_visible()
    fetch(issuer.jwks_url)
    page.reload()
    expect(page.get_by_role("row", name="jwks.json")).to_be_visible()
    assert page.get_by_role("button", name="Copy").count() == 0
    card(page, issuer).get_by_role("button", name="Rotate", exact=True).click()
    noted(page, "signs with")


def test_a_token_expires_when_the_clock_is_advanced(page: Page, issuer: Issuer):
    token = issuer.mint("alice")
    page.goto(f"{root(issuer)}/console/clock")
    page.get_by_role("button", name="+ 1 day").click()
    noted(page, "It is ")
    expect(page.get_by_text("1 day, 0:00:00 ahead of the machine's").first).to_be_visible()
    page.get_by_role("link", name="Tokens").click()
    page.get_by_label("Token").last.fill(token)
    page.get_by_role("button", name="Judge it").click()
    expect(page.get_by_text("for exp")).to_be_visible()


def test_the_clock_is_stopped_moved_and_set_back(page: Page, issuer: Issuer):
    page.goto(f"{root(issuer)}/console/clock")
    page.get_by_label("Stop at").fill("2030-01-31T12:00:00Z")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#now")).to_have_text("2030-01-31 12:00:00 UTC")
    assert issuer.clock.now() == 1896091200
    page.get_by_label("Advance").fill("-60")
    page.keyboard.press("Enter")
    expect(page.locator("#now")).to_have_text("2030-01-31 11:59:00 UTC")
    page.get_by_label("Stop at").fill("the day after")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("not a number")
    page.get_by_role("button", name="Back to the machine's time").click()
    expect(page.get_by_text("running, at the machine's own time").first).to_be_visible()
    assert issuer.clock.state.offset == 0


def test_one_issuers_clock_is_moved_alone(page: Page, issuer: Issuer, site: Site):
    page.goto(f"{root(issuer)}/console/clock")
    page.get_by_label("Issuer").select_option(site.issuers[1].url)
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name="+ 1 hour").click()
    noted(page, "It is")
    assert round(site.issuers[1].clock.state.offset) == 3600
    assert issuer.clock.state.offset == 0


def test_users_are_added_and_removed(page: Page, issuer: Issuer):
    page.goto(f"{root(issuer)}/console/people")
    users = page.locator("section", has_text="Add a user")
    users.get_by_label("Name").fill("dave")
    users.get_by_label("Groups").fill("ops, dev")
    users.get_by_label("More claims").fill('{"tenant": 7}')
    page.get_by_role("button", name="Save the user").click()
    noted(page, "dave can sign in")
    assert (issuer.users.get("dave").groups, issuer.users.get("dave").claims) == (
        ("ops", "dev"),
        {"tenant": 7},
    )
    expect(page.get_by_role("row", name="dave")).to_contain_text('{"tenant": 7}')
    page.get_by_role("button", name="Remove dave").click()
    noted(page, "dave is gone")
    assert "dave" not in {user.name for user in issuer.users}


def test_clients_are_added_and_removed(page: Page, issuer: Issuer):
    page.goto(f"{root(issuer)}/console/people")
    clients = page.locator("section", has_text="Add a client")
    clients.get_by_label("Client id").fill("app-1")
    clients.get_by_label("Redirect URIs").fill("https://app.example.com/a https://app.example.com/b")
    page.get_by_role("button", name="Save the client").click()
    noted(page, "app-1 may ask for tokens")
    assert issuer.clients.get("app-1").redirect_uris == (
        "https://app.example.com/a",
        "https://app.example.com/b",
    )
    page.get_by_role("button", name="Remove app-1").click()
    noted(page, "app-1 is gone")
    assert "app-1" not in {client.client_id for client in issuer.clients}


def test_hostile_names_are_text_on_every_page(page: Page, issuer: Issuer):
    issuer.users.add(HOSTILE, groups=(HOSTILE,), claims={HOSTILE: HOSTILE})
    issuer.clients.add("</td>" + HOSTILE, client_name=HOSTILE, redirect_uris=("javascript:alert(3)",))
    issuer.faults.add("jwks", status=500, body=HOSTILE)
    page.goto(f"{root(issuer)}/console/people")
    expect(page.get_by_role("row", name=HOSTILE).first).to_be_visible()
    page.get_by_role("button", name=f"Remove {HOSTILE}", exact=True).click()
    noted(page, f"{HOSTILE} is gone")
    for path in PAGES:
        page.goto(f"{root(issuer)}{path}")
        assert page.locator("main script, main img").count() == 0
    page.goto(f"{root(issuer)}/console/people?issuer={quote(HOSTILE)}")
    expect(page.get_by_role("alert")).to_contain_text("unknown issuer")


def test_every_page_is_legible_and_labelled(page: Page, issuer: Issuer):
    issuer.users.add("averylongname" * 15, groups=("one-group-with-a-long-name",) * 9)
    issuer.clients.add(
        "https://client.example.com/" + "x" * 200, redirect_uris=("https://a.example/" + "y" * 200,)
    )
    issuer.faults.add("discovery", body="z" * 300, times=3)
    issuer.keys.announce()
    fetch(f"{issuer.jwks_url}?{'q' * 500}")
    for path in PAGES:
        page.goto(f"{root(issuer)}{path}")
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        check(page)
    workbench(page, issuer, claims=json.dumps({"long": "w" * 400}))
    check(page)


def test_a_form_of_another_page_changes_nothing(page: Page, issuer: Issuer):
    before = issuer.keys.current.kid
    page.goto(f"{root(issuer)}/")
    page.evaluate("document.querySelectorAll('[name=csrf]').forEach(each => each.value = 'x')")
    page.locator("summary").first.click()
    page.get_by_role("button", name="Rotate", exact=True).first.click()
    expect(page.get_by_role("alert")).to_contain_text("send it from here")
    assert issuer.keys.current.kid == before


def test_a_page_of_another_site_cannot_use_the_console(
    page: Page, issuer: Issuer, relying_party: RelyingParty
):
    """Another port of this machine is another origin, though the same site."""
    before = issuer.keys.current.kid
    for path, fields in {
        "/console/keys": {"action": "rotate", "issuer": issuer.url, "csrf": "guessed"},
        "/console/clock": {"action": "advance", "seconds": "3600"},
        "/_control/keys/rotate": {"issuer": issuer.url},
    }.items():
        page.goto(relying_party.redirect_uri)
        with page.expect_navigation() as sent:
            page.evaluate(
                """([action, fields]) => {
                    const form = document.createElement("form");
                    Object.assign(form, { action, method: "post" });
                    for (const [name, value] of Object.entries(fields))
                        form.append(Object.assign(document.createElement("input"), { name, value }));
                    document.body.append(form);
                    form.submit() }""",
                [f"{root(issuer)}{path}", fields],
            )
        assert sent.value is not None
        assert sent.value.status in (403, 415)
    assert issuer.keys.current.kid == before
    assert issuer.clock.state.offset == 0


def test_the_console_runs_its_own_script_only(page: Page, issuer: Issuer):
    for path in PAGES:
        answer = page.goto(f"{root(issuer)}{path}")
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "script-src 'sha256-" in policy
        assert "unsafe" not in policy
        assert "form-action 'self'" in policy
        assert answer.headers["cache-control"] == "no-store"
