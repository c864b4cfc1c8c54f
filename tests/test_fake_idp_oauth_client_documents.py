"""Clients whose id is the URL of what they say about themselves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from fake_idp import Issuer
from fake_idp.oauth.client_documents import LIMIT
from fake_idp.presets.plain import Plain
from fake_idp.server import LoopbackServer
from tests.oauth_client import by_name, served
from tests.oauth_party import CALLBACK, Party, error_of


class Modest(Plain):
    name = "modest"
    client_id_documents = False


@pytest.fixture(scope="module")
def issuers() -> Iterator[dict[str, Issuer]]:
    with served(Plain(), Modest()) as issuers:
        yield by_name(issuers)


@pytest.fixture
def issuer(issuers: dict[str, Issuer]) -> Issuer:
    issuers["plain"].state.clear()
    issuers["plain"].clock.reset()
    issuers["plain"].fetch = None
    return issuers["plain"]


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
