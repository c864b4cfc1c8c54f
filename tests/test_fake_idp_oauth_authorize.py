"""The authorization endpoint: the page, the answer to the application, and whom it never sends anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest

from fake_idp import Issuer
from fake_idp.presets.plain import Plain
from tests.oauth_client import by_name, fresh, served
from tests.oauth_party import CALLBACK, CHALLENGE, PKCE, Party, refused_page, sent_back


class Fragments(Plain):
    name = "fragments"
    iss_parameter = False
    pkce = "all"

    def discovery(self, url: str, **options: Any) -> dict[str, Any]:
        document = super().discovery(url, **options)
        del document["response_modes_supported"]  # RFC 8414 section 2: query and fragment
        return document | {"code_challenge_methods_supported": ["S256", "plain"]}


class Lenient(Plain):
    name = "lenient"
    pkce = "never"


@pytest.fixture(scope="module")
def issuers() -> Iterator[dict[str, Issuer]]:
    presets = {"plain": Plain(), "fragments": Fragments(), "lenient": Lenient()}
    with served(*presets.values()) as issuers:
        yield by_name(issuers)


@pytest.fixture
def issuer(issuers: dict[str, Issuer]) -> Issuer:
    return fresh(issuers["plain"])


def test_the_page_names_the_application_the_scopes_and_the_people(party: Party) -> None:
    page = party.ask(scope="openid cw:read").text
    for word in ("the default client", "cw:read", "alice", "bob", "carol", "time.exp-past", "sig.none"):
        assert word in page


def test_a_person_signs_in_and_the_application_gets_code_state_and_issuer(party: Party) -> None:
    answer = party.answer(party.ask(), user="bob")
    assert answer.status_code == 303  # RFC 9700 section 4.12
    assert answer.headers["location"].startswith(f"{CALLBACK}?")
    assert answer.headers["cache-control"] == "no-store"
    back = sent_back(answer)
    assert back["state"] == "the-state"
    assert back["iss"] == party.issuer.url  # RFC 9207
    claims = jwt.decode(party.redeem(back["code"]).json()["id_token"], options={"verify_signature": False})
    assert claims["sub"] == "bob"


def test_somebody_who_is_not_listed_can_sign_in_by_name(party: Party) -> None:
    assert "code" in sent_back(party.answer(party.ask(), other="zoe@example.org", decision="approve"))


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb", "\x00"])
def test_a_name_that_is_none_brings_the_page_again(party: Party, name: str) -> None:
    page = party.answer(party.ask(), other=name)
    assert page.status_code == 400
    assert "code" in sent_back(party.answer(page, user="alice"))


def test_a_request_may_be_posted(party: Party) -> None:
    page = party.ask(method="POST")
    assert "code" in sent_back(party.answer(page, user="alice"))


def test_without_state_none_is_sent_back(party: Party) -> None:
    assert "state" not in sent_back(party.answer(party.ask(state=""), user="alice"))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"client_id": ""}, "client_id is missing"),
        ({"client_id": "nobody"}, "no client of that id"),
        ({"redirect_uri": ""}, "redirect_uri is missing"),
        ({"redirect_uri": "https://attacker.example/cb"}, "redirect_uri is not one of the client"),
        ({"redirect_uri": "http://127.0.0.1.attacker.example/cb"}, "redirect_uri is not one of the client"),
        ({"redirect_uri": "http://127.0.0.1@attacker.example/cb"}, "redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1:9/cb#part"}, "fragment"),
        ({"redirect_uri": "http://127.0.0.1:9/\r\nset-cookie: a=b"}, "redirect_uri must be a URI"),
        ({"redirect_uri": "http://127.0.0.1:99999/cb"}, "redirect_uri cannot be read"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri"),
        ({"redirect_uri": "/callback"}, "redirect_uri must be absolute"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:unknown"}, "pushed no such request"),
    ],
)
def test_a_request_without_a_place_to_answer_sends_the_browser_nowhere(
    party: Party, method: str, changed: dict[str, str], word: str
) -> None:
    refused_page(party.ask(method=method, **changed), word)


def test_a_parameter_that_is_there_twice_sends_the_browser_nowhere(party: Party) -> None:
    url = f"{party.issuer.endpoints['authorization']}?client_id=a&client_id=b"
    refused_page(party.browser.get(url), "twice")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),  # the metadata do not have it
        ({"response_mode": "jwt"}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "https://app.example/request"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"scope": "openid  email"}, "invalid_scope"),
        ({"scope": 'a"b'}, "invalid_scope"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "ä" * 43}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),  # RFC 7636 section 4.3: it is plain then
        ({"code_challenge": ""}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"resource": "not a uri"}, "invalid_target"),
        ({"resource": "https://api.example/#part"}, "invalid_target"),
        ({"resource": "/relative"}, "invalid_target"),
    ],
)
def test_every_other_error_is_told_to_the_application(
    party: Party, changed: dict[str, str], error: str
) -> None:
    answer = party.ask(**changed)
    assert answer.status_code == 302
    back = sent_back(answer)
    assert (back["error"], back["state"], back["iss"]) == (error, "the-state", party.issuer.url)
    assert back["error_description"]


def test_an_error_of_an_implicit_request_goes_into_the_fragment(party: Party) -> None:
    answer = party.ask(response_type="token")
    assert "error=unsupported_response_type" in urlsplit(answer.headers["location"]).fragment


def test_an_issuer_without_the_iss_parameter_does_not_name_itself(
    issuers: dict[str, Issuer], browser: httpx2.Client
) -> None:
    party = Party(issuers["fragments"], browser=browser)
    assert "iss" not in sent_back(party.ask(response_type="token"))
    assert "iss" not in sent_back(party.answer(party.ask(), user="alice"))


def test_the_answer_goes_into_the_fragment_where_the_metadata_allow_it(
    issuers: dict[str, Issuer], browser: httpx2.Client
) -> None:
    party = Party(issuers["fragments"], browser=browser)
    answer = party.answer(party.ask(response_mode="fragment"), user="alice")
    assert "code=" in urlsplit(answer.headers["location"]).fragment
    assert not urlsplit(answer.headers["location"]).query


def test_the_answer_comes_as_a_form_that_posts_itself(party: Party) -> None:
    answer = party.answer(party.ask(response_mode="form_post", state='"><script>x'), user="alice")
    assert answer.status_code == 200
    assert f'action="{CALLBACK}"' in answer.text
    assert re.search(r'name="code" value="[\w-]{43}"', answer.text)
    assert "<script>x" not in answer.text
    assert "script-src 'sha256-" in answer.headers["content-security-policy"]


def test_what_the_redirect_uri_has_in_its_query_stays(party: Party) -> None:
    party.redirect_uri = "http://127.0.0.1:9/callback?tenant=a%20b"
    location = party.answer(party.ask(), user="alice").headers["location"]
    assert location.startswith(f"{party.redirect_uri}&code=")


def test_a_loopback_redirect_uri_is_good_with_any_port(party: Party) -> None:
    party.issuer.clients.add("native", redirect_uris=("http://127.0.0.1/cb", "com.example.app:/cb"))
    native = Party(party.issuer, client_id="native", browser=party.browser)
    for good in ("http://127.0.0.1:5511/cb", "http://127.0.0.1/cb", "com.example.app:/cb"):
        assert native.ask(redirect_uri=good).status_code == 200
    for bad in ("http://127.0.0.1:5511/other", "http://localhost:5511/cb", "com.example.app:/cb/more"):
        refused_page(native.ask(redirect_uri=bad), "redirect_uri is not one of the client")


def test_the_only_redirect_uri_need_not_be_named_without_openid(party: Party) -> None:
    party.issuer.clients.add("one", redirect_uris=("https://one.example/cb",))
    one = Party(party.issuer, client_id="one", browser=party.browser)
    refused_page(one.ask(redirect_uri=""), "redirect_uri is missing")
    answer = one.answer(one.ask(redirect_uri="", scope="cw:read"), user="alice")
    assert answer.headers["location"].startswith("https://one.example/cb?code=")
    assert one.redeem(sent_back(answer)["code"], redirect_uri="").status_code == 200


def test_any_redirect_uri_is_good_for_a_lax_issuer(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(party.issuer, "lax", frozenset({"redirect-uris"}))
    assert party.ask(redirect_uri="http://anywhere.example/cb").status_code == 200
    refused_page(party.ask(redirect_uri="javascript:alert(1)"), "redirect_uri")


def test_a_client_cannot_have_more_scopes_or_other_grants_than_it_was_registered_for(party: Party) -> None:
    clients = party.issuer.clients
    clients.add("narrow", redirect_uris=(CALLBACK,), scope=("openid", "cw:read"))
    clients.add("machine", redirect_uris=(CALLBACK,), grant_types=("client_credentials",))
    narrow = Party(party.issuer, client_id="narrow", browser=party.browser)
    machine = Party(party.issuer, client_id="machine", browser=party.browser)
    assert sent_back(narrow.ask(scope="openid cw:write"))["error"] == "invalid_scope"
    assert narrow.ask(scope="").status_code == 200
    assert narrow.sign_in(scope="")["scope"] == "openid cw:read"
    assert sent_back(machine.ask())["error"] == "unauthorized_client"


def test_pkce_is_asked_of_whom_the_preset_says(issuers: dict[str, Issuer], browser: httpx2.Client) -> None:
    without = dict.fromkeys(PKCE, "")
    for name, public, confidential in (
        ("plain", False, True),
        ("fragments", False, False),
        ("lenient", True, True),
    ):
        issuer = issuers[name]
        issuer.clients.add("public", redirect_uris=(CALLBACK,))
        issuer.clients.add("confidential", redirect_uris=(CALLBACK,), client_secret="s")
        for client, good in (("public", public), ("confidential", confidential)):
            page = Party(issuer, client_id=client, browser=browser).ask(**without)
            assert page.status_code == (200 if good else 302), (name, client)


def test_plain_pkce_is_taken_only_where_the_metadata_have_it(
    issuers: dict[str, Issuer], browser: httpx2.Client
) -> None:
    party = Party(issuers["fragments"], browser=browser)
    code = party.code(code_challenge="p" * 43, code_challenge_method="plain")
    assert party.redeem(code, code_verifier="p" * 43).status_code == 200


def test_the_nonce_comes_back_in_the_id_token(party: Party) -> None:
    tokens = party.sign_in(nonce="n-0S6_WzA2Mj")
    assert jwt.decode(tokens["id_token"], options={"verify_signature": False})["nonce"] == "n-0S6_WzA2Mj"


def test_a_challenge_is_not_told_to_anybody(party: Party) -> None:
    answer = party.answer(party.ask(), user="alice")
    assert CHALLENGE not in answer.headers["location"]
    assert set(parse_qs(urlsplit(answer.headers["location"]).query)) == {"code", "state", "iss"}
