"""The catalogue of faults: how long each lasts, what follows it, and what is refused."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_idp import FakeIdpError, InvalidValue, Issuer, UnknownName
from fake_idp.faults.catalogue import FAULTS, find_fault
from fake_idp.presets.base import ENDPOINTS
from fake_idp.server import LoopbackServer
from tests.fake_idp_client import Answer, ask, url_of

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
        broken = ask(url)
    except (http.client.IncompleteRead, http.client.RemoteDisconnected):
        broken = Answer(0, {}, b"")
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
