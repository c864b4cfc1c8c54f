"""The issuer over HTTP: what it answers, its faults and its journal."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from fake_idp import PRESETS, InvalidValue, Issuer, NotSeen, UnknownName
from fake_idp.app import Site
from fake_idp.presets import loopback_url
from fake_idp.server import LoopbackServer


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


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=5)
    try:
        connection.request(method, f"/{path}", headers=headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


@pytest.mark.parametrize("preset", PRESETS)
def test_a_client_finds_the_keys_by_discovery_and_verifies_a_token(
    everyone: dict[str, Issuer], preset: str
) -> None:
    issuer = everyone[preset]
    with urllib.request.urlopen(issuer.discovery_url, timeout=5) as response:
        document = json.load(response)
    token = issuer.mint(sub="alice")
    key = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token, key, algorithms=["ES256"], issuer=issuer.token_issuer, options={"verify_aud": False}
    )
    assert claims["sub"] == "alice"


def test_head_answers_like_get_without_a_body(okta: Issuer) -> None:
    full, head = ask(okta.jwks_url), ask(okta.jwks_url, method="HEAD")
    assert head.status == full.status == 200
    assert head.body == b""
    assert head.headers["content-length"] == str(len(full.body))


def test_okta_publishes_its_metadata_at_the_oauth_paths_too(okta: Issuer) -> None:
    root, path = okta.url.removesuffix("/oauth2/default"), "/.well-known/oauth-authorization-server"
    for url in (f"{root}{path}/oauth2/default", f"{okta.url}{path}"):
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
    assert 400 <= ask(okta.url.removesuffix("/oauth2/default") + path).status < 500


def test_a_status_fault_lasts_for_the_given_number_of_requests(okta: Issuer) -> None:
    okta.faults.add("jwks", status=503, times=2)
    assert [ask(okta.jwks_url).status for _ in range(3)] == [503, 503, 200]
    assert ask(okta.discovery_url).status == 200


def test_a_garbage_body_is_sent_as_it_is_until_cleared(okta: Issuer) -> None:
    okta.faults.add("discovery", body=b"<html>\xff")
    for _ in range(3):
        answer = ask(okta.discovery_url)
        assert (answer.status, answer.body) == (200, b"<html>\xff")
    okta.faults.clear()
    assert ask(okta.discovery_url).json()["issuer"] == okta.url


def test_a_delay_holds_the_right_answer_back(okta: Issuer) -> None:
    okta.faults.add("jwks", delay=0.2, times=1)
    began = time.monotonic()
    assert ask(okta.jwks_url).status == 200
    assert time.monotonic() - began >= 0.2


def test_faults_of_one_endpoint_apply_one_after_the_other(okta: Issuer) -> None:
    okta.faults.add("jwks", status=500, times=1)
    okta.faults.add("jwks", status=404, body="gone", times=1)
    assert len(okta.faults.active) == 2
    assert [ask(okta.jwks_url).status for _ in range(3)] == [500, 404, 200]
    assert not okta.faults.active


def test_a_fault_without_content_has_none(okta: Issuer) -> None:
    okta.faults.add("jwks", status=204, times=1)
    answer = ask(okta.jwks_url)
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"endpoint": "jkws", "status": 500}, UnknownName),
        ({"endpoint": "jwks"}, InvalidValue),
        ({"endpoint": "jwks", "status": 99}, InvalidValue),
        ({"endpoint": "jwks", "delay": -1.0}, InvalidValue),
        ({"endpoint": "jwks", "status": 500, "times": 0}, InvalidValue),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(okta: Issuer, options: dict[str, Any], error: Any) -> None:
    with pytest.raises(error):
        okta.faults.add(**options)


def test_the_journal_has_every_request_in_order_with_its_answer(okta: Issuer) -> None:
    ask(okta.discovery_url)
    ask(okta.jwks_url + "?a=1", method="HEAD")
    ask(okta.jwks_url, method="POST")
    assert [(each.method, each.endpoint, each.query, each.status) for each in okta.journal] == [
        ("GET", "discovery", "", 200),
        ("HEAD", "jwks", "a=1", 200),
        ("POST", "jwks", "", 405),
    ]
    assert okta.journal[0].path == "/oauth2/default/.well-known/openid-configuration"
    assert len(okta.journal.requests(path="/oauth2/default/v1/keys")) == 2
    okta.journal.clear()
    assert len(okta.journal) == 0


def test_the_journal_holds_no_credential(okta: Issuer) -> None:
    token = okta.mint()
    ask(
        f"{okta.jwks_url}?access_token={token}&x={token}",
        headers={"Authorization": f"Bearer {token}", "Cookie": f"session={token}", "User-Agent": "me"},
    )
    (request,) = okta.journal
    assert token not in repr(request)
    assert token.split(".")[1] not in repr(request)
    assert request.headers["authorization"] == "Bearer [redacted]"
    assert request.headers["user-agent"] == "me"


def test_a_test_can_wait_for_a_request(okta: Issuer) -> None:
    client = threading.Thread(target=ask, args=(okta.jwks_url,))
    client.start()
    (request,) = okta.journal.wait_for(endpoint="jwks")
    assert request.status == 200
    client.join()


def test_a_request_that_does_not_come_is_reported_with_those_that_did(okta: Issuer) -> None:
    ask(okta.discovery_url)
    with pytest.raises(NotSeen, match="openid-configuration 200"):
        okta.journal.wait_for(endpoint="jwks", timeout=0.01)


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
