"""The end of a session (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from fake_idp import Issuer
from fake_idp.presets.plain import Plain
from tests.oauth_client import Answer, fresh, get, post, served

BACK = "https://app.example/bye"


@pytest.fixture(scope="module")
def _served() -> Iterator[Issuer]:
    with served("plain") as (issuer,):
        yield issuer


@pytest.fixture
def idp(_served: Issuer) -> Issuer:
    issuer = fresh(_served)
    issuer.clients.add("web", post_logout_redirect_uris=[BACK], redirect_uris=["https://app.example/cb"])
    return issuer


def logout(issuer: Issuer, cookie: str = "", **query: str) -> Answer:
    url = issuer.endpoints["end_session"]
    return get(f"{url}?{urlencode(query)}" if query else url, {"cookie": cookie} if cookie else {})


def signed_in(issuer: Issuer) -> str:
    """The cookie of a browser in which alice has signed in."""
    issuer.auto_login = "alice"
    answer = authorize(issuer)
    return str(answer.headers["set-cookie"]).partition(";")[0]


def authorize(issuer: Issuer, cookie: str = "", **more: str) -> Answer:
    query = {
        "client_id": issuer.client_id,
        "response_type": "code",
        "redirect_uri": "http://127.0.0.1/cb",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "scope": "openid",
        **more,
    }
    url = f"{issuer.endpoints['authorization']}?{urlencode(query)}"
    return get(url, {"cookie": cookie} if cookie else {})


def test_the_session_ends_with_its_record_and_its_cookie(idp: Issuer) -> None:
    cookie = signed_in(idp)
    idp.auto_login = None
    assert "code=" in authorize(idp, cookie, prompt="none").headers["location"]
    answer = decided(idp, logout(idp, cookie), cookie, "approve")
    assert answer.status == 200
    assert b"Signed out" in answer.body
    assert re.search(r"=; .*Max-Age=0", answer.headers["set-cookie"])
    assert "error=login_required" in authorize(idp, cookie, prompt="none").headers["location"]


def decided(issuer: Issuer, page: Answer, cookie: str, decision: str) -> Answer:
    """What comes back when the person answers the page's question."""
    assert page.status == 200
    (transaction,) = re.findall(rb'name="transaction" value="([^"]+)"', page.body)
    bound = str(page.headers["set-cookie"]).partition(";")[0]
    form = {"transaction": transaction.decode(), "decision": decision}
    return post(issuer.endpoints["end_session"], form, {"cookie": f"{cookie}; {bound}"})


def test_whoever_is_signed_in_is_asked_and_may_stay(idp: Issuer) -> None:
    cookie = signed_in(idp)
    idp.auto_login = None
    page = logout(idp, cookie, client_id="web", post_logout_redirect_uri=BACK, state="s")
    assert b"Still signed in" in decided(idp, page, cookie, "deny").body
    assert "code=" in authorize(idp, cookie, prompt="none").headers["location"]
    page = logout(idp, cookie, client_id="web", post_logout_redirect_uri=BACK, state="s")
    gone = decided(idp, page, cookie, "approve")
    assert (gone.status, gone.headers["location"]) == (303, f"{BACK}?state=s")
    assert decided(idp, page, cookie, "approve").status == 400, "the answer is good once"


def test_an_id_token_of_the_person_spares_the_question_and_another_persons_does_not(idp: Issuer) -> None:
    cookie = signed_in(idp)
    idp.auto_login = None
    hint = idp.mint("bob", token_use="id")
    assert b"Sign out?" in logout(idp, cookie, id_token_hint=hint).body
    assert b"Signed out" in logout(idp, cookie, id_token_hint=idp.mint("alice", token_use="id")).body
    assert b"Signed out" in logout(idp, cookie).body, "nobody is signed in any more"


def test_the_browser_goes_back_to_a_registered_address_with_the_state(idp: Issuer) -> None:
    answer = logout(idp, client_id="web", post_logout_redirect_uri=BACK, state="a b&c")
    assert (answer.status, answer.headers["location"]) == (302, f"{BACK}?state=a+b%26c")
    assert logout(idp, client_id="web", post_logout_redirect_uri=BACK).headers["location"] == BACK
    posted = post(idp.endpoints["end_session"], {"client_id": "web", "post_logout_redirect_uri": BACK})
    assert (posted.status, posted.headers["location"]) == (303, BACK)


@pytest.mark.parametrize(
    "uri",
    [
        f"{BACK}/",
        f"{BACK}?x",
        "https://app.example/cb",
        "https://attacker.example/bye",
        "javascript:alert(1)",
        "https://app.example\r\nset-cookie:x=y",
        "//app.example/bye",
    ],
)
def test_the_browser_goes_nowhere_else(idp: Issuer, uri: str) -> None:
    cookie = signed_in(idp)
    answer = logout(idp, cookie, client_id="web", post_logout_redirect_uri=uri)
    assert answer.status == 400
    assert "location" not in answer.headers
    assert "text/html" in answer.headers["content-type"]


def test_an_address_needs_a_client(idp: Issuer) -> None:
    assert logout(idp, post_logout_redirect_uri=BACK).status == 400
    assert logout(idp, client_id="nobody", post_logout_redirect_uri=BACK).status == 400


def test_an_id_token_says_which_client_even_when_it_is_over(idp: Issuer) -> None:
    for expires_in in (60, -3600):
        hint = idp.mint(sub="alice", token_use="id", client_id="web", expires_in=expires_in)
        assert logout(idp, id_token_hint=hint, post_logout_redirect_uri=BACK).headers["location"] == BACK
        both = {"id_token_hint": hint, "post_logout_redirect_uri": BACK}
        assert logout(idp, client_id="web", **both).status == 302
        assert logout(idp, client_id=idp.client_id, **both).status == 400


def test_a_hint_that_is_no_id_token_of_this_issuer_is_refused(idp: Issuer) -> None:
    for hint in (
        "gibberish",
        idp.forge("sig.wrong-key", sub="alice", token_use="id", client_id="web"),
        idp.mint(sub="alice", client_id="web"),
        idp.renamed(url="https://far.example").mint(sub="alice", token_use="id", client_id="web"),
    ):
        assert logout(idp, id_token_hint=hint, post_logout_redirect_uri=BACK).status == 400


def test_the_default_client_goes_back_to_any_loopback_address(idp: Issuer) -> None:
    back = "http://127.0.0.1:1234/bye"
    answer = logout(idp, client_id=idp.client_id, post_logout_redirect_uri=back)
    assert answer.headers["location"] == back
    elsewhere = logout(idp, client_id=idp.client_id, post_logout_redirect_uri="https://a.example/")
    assert elsewhere.status == 400


def test_a_vendor_has_its_own_name_for_the_address() -> None:
    class Vendor(Plain):
        logout_redirects = ("logout_uri",)

    with served(Vendor()) as (idp,):
        idp.clients.add("web", post_logout_redirect_uris=[BACK])
        assert logout(idp, client_id="web", logout_uri=BACK).headers["location"] == BACK
        assert logout(idp, client_id="web", post_logout_redirect_uri=BACK).status == 200
