"""The MCP SDK's own OAuth client: a 401, the metadata, a registration, a person in a browser, a token."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
import jwt
import pytest
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from fake_idp import Issuer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Memory:
    """Where the client keeps what it is given."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@pytest.fixture
def resource(plain: Issuer) -> Iterator[str]:
    """A protected resource: it challenges, says who its issuer is, and verifies what it is brought."""
    keys = jwt.PyJWKClient(plain.jwks_url)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            scheme, _, token = (self.headers.get("authorization") or "").partition(" ")
            try:
                key = keys.get_signing_key_from_jwt(token)
                claims = jwt.decode(token, key, algorithms=["RS256"], audience=url, issuer=plain.url)
            except jwt.PyJWTError:
                self.answer(401, {"scheme": scheme})
            else:
                self.answer(200, claims)

        def do_GET(self) -> None:
            self.answer(200, {"resource": url, "authorization_servers": [plain.url]})

        def answer(self, status: int, body: dict[str, Any]) -> None:
            self.send_response(status)
            if status == 401:
                metadata = url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp")
                self.send_header("WWW-Authenticate", f'Bearer resource_metadata="{metadata}"')
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        url = f"http://127.0.0.1:{server.server_port}/mcp"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield url
        server.shutdown()
        thread.join()


def sign_in(url: str, *, name: str) -> str:
    """What a person does: open the page, choose who to be; returns where the browser is sent."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page()
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url))
        page.goto(url)
        page.get_by_role("button", name=name).click()
        page.wait_for_event("requestfailed") if not any("code=" in each for each in sent) else None
        browser.close()
    return next(each for each in sent if "/callback" in each)


def test_it_logs_a_person_in_and_calls_the_resource(plain: Issuer, resource: str) -> None:
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    plain.auto_login = None
    memory, landed = Memory(), []

    async def open_browser(url: str) -> None:
        landed.append(await anyio.to_thread.run_sync(lambda: sign_in(url, name="bob")))

    async def come_back() -> AuthorizationCodeResult:
        query = {name: values[0] for name, values in parse_qs(urlsplit(landed[0]).query).items()}
        return AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss"))

    async def call() -> list[dict[str, Any]]:
        auth = OAuthClientProvider(
            resource,
            OAuthClientMetadata(
                client_name="the SDK",
                redirect_uris=["http://127.0.0.1:1/callback"],
                scope="openid offline_access",
            ),
            memory,
            redirect_handler=open_browser,
            callback_handler=come_back,
        )
        async with httpx2.AsyncClient(auth=auth, timeout=20) as client:
            first = await client.post(resource, json={})
            assert memory.tokens is not None
            memory.tokens = memory.tokens.model_copy(update={"access_token": "expired"})
            auth.context.current_tokens = memory.tokens
            auth.context.token_expiry_time = 1.0
            second = await client.post(resource, json={})
        return [first.json(), second.json()]

    try:
        first, second = anyio.run(call)
    finally:
        plain.auto_login = "alice"
    assert first["sub"] == second["sub"] == "bob"
    assert first["aud"] == resource
    assert len(landed) == 1, "the second call was served by the refresh token"
    assert [seen.endpoint for seen in plain.journal].count("registration") == 1
