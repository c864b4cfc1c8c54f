"""The control plane: each operation does what it says, as seen through the issuer's own endpoints."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import jwt
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


# What there is


def test_the_index_lists_every_operation_and_says_what_this_is_for(control: Call) -> None:
    index, described = control(""), control("openapi.json")
    assert "for tests only" in index["warning"]
    assert "for tests only" in described["info"]["title"] + described["info"]["description"]
    listed = {(each["method"].lower(), each["path"]) for each in index["operations"]}
    assert listed == {(method, path) for path, each in described["paths"].items() for method in each}
    assert all(each["summary"] for each in index["operations"])
    assert len(listed) > 30


def test_the_description_loads_nothing_from_elsewhere(issuer: Issuer) -> None:
    for path in ("/docs", "/redoc", "/_control/docs", "/_control/redoc"):
        assert get(issuer.url + path)[0] == 404


def test_an_issuer_is_described_with_its_endpoints_and_keys(control: Call, issuer: Issuer) -> None:
    (found,) = control("issuers")
    assert found["name"] == "plain"
    assert found["url"] == issuer.url
    assert found["keys"] == published(issuer)
    assert get(found["discovery_url"])[0] == 200
    assert found["paths"]["/token"] == "token"


def test_of_several_issuers_one_must_be_named_and_the_nearest_is_proposed() -> None:
    with LoopbackServer() as server:
        issuers = [
            Issuer("okta", url=f"{server.url}/a/oauth2/default", algorithm="ES256"),
            Issuer("okta", url=f"{server.url}/b/oauth2/default", algorithm="ES256"),
            Issuer("plain", url=f"{server.url}/plain", algorithm="ES256"),
        ]
        server.start(Site(issuers, control=True))
        control = caller(server.url)
        assert [each["name"] for each in control("issuers")] == ["okta", "okta-2", "plain"]
        assert control("mint?issuer=okta-2", sub="a")["issuer"] == issuers[1].url
        assert control(f"mint?issuer={quote(issuers[0].url)}", sub="a")["issuer"] == issuers[0].url
        with pytest.raises(Refused) as unnamed:
            control("mint", sub="a")
        assert unnamed.value.status == 400
        assert "okta, okta-2, plain" in unnamed.value.problem["error_description"]
        with pytest.raises(Refused) as misspelt:
            control("mint?issuer=plian", sub="a")
        assert (misspelt.value.status, misspelt.value.problem["nearest"]) == (404, "plain")
        control("clock/advance?issuer=plain", seconds=1000)
        control("faults?issuer=okta", endpoint="jwks", parameters={"status": 503})
        assert control("reset", method="POST") == {"issuers": ["okta", "okta-2", "plain"]}
        assert abs(issuers[2].clock.now() - issuers[0].clock.now()) < 5
        assert not issuers[0].faults.active


# Tokens


def test_a_minted_token_is_good_and_is_answered_decoded(control: Call, issuer: Issuer) -> None:
    made = control(
        "mint",
        sub="bob",
        claims={"team": "ops"},
        expires_in=60,
        scope=["cw:read", "cw:write"],
        audience="https://api.test",
        headers={"x": 1},
    )
    key = jwt.PyJWKClient(issuer.jwks_url).get_signing_key_from_jwt(made["token"])
    claims = jwt.decode(
        made["token"], key, algorithms=["ES256"], audience="https://api.test", issuer=issuer.url
    )
    assert claims == made["claims"]
    assert (claims["sub"], claims["team"], claims["scope"]) == ("bob", "ops", "cw:read cw:write")
    assert claims["exp"] - claims["iat"] == 60
    assert made["header"]["x"] == 1
    assert made["response"] == {
        "access_token": made["token"],
        "token_type": "Bearer",
        "expires_in": 60,
        "scope": "cw:read cw:write",
    }


@pytest.mark.parametrize(
    "operation", ["mint", "clock/freeze", "clock/reset", "keys/announce", "keys/rotate", "reset"]
)
def test_an_operation_that_needs_to_know_nothing_takes_no_body(issuer: Issuer, operation: str) -> None:
    asked = urllib.request.Request(
        f"{issuer.url}/_control/{operation}", method="POST", headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=5) as answer:
        assert answer.status == 200


def test_an_id_token_has_the_claims_of_a_user_of_the_issuer(control: Call) -> None:
    control("users", name="dora", groups=["ops"], id_claims={"badge": 7})
    made = control("mint", sub="x", user="dora", token_use="id")
    assert made["response"]["id_token"] == made["token"]
    assert (made["claims"]["sub"], made["claims"]["badge"]) == ("x", 7)
    with pytest.raises(Refused) as unknown:
        control("mint", user="doar")
    assert (unknown.value.status, unknown.value.problem["nearest"]) == (404, "dora")


def test_a_forged_token_fails_the_check_that_it_is_forged_for(control: Call) -> None:
    forged = control("forge", forgery="time.exp-past[1h]", sub="bob")
    assert forged["claims"]["sub"] == "bob"
    assert forged["source"]
    assert [check["name"] for check in forged["checks"] if check["verdict"] == "fail"] == ["exp"]
    judged = control("judge", token=forged["token"])
    assert judged["good"] is False
    assert judged["header"] == forged["header"]
    assert control("judge", token=control("mint", sub="bob")["token"])["good"] is True
    assert control("judge", token="not.a.token")["claims"] is None


def test_the_forgeries_are_listed_with_what_to_expect_and_their_parameters(control: Call) -> None:
    listed = {each["id"]: each for each in control("forgeries")}
    assert all(each["source"] and each["title"] for each in listed.values())
    assert listed["sig.none"]["names"]["sig.none[NONE]"] == "refuse"
    assert "how long ago" in listed["time.exp-past"]["parameters"]["seconds"]
    for name in listed["sig.none"]["names"]:
        assert control("forge", forgery=name)["expect"] == "refuse"
    forged = control("forge", forgery="time.exp-past", parameters={"seconds": 90})
    assert forged["claims"]["iat"] - forged["claims"]["exp"] == 90
    with pytest.raises(Refused) as misspelt:
        control("forge", forgery="sig.nome")
    assert misspelt.value.problem["nearest"] == "sig.none"
    with pytest.raises(Refused) as unknown:
        control("forge", forgery="time.exp-past", parameters={"secnods": 90})
    assert (unknown.value.status, unknown.value.problem["nearest"]) == (404, "seconds")
    with pytest.raises(Refused) as wrong:
        control("forge", forgery="time.exp-past", parameters={"seconds": "90"})
    assert wrong.value.status == 400


def test_the_weak_key_of_a_forgery_is_published_with_it(control: Call, issuer: Issuer) -> None:
    control("keys/rotate", algorithm="RS256", overlap=False)
    forged = control("forge", forgery="sig.weak-key[rsa-1024]", publish=True)
    assert forged["header"]["kid"] in published(issuer)
    assert [check["name"] for check in forged["checks"] if check["verdict"] == "fail"] == ["key"]
    control("keys/rotate", algorithm="ES256", overlap=False)


def test_presets_cite_their_sources(control: Call) -> None:
    assert {"plain", "okta", "cognito", "identity_center"} <= {each["name"] for each in control("presets")}


# People and clients


def test_a_user_is_added_changed_shown_and_removed(control: Call, issuer: Issuer) -> None:
    added = control("users", name="dora/é", groups=["ops"], password="secret-1")
    assert added["groups"] == ["ops"]
    assert "secret-1" not in json.dumps([added, control("users")])
    path = f"users/{quote('dora/é', safe='')}"
    changed = control(path, method="PATCH", roles=["admin"])
    assert (changed["groups"], changed["roles"]) == (["ops"], ["admin"])
    assert issuer.users.get("dora/é").password == "secret-1"
    assert control(path) == changed
    assert control(path, method="DELETE") == {"done": 1}
    with pytest.raises(Refused) as gone:
        control(path)
    assert gone.value.status == 404


def test_a_disabled_user_gets_no_token(control: Call, issuer: Issuer) -> None:
    control("clients", client_id="app", client_secret="s3", grant_types=["password", "client_credentials"])
    control("users", name="dora", password="pw")
    control("users/dora", method="PATCH", disabled=True)
    assert issuer.users.get("dora").disabled


def test_a_client_gets_tokens_with_a_secret_that_is_shown_once(control: Call, issuer: Issuer) -> None:
    added = control("clients", client_id="app", client_secret="s3cr3t", claims={"team": "ops"})
    assert added["client_secret"] == "s3cr3t"
    assert "s3cr3t" not in json.dumps([control("clients"), control("clients/app")])
    ask = {"grant_type": "client_credentials", "client_id": "app"}
    status, answer = token_endpoint(issuer, **ask, client_secret="s3cr3t")
    assert status == 200, answer
    assert control("judge", token=answer["access_token"])["claims"]["team"] == "ops"
    control("clients/app", method="PATCH", client_secret="other")
    assert token_endpoint(issuer, **ask, client_secret="s3cr3t")[1]["error"] == "invalid_client"
    control("clients/app", method="DELETE")
    assert token_endpoint(issuer, **ask, client_secret="other")[1]["error"] == "invalid_client"


def test_a_client_without_an_id_is_given_one(control: Call) -> None:
    added = control("clients", client_name="an app", redirect_uris=["https://app.test/cb"])
    assert added["public"] is True
    assert control(f"clients/{added['client_id']}")["client_name"] == "an app"


def test_a_device_is_approved_or_denied(control: Call, issuer: Issuer) -> None:
    user_codes = [issuer.devices.start(client_id="tv", scope=["openid"])[1] for _ in range(2)]
    assert [device["user_code"] for device in control("devices")] == user_codes
    assert control("devices/approve", user_code=user_codes[0].lower(), user="bob") == {"done": 1}
    assert control("devices/deny", user_code=user_codes[1]) == {"done": 1}
    assert control("devices") == []
    with pytest.raises(Refused) as unknown:
        control("devices/approve", user_code="AAAA-AAAA")
    assert unknown.value.status == 404
    control("devices/script", user=None)
    device_code, _ = issuer.devices.start(client_id="tv", scope=[])
    assert issuer.devices.poll(device_code, client_id="tv") == "access_denied"


# Bad input


@pytest.mark.parametrize(
    ("operation", "body", "status", "words"),
    [
        ("mint", {"clams": {}}, 422, "did you mean 'claims'?"),
        ("mint", {"expires_in": "soon"}, 422, "body.expires_in"),
        ("mint", {"expires_in": 1e999}, 422, "finite"),
        ("mint", {"claims": {"a": float("nan")}}, 400, "claim 'a': has no JSON form"),
        ("mint", {"key": "nope"}, 404, "unknown key"),
        ("mint?isuer=plain", {"sub": "a"}, 422, "did you mean 'issuer'?"),
        ("mint?issuer=plain&issuer=plain", {"sub": "a"}, 400, "issuer: is there twice"),
        ("forge", {"sub": "a"}, 422, "body.forgery: Field required"),
        ("users", {"name": 5}, 422, "body.name"),
        ("mnit", {"sub": "a"}, 404, "did you mean '/_control/mint'?"),
        ("issuers", {"a": 1}, 405, "use GET"),
    ],
)
def test_a_mistake_is_answered_with_what_would_be_right(
    control: Call, operation: str, body: dict[str, Any], status: int, words: str
) -> None:
    with pytest.raises(Refused) as refused:
        control(operation, **body)
    assert refused.value.status == status
    assert words in refused.value.problem["error_description"]
    assert refused.value.problem["error"]


def test_an_error_does_not_repeat_what_was_sent(control: Call) -> None:
    with pytest.raises(Refused) as refused:
        control("users", name="dora", password={"secret": "hunter2"})
    assert refused.value.status == 422
    assert "hunter2" not in json.dumps(refused.value.problem)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 100_000, b'{"sub": ' + b"9" * 5000 + b"}"]
)
def test_a_body_that_is_no_json_object_is_refused(issuer: Issuer, body: bytes) -> None:
    request = urllib.request.Request(
        f"{issuer.url}/_control/forge", data=body, headers={"Content-Type": "application/json"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    with refused.value as answer:
        assert answer.code in (400, 422)
        assert json.load(answer)["error"] == "invalid_request"


def test_half_a_character_in_a_claim_comes_back_as_it_was(control: Call) -> None:
    assert control("mint", claims={"half": "\ud83d"})["claims"]["half"] == "\ud83d"
