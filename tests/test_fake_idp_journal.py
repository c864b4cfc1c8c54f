"""The issuer's journal: everything in order, nothing twice, no credential."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import threading
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_idp import Issuer, NotSeen
from fake_idp.journal import Journal
from fake_idp.server import LoopbackServer
from tests.fake_idp_client import ask, url_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def served() -> Iterator[Issuer]:
    with LoopbackServer() as server:
        issuer = Issuer("plain", url=f"{server.url}/tenant", algorithm="ES256")
        server.start(issuer.app)
        yield issuer


@pytest.fixture
def issuer(served: Issuer) -> Issuer:
    served.faults.clear()
    served.journal.clear()
    served.clock.reset()
    return served


def note(journal: Journal, path: str = "/jwks", *, endpoint: str | None = "jwks", status: int = 200) -> None:
    journal.note(0.0, "GET", path, b"", [(b"host", b"x")], endpoint, status)


# What is in it


def test_it_has_every_request_in_order_with_its_answer(issuer: Issuer) -> None:
    issuer.clock.freeze(at=1_800_000_000)
    ask(issuer.discovery_url)
    ask(issuer.jwks_url + "?a=1", method="HEAD")
    ask(issuer.jwks_url, method="POST")
    ask(issuer.url + "/nowhere")
    assert [(each.method, each.endpoint, each.query, each.status) for each in issuer.journal] == [
        ("GET", "discovery", "", 200),
        ("HEAD", "jwks", "a=1", 200),
        ("POST", "jwks", "", 405),
        ("GET", None, "", 404),
    ]
    assert issuer.journal[0].path == "/tenant/.well-known/openid-configuration"
    assert {each.time for each in issuer.journal} == {1_800_000_000}
    assert len(issuer.journal.requests(path="/tenant/.well-known/jwks.json")) == 2
    assert str(issuer.journal[-1]) == "GET /tenant/nowhere 404"
    issuer.journal.clear()
    assert len(issuer.journal) == 0


def test_it_reads_like_a_sequence(issuer: Issuer) -> None:
    for number in range(5):
        ask(f"{issuer.jwks_url}?n={number}")
    journal = issuer.journal
    assert [each.query for each in journal[-2:]] == ["n=3", "n=4"]
    assert [each.query for each in journal] == [f"n={number}" for number in range(5)]
    assert (journal[0].query, journal[-1].query) == ("n=0", "n=4")
    with pytest.raises(IndexError):
        journal[5]
    assert repr(journal) == "<Journal of 5 requests>"


def test_numbers_go_on_when_it_is_cleared_or_full() -> None:
    journal = Journal(limit=3)
    for _ in range(5):
        note(journal)
    assert [each.number for each in journal] == [3, 4, 5]
    journal.clear()
    note(journal)
    assert [each.number for each in journal] == [6]
    assert journal.last == 6


def test_a_form_is_shown_by_its_parameters(issuer: Issuer) -> None:
    issuer.faults.answer("token", status=400, times=3)
    body = urlencode({"grant_type": "authorization_code", "client_id": "me", "code": "s3cret", "x": "a b"})
    ask(url_of(issuer, "token"), method="POST", body=body.encode(), headers=FORM)
    basic = base64.b64encode(f"{quote('a:b')}:s3cret".encode()).decode()
    ask(url_of(issuer, "token"), method="POST", headers={**FORM, "Authorization": f"Basic {basic}"})
    ask(f"{issuer.jwks_url}?client_id=asked")
    first, second, third = issuer.journal
    assert first.parameters == {
        "grant_type": "authorization_code",
        "client_id": "me",
        "code": "[redacted]",
        "x": "a b",
    }
    assert (first.client_id, second.client_id, third.client_id) == ("me", "a:b", "asked")
    assert second.headers["authorization"] == "Basic [redacted]"
    assert third.parameters == {}


def test_a_json_body_is_shown_by_its_members(issuer: Issuer) -> None:
    issuer.faults.answer("registration", status=201)
    document = {
        "client_name": "me",
        "redirect_uris": ["http://localhost/cb"],
        "software_statement": "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.",
        "client_secret": "s3cret",
        "jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "pub", "d": "s3cret"}]},
    }
    body = json.dumps(document).encode()
    ask(
        url_of(issuer, "registration"), method="POST", body=body, headers={"Content-Type": "application/json"}
    )
    (request,) = issuer.journal
    assert request.parameters["redirect_uris"] == '["http://localhost/cb"]'
    assert request.parameters["software_statement"] == "[redacted]"
    assert json.loads(request.parameters["jwks"])["keys"][0] == {
        "kty": "EC",
        "crv": "P-256",
        "x": "pub",
        "d": "[redacted]",
    }
    assert "s3cret" not in repr(request)


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"[" * 5000, b"{", b"null", b"&" * 500, b"a=%ff", b"x" * 20_000]
)
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
def test_any_body_can_be_written_down(issuer: Issuer, body: bytes, kind: str) -> None:
    issuer.faults.answer("token")
    assert (
        ask(url_of(issuer, "token"), method="POST", body=body, headers={"Content-Type": kind}).status == 200
    )
    assert issuer.journal[-1].endpoint == "token"


def test_memory_is_not_filled_by_long_bodies_and_equal_headers() -> None:
    journal = Journal()
    for _ in range(100):
        journal.note(0.0, "POST", "/t", b"", [(b"host", bytes([120]))], "token", 400, b"y" * 500_000)
    gc.collect()
    kept = [entry for entry in journal._entries if isinstance(entry, tuple)]
    assert sum(len(entry[7]) for entry in kept) == 0
    assert len({id(entry[4]) for entry in kept}) == 1


# No credentials


def test_it_holds_no_credential(issuer: Issuer) -> None:
    token = issuer.mint()
    ask(
        f"{issuer.jwks_url}?access_token={token}&x={token}",
        headers={"Authorization": f"Bearer {token}", "Cookie": f"session={token}", "User-Agent": "me"},
    )
    ask(f"{issuer.url}/{token}")
    for request in issuer.journal:
        assert token.split(".")[1] not in repr(request)
    assert issuer.journal[0].headers["authorization"] == "Bearer [redacted]"
    assert issuer.journal[0].headers["user-agent"] == "me"
    with pytest.raises(NotSeen) as caught:
        issuer.journal.wait_for(endpoint="token", timeout=0)
    assert token.split(".")[1] not in str(caught.value)


_SECRET = "S3cretV4lue"
_NAMES = st.sampled_from(
    [
        "code",
        "code_verifier",
        "client_secret",
        "password",
        "assertion",
        "client_assertion",
        "refresh_token",
        "access_token",
        "token",
        "subject_token",
        "actor_token",
        "id_token_hint",
        "device_code",
        "user_code",
        "registration_access_token",
        "request",
        "CLIENT_SECRET",
        "Access_Token",
        "api_key",
        "x-token",
    ]
)
_ENCODED = st.booleans()


@given(name=_NAMES, encoded=_ENCODED, before=st.text(max_size=5), data=st.data())
@settings(deadline=None)
def test_a_secret_is_gone_wherever_it_was(name: str, encoded: bool, before: str, data: st.DataObject) -> None:
    journal = Journal()
    sent = "".join(f"%{ord(character):02x}" for character in name) if encoded else name
    pair = f"a={quote(before)}&{sent}={_SECRET}&b=2"
    query, headers, body = b"", [], b""
    place = data.draw(st.sampled_from(["query", "form", "json", "nested", "header", "referer", "basic"]))
    if place == "query":
        query = pair.encode()
    elif place == "form":
        headers, body = (
            [(b"Content-Type", b"Application/x-www-form-urlencoded; charset=utf-8")],
            pair.encode(),
        )
    elif place in ("json", "nested"):
        member = {name: _SECRET, "before": before}
        body = json.dumps(member if place == "json" else {"deep": [{"er": member}]}).encode()
        headers = [(b"content-type", b"application/json")]
    elif place == "header":
        headers = [(f"x-{name}".encode(), _SECRET.encode())]
    elif place == "referer":
        headers = [(b"referer", f"https://app.example/cb?{pair}".encode())]
    else:
        headers = [(b"authorization", b"Basic " + base64.b64encode(f"me:{_SECRET}".encode()))]
    journal.note(0.0, "POST", "/token", query, headers, "token", 200, body)
    (request,) = journal
    assert _SECRET not in repr(request)
    assert base64.b64encode(_SECRET.encode()).decode().rstrip("=")[:8] not in repr(request)
    if place == "query":
        assert request.query.endswith("&b=2")


@given(
    path=st.text(),
    query=st.binary(),
    headers=st.lists(st.tuples(st.binary(), st.binary())),
    body=st.binary(),
    kind=st.sampled_from([b"application/json", b"application/x-www-form-urlencoded"]),
)
def test_whatever_was_sent_can_be_read(
    path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes, kind: bytes
) -> None:
    journal = Journal()
    headers = [*headers, (b"content-type", kind), (b"authorization", b"Basic " + body)]
    journal.note(0.0, "POST", path, query, headers, None, 404, body)
    (request,) = journal
    assert repr(request)
    assert str(request)


# Waiting


def test_a_test_can_wait_for_a_request(issuer: Issuer) -> None:
    client = threading.Thread(target=ask, args=(issuer.jwks_url,))
    client.start()
    (request,) = issuer.journal.wait_for(endpoint="jwks")
    assert request.status == 200
    client.join()


def test_a_coroutine_can_wait_for_a_request_of_another_thread(issuer: Issuer) -> None:
    async def scenario() -> int:
        waiting = asyncio.create_task(issuer.journal.wait_for_async(endpoint="jwks", count=2))
        await asyncio.sleep(0)
        for _ in range(2):
            await asyncio.to_thread(ask, issuer.jwks_url)
        return len(await waiting)

    assert asyncio.run(scenario()) == 2


def test_a_request_that_does_not_come_is_reported_with_those_that_did(issuer: Issuer) -> None:
    ask(issuer.discovery_url)
    with pytest.raises(NotSeen, match=r"did not see 1 x jwks; saw GET .*openid-configuration 200"):
        issuer.journal.wait_for(endpoint="jwks", timeout=0.01)
    with pytest.raises(NotSeen, match="saw nothing"):
        issuer.journal.wait_for(since=issuer.journal.last, timeout=0)
    with pytest.raises(NotSeen, match="openid-configuration 200"):
        asyncio.run(issuer.journal.wait_for_async(method="PUT", timeout=0.01))
    assert issuer.journal._waiting == []


def test_a_long_list_of_what_came_is_cut_to_the_last_ones() -> None:
    journal = Journal()
    for number in range(1000):
        note(journal, f"/{number}")
    with pytest.raises(NotSeen) as caught:
        journal.wait_for(method="PUT", timeout=0)
    assert caught.value.seen[-1] == "GET /999 200"
    assert len(caught.value.seen) == 20


def test_who_waited_on_a_loop_that_is_gone_disturbs_nobody(issuer: Issuer) -> None:
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(issuer.journal.wait_for_async(endpoint="token", timeout=60))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert ask(issuer.jwks_url).status == 200
    assert len(issuer.journal.wait_for(endpoint="jwks")) == 1
    waiting._log_destroy_pending = False  # type: ignore[attr-defined]
    waiting.get_coro().close()  # type: ignore[union-attr]


def test_a_reader_with_a_cursor_misses_nothing_and_sees_nothing_twice() -> None:
    journal = Journal()
    total = 2000

    def write(name: str) -> None:
        for _ in range(total // 2):
            note(journal, name)

    writers = [threading.Thread(target=write, args=(name,)) for name in ("/a", "/b")]
    for writer in writers:
        writer.start()
    numbers: list[int] = []
    while len(numbers) < total:
        found = journal.wait_for(since=numbers[-1] if numbers else 0)
        numbers += [request.number for request in found]
    for writer in writers:
        writer.join()
    assert numbers == list(range(1, total + 1))


def test_a_coroutine_with_a_cursor_misses_nothing() -> None:
    journal = Journal()

    async def read() -> list[int]:
        numbers: list[int] = []
        while len(numbers) < 300:
            found = await journal.wait_for_async(since=numbers[-1] if numbers else 0, path="/a")
            numbers += [request.number for request in found]
        return numbers

    def write() -> None:
        for number in range(600):
            note(journal, "/b" if number % 2 else "/a")

    writer = threading.Thread(target=write)
    writer.start()
    numbers = asyncio.run(read())
    writer.join()
    assert numbers == list(range(1, 601, 2))


# Keeping it elsewhere


def test_a_drain_gives_each_request_once_and_leaves_it_here() -> None:
    journal = Journal()
    note(journal, "/1")
    note(journal, "/2")
    assert [each.path for each in journal.drain()] == ["/1", "/2"]
    assert journal.drain() == ()
    note(journal, "/3")
    assert [each.path for each in journal.drain()] == ["/3"]
    assert len(journal) == 3


def test_what_was_kept_comes_back_before_what_is_new() -> None:
    before, after = Journal(), Journal()
    note(before, "/1")
    note(before, "/2", endpoint="token")
    after.restore(before.drain())
    note(after, "/3")
    assert [(each.number, each.path) for each in after] == [(1, "/1"), (2, "/2"), (3, "/3")]
    assert [each.path for each in after.drain()] == ["/3"]
    assert [each.path for each in after.requests(endpoint="token")] == ["/2"]
