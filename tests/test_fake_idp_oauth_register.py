"""Clients that make themselves known: by registration, by a document, and requests that they push."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from fake_idp import PRESETS, Issuer
from fake_idp.oauth.client_documents import LIMIT
from fake_idp.oauth.dpop import thumbprint
from fake_idp.oauth.messages import OAuthError
from fake_idp.presets.plain import Plain
from fake_idp.server import LoopbackServer
from tests.oauth_client import Signer
from tests.oauth_party import CALLBACK, PKCE, VERIFIER, Party, basic, error_of, new_browser, sent_back, served


class Modest(Plain):
    name = "modest"
    client_id_documents = False
    grants = ("authorization_code",)

    def discovery(self, url: str, **options: Any) -> dict[str, Any]:
        methods = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
        return super().discovery(url, **options) | methods


@pytest.fixture(scope="module")
def issuers() -> Iterator[dict[str, Issuer]]:
    with served({"plain": Plain(), "modest": Modest()}) as issuers:
        yield issuers


@pytest.fixture
def issuer(issuers: dict[str, Issuer]) -> Issuer:
    issuers["plain"].state.clear()
    issuers["plain"].clock.reset()
    issuers["plain"].fetch = None
    return issuers["plain"]


@pytest.fixture
def browser() -> Iterator[httpx2.Client]:
    with new_browser() as browser:
        yield browser


def register(issuer: Issuer, browser: httpx2.Client, **metadata: Any) -> httpx2.Response:
    return browser.post(issuer.endpoints["registration"], json=metadata)


# Registration


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
    assert not said.keys() & {"client_secret", "registration_client_uri", "registration_access_token"}
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
    with served({vendor: PRESETS[vendor]}) as issuers:
        issuer = issuers[vendor]
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


# A client that is a URL


class Host:
    """Serves documents, and counts how often it was asked."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope["path"])
        status, body = self.documents.get(scope["path"], (404, b""))
        headers = [(b"location", b"/client")] if status == 302 else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def host() -> Iterator[tuple[Host, str]]:
    host = Host()
    with LoopbackServer() as server:
        server.start(host)
        yield host, server.url


def document(url: str, /, **changed: Any) -> bytes:
    members = {"client_id": url, "client_name": "Published", "redirect_uris": [CALLBACK], **changed}
    return json.dumps({name: value for name, value in members.items() if value is not None}).encode()


def test_a_client_that_publishes_what_it_is_signs_somebody_in(
    issuer: Issuer, browser: httpx2.Client, host: tuple[Host, str]
) -> None:
    files, url = host
    client_id = f"{url}/client"
    grants = ["authorization_code", "refresh_token"]
    files.documents["/client"] = (200, document(client_id, grant_types=grants))
    party = Party(issuer, client_id=client_id, browser=browser)
    assert "Published" in party.ask().text
    assert party.refresh(party.sign_in()["refresh_token"]).status_code == 200
    assert files.asked == ["/client"]
    issuer.clock.advance(61)
    assert party.ask().status_code == 200
    assert files.asked == ["/client"] * 2


@pytest.mark.parametrize(
    ("status", "changed"),
    [
        (200, {"client_id": "https://other.example/client"}),
        (200, {"client_id": None}),
        (200, {"redirect_uris": None}),
        (200, {"redirect_uris": ["https://app.example/cb#part"]}),
        (200, {"client_secret": "s"}),
        (200, {"client_secret_expires_at": 0}),
        (200, {"token_endpoint_auth_method": "client_secret_basic"}),
        (200, {"client_name": "x" * LIMIT}),
        (404, {}),
        (500, {}),
        (302, {}),
    ],
)
def test_a_document_that_is_not_as_it_must_be_is_refused(
    issuer: Issuer, browser: httpx2.Client, host: tuple[Host, str], status: int, changed: dict[str, Any]
) -> None:
    files, url = host
    client_id = f"{url}/client"
    files.documents["/client"] = (status, document(client_id, **changed))
    page = Party(issuer, client_id=client_id, browser=browser).ask()
    assert page.status_code == 400
    assert "invalid_client" in page.text
    token = Party(issuer, client_id=client_id, browser=browser).redeem("x")
    assert error_of(token, 401) == "invalid_client"
    assert files.asked == ["/client"] * 2  # no redirect was followed, and a failure is not remembered


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"<html>", b"[" * 5000])
def test_a_document_that_is_no_json_object_is_refused(
    issuer: Issuer, browser: httpx2.Client, host: tuple[Host, str], body: bytes
) -> None:
    files, url = host
    files.documents["/client"] = (200, body)
    assert Party(issuer, client_id=f"{url}/client", browser=browser).ask().status_code == 400


@pytest.mark.parametrize(
    "client_id",
    [
        "https://app.example/client",  # not on this machine
        "http://app.example/client",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1.app.example/client",
        "http://127.0.0.1@app.example/client",
        "http://127.0.0.1:1/client",  # nobody answers
        "http://127.0.0.1:99999/client",
        "http://127.0.0.1",
        "http://127.0.0.1/",
        "http://127.0.0.1/a/../client",
        "http://127.0.0.1/client#part",
        "http://127.0.0.1/cli ent",
        "http://127.0.0.1/\r\nhost: x",
        "http://user:word@127.0.0.1/client",
        "http://[::1/client",
        "http://2130706433/client",
        "https://",
    ],
)
def test_a_url_that_is_no_client_id_is_refused(
    issuer: Issuer, browser: httpx2.Client, client_id: str
) -> None:
    assert Party(issuer, client_id=client_id, browser=browser).ask().status_code == 400


def test_where_the_vendor_has_no_such_clients_nothing_is_fetched(
    issuers: dict[str, Issuer], browser: httpx2.Client, host: tuple[Host, str]
) -> None:
    files, url = host
    files.documents["/client"] = (200, document(f"{url}/client"))
    page = Party(issuers["modest"], client_id=f"{url}/client", browser=browser).ask()
    assert (page.status_code, files.asked) == (400, [])


def test_somebody_elses_fetcher_reaches_other_places(issuer: Issuer, browser: httpx2.Client) -> None:
    client_id = "https://app.example/client"

    async def fetch(url: str) -> tuple[int, bytes]:
        await asyncio.sleep(0)
        return 200, document(url)

    async def broken(url: str) -> tuple[int, bytes]:
        raise RuntimeError(url)

    party = Party(issuer, client_id=client_id, browser=browser)
    issuer.fetch = broken
    assert party.ask().status_code == 400
    issuer.fetch = fetch
    assert party.sign_in()["token_type"] == "Bearer"
    assert issuer.renamed(url="https://other.example").fetch is fetch


# Requests that are pushed


def push(party: Party, *, proof: str = "", **changed: str) -> httpx2.Response:
    form = {
        "client_id": party.client_id,
        "redirect_uri": party.redirect_uri,
        "response_type": "code",
        "scope": "openid cw:read",
        "state": "pushed",
        **PKCE,
        **changed,
    }
    headers = basic(party.client_id, party.secret) if party.secret else {}
    headers |= {"dpop": proof} if proof else {}
    url = party.issuer.endpoints["pushed_authorization_request"]
    return party.browser.post(url, data={k: v for k, v in form.items() if v}, headers=headers)


def authorize(party: Party, request_uri: str, **more: str) -> httpx2.Response:
    parameters = {"client_id": party.client_id, "request_uri": request_uri, **more}
    return party.browser.get(party.issuer.endpoints["authorization"], params=parameters)


@pytest.fixture
def party(issuer: Issuer, browser: httpx2.Client) -> Party:
    return Party.confidential(issuer, browser)


def test_a_pushed_request_counts_and_what_comes_with_its_uri_does_not(party: Party) -> None:
    answer = push(party)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert said["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert 5 <= said["expires_in"] <= 600
    page = authorize(party, said["request_uri"], scope="admin", redirect_uri="https://attacker.example")
    back = sent_back(party.answer(page, user="alice"))
    assert back["state"] == "pushed"
    assert party.redeem(back["code"]).json()["scope"] == "openid cw:read"


def test_a_pushed_request_is_good_once_but_its_page_may_be_loaded_again(party: Party) -> None:
    request_uri = push(party).json()["request_uri"]
    authorize(party, request_uri)
    page = authorize(party, request_uri)
    assert page.status_code == 200
    assert "code" in sent_back(party.answer(page, user="alice"))
    assert authorize(party, request_uri).status_code == 400


def test_a_pushed_request_is_good_for_a_while_and_for_one_client(party: Party) -> None:
    request_uri = push(party).json()["request_uri"]
    party.issuer.clients.add("other", redirect_uris=(CALLBACK,))
    other = Party(party.issuer, client_id="other", browser=party.browser)
    assert authorize(other, request_uri).status_code == 400
    party.issuer.clock.advance(91)
    assert authorize(party, request_uri).status_code == 400


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request": "x.y.z"}, "request_not_supported"),
        ({"redirect_uri": "https://attacker.example/cb"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "a  b"}, "invalid_scope"),
        ({"resource": "#"}, "invalid_target"),
    ],
)
def test_a_wrong_request_is_refused_when_it_is_pushed(
    party: Party, changed: dict[str, str], error: str
) -> None:
    assert error_of(push(party, **changed)) == error


def test_a_client_authenticates_to_push(party: Party) -> None:
    party.secret = "wrong"
    assert error_of(push(party), 401) == "invalid_client"


def test_a_secret_that_was_pushed_in_the_body_is_not_kept(party: Party) -> None:
    party.issuer.clients.add("s", client_secret="the-secret-of-s", redirect_uris=(CALLBACK,))
    form = Party(party.issuer, client_id="s", browser=party.browser)
    assert push(form, client_secret="the-secret-of-s").status_code == 201
    assert "the-secret-of-s" not in repr(party.issuer.state.items("request"))


# Codes that are bound to a key (RFC 9449 section 10)


def redeemed_with(party: Party, code: str, holder: Signer | None) -> httpx2.Response:
    headers = basic(party.client_id, party.secret)
    if holder is not None:
        headers["dpop"] = holder.proof(party.issuer, "POST", party.issuer.endpoints["token"])
    form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return party.token("authorization_code", headers=headers, **form)


def test_a_code_can_be_bound_to_a_key(party: Party) -> None:
    holder = Signer()
    code = party.code(dpop_jkt=thumbprint(holder.jwk))
    assert error_of(redeemed_with(party, code, None)) == "invalid_grant"
    assert error_of(redeemed_with(party, code, Signer())) == "invalid_grant"
    assert redeemed_with(party, code, holder).json()["token_type"] == "DPoP"


def test_a_proof_that_comes_with_a_pushed_request_binds_its_code(party: Party) -> None:
    holder, url = Signer(), party.issuer.endpoints["pushed_authorization_request"]

    def proof() -> str:
        return holder.proof(party.issuer, "POST", url)

    refused = push(party, proof=proof(), dpop_jkt=thumbprint(Signer().jwk))
    assert error_of(refused) == "invalid_dpop_proof"
    page = authorize(party, push(party, proof=proof()).json()["request_uri"])
    code = sent_back(party.answer(page, user="alice"))["code"]
    assert error_of(redeemed_with(party, code, Signer())) == "invalid_grant"
    assert redeemed_with(party, code, holder).json()["token_type"] == "DPoP"


def test_a_refresh_token_of_a_client_that_authenticates_is_bound_to_the_client_only(party: Party) -> None:
    code = party.code(scope="openid offline_access")
    tokens = redeemed_with(party, code, Signer()).json()
    assert tokens["token_type"] == "DPoP"
    assert party.refresh(tokens["refresh_token"]).json()["token_type"] == "Bearer"
