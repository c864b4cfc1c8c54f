"""The control plane: keys, faults, answers, the clock and the journal."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from fake_idp import Issuer
from fake_idp.app import Site
from fake_idp.server import LoopbackServer
from tests.control_client import Call, Refused, caller, get, published, token_endpoint


@pytest.fixture(scope="module")
def served() -> Iterator[Issuer]:
    with LoopbackServer() as server:
        issuer = Issuer(url=server.url, algorithm="ES256")
        server.start(Site([issuer], control=True))
        yield issuer


@pytest.fixture
def issuer(served: Issuer) -> Issuer:
    served.reset()
    return served


@pytest.fixture
def control(issuer: Issuer) -> Call:
    return caller(issuer.url)


# Keys


def test_keys_are_rotated_with_and_without_overlap(control: Call, issuer: Issuer) -> None:
    (old,) = control("keys?")[-1:]
    token = issuer.mint()
    control("keys/rotate", overlap=True)
    assert old["kid"] in published(issuer)
    assert control("judge", token=token)["good"]
    control("keys/rotate", overlap=False, algorithm="RS256")
    (kid,) = published(issuer)
    assert issuer.keys.get(kid).algorithm == "RS256"
    failed = [
        check["name"] for check in control("judge", token=token)["checks"] if check["verdict"] == "fail"
    ]
    assert failed == ["alg", "kid", "signature"]
    control("keys/rotate", overlap=False, algorithm="ES256")


def test_a_key_is_announced_retired_and_reinstated(control: Call, issuer: Issuer) -> None:
    announced = control("keys/announce", method="POST")[-1]
    assert announced["state"] == "next"
    assert announced["kid"] in published(issuer)
    assert issuer.keys.current.kid != announced["kid"]
    control("keys/retire", kid=announced["kid"])
    assert announced["kid"] not in published(issuer)
    control("keys/reinstate", kid=announced["kid"])
    assert announced["kid"] in published(issuer)
    with pytest.raises(Refused) as signing:
        control("keys/retire", kid=issuer.keys.current.kid)
    assert (signing.value.status, signing.value.problem["error"]) == (400, "invalid_value")
    with pytest.raises(Refused) as unknown:
        control("keys/retire", kid=announced["kid"] + "x")
    assert (unknown.value.status, unknown.value.problem["nearest"]) == (404, announced["kid"])


def test_a_bad_jwks_is_published_and_never_exported(control: Call, issuer: Issuer) -> None:
    kid = issuer.keys.current.kid
    answers = [control("keys/amend", kid=kid, members={"use": "enc", "alg": None}, private=True)]
    answers.append(control("keys/include", jwks=[{"kty": "oct", "k": "c2VjcmV0", "kid": "evil"}]))
    served = json.loads(get(issuer.jwks_url)[1])["keys"]
    (own,) = [key for key in served if key.get("kid") == kid]
    assert own["use"] == "enc"
    assert "alg" not in own
    assert served[-1]["kid"] == "evil"
    answers += [control("keys"), exported := control("keys/jwks")]
    assert all(not {"d", "p", "q", "k"} & key.keys() for key in exported["keys"])
    assert own["d"] not in json.dumps(answers)
    control("keys/amend", kid=kid)
    control("keys/include", jwks=[])
    assert json.loads(get(issuer.jwks_url)[1]) == exported


# Faults, answers, clock, journal


def test_a_fault_is_added_listed_and_cleared(control: Call, issuer: Issuer) -> None:
    added = control("faults", endpoint="jwks", times=2, parameters={"status": 503})
    assert (added["endpoint"], added["times"]) == ("jwks", 2)
    assert get(issuer.jwks_url)[0] == 503
    assert control("faults?endpoint=jwks")[0]["times"] == 1
    assert control("faults?endpoint=token") == []
    assert control("faults?endpoint=jwks", method="DELETE") == {"done": 1}
    assert get(issuer.jwks_url)[0] == 200


def test_every_fault_of_the_catalogue_can_be_added_where_it_can_happen(control: Call, issuer: Issuer) -> None:
    catalogue = control("faults/catalogue")
    for kind in catalogue:
        assert kind["source"]
        for name in kind["names"]:
            where = kind["endpoints"][0]
            if name == "disc.jwks-uri[http]":  # it is http here already
                continue
            needed = {"value": "https://a.test", "member": "issuer"}
            options = {key: value for key, value in needed.items() if key in kind["parameters"]}
            added = control("faults", endpoint=where, fault=name, delay=0.001, parameters=options)
            assert added["fault"].startswith(kind["id"])
    assert len(issuer.faults.active) >= len(catalogue) > 5
    with pytest.raises(Refused) as misspelt:
        control("faults", endpoint="jwks", fault=catalogue[0]["id"] + "x")
    assert misspelt.value.problem["nearest"] == catalogue[0]["id"]
    with pytest.raises(Refused) as unknown:
        control("faults", endpoint="jkws", parameters={"status": 500})
    assert (unknown.value.status, unknown.value.problem["nearest"]) == (404, "jwks")
    with pytest.raises(Refused) as misplaced:
        control("faults", endpoint="jwks", parameters={"times": 1})
    assert misplaced.value.status == 400


def test_an_answer_is_scripted_once(control: Call, issuer: Issuer) -> None:
    control(
        "answers", endpoint="token", status=400, json={"error": "slow_down"}, headers={"Retry-After": "1"}
    )
    assert token_endpoint(issuer, grant_type="client_credentials") == (400, {"error": "slow_down"})
    assert token_endpoint(issuer, grant_type="nonsense")[1]["error"] == "unsupported_grant_type"
    control("answers", endpoint="jwks", body_base64=base64.b64encode(b"\xff\x00").decode())
    control("answers", endpoint="jwks", body="<html>")
    assert [get(issuer.jwks_url) for _ in range(2)] == [(200, b"\xff\x00"), (200, b"<html>")]
    for bad in ({"body": "a", "json": 1}, {"body_base64": "%"}):
        with pytest.raises(Refused) as refused:
            control("answers", endpoint="jwks", **bad)
        assert refused.value.status == 400


def test_the_clock_is_frozen_moved_and_reset(control: Call, issuer: Issuer) -> None:
    frozen = control("clock/freeze", at="2030-01-01T00:00:00+01:00")
    assert (frozen["iso"], frozen["frozen"]) == ("2029-12-31T23:00:00.000+00:00", True)
    assert control("clock/advance", seconds=90)["now"] == frozen["now"] + 90
    assert control("mint", sub="a")["claims"]["iat"] == frozen["now"] + 90
    assert control("clock/freeze", at=1e9)["iso"] == "2001-09-09T01:46:40.000+00:00"
    back = control("clock/reset", method="POST")
    assert (back["frozen"], round(back["offset"])) == (False, 0)
    assert control("clock/freeze", method="POST")["frozen"] is True
    with pytest.raises(Refused) as refused:
        control("clock/advance", seconds=1e18)
    assert refused.value.status == 400


def test_the_journal_is_listed_filtered_and_cleared(control: Call, issuer: Issuer) -> None:
    get(issuer.discovery_url)
    get(issuer.jwks_url + f"?access_token={issuer.mint()}")
    get(issuer.url + "/nothing")
    everything = control("journal")
    assert [each["status"] for each in everything["requests"]] == [200, 200, 404]
    assert "eyJ" not in json.dumps(everything)
    (one,) = control("journal?endpoint=jwks&method=GET")["requests"]
    assert one["number"] == everything["requests"][1]["number"]
    assert control(f"journal?since={everything['last']}")["requests"] == []
    assert [each["status"] for each in control("journal?limit=1")["requests"]] == [404]
    assert control("journal", method="DELETE") == {"done": 3}
    assert control("journal")["requests"] == []


def test_a_caller_waits_for_the_next_request_of_a_kind(control: Call, issuer: Issuer) -> None:
    get(issuer.jwks_url)
    since = control("journal")["last"]
    found: list[Any] = []
    waiting = threading.Thread(
        target=lambda: found.append(control(f"journal/next?endpoint=jwks&since={since}&timeout=10"))
    )
    waiting.start()
    get(issuer.discovery_url)
    assert waiting.is_alive()
    get(issuer.jwks_url)
    waiting.join(10)
    (request,) = found[0]["requests"]
    assert (request["endpoint"], request["number"]) == ("jwks", since + 2)
    assert found[0]["last"] == since + 2
    with pytest.raises(Refused) as missed:
        control("journal/next?endpoint=token&timeout=0.01&since=0")
    assert (missed.value.status, missed.value.problem["error"]) == (404, "not_seen")


def test_a_reset_undoes_everything_but_the_keys(control: Call, issuer: Issuer) -> None:
    kids = published(issuer)
    control("users", name="dora")
    control("users/alice", method="DELETE")
    control("clients", client_id="app")
    control("faults", endpoint="jwks", parameters={"status": 503})
    control("clock/advance", seconds=1e6)
    assert control("reset", method="POST") == {"issuers": ["plain"]}
    assert [user["name"] for user in control("users")] == ["alice", "bob", "carol"]
    assert len(control("clients")) == 1
    assert control("journal")["requests"] == []
    assert published(issuer) == kids
    assert abs(control("clock")["offset"]) < 1
    control("reset", keys=True)
    assert not set(published(issuer)) & set(kids)
