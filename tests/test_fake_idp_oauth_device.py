"""The device grant (RFC 8628): the device, the person's page, and the polls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest

from fake_idp import Issuer, UnknownName
from fake_idp.devices import EXPIRES_IN, INTERVAL
from fake_idp.oauth.device_page import GUESSES, GUESSES_WINDOW
from fake_idp.server import LoopbackServer
from fake_idp.store import Store
from tests.oauth_client import DEVICE, Answer, basic, fresh, get, post, served, token


@pytest.fixture(scope="module")
def _served() -> Iterator[Issuer]:
    with served("plain") as (issuer,):
        yield issuer


@pytest.fixture
def idp(_served: Issuer) -> Issuer:
    issuer = fresh(_served)
    issuer.clock.freeze(1_800_000_000)
    return issuer


def start(issuer: Issuer, **form: str) -> dict[str, Any]:
    answer = post(issuer.endpoints["device_authorization"], {"client_id": issuer.client_id, **form})
    assert answer.status == 200, answer.body
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


def poll(issuer: Issuer, device: dict[str, Any], client_id: str | None = None) -> Answer:
    form = {"device_code": device["device_code"], "client_id": client_id or issuer.client_id}
    return token(issuer, {"grant_type": DEVICE, **form}, {})


class Page:
    """A browser at the verification page."""

    def __init__(self, issuer: Issuer, url: str) -> None:
        self.url = issuer.endpoints["device_verification"]
        self.answer = get(url)
        self.cookie = self.answer.headers.get("set-cookie", "").partition(";")[0]
        text = self.answer.body.decode()
        found = re.search(r'name="transaction" value="([^"]+)"', text)
        self.transaction = found[1] if found else ""

    def send(self, headers: dict[str, str] | None = None, **form: str) -> Answer:
        sent = {"cookie": self.cookie, "sec-fetch-site": "same-origin", **(headers or {})}
        return post(self.url, {"transaction": self.transaction, **form}, sent)


def test_the_answer_has_what_rfc_8628_says(idp: Issuer) -> None:
    device = start(idp, scope="openid")
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", device["user_code"])
    page = idp.endpoints["device_verification"]
    assert device["verification_uri"] == page
    assert device["verification_uri_complete"] == f"{page}?user_code={device['user_code']}"
    assert (device["expires_in"], device["interval"]) == (EXPIRES_IN, INTERVAL) == (600, 5)


def test_a_person_approves_on_the_page_and_the_device_gets_tokens(idp: Issuer) -> None:
    device = start(idp, scope="openid offline_access")
    assert poll(idp, device).is_refused("authorization_pending")
    page = Page(idp, device["verification_uri_complete"])
    assert device["user_code"] in page.answer.body.decode()
    assert page.send(decision="approve", user="bob").status == 200
    idp.clock.advance(INTERVAL)
    tokens = poll(idp, device).json()
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["aud"]) == ("bob", idp.client_id)
    assert set(tokens) >= {"access_token", "refresh_token", "expires_in", "token_type"}


def test_a_person_denies_and_the_device_is_told_so(idp: Issuer) -> None:
    device = start(idp)
    assert Page(idp, device["verification_uri_complete"]).send(decision="deny").status == 200
    assert poll(idp, device).is_refused("access_denied")
    assert poll(idp, device).is_refused("access_denied")


def test_a_user_code_may_be_typed_as_people_type(idp: Issuer) -> None:
    code = start(idp)["user_code"]
    url = idp.endpoints["device_verification"]
    for typed in (code.lower(), code.replace("-", ""), code.replace("-", "+"), f"+{code}.+"):
        assert Page(idp, f"{url}?user_code={typed}").transaction


def test_whoever_polls_too_soon_has_to_wait_longer_from_then_on(idp: Issuer) -> None:
    device = start(idp)
    assert poll(idp, device).is_refused("authorization_pending")
    idp.clock.advance(INTERVAL - 1)
    assert poll(idp, device).is_refused("slow_down")
    idp.clock.advance(INTERVAL)
    assert poll(idp, device).is_refused("slow_down")
    idp.clock.advance(3 * INTERVAL)
    assert poll(idp, device).is_refused("authorization_pending")
    idp.clock.advance(INTERVAL)
    assert poll(idp, device).is_refused("slow_down")


def test_a_device_code_is_over_after_ten_minutes(idp: Issuer) -> None:
    device = start(idp)
    idp.clock.advance(EXPIRES_IN - 1)
    assert poll(idp, device).is_refused("authorization_pending")
    idp.clock.advance(1)
    assert poll(idp, device).is_refused("expired_token")
    with pytest.raises(UnknownName):
        idp.devices.approve(device["user_code"])
    assert Page(idp, device["verification_uri_complete"]).answer.status == 400


def test_a_device_code_is_good_once_even_for_many_at_the_same_time(idp: Issuer) -> None:
    device = start(idp)
    idp.devices.approve(device["user_code"])
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: poll(idp, device), range(8)))
    assert sorted(each.status for each in answers) == [200] + [400] * 7
    assert {each.json()["error"] for each in answers if each.status == 400} == {"invalid_grant"}


def test_a_device_code_is_good_once_for_two_servers_with_one_state_file(tmp_path: Path) -> None:
    with LoopbackServer() as first, LoopbackServer() as second:
        issuers = [Store(tmp_path).issuer("plain", url=first.url, algorithm="ES256") for _ in range(2)]
        for server, issuer in zip((first, second), issuers, strict=True):
            server.start(issuer.app)
        device = start(issuers[0])
        issuers[1].devices.approve(device["user_code"])
        form = {"grant_type": DEVICE, "device_code": device["device_code"], "client_id": issuers[0].client_id}
        urls = [f"{server.url}/token" for server in (first, second)] * 4
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda url: post(url, form), urls))
        assert sorted(each.status for each in answers) == [200] + [400] * 7


def test_a_device_code_is_its_own_clients_only(idp: Issuer) -> None:
    device = start(idp)
    idp.devices.approve(device["user_code"])
    idp.clients.add("other")
    assert poll(idp, device, "other").is_refused("invalid_grant")
    assert poll(idp, device).status == 200


def test_a_device_code_that_nobody_gave_out_is_refused(idp: Issuer) -> None:
    assert poll(idp, {"device_code": "x"}).is_refused("invalid_grant")
    assert token(idp, {"grant_type": DEVICE}, basic(idp)).is_refused("invalid_request")


def test_the_client_is_asked_for_as_at_the_token_endpoint(idp: Issuer) -> None:
    url = idp.endpoints["device_authorization"]
    assert post(url, {}).is_refused("invalid_client", 401)
    assert post(url, {"client_id": "nobody"}).is_refused("invalid_client", 401)
    idp.clients.add("web", grant_types=["authorization_code"])
    assert post(url, {"client_id": "web"}).is_refused("unauthorized_client")
    idp.clients.add("narrow", scope=["a"])
    assert post(url, {"client_id": "narrow", "scope": "a b"}).is_refused("invalid_scope")


def test_a_script_answers_the_next_device_after_some_polls(idp: Issuer) -> None:
    idp.devices.script(user="carol", pending_polls=2)
    idp.devices.script(user=None)
    first, second = start(idp, scope="openid"), start(idp)
    for _ in range(2):
        assert poll(idp, first).is_refused("authorization_pending")
        idp.clock.advance(INTERVAL)
    claims = jwt.decode(poll(idp, first).json()["access_token"], options={"verify_signature": False})
    assert claims["sub"] == "carol"
    assert poll(idp, second).is_refused("access_denied")
    assert poll(idp, start(idp)).is_refused("authorization_pending")


def test_a_test_can_answer_for_the_person(idp: Issuer) -> None:
    device = start(idp, scope="openid cw:read")
    (waiting,) = idp.devices
    assert (waiting.user_code, waiting.scope) == (device["user_code"], ("openid", "cw:read"))
    idp.devices.approve(device["user_code"], user="bob", claims={"groups": ["ops"]})
    assert list(idp.devices) == []
    claims = jwt.decode(poll(idp, device).json()["access_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["groups"]) == ("bob", ["ops"])
    with pytest.raises(UnknownName):
        idp.devices.deny(device["user_code"])


def test_somebody_who_may_not_sign_in_gets_nothing(idp: Issuer) -> None:
    idp.users.add("alice", disabled=True)
    device = start(idp)
    page = Page(idp, device["verification_uri_complete"])
    assert page.send(decision="approve", user="alice").status == 403
    idp.devices.approve(device["user_code"], user="alice")
    assert poll(idp, device).is_refused("access_denied")


def test_auto_login_needs_no_more_than_the_code(idp: Issuer) -> None:
    idp.auto_login = "bob"
    device = start(idp)
    assert b"bob" in get(device["verification_uri_complete"]).body
    assert poll(idp, device).status == 200


def test_the_form_is_good_once_and_for_its_own_browser(idp: Issuer) -> None:
    device, other = start(idp), start(idp)
    page = Page(idp, device["verification_uri_complete"])
    assert page.send({"cookie": ""}, decision="approve", user="bob").status == 403
    assert page.send({"sec-fetch-site": "cross-site"}, decision="approve", user="bob").status == 403
    stranger = Page(idp, other["verification_uri_complete"])
    assert page.send({"cookie": stranger.cookie}, decision="approve", user="bob").status == 403
    hostile = {"sec-fetch-site": "same-origin", "origin": "https://attacker.example"}
    assert page.send(hostile, decision="approve", user="").status == 400
    assert page.send(decision="approve", user="bob").status == 400
    assert poll(idp, device).is_refused("authorization_pending")


def test_wrong_codes_can_be_guessed_a_few_times_only(idp: Issuer) -> None:
    url = idp.endpoints["device_verification"]
    device = start(idp)
    for _ in range(GUESSES):
        wrong = get(f"{url}?user_code=BBBB-BBBB")
        assert wrong.status == 400
        assert device["user_code"].encode() not in wrong.body
    locked = get(device["verification_uri_complete"])
    assert (locked.status, locked.headers["retry-after"]) == (429, str(GUESSES_WINDOW))
    idp.clock.advance(GUESSES_WINDOW)
    assert get(device["verification_uri_complete"]).status == 200


def test_the_page_without_a_code_asks_for_one_and_is_safe(idp: Issuer) -> None:
    answer = get(idp.endpoints["device_verification"])
    assert b'name="user_code"' in answer.body
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    hostile = get(idp.endpoints["device_verification"] + "?user_code=%3Cscript%3E")
    assert b"<script>" not in hostile.body
