"""Refresh tokens: rotation, reuse, narrowing, binding; and many requests at the same moment."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fake_idp import Issuer
from fake_idp.app import Site
from fake_idp.presets.plain import Plain
from fake_idp.server import LoopbackServer
from fake_idp.store import Store
from tests.oauth_client import by_name, served
from tests.oauth_party import CALLBACK, VERIFIER, Party, claims_of, error_of, new_browser

OFFLINE = "openid email offline_access"


class Lasting(Plain):
    name = "lasting"
    rotates_refresh_tokens = False


class Always(Plain):
    name = "always"

    def discovery(self, url: str, **options: Any) -> dict[str, Any]:
        return super().discovery(url, **options) | {"scopes_supported": ["openid", "email"]}


class Never(Plain):
    name = "never"
    grants = ("authorization_code",)


@pytest.fixture(scope="module")
def issuers() -> Iterator[dict[str, Issuer]]:
    with served(*(Plain(), Lasting(), Always(), Never())) as issuers:
        yield by_name(issuers)


@pytest.fixture
def party(issuers: dict[str, Issuer], browser: httpx2.Client) -> Party:
    issuers["plain"].state.clear()
    issuers["plain"].clock.reset()
    return Party(issuers["plain"], browser=browser)


def accepted(party: Party, token: str) -> bool:
    headers = {"authorization": f"Bearer {token}"}
    status = party.browser.get(party.issuer.endpoints["userinfo"], headers=headers).status_code
    assert status in (200, 401)
    return status == 200


def test_a_refresh_gives_the_same_rights_and_a_new_refresh_token(party: Party) -> None:
    first = party.sign_in("bob", scope=OFFLINE, nonce="n")
    party.issuer.clock.advance(100)
    second = party.refresh(first["refresh_token"]).json()
    assert second["scope"] == first["scope"]
    assert second["refresh_token"] != first["refresh_token"]
    old, new = claims_of(first["id_token"]), claims_of(second["id_token"])
    # OpenID Connect Core 1.0 section 12.2
    assert (old["iss"], old["sub"], old["aud"]) == (new["iss"], new["sub"], new["aud"])
    assert new["iat"] >= old["iat"] + 100
    assert "nonce" not in new
    assert party.refresh(second["refresh_token"]).status_code == 200


def test_the_time_of_the_sign_in_stays(party: Party) -> None:
    first = party.sign_in(scope=OFFLINE)
    party.issuer.clock.advance(100)
    second = party.refresh(first["refresh_token"]).json()
    assert claims_of(first["id_token"])["auth_time"] == claims_of(second["id_token"])["auth_time"]


def test_claims_that_the_person_added_stay(party: Party) -> None:
    code = party.code(scope=OFFLINE, fields={"claims": '{"groups": ["ops"]}'})
    refreshed = party.refresh(party.redeem(code).json()["refresh_token"]).json()
    assert claims_of(refreshed["access_token"])["groups"] == ["ops"]


def test_a_used_refresh_token_ends_the_family(party: Party) -> None:
    first = party.sign_in(scope=OFFLINE)
    second = party.refresh(first["refresh_token"]).json()
    third = party.refresh(second["refresh_token"]).json()
    assert accepted(party, third["access_token"])
    other = party.sign_in(scope=OFFLINE)
    assert error_of(party.refresh(first["refresh_token"])) == "invalid_grant"
    assert error_of(party.refresh(third["refresh_token"])) == "invalid_grant"
    for each in (first, second, third):
        assert not accepted(party, each["access_token"])
    assert accepted(party, other["access_token"])  # another sign-in is another family
    assert party.refresh(other["refresh_token"]).status_code == 200


def test_a_lax_issuer_takes_a_refresh_token_again(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(party.issuer, "lax", frozenset({"refresh-tokens"}))
    token = party.sign_in(scope=OFFLINE)["refresh_token"]
    assert [party.refresh(token).status_code for _ in range(3)] == [200, 200, 200]


def test_where_there_is_no_rotation_a_refresh_token_lasts(
    issuers: dict[str, Issuer], browser: httpx2.Client
) -> None:
    party = Party(issuers["lasting"], browser=browser)
    token = party.sign_in(scope=OFFLINE)["refresh_token"]
    for _ in range(3):
        answer = party.refresh(token)
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()


def test_a_refresh_token_is_given_to_whom_it_is_due(
    issuers: dict[str, Issuer], browser: httpx2.Client
) -> None:
    def given(name: str, scope: str, client_id: str = "") -> bool:
        party = Party(issuers[name], client_id=client_id, browser=browser)
        return "refresh_token" in party.sign_in(scope=scope)

    registered: dict[str, tuple[str, ...]] = {
        "mcp": ("authorization_code", "refresh_token"),
        "code-only": ("authorization_code",),
    }
    for client_id, grants in registered.items():
        issuers["plain"].clients.add(client_id, redirect_uris=(CALLBACK,), grant_types=grants)
    assert not given("plain", "openid")
    assert given("plain", OFFLINE)
    assert given("plain", "openid", "mcp")
    assert not given("plain", OFFLINE, "code-only")
    assert given("always", "openid")  # a vendor without the scope gives one always
    assert not given("never", OFFLINE)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"refresh_token": ""}, "invalid_request"),
        ({"refresh_token": "never-issued"}, "invalid_grant"),
        ({"scope": "openid cw:admin"}, "invalid_scope"),
        ({"scope": "a  b"}, "invalid_scope"),
        ({"resource": "https://other.example"}, "invalid_target"),
    ],
)
def test_a_refresh_that_asks_too_much_is_refused_and_costs_nothing(
    party: Party, form: dict[str, str], error: str
) -> None:
    token = party.sign_in(scope=OFFLINE)["refresh_token"]
    assert error_of(party.token("refresh_token", **{"refresh_token": token, **form})) == error
    assert party.refresh(token).status_code == 200


def test_less_can_be_asked_for_and_all_is_there_the_next_time(party: Party) -> None:
    token = party.sign_in(
        scope="openid cw:read offline_access", resource="https://a.example https://b.example"
    )
    less = party.refresh(token["refresh_token"], scope="cw:read", resource="https://a.example").json()
    assert less["scope"] == "cw:read"
    assert "id_token" not in less
    assert claims_of(less["access_token"])["aud"] == "https://a.example"
    all_ = party.refresh(less["refresh_token"]).json()
    assert all_["scope"] == "openid cw:read offline_access"
    assert claims_of(all_["access_token"])["aud"] == ["https://a.example", "https://b.example"]


def test_a_refresh_token_is_of_one_client(party: Party) -> None:
    token = party.sign_in(scope=OFFLINE)["refresh_token"]
    party.issuer.clients.add("other")
    other = Party(party.issuer, client_id="other", browser=party.browser)
    assert error_of(other.refresh(token)) == "invalid_grant"
    assert party.refresh(token).status_code == 200


def test_a_refresh_token_ends_after_a_month_without_use(party: Party) -> None:
    token = party.sign_in(scope=OFFLINE)["refresh_token"]
    party.issuer.clock.advance(29 * 86_400)
    token = party.refresh(token).json()["refresh_token"]
    party.issuer.clock.advance(30 * 86_400)
    assert error_of(party.refresh(token)) == "invalid_grant"


@pytest.mark.parametrize("how", ["disabled", "removed"])
def test_whoever_may_not_sign_in_any_more_gets_no_new_tokens(party: Party, how: str) -> None:
    token = party.sign_in("bob", scope=OFFLINE)["refresh_token"]
    if how == "disabled":
        party.issuer.users.add("bob", disabled=True)
    else:
        party.issuer.users.remove("bob")
    assert error_of(party.refresh(token)) == "invalid_grant"


def test_a_changed_person_shows_in_the_next_token(party: Party) -> None:
    token = party.sign_in("bob", scope=OFFLINE)["refresh_token"]
    party.issuer.users.add("bob", claims={"team": "night"})
    assert claims_of(party.refresh(token).json()["access_token"])["team"] == "night"


def test_a_refresh_token_is_not_in_the_state_as_it_is(party: Party) -> None:
    token = party.sign_in(scope=OFFLINE)["refresh_token"]
    kept = repr([party.issuer.state.items(kind) for kind in ("code", "access", "refresh", "family", "login")])
    assert token not in kept


# At the same moment


def at_once(count: int, ask: Callable[[httpx2.Client], httpx2.Response]) -> list[httpx2.Response]:
    def one(_: int) -> httpx2.Response:
        with new_browser() as client:
            return ask(client)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_of_twenty_that_redeem_a_code_at_once_one_succeeds(party: Party) -> None:
    code = party.code(scope=OFFLINE)
    answers = at_once(20, lambda client: Party(party.issuer, browser=client).redeem(code))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    tokens = next(answer.json() for answer in answers if answer.status_code == 200)
    assert not accepted(party, tokens["access_token"])
    assert error_of(party.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_of_twenty_that_use_a_refresh_token_at_once_one_succeeds_and_the_family_ends(party: Party) -> None:
    token = party.sign_in(scope=OFFLINE)["refresh_token"]
    answers = at_once(20, lambda client: Party(party.issuer, browser=client).refresh(token))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    assert {error_of(answer) for answer in answers if answer.status_code == 400} == {"invalid_grant"}
    tokens = next(answer.json() for answer in answers if answer.status_code == 200)
    assert error_of(party.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert not accepted(party, tokens["access_token"])


def test_many_sign_ins_at_once_do_not_disturb_each_other(party: Party) -> None:
    def sign_in_and_refresh(client: httpx2.Client) -> httpx2.Response:
        one = Party(party.issuer, browser=client)
        return one.refresh(one.sign_in(scope=OFFLINE)["refresh_token"])

    assert {answer.status_code for answer in at_once(20, sign_in_and_refresh)} == {200}


# With a state file, and two servers that share it


def test_a_code_and_a_refresh_token_are_good_once_at_two_servers_of_one_state_file(
    tmp_path: Path, browser: httpx2.Client
) -> None:
    with LoopbackServer() as one, LoopbackServer() as other:
        issuers = [Store(tmp_path).issuer("plain", url=one.url, algorithm="ES256") for _ in range(2)]
        for server, issuer in zip((one, other), issuers, strict=True):
            server.start(Site([issuer]))
        party = Party(issuers[0], browser=browser)

        def somewhere(form: dict[str, str]) -> list[httpx2.Response]:
            def ask(client: httpx2.Client) -> httpx2.Response:
                server = one if next(turn) % 2 else other
                return client.post(f"{server.url}/token", data={"client_id": party.client_id, **form})

            turn = itertools.count()
            return at_once(12, ask)

        code = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        answers = somewhere({**code, "code": party.code(scope=OFFLINE)})
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 11
        token = party.sign_in(scope=OFFLINE)["refresh_token"]
        answers = somewhere({"grant_type": "refresh_token", "refresh_token": token})
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 11
        tokens = next(answer.json() for answer in answers if answer.status_code == 200)
        assert error_of(party.refresh(tokens["refresh_token"])) == "invalid_grant"
