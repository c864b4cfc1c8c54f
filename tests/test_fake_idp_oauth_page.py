"""The login page: what a person can choose there, whose form it is, and who is signed in afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2
import jwt
import pytest

from fake_idp import Issuer
from fake_idp.presets.plain import Plain
from tests.oauth_client import by_name, fresh, served
from tests.oauth_party import CALLBACK, Party, new_browser, refused_page, sent_back


class Opaque(Plain):
    name = "opaque"
    access_tokens = "opaque"


@pytest.fixture(scope="module")
def issuers() -> Iterator[dict[str, Issuer]]:
    with served(Plain(), Opaque()) as issuers:
        yield by_name(issuers)


@pytest.fixture
def issuer(issuers: dict[str, Issuer]) -> Issuer:
    return fresh(issuers["plain"])


# The person's choices


def test_a_person_says_no(party: Party) -> None:
    back = sent_back(party.answer(party.ask(), decision="deny", user="alice"))
    assert back["error"] == "access_denied"
    assert "code" not in back


@pytest.mark.parametrize("failure", ["access_denied", "temporarily_unavailable", "server_error"])
def test_an_error_can_be_chosen(party: Party, failure: str) -> None:
    back = sent_back(party.answer(party.ask(), user="alice", failure=failure))
    assert (back["error"], back["state"]) == (failure, "the-state")


def test_claims_that_a_person_adds_are_in_both_tokens(party: Party) -> None:
    code = party.code(fields={"claims": '{"groups": ["ops"], "level": 3}'})
    tokens = party.redeem(code).json()
    for token in ("access_token", "id_token"):
        claims = jwt.decode(tokens[token], options={"verify_signature": False})
        assert (claims["groups"], claims["level"]) == (["ops"], 3)


@pytest.mark.parametrize("text", ["{", "[1]", '"x"', '{"a": NaN}', '{"a": 1e999}', "[" * 100_000, "1" * 5000])
def test_claims_that_are_no_json_object_bring_the_page_again_with_what_was_typed(
    party: Party, text: str
) -> None:
    page = party.answer(party.ask(), user="alice", claims=text)
    assert page.status_code == 400
    assert 'role="alert"' in page.text
    assert "code" in sent_back(party.answer(page, user="alice", claims='{"a": 1}'))


def test_an_expired_token_can_be_chosen_and_a_refresh_gives_a_good_one(party: Party) -> None:
    code = party.code(fields={"failure": "time.exp-past"}, scope="openid offline_access")
    tokens = party.redeem(code).json()
    keys = jwt.PyJWKSet.from_dict(party.issuer.keys.jwks())

    def judge(token: str) -> None:
        key = keys[jwt.get_unverified_header(token)["kid"]]
        jwt.decode(token, key, algorithms=["ES256"], options={"verify_aud": False})

    for name in ("access_token", "id_token"):
        with pytest.raises(jwt.ExpiredSignatureError):
            judge(tokens[name])
    refreshed = party.refresh(tokens["refresh_token"]).json()
    for name in ("access_token", "id_token"):
        judge(refreshed[name])


def test_any_forgery_can_be_chosen_with_a_variant(party: Party) -> None:
    tokens = party.redeem(party.code(fields={"failure": "sig.none[NONE]"})).json()
    assert jwt.get_unverified_header(tokens["access_token"])["alg"] == "NONE"


@pytest.mark.parametrize("failure", ["sig.nothing", "sig.hs-confusion[pkcs1]", "\x00"])
def test_a_forgery_that_cannot_be_had_brings_the_page_again(party: Party, failure: str) -> None:
    page = party.answer(party.ask(), user="alice", failure=failure)  # pkcs1 needs an RSA key
    assert page.status_code == 400
    assert "cannot have that defect" in page.text


def test_an_id_token_can_come_in_the_access_tokens_place(party: Party) -> None:
    tokens = party.redeem(party.code(fields={"failure": "hdr.typ-id-token"}, nonce="n")).json()
    access, identity = (
        jwt.decode(tokens[name], options={"verify_signature": False}) for name in ("access_token", "id_token")
    )
    assert access["aud"] == identity["aud"] == party.client_id
    assert jwt.get_unverified_header(tokens["access_token"])["typ"] == "JWT"
    assert identity["nonce"] == "n"


def test_a_defect_of_the_key_is_published_with_it(party: Party) -> None:
    tokens = party.redeem(party.code(fields={"failure": "jwks.use-enc"})).json()
    kid = jwt.get_unverified_header(tokens["access_token"])["kid"]
    keys = party.browser.get(party.issuer.endpoints["jwks"]).json()["keys"]
    assert {key["kid"]: key.get("use") for key in keys}[kid] == "enc"


def test_claims_that_are_too_deep_are_refused(party: Party) -> None:
    for depth in range(300, 1001, 100):
        text = '{"deep":' + "[" * depth + "]" * depth + "}"
        answer = party.answer(party.ask(), user="alice", claims=text)
        assert answer.status_code in (303, 400), (depth, answer.text)
        if answer.status_code == 303:
            assert party.redeem(sent_back(answer)["code"]).status_code in (200, 400)


def test_opaque_access_tokens_have_no_defect_but_the_id_token_has(
    issuers: dict[str, Issuer], browser: httpx2.Client
) -> None:
    party = Party(issuers["opaque"], browser=browser)
    page = party.answer(party.ask(scope="cw:read"), user="alice", failure="sig.none")
    assert page.status_code == 400
    tokens = party.redeem(party.code(fields={"failure": "sig.none"})).json()
    assert tokens["access_token"].count(".") == 0
    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == "none"


def test_whoever_may_not_sign_in_any_more_does_not(party: Party) -> None:
    party.issuer.users.add("dora", disabled=True)
    page = party.answer(party.ask(), user="dora")
    assert page.status_code == 400
    assert "may not sign in" in page.text


# The form is the page's, once, in one browser


def test_a_page_is_good_for_one_answer(party: Party) -> None:
    page = party.ask()
    party.answer(page, user="alice")
    refused_page(party.answer(page, user="alice"), "used up")


def test_a_page_is_good_for_a_while(party: Party) -> None:
    page = party.ask()
    party.issuer.clock.advance(1801)
    refused_page(party.answer(page, user="alice"), "too old")


def test_a_page_cannot_be_answered_from_another_browser(party: Party) -> None:
    page = party.ask()
    with new_browser() as other:
        refused_page(Party(party.issuer, browser=other).answer(page, user="mallory"), status=403)
        other_party = Party(party.issuer, browser=other)
        other_party.ask()  # now it has a cookie, of its own
        refused_page(other_party.answer(page, user="mallory"), "another browser", status=403)
    assert "code" in sent_back(party.answer(page, user="alice"))


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://attacker.example"},
        {"origin": "null"},
        {"origin": "http://[bad"},
    ],
)
def test_another_sites_form_is_refused(party: Party, headers: dict[str, str]) -> None:
    page = party.ask()
    refused_page(party.answer(page, headers=headers, user="alice"), "another site", status=403)


def test_the_pages_own_form_is_taken_with_a_browsers_headers(party: Party) -> None:
    origin = party.issuer.url.removesuffix("/plain")
    for headers in ({"origin": origin}, {"origin": origin, "sec-fetch-site": "same-origin"}):
        assert "code" in sent_back(party.answer(party.ask(), headers=headers, user="alice"))


def test_what_the_form_says_of_the_request_does_not_count(party: Party) -> None:
    answer = party.answer(
        party.ask(), user="alice", redirect_uri="https://attacker.example/cb", scope="admin", state="other"
    )
    assert answer.headers["location"].startswith(CALLBACK)
    back = sent_back(answer)
    assert back["state"] == "the-state"
    assert party.redeem(back["code"]).json()["scope"] == "openid email"


# Sessions


def test_the_cookies_are_out_of_reach_of_scripts_and_other_sites(party: Party) -> None:
    page = party.ask()
    for response in (page, party.answer(page, user="alice")):
        cookie = response.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
        assert "Secure" not in cookie  # this issuer's name is http


def test_who_is_signed_in_needs_no_page_with_prompt_none(party: Party) -> None:
    first = party.sign_in("bob")
    assert sent_back(party.ask(prompt="none", max_age="60")).keys() >= {"code"}
    party.issuer.clock.advance(30)
    second = party.redeem(sent_back(party.ask(prompt="none"))["code"]).json()
    claims = [jwt.decode(each["id_token"], options={"verify_signature": False}) for each in (first, second)]
    assert claims[0]["sub"] == claims[1]["sub"] == "bob"
    party.issuer.clock.advance(60)
    assert sent_back(party.ask(prompt="none", max_age="60"))["error"] == "login_required"
    party.issuer.clock.advance(12 * 3600)
    assert sent_back(party.ask(prompt="none"))["error"] == "login_required"


def test_prompt_none_is_for_the_person_of_the_id_token_hint(party: Party) -> None:
    bobs, hint = party.sign_in("bob")["id_token"], party.sign_in("alice")["id_token"]
    assert "code" in sent_back(party.ask(prompt="none", id_token_hint=hint))
    party.issuer.clock.advance(7200)  # an ID token that is over says all the same who it was
    assert "code" in sent_back(party.ask(prompt="none", id_token_hint=hint))
    assert sent_back(party.ask(prompt="none", id_token_hint=bobs))["error"] == "login_required"
    forged = party.issuer.forge("sig.wrong-key", "alice", token_use="id")
    assert sent_back(party.ask(prompt="none", id_token_hint=forged))["error"] == "invalid_request"


def test_a_session_ends_when_the_person_may_not_sign_in_any_more(party: Party) -> None:
    party.sign_in("bob")
    party.issuer.users.add("bob", disabled=True)
    assert sent_back(party.ask(prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize("prompt", ["", "login", "consent", "select_account", "login consent"])
def test_who_is_signed_in_sees_the_page_all_the_same(party: Party, prompt: str) -> None:
    party.sign_in("bob")
    assert party.ask(prompt=prompt).status_code == 200


def test_a_session_is_of_one_issuer(issuers: dict[str, Issuer], party: Party) -> None:
    party.sign_in("bob")
    other = Party(issuers["opaque"], browser=party.browser)
    assert sent_back(other.ask(prompt="none"))["error"] == "login_required"


def test_whom_the_application_expects_comes_first(party: Party) -> None:
    names = re.findall(r'name="user" value="([^"]+)"', party.ask(login_hint="carol").text)
    assert names[0] == "carol"
    assert sorted(names) == ["alice", "bob", "carol"]


def test_auto_login_shows_no_page(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(party.issuer, "auto_login", "zoe")
    for changed, who in (
        ({}, "zoe"),
        ({"prompt": "none"}, "zoe"),
        ({"login_hint": "bob"}, "bob"),
        ({"login_hint": "nobody-known"}, "zoe"),
    ):
        party.browser.cookies.clear()
        answer = party.ask(**changed)
        assert answer.status_code == 302
        tokens = party.redeem(sent_back(answer)["code"]).json()
        assert jwt.decode(tokens["id_token"], options={"verify_signature": False})["sub"] == who
    party.issuer.clock.advance(120)
    assert "code" in sent_back(party.ask(prompt="none", max_age="60"))
    party.issuer.users.add("zoe", disabled=True)
    assert sent_back(party.ask())["error"] == "access_denied"
