"""Faults of the issuer's endpoints, as a client sees them on the wire."""

from __future__ import annotations

import http.client
import json
import socket
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_idp import FakeIdpError, InvalidValue, Issuer, UnknownName
from fake_idp.app import Site
from fake_idp.faults.catalogue import FAULTS, find_fault
from fake_idp.presets.base import ENDPOINTS
from fake_idp.server import LoopbackServer

#: Parameters that make a fault quick to see, or that it cannot do without.
_QUICK: dict[str, dict[str, Any]] = {
    "http.answer": {"status": 503},
    "http.delay": {"delay": 0.01},
    "http.drip": {"chunks": 3, "pause": 0.01},
    "http.encoding": {"megabytes": 2},
    "http.oversize": {"megabytes": 2},
    "jwks.many-keys": {"count": 50},
    "disc.member": {"member": "scopes_supported", "value": None},
    "disc.omit": {"member": "scopes_supported"},
}


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


class Answer:
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.headers.pop("date", None)
        self.body = response.read()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Answer) and vars(self) == vars(other)

    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, *, method: str = "GET", body: bytes | None = None, headers: Any = None) -> Answer:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body=body, headers=headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def begin(url: str, *, method: str = "GET") -> socket.socket:
    """A connection on which the request has been sent."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)
    connection.sendall(f"{method} {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    return connection


def all_of(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    received = b""
    with connection:
        while piece := connection.recv(65536):
            received += piece
    return received


def url_of(issuer: Issuer, endpoint: str) -> str:
    return {"discovery": issuer.discovery_url, **issuer.endpoints}[endpoint]


def is_idle(server: LoopbackServer) -> bool:
    """Whether nothing is being answered, or nothing any more within some seconds."""
    deadline = time.monotonic() + 5
    while server._server.server_state.tasks and time.monotonic() < deadline:
        time.sleep(0.005)
    return not server._server.server_state.tasks


@pytest.mark.parametrize(
    # An issuer on loopback is http already.
    "name",
    [name for kind in FAULTS.values() for name in kind.names if "[http]" not in name],
)
def test_after_the_fault_the_answer_is_byte_for_byte_the_honest_one(issuer: Issuer, name: str) -> None:
    kind, _ = find_fault(name)
    endpoint = "jwks" if "jwks" in kind.endpoints else "discovery"
    url = url_of(issuer, endpoint)
    honest = ask(url)
    issuer.faults.add(endpoint, name, times=1, **_QUICK.get(kind.id, {}))  # type: ignore[arg-type]
    try:
        broken: Answer | None = ask(url)
    except (http.client.IncompleteRead, http.client.RemoteDisconnected):
        broken = None
    if kind.id not in ("http.delay", "http.drip"):
        assert broken != honest
    assert issuer.journal[-1].fault.startswith(kind.id)
    assert not issuer.faults.active
    assert ask(url) == honest
    assert issuer.journal[-1].fault == ""


def test_every_fault_says_what_it_is_and_where_that_is_from() -> None:
    for id_, kind in FAULTS.items():
        assert id_ == kind.id
        assert kind.title
        assert not kind.title.endswith(".")
        assert kind.source
        group = id_.split(".")[0]
        assert group in ("http", "jwks", "disc")
        assert kind.endpoints == {"jwks": ("jwks",), "disc": ("discovery",)}.get(group, ENDPOINTS)
        for parameter in kind.parameters.values():
            assert parameter.title


# On the wire


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


# How long


def test_a_status_fault_lasts_for_the_given_number_of_requests(issuer: Issuer) -> None:
    issuer.faults.add("jwks", status=503, times=2)
    assert [ask(issuer.jwks_url).status for _ in range(3)] == [503, 503, 200]
    assert ask(issuer.discovery_url).status == 200


def test_a_garbage_body_is_sent_as_it_is_until_cleared(issuer: Issuer) -> None:
    issuer.faults.add("discovery", body=b"<html>\xff")
    for _ in range(3):
        answer = ask(issuer.discovery_url)
        assert (answer.status, answer.body) == (200, b"<html>\xff")
    issuer.faults.clear("jwks")
    assert ask(issuer.discovery_url).body == b"<html>\xff"
    issuer.faults.clear("discovery")
    assert ask(issuer.discovery_url).json()["issuer"] == issuer.url


def test_a_fault_for_a_time_goes_by_the_issuers_clock(issuer: Issuer) -> None:
    issuer.clock.freeze()
    issuer.faults.add("jwks", status=503, seconds=60)
    assert [ask(issuer.jwks_url).status for _ in range(2)] == [503, 503]
    issuer.clock.advance(59.5)
    assert ask(issuer.jwks_url).status == 503
    issuer.clock.advance(0.5)
    assert issuer.faults.active == ()
    assert ask(issuer.jwks_url).status == 200
    assert not issuer.faults


def test_faults_of_one_endpoint_apply_one_after_the_other(issuer: Issuer) -> None:
    issuer.faults.add("jwks", status=500, times=1)
    issuer.faults.add("jwks", status=404, body="gone", times=1)
    assert [fault.times for fault in issuer.faults.active] == [1, 1]
    assert [ask(issuer.jwks_url).status for _ in range(3)] == [500, 404, 200]
    assert not issuer.faults.active


def test_the_time_of_a_fault_begins_when_its_turn_comes(issuer: Issuer) -> None:
    issuer.clock.freeze()
    issuer.faults.add("jwks", status=500, seconds=10)
    issuer.faults.add("jwks", status=501, times=1)
    issuer.faults.add("jwks", status=502, seconds=10)
    issuer.faults.add("jwks", status=503, seconds=10)
    issuer.clock.advance(100)
    assert ask(issuer.jwks_url).status == 501
    issuer.clock.advance(9)
    assert ask(issuer.jwks_url).status == 502
    issuer.clock.advance(10)  # nine seconds after the turn of the fourth had come
    assert ask(issuer.jwks_url).status == 503
    issuer.clock.advance(1)
    assert ask(issuer.jwks_url).status == 200


@given(
    plan=st.lists(
        st.tuples(st.sampled_from(["jwks", "discovery", "token"]), st.integers(1, 3)), min_size=1, max_size=6
    )
)
@settings(deadline=None)
def test_each_endpoint_works_off_its_own_faults_in_order(plan: list[tuple[str, int]]) -> None:
    issuer = Issuer("plain")
    expected: dict[str, list[str]] = {"jwks": [], "discovery": [], "token": []}
    for number, (endpoint, times) in enumerate(plan):
        issuer.faults.add(endpoint, status=400 + number, times=times)
        expected[endpoint] += [str(400 + number)] * times
    for endpoint, statuses in expected.items():
        taken = []
        while (fault := issuer.faults.take(endpoint)) is not None:  # type: ignore[arg-type]
            taken.append(str(fault.options["status"]))
        assert taken == statuses
    assert not issuer.faults


# What makes no sense


@pytest.mark.parametrize(
    ("endpoint", "options", "error", "words"),
    [
        ("jkws", {"status": 500}, UnknownName, "did you mean 'jwks'"),
        ("jwks", {}, InvalidValue, "give a delay or status"),
        ("jwks", {"fault": "jwks.duplicat-kid"}, UnknownName, "did you mean 'jwks.duplicate-kid'"),
        ("jwks", {"fault": "http.garbage[htm]"}, UnknownName, "did you mean 'http.garbage"),
        ("token", {"fault": "jwks.private-key"}, InvalidValue, "is a fault of jwks, not of token"),
        ("jwks", {"fault": "http.drip", "chunk": 2}, UnknownName, "did you mean 'chunks'"),
        ("jwks", {"fault": "http.delay"}, InvalidValue, "give a delay"),
        ("jwks", {"fault": "jwks.withdrawn", "kid": "none"}, UnknownName, "unknown key 'none'"),
        ("jwks", {"status": 99}, InvalidValue, "200 to 599"),
        ("jwks", {"status": 100}, InvalidValue, "200 to 599"),
        ("jwks", {"status": "500"}, InvalidValue, "whole number"),
        ("jwks", {"status": True}, InvalidValue, "whole number"),
        ("jwks", {"delay": -1.0}, InvalidValue, "0 to 86400"),
        ("jwks", {"delay": float("nan")}, InvalidValue, "0 to 86400"),
        ("jwks", {"status": 500, "times": 0}, InvalidValue, "1 or more"),
        ("jwks", {"status": 500, "seconds": 0}, InvalidValue, "more than 0"),
        ("jwks", {"status": 500, "seconds": float("inf")}, InvalidValue, "more than 0"),
        ("jwks", {"headers": {"a b": "c"}}, InvalidValue, "letters"),
        ("jwks", {"headers": {"a": "b\r\nc: d"}}, InvalidValue, "one line"),
        ("jwks", {"headers": {"Content-Length": "5"}}, InvalidValue, "http.truncate"),
        ("jwks", {"json": object()}, InvalidValue, "no JSON form"),
        ("jwks", {"fault": "http.redirect", "status": 200}, InvalidValue, "one of 301"),
        ("jwks", {"fault": "http.redirect", "location": "a\nb"}, InvalidValue, "one line"),
        ("jwks", {"fault": "http.oversize", "megabytes": 10_000}, InvalidValue, "to 1000"),
        ("discovery", {"fault": "disc.member", "member": "x"}, InvalidValue, "disc.omit"),
        ("discovery", {"fault": "disc.omit"}, InvalidValue, "member"),
        ("discovery", {"fault": "disc.jwks-uri[http]"}, InvalidValue, "http already"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    issuer: Issuer, endpoint: str, options: dict[str, Any], error: Any, words: str
) -> None:
    with pytest.raises(error) as caught:
        issuer.faults.add(endpoint, **options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not issuer.faults


def test_an_endpoint_that_the_issuer_has_not_cannot_break() -> None:
    with pytest.raises(UnknownName, match="unknown endpoint 'registration'"):
        Issuer("cognito").faults.add("registration", status=500)
    with pytest.raises(UnknownName, match="did you mean 'jwks'"):
        Issuer("cognito").faults.clear("jwk")


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_FAULTS_WITH_PARAMETERS = [
    (kind.endpoints[0], id_, parameter) for id_, kind in FAULTS.items() for parameter in kind.parameters
]


@given(chosen=st.sampled_from(_FAULTS_WITH_PARAMETERS), value=_ANYTHING)
@settings(deadline=None, max_examples=300)
def test_any_value_of_any_parameter_is_taken_or_refused_by_name(
    chosen: tuple[str, str, str], value: Any
) -> None:
    endpoint, id_, parameter = chosen
    issuer = Issuer("plain", algorithm="ES256")
    with suppress(FakeIdpError):
        issuer.faults.add(endpoint, id_, **{parameter: value})  # type: ignore[arg-type]
        given_up = value is None and parameter not in {"json", "value"}
        assert issuer.faults.active[0].options == ({} if given_up else {parameter: value})
