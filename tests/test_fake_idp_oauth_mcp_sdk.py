"""The MCP SDK's own OAuth client, unchanged, against the issuer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast

import httpx2
import jwt
import pytest
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider, TokenStorage
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
)
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from fake_idp import Issuer
from fake_idp.app import Site
from fake_idp.server import LoopbackServer
from tests.oauth_client import Signer
from tests.oauth_party import CALLBACK, sent_back


class Resource:
    """A protected MCP server, as far as its doorman goes (RFC 9728, RFC 6750 section 3.1)."""

    def __init__(self, url: str, issuer: Issuer) -> None:
        self.url, self.issuer, self.needs = url, issuer, "cw:read"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        status, headers, body = self.answer(scope["path"], dict(scope["headers"]))
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})

    def answer(self, path: str, headers: dict[bytes, bytes]) -> tuple[int, dict[str, str], Any]:
        if path.startswith("/.well-known/oauth-protected-resource"):
            metadata = {
                "resource": f"{self.url}/mcp",
                "authorization_servers": [self.issuer.url],
                "scopes_supported": ["cw:read"],
            }
            return 200, {"content-type": "application/json"}, metadata
        place = f'resource_metadata="{self.url}/.well-known/oauth-protected-resource/mcp"'
        token = headers.get(b"authorization", b"").decode().removeprefix("Bearer ")
        if not token:
            return 401, {"www-authenticate": f"Bearer {place}"}, None
        kid = jwt.get_unverified_header(token)["kid"]
        key = jwt.PyJWKSet.from_dict(self.issuer.keys.jwks())[kid]
        said = jwt.decode(
            token, key, algorithms=["ES256"], audience=f"{self.url}/mcp", issuer=self.issuer.url
        )
        if self.needs not in said["scope"].split():
            error = f'Bearer error="insufficient_scope", scope="cw:read {self.needs}", {place}'
            return 403, {"www-authenticate": error}, None
        return 200, {}, said


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with LoopbackServer() as server:
        issuer = Issuer("plain", url=server.url, algorithm="ES256", auto_login="alice")
        server.start(Site([issuer]))
        yield issuer


@pytest.fixture
def resource(issuer: Issuer) -> Iterator[Resource]:
    with LoopbackServer() as server:
        resource = Resource(server.url, issuer)
        server.start(resource)
        yield resource


class Storage(TokenStorage):
    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def provider(resource: Resource, storage: Storage, **options: Any) -> OAuthClientProvider:
    """The SDK's provider, with a browser that nobody sits at."""
    back: dict[str, str] = {}

    async def open_browser(url: str) -> None:
        async with httpx2.AsyncClient() as browser:
            back.update(sent_back(await browser.get(url)))

    async def came_back() -> AuthorizationCodeResult:
        return AuthorizationCodeResult(code=back["code"], state=back["state"], iss=back["iss"])

    metadata = OAuthClientMetadata.model_validate(
        {
            "client_name": "An MCP client",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        }
    )
    return OAuthClientProvider(
        server_url=f"{resource.url}/mcp",
        client_metadata=metadata,
        storage=storage,
        redirect_handler=open_browser,
        callback_handler=came_back,
        **options,
    )


def call(
    resource: Resource, auth: Any, then: Callable[[httpx2.AsyncClient], Awaitable[None]] | None = None
) -> dict[str, Any]:
    """Call the protected server, and once more after ``then``; what the last token said."""

    async def calls() -> Any:
        async with httpx2.AsyncClient(auth=auth) as client:
            answer = await client.get(f"{resource.url}/mcp")
            if then is not None:
                await then(client)
                answer = await client.get(f"{resource.url}/mcp")
            assert answer.status_code == 200
            return answer.json()

    return cast("dict[str, Any]", asyncio.run(calls()))


def asked_of(issuer: Issuer, endpoint: str) -> int:
    return len(issuer.journal.requests(endpoint=endpoint))


def test_it_registers_signs_in_and_refreshes(issuer: Issuer, resource: Resource) -> None:
    storage = Storage()
    auth = provider(resource, storage)

    async def wait_until_it_expired(_: httpx2.AsyncClient) -> None:
        auth.context.token_expiry_time = 1.0

    said = call(resource, auth, wait_until_it_expired)
    assert said["sub"] == "alice"
    assert storage.client is not None
    assert said["client_id"] == storage.client.client_id
    asked = [asked_of(issuer, endpoint) for endpoint in ("registration", "authorization", "token")]
    assert asked == [1, 1, 2]


def test_it_asks_for_more_when_it_is_told_that_it_needs_more(issuer: Issuer, resource: Resource) -> None:
    async def need_more(_: httpx2.AsyncClient) -> None:
        resource.needs = "cw:write"

    said = call(resource, provider(resource, Storage()), need_more)
    assert "cw:write" in said["scope"].split()
    assert (asked_of(issuer, "registration"), asked_of(issuer, "authorization")) == (1, 2)


def test_it_is_known_by_its_document(issuer: Issuer, resource: Resource) -> None:
    url = "https://client.example.com/metadata.json"
    document = {
        "client_id": url,
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
    }

    async def fetch(asked: str) -> tuple[int, bytes]:
        return (200, json.dumps(document).encode()) if asked == url else (404, b"")

    issuer.fetch = fetch
    said = call(resource, provider(resource, Storage(), client_metadata_url=url))
    assert said["client_id"] == url
    assert asked_of(issuer, "registration") == 0


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_it_speaks_for_itself_with_a_secret(issuer: Issuer, resource: Resource, method: Any) -> None:
    issuer.clients.add("machine", client_secret="a+b/c=%")
    auth = ClientCredentialsOAuthProvider(
        server_url=f"{resource.url}/mcp",
        storage=Storage(),
        issuer=issuer.url,
        client_id="machine",
        client_secret="a+b/c=%",
        token_endpoint_auth_method=method,
    )
    assert call(resource, auth)["sub"] == "machine"


def test_it_speaks_for_itself_with_a_signature(issuer: Issuer, resource: Resource) -> None:
    signer = Signer("ES256")
    issuer.clients.add("signer", token_endpoint_auth_methods=("private_key_jwt",), jwks=signer.jwks)

    async def assertion(audience: str) -> str:
        return signer.assertion(issuer, iss="signer", sub="signer", aud=audience)

    auth = PrivateKeyJWTOAuthProvider(
        server_url=f"{resource.url}/mcp",
        storage=Storage(),
        issuer=issuer.url,
        client_id="signer",
        assertion_provider=assertion,
    )
    assert call(resource, auth)["sub"] == "signer"
