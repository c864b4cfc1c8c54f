"""The issuer over HTTP: what it answers, to whom, and that nothing breaks it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fake_idp import PRESETS, Issuer
from fake_idp.app import Site
from fake_idp.asgi import head_of
from fake_idp.oauth.messages import Request, Response
from fake_idp.presets import loopback_url
from fake_idp.presets.base import ENDPOINTS
from fake_idp.server import LoopbackServer
from tests.fake_idp_client import ask, exchange, url_of

#: Its pages and token-like endpoints say the same to everybody: here it is about what is in front of them.
_HOSTED = Issuer("plain", algorithm="ES256")
for _endpoint in dict.fromkeys(_HOSTED.routes.values()):
    if _endpoint not in ("discovery", "jwks"):
        _HOSTED.faults.add(_endpoint, status=400, body="{}")


def call(
    served: Issuer | Site,
    *,
    method: str = "GET",
    path: str,
    query: bytes = b"",
    headers: Sequence[tuple[bytes, bytes]] = (),
    messages: Sequence[dict[str, Any]] = (),
) -> list[MutableMapping[str, Any]]:
    """What the application sends for a request, whatever server is in front of it."""
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": list(headers),
    }
    incoming, sent = iter(messages), []

    async def receive() -> MutableMapping[str, Any]:
        return dict(next(incoming))

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    app = served.app if isinstance(served, Issuer) else served
    asked: Any = app(scope, receive, send)
    with pytest.raises(StopIteration):  # it never waits, so it needs no event loop
        asked.send(None)
    return sent


@pytest.fixture(scope="module")
def everyone() -> Iterator[dict[str, Issuer]]:
    """An issuer of each preset, all at one loopback address."""
    with LoopbackServer() as server:
        issuers = {
            name: Issuer(name, url=loopback_url(name, server.url), algorithm="ES256") for name in PRESETS
        }
        server.start(Site(issuers.values()))
        yield issuers


@pytest.fixture
def okta(everyone: dict[str, Issuer]) -> Issuer:
    issuer = everyone["okta"]
    issuer.faults.clear()
    issuer.journal.clear()
    return issuer


@pytest.mark.parametrize("preset", PRESETS)
def test_a_client_finds_the_keys_by_discovery_and_verifies_a_token(
    everyone: dict[str, Issuer], preset: str
) -> None:
    issuer = everyone[preset]
    with urllib.request.urlopen(issuer.discovery_url, timeout=5) as response:
        document = json.load(response)
    token = issuer.mint(sub="alice")
    key = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["ES256"], options={"verify_aud": False})
    # Entra's metadata for every tenant has a place holder there.
    assert claims["iss"] == document["issuer"].replace("{tenantid}", str(claims.get("tid")))
    assert claims["sub"] == "alice"


def test_head_answers_like_get_without_a_body(okta: Issuer) -> None:
    full, head = ask(okta.jwks_url), ask(okta.jwks_url, method="HEAD")
    assert head.status == full.status == 200
    assert head.body == b""
    assert head.headers["content-length"] == str(len(full.body))


def test_okta_publishes_its_metadata_at_the_oauth_paths_too(okta: Issuer) -> None:
    well_known = "/.well-known/oauth-authorization-server"
    origin = f"http://{urlsplit(okta.url).netloc}"
    for url in (f"{okta.url}{well_known}", f"{origin}{well_known}/oauth2/default"):
        assert ask(url).json() == ask(okta.discovery_url).json()


def test_other_paths_and_methods_get_a_4xx_in_json(okta: Issuer) -> None:
    missing = ask(okta.url + "/v1/tokens")
    assert missing.status == 404
    assert missing.json()["error"] == "not_found"
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        refused = ask(okta.jwks_url, method=method)
        assert refused.status == 405
        assert refused.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/%00", "/%ff%fe", "//", "/..%2f..", "/" + "a" * 5000, "/?" + "b" * 5000])
def test_a_hostile_path_gets_a_4xx(okta: Issuer, path: str) -> None:
    assert 400 <= ask(f"http://{urlsplit(okta.url).netloc}{path}").status < 500


def test_absolute_form_and_percent_encoding_find_the_endpoint_too(okta: Issuer) -> None:
    path, netloc = urlsplit(okta.jwks_url).path, urlsplit(okta.jwks_url).netloc
    for target in (path, f"http://{netloc}{path}", f"http://acme.okta.com{path}", path.replace("k", "%6B")):
        request = f"GET {target} HTTP/1.1\r\nHost: {netloc}\r\nConnection: close\r\n\r\n"
        assert exchange(okta.jwks_url, request.encode()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "target", ["http://h{path}", "http://h:1{path}", "https://user:pw@h{path}"], ids=["host", "port", "user"]
)
def test_absolute_form_finds_the_endpoint_with_any_http_parser(okta: Issuer, target: str) -> None:
    path = urlsplit(okta.jwks_url).path
    assert call(okta, path=target.format(path=path))[0]["status"] == 200
    assert call(okta, path=target.format(path="/nowhere"))[0]["status"] == 404


def test_a_body_that_is_too_large_gets_a_413(everyone: dict[str, Issuer]) -> None:
    issuer = everyone["plain"]
    url, body = issuer.endpoints["token"], b"a=" + b"x" * 1_000_000
    refused = ask(url, method="POST", body=body)
    assert refused.status == 413
    assert refused.json()["error"] == "invalid_request"
    assert refused.headers["cache-control"] == "no-store"
    chunks = [{"type": "http.request", "body": body[:600_000], "more_body": True}] * 2
    assert call(issuer, method="POST", path=urlsplit(url).path, messages=chunks)[0]["status"] == 413
    issuer.faults.answer("token", status=418)
    assert ask(url, method="POST", body=body[:1_000_000]).status == 418


def test_a_client_that_hangs_up_in_its_body_is_not_answered(okta: Issuer) -> None:
    path = urlsplit(okta.endpoints["token"]).path
    messages = [
        {"type": "http.request", "body": b"grant_type=", "more_body": True},
        {"type": "http.disconnect"},
    ]
    okta.faults.answer("token")
    assert call(okta, method="POST", path=path, messages=messages) == []
    assert okta.faults
    assert len(okta.journal) == 0


def test_metadata_is_what_it_was_until_the_keys_change(okta: Issuer) -> None:
    first = ask(okta.jwks_url)
    assert ask(okta.jwks_url) == first
    okta.keys.rotate()
    second = ask(okta.jwks_url)
    assert [key["kid"] for key in second.json()["keys"]] == [key.kid for key in okta.keys.published]
    assert len(second.json()["keys"]) == len(first.json()["keys"]) + 1
    assert second.headers["content-length"] == str(len(second.body))


def test_a_path_that_nobody_serves_is_seen_beside_a_control_plane_too(everyone: dict[str, Issuer]) -> None:
    issuer = everyone["okta"]
    issuer.journal.clear()
    site = Site([issuer], control=True)

    async def control(scope: Any, receive: Any, send: Any) -> None:
        status = 200 if scope["path"] == "/console" else 404
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    site._control = control
    for path in ("/console", "/_control/nothing", "/v1/keyz"):
        call(site, path=path)
    assert [(each.path, each.endpoint, each.status) for each in issuer.journal] == [("/v1/keyz", None, 404)]


def test_what_cannot_be_signed_is_the_requests_fault(everyone: dict[str, Issuer]) -> None:
    issuer = everyone["okta"]
    site = Site([issuer])

    async def handle(issuer: Issuer, request: Request) -> Response:
        return Response(body=issuer.mint(claims={"a": object()}).encode())

    site._handlers["token"] = handle
    path = urlsplit(issuer.endpoints["token"]).path
    body = [{"type": "http.request", "body": b"", "more_body": False}]
    start, answer = call(site, method="POST", path=path, messages=body)
    assert start["status"] == 400
    assert json.loads(answer["body"])["error"] == "invalid_request"


# Other origins

_PREFLIGHT = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
_SHARED = [
    "discovery",
    "jwks",
    "token",
    "userinfo",
    "registration",
    "revocation",
    "device_authorization",
    "pushed_authorization_request",
]
_NOT_SHARED = ["authorization", "end_session", "device_verification", "introspection"]


@pytest.mark.parametrize("endpoint", _SHARED)
def test_a_page_of_any_origin_may_ask_what_clients_ask(everyone: dict[str, Issuer], endpoint: str) -> None:
    issuer = everyone["plain"]
    asked = ask(url_of(issuer, endpoint), method="OPTIONS", headers=_PREFLIGHT)
    assert (asked.status, asked.body) == (204, b"")
    assert asked.headers["access-control-allow-origin"] == "*"
    assert set(asked.headers["access-control-allow-headers"].split(", ")) >= {
        "authorization",
        "content-type",
        "dpop",
    }
    assert "access-control-allow-credentials" not in asked.headers
    method = asked.headers["access-control-allow-methods"].split(", ")[0]
    issuer.faults.add(endpoint, delay=0.001, times=1, status=400)
    assert ask(url_of(issuer, endpoint), method=method).headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("endpoint", _NOT_SHARED)
def test_no_page_may_ask_what_a_person_sees_or_a_resource_server_asks(
    everyone: dict[str, Issuer], endpoint: str
) -> None:
    issuer = everyone["plain"]
    asked = ask(url_of(issuer, endpoint), method="OPTIONS", headers=_PREFLIGHT)
    assert asked.status == 405
    issuer.faults.answer(endpoint)
    answered = ask(url_of(issuer, endpoint), method="POST")
    for answer in (asked, answered):
        assert not any(name.startswith("access-control") for name in answer.headers)


def test_every_endpoint_is_either_shared_or_not() -> None:
    assert {*_SHARED, *_NOT_SHARED} == set(ENDPOINTS)


def test_a_page_can_read_what_an_oauth_client_needs_from_the_head(everyone: dict[str, Issuer]) -> None:
    issuer = everyone["plain"]
    issuer.faults.answer("userinfo", status=401, headers={"WWW-Authenticate": 'DPoP error="use_dpop_nonce"'})
    exposed = ask(url_of(issuer, "userinfo")).headers["access-control-expose-headers"]
    assert exposed == "WWW-Authenticate, DPoP-Nonce"
    assert "access-control-expose-headers" not in ask(issuer.jwks_url).headers


def test_an_answer_that_names_its_origins_itself_is_left_alone(everyone: dict[str, Issuer]) -> None:
    issuer = everyone["plain"]
    issuer.faults.answer("token", headers={"Access-Control-Allow-Origin": "https://app.example"})
    answer = ask(url_of(issuer, "token"), method="POST")
    assert answer.headers["access-control-allow-origin"] == "https://app.example"


# Anything

_TOKENS = st.text("GETPOSHADLNUx-", min_size=1, max_size=8)


@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT", "TRACE", "CONNECT"]) | _TOKENS,
    path=st.sampled_from(sorted(Issuer("plain").routes)) | st.text(max_size=20),
    query=st.binary(max_size=20),
    headers=st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8)), max_size=4),
    body=st.binary(max_size=50),
)
@settings(deadline=None)
def test_no_request_gets_a_5xx_or_an_exception(
    method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    issuer = _HOSTED
    issuer.journal.clear()
    sent = call(
        issuer,
        method=method,
        path=path,
        query=query,
        headers=headers,
        messages=[{"type": "http.request", "body": body, "more_body": False}],
    )
    assert [message["type"] for message in sent[:2]] == ["http.response.start", "http.response.body"]
    answered = b"".join(message["body"] for message in sent[1:])
    assert 200 <= sent[0]["status"] < 500
    assert issuer.journal[0].status == sent[0]["status"]
    if method == "HEAD" or sent[0]["status"] == 204:
        assert answered == b""
    else:
        assert dict(sent[0]["headers"])[b"content-length"] == str(len(answered)).encode()


@given(
    start=st.sampled_from([b"GET ", b"POST ", b"OPTIONS * ", b"PRI * ", b"CONNECT h:1 ", b""]),
    middle=st.binary(max_size=60),
    end=st.sampled_from(
        [
            b" HTTP/1.1\r\nHost: x\r\n\r\n",
            b" HTTP/1.0\r\n\r\n",
            b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b" HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            b" HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            b" HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
            b" HTTP/9.9\r\n\r\n",
            b"\r\n\r\n",
        ]
    ),
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_on_a_connection_get_a_5xx(okta: Issuer, start: bytes, middle: bytes, end: bytes) -> None:
    answer = exchange(okta.jwks_url, start + middle + end)
    assert not answer.startswith((b"HTTP/1.1 5", b"HTTP/1.0 5"))
    assert b"Traceback" not in answer


@pytest.mark.parametrize("value", ["caf\xe9", "\u20ac", "a\r\nSet-Cookie: b=c", "\0"])
def test_a_header_that_cannot_be_sent_is_made_one_that_can(value: str) -> None:
    ((name, sent),) = head_of(Response(headers=(("location", value),)), ())
    assert name == b"location"
    assert not set(b"\r\n\0") & set(sent)
    assert sent.decode("latin-1").isprintable()


def test_the_fixture_serves_an_issuer_and_clears_it_between_tests(tmp_path: Path) -> None:
    test = tmp_path / "test_it.py"
    test.write_text(
        """
import urllib.request, pytest

@pytest.fixture(scope="session")
def fake_idp_preset():
    return "okta"

@pytest.mark.parametrize("turn", [1, 2])
def test_it(fake_idp, turn):
    assert fake_idp.preset.name == "okta"
    assert len(fake_idp.journal) == 0
    assert fake_idp.faults.active == ()
    assert urllib.request.urlopen(fake_idp.jwks_url).status == 200
    assert len(fake_idp.journal) == 1
    fake_idp.faults.add("jwks", status=500)
    assert fake_idp.mint(sub="alice").count(".") == 2
""",
        encoding="utf-8",
    )
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-W",
            "error",
            "-p",
            "fake_idp.pytest_plugin",
            "-p",
            "no:cacheprovider",
            test,
        ],
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": str(Path.cwd()),
            "PYTEST_ADDOPTS": "",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "2 passed" in run.stdout
