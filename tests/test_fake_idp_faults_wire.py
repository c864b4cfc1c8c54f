"""Faults of answers and of their transport, as a client sees them on the wire."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from fake_idp import Issuer
from fake_idp.app import Site
from fake_idp.faults.catalogue import FAULTS
from fake_idp.server import LoopbackServer
from tests import oauth_client
from tests.fake_idp_client import all_of, ask, begin, is_idle, url_of


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[LoopbackServer, Issuer]]:
    with LoopbackServer() as server:
        issuer = Issuer("plain", url=server.url)
        server.start(issuer.app)
        yield server, issuer


@pytest.fixture
def issuer(served: tuple[LoopbackServer, Issuer]) -> Issuer:
    issuer = served[1]
    issuer.faults.clear()
    issuer.journal.clear()
    issuer.clock.reset()
    return issuer


# Transport


def test_a_truncated_answer_promises_more_than_comes(issuer: Issuer) -> None:
    honest = ask(issuer.jwks_url).body
    issuer.faults.add("jwks", "http.truncate", times=1)
    head, _, body = all_of(begin(issuer.jwks_url)).partition(b"\r\n\r\n")
    assert b"content-length: %d\r\n" % len(honest) in head + b"\r\n"
    assert body == honest[: len(honest) // 2]


def test_a_truncated_answer_can_be_cut_anywhere_even_where_there_is_nothing(issuer: Issuer) -> None:
    honest = ask(issuer.jwks_url).body
    for keep in (0, 1, len(honest), len(honest) + 5):
        issuer.faults.add("jwks", "http.truncate", keep=keep, times=1)
        head, _, body = all_of(begin(issuer.jwks_url)).partition(b"\r\n\r\n")
        assert body == honest[:keep]
        promised = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert promised > len(body)


def test_a_clean_short_body_is_a_whole_answer_with_half_a_document(issuer: Issuer) -> None:
    issuer.faults.add("jwks", "http.truncate[clean]", times=1)
    answer = ask(issuer.jwks_url)
    assert answer.headers["content-length"] == str(len(answer.body))
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("times_asked", [0, 1])
def test_a_connection_is_dropped_before_or_after_the_endpoint_is_asked(times_asked: int) -> None:
    asked: list[Issuer] = []
    with LoopbackServer() as server:
        issuer = Issuer("plain", url=server.url, algorithm="ES256")
        server.start(Site([issuer], before=asked.append))
        issuer.faults.add("jwks", f"http.drop[{'after' if times_asked else 'before'}]", times=1)
        assert all_of(begin(issuer.jwks_url)) == b""
        assert len(asked) == times_asked
        assert (issuer.journal[-1].status, issuer.journal[-1].endpoint) == (0, "jwks")
        assert ask(issuer.jwks_url).status == 200


def test_a_drip_sends_a_part_and_stops_when_the_client_hangs_up(
    served: tuple[LoopbackServer, Issuer], issuer: Issuer
) -> None:
    honest = ask(issuer.jwks_url).body
    issuer.faults.add("jwks", "http.drip", chunks=5, pause=3600, times=1)
    with begin(issuer.jwks_url) as connection:
        received = b""
        while not received.partition(b"\r\n\r\n")[2]:
            received += connection.recv(65536)
        assert received.endswith(honest[: -(-len(honest) // 5)])
        assert served[0]._server.server_state.tasks
    assert is_idle(served[0])


@pytest.mark.parametrize("options", [{"chunks": 7, "pause": 0.001}, {"bytes_per_second": 100_000}])
def test_a_drip_comes_to_the_right_end(issuer: Issuer, options: dict[str, Any]) -> None:
    honest = ask(issuer.jwks_url)
    issuer.faults.add("jwks", "http.drip", times=1, **options)
    assert ask(issuer.jwks_url) == honest


def test_a_delay_ends_when_the_client_hangs_up(served: tuple[LoopbackServer, Issuer], issuer: Issuer) -> None:
    issuer.faults.add("jwks", delay=3600, times=1)
    with begin(issuer.jwks_url):
        issuer.journal.wait_for(endpoint="jwks")
        assert served[0]._server.server_state.tasks
    assert is_idle(served[0])


@pytest.mark.parametrize(
    ("name", "options"), [("http.delay", {"delay": 3600}), ("http.drip", {"pause": 3600})]
)
def test_a_server_stops_at_once_whatever_it_is_waiting_for(name: str, options: dict[str, Any]) -> None:
    server = LoopbackServer()
    issuer = Issuer("plain", url=server.url, algorithm="ES256")
    server.start(issuer.app)
    issuer.faults.add("jwks", name, **options)
    with begin(issuer.jwks_url):
        issuer.journal.wait_for(endpoint="jwks")
        server.stop()  # pytest's timeout is what would notice


def test_a_head_request_gets_the_faulty_head_and_no_body(issuer: Issuer) -> None:
    honest = ask(issuer.jwks_url, method="HEAD")
    for name in ("http.truncate", "http.oversize", "http.drip", "http.garbage"):
        issuer.faults.add("jwks", name, times=1)
        answer = ask(issuer.jwks_url, method="HEAD")
        assert answer.body == b""
    assert ask(issuer.jwks_url, method="HEAD") == honest


def test_a_fault_without_content_has_none(issuer: Issuer) -> None:
    issuer.faults.add("jwks", status=204, times=1)
    answer = ask(issuer.jwks_url)
    assert (answer.status, answer.body) == (204, b"")
    assert "content-length" not in answer.headers


# Answers


@pytest.mark.parametrize("status", [302, 307, 308])
def test_a_redirect_to_the_same_host_leads_to_the_honest_document(issuer: Issuer, status: int) -> None:
    honest = ask(issuer.jwks_url).body
    issuer.faults.add("jwks", "http.redirect", status=status)
    assert ask(issuer.jwks_url).status == status
    with urllib.request.urlopen(issuer.jwks_url, timeout=5) as response:
        assert response.read() == honest
        assert response.url == f"{issuer.jwks_url}?redirected"
    assert ask(issuer.jwks_url).status == status


@pytest.mark.parametrize(
    ("variant", "location"),
    [
        ("other-host", "https://attacker.example/.well-known/jwks.json"),
        ("link-local", "http://169.254.169.254/latest/meta-data/"),
        ("file", "file:///etc/hostname"),
    ],
)
def test_a_redirect_leads_where_a_client_must_not_go(issuer: Issuer, variant: str, location: str) -> None:
    issuer.faults.add("jwks", f"http.redirect[{variant}]", times=1)
    assert ask(issuer.jwks_url).headers["location"] == location
    issuer.faults.add("jwks", f"http.redirect[{variant}]", location="http://127.0.0.1:1/x", times=1)
    assert ask(issuer.jwks_url).headers["location"] == "http://127.0.0.1:1/x"


@pytest.mark.parametrize("variant", FAULTS["http.garbage"].variants)
def test_garbage_is_no_document_of_keys(issuer: Issuer, variant: str) -> None:
    issuer.faults.add("jwks", f"http.garbage[{variant}]", times=1)
    answer = ask(issuer.jwks_url)
    assert answer.status == 200
    try:
        document = json.loads(answer.body.decode("utf-8"))
    except (ValueError, RecursionError):
        return
    assert not (isinstance(document, dict) and isinstance(document.get("keys"), list) and document["keys"])


def test_an_oversized_answer_is_the_right_document_and_white_space(issuer: Issuer) -> None:
    honest = ask(issuer.jwks_url)
    issuer.faults.add("jwks", "http.oversize", megabytes=3, times=1)
    answer = ask(issuer.jwks_url)
    assert len(answer.body) == len(honest.body) + 3_000_000
    assert answer.json() == honest.json()


def test_a_gzip_bomb_is_small_until_it_is_opened(issuer: Issuer) -> None:
    honest = ask(issuer.jwks_url)
    issuer.faults.add("jwks", "http.encoding[bomb]", megabytes=20, times=1)
    answer = ask(issuer.jwks_url)
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) < 100_000
    opened = zlib.decompress(answer.body, wbits=31)  # it checks the checksum and the length too
    assert len(opened) == len(honest.body) + 20_000_000
    assert json.loads(opened) == honest.json()


def test_codings_that_lie(issuer: Issuer) -> None:
    honest = ask(issuer.jwks_url)
    for variant, coding in (("gzip", "gzip"), ("not-gzip", "gzip"), ("unknown", "x-fake")):
        issuer.faults.add("jwks", f"http.encoding[{variant}]", times=1)
        answer = ask(issuer.jwks_url)
        assert answer.headers["content-encoding"] == coding
        body = zlib.decompress(answer.body, wbits=31) if variant == "gzip" else answer.body
        assert body == honest.body


def test_a_scripted_answer_is_given_once_and_the_endpoint_is_not_asked(issuer: Issuer) -> None:
    issuer.faults.answer(
        "token", status=429, headers={"Retry-After": "1"}, json={"error": "slow_down", "interval": None}
    )
    issuer.faults.answer("token", body=b"<p>\xff", headers={"Content-Type": "text/html"})
    form = {"content-type": "application/x-www-form-urlencoded"}
    first = ask(url_of(issuer, "token"), method="POST", body=b"grant_type=x&client_secret=y", headers=form)
    assert (first.status, first.headers["retry-after"]) == (429, "1")
    assert first.json() == {"error": "slow_down", "interval": None}
    second = ask(url_of(issuer, "token"), method="POST", body=b"grant_type=x", headers=form)
    assert (second.status, second.body, second.headers["content-type"]) == (200, b"<p>\xff", "text/html")
    assert not issuer.faults
    seen = issuer.journal.requests(endpoint="token")
    assert [request.status for request in seen] == [429, 200]
    assert seen[0].parameters == {"grant_type": "x", "client_secret": "[redacted]"}


def test_headers_alone_are_added_to_the_honest_answer(issuer: Issuer) -> None:
    honest = ask(issuer.jwks_url)
    issuer.faults.add("jwks", headers={"Cache-Control": "max-age=1"}, times=1)
    answer = ask(issuer.jwks_url)
    assert answer.headers == honest.headers | {"cache-control": "max-age=1"}
    assert answer.body == honest.body


def test_a_refresh_whose_answer_is_lost_has_been_carried_out() -> None:
    with oauth_client.served("plain") as (issuer,):
        tokens = oauth_client.device_tokens(issuer, scope="openid offline_access")
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        form["client_id"] = issuer.client_id
        issuer.faults.add("token", "http.drop[before]", times=1)
        with pytest.raises(http.client.RemoteDisconnected):
            oauth_client.token(issuer, form, {})
        answer = oauth_client.token(issuer, form, {})
        assert answer.status == 200, "it had not been carried out"
        form["refresh_token"] = answer.json()["refresh_token"]
        issuer.faults.add("token", "http.drop[after]", times=1)
        with pytest.raises(http.client.RemoteDisconnected):
            oauth_client.token(issuer, form, {})
        assert oauth_client.token(issuer, form, {}).is_refused("invalid_grant")
