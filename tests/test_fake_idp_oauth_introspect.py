"""Introspection (RFC 7662) and revocation (RFC 7009)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fake_idp import Issuer
from fake_idp.presets.plain import Plain
from tests.oauth_client import Answer, Signer, basic, device_tokens, fresh, get, post, served, token

OFFLINE = "openid offline_access"


@pytest.fixture(scope="module")
def _served() -> Iterator[Issuer]:
    with served("plain") as (issuer,):
        yield issuer


@pytest.fixture
def idp(_served: Issuer) -> Issuer:
    return fresh(_served)


def introspect(issuer: Issuer, value: str, **form: str) -> dict[str, Any]:
    answer = post(issuer.endpoints["introspection"], {"token": value, **form}, basic(issuer))
    assert answer.status == 200, answer.body
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


def revoke(issuer: Issuer, value: str, **form: str) -> Answer:
    return post(issuer.endpoints["revocation"], {"token": value, "client_id": issuer.client_id, **form})


def refresh(issuer: Issuer, refresh_token: str) -> Answer:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": issuer.client_id}
    return token(issuer, form, {})


def is_live(issuer: Issuer, access_token: str) -> bool:
    return get(issuer.endpoints["userinfo"], {"authorization": f"Bearer {access_token}"}).status == 200


def test_a_live_access_token_is_described(idp: Issuer) -> None:
    idp.clock.freeze(1_800_000_000)
    access = idp.mint(sub="alice", scope="openid cw:read", expires_in=60, claims={"nbf": 1_800_000_000})
    said = introspect(idp, access)
    assert said.pop("jti")
    assert said == {
        "active": True,
        "scope": "openid cw:read",
        "client_id": idp.client_id,
        "username": "alice",
        "token_type": "Bearer",
        "sub": "alice",
        "exp": 1_800_000_060,
        "iat": 1_800_000_000,
        "nbf": 1_800_000_000,
        "aud": "https://api.example.com",
        "iss": idp.url,
    }


def test_a_bound_token_says_to_which_key(idp: Issuer) -> None:
    proof = Signer().proof(idp, "POST", idp.endpoints["token"])
    access = device_tokens(idp, {"dpop": proof}, scope="openid")["access_token"]
    said = introspect(idp, access)
    assert said["token_type"] == "DPoP"
    assert set(said["cnf"]) == {"jkt"}


def test_a_machines_token_has_no_username(idp: Issuer) -> None:
    access = token(idp, {"grant_type": "client_credentials", "scope": "cw:read"}).json()["access_token"]
    said = introspect(idp, access)
    assert said["active"] is True
    assert said["sub"] == said["client_id"] == idp.client_id
    assert "username" not in said


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "something"])
def test_a_hint_is_a_hint(idp: Issuer, hint: str) -> None:
    tokens = device_tokens(idp, scope=OFFLINE)
    for kind in ("access_token", "refresh_token"):
        assert introspect(idp, tokens[kind], token_type_hint=hint)["active"] is True
    assert revoke(idp, tokens["refresh_token"], token_type_hint=hint).status == 200
    for kind in ("access_token", "refresh_token"):
        assert introspect(idp, tokens[kind], token_type_hint=hint) == {"active": False}


def test_a_refresh_token_is_described_to_its_own_client_only(idp: Issuer) -> None:
    tokens = device_tokens(idp, scope=OFFLINE)
    said = introspect(idp, tokens["refresh_token"])
    assert (said["username"], said["client_id"], said["scope"]) == ("alice", idp.client_id, OFFLINE)
    assert said["exp"] > idp.clock.now()
    assert "token_type" not in said
    idp.clients.add("api", client_secret="api-secret")
    form = {"client_id": "api", "client_secret": "api-secret"}
    url = idp.endpoints["introspection"]
    assert post(url, {**form, "token": tokens["refresh_token"]}).json() == {"active": False}
    assert post(url, {**form, "token": tokens["access_token"]}).json()["active"] is True


def test_what_is_no_live_token_of_this_issuer_is_inactive_and_nothing_else(idp: Issuer) -> None:
    tokens = device_tokens(idp, scope=OFFLINE)
    renewed = refresh(idp, tokens["refresh_token"]).json()
    dead = {
        "gibberish": "x",
        "expired": idp.mint(expires_in=-1),
        "forged": idp.forge("sig.wrong-key", sub="alice"),
        "foreign": Issuer("plain", url="https://far.example", algorithm="ES256").mint(),
        "an ID token": tokens["id_token"],
        "used": tokens["refresh_token"],
    }
    for what, value in dead.items():
        assert introspect(idp, value) == {"active": False}, what
    assert introspect(idp, renewed["refresh_token"])["active"] is True
    idp.users.add("alice", disabled=True)
    for value in (renewed["refresh_token"], renewed["access_token"]):
        assert introspect(idp, value) == {"active": False}


def test_a_refresh_token_is_inactive_when_it_is_over(idp: Issuer) -> None:
    tokens = device_tokens(idp, scope=OFFLINE)
    idp.clock.advance(introspect(idp, tokens["refresh_token"])["exp"] - idp.clock.now() + 1)
    assert introspect(idp, tokens["refresh_token"]) == {"active": False}


def test_introspection_is_for_clients_that_authenticate(idp: Issuer) -> None:
    url, access = idp.endpoints["introspection"], idp.mint()
    assert post(url, {"token": access}).is_refused("invalid_client", 401)
    public = post(url, {"token": access, "client_id": idp.client_id})
    assert public.is_refused("invalid_client", 401)
    assert public.challenges[0].startswith("Basic ")
    wrong = post(url, {"token": access, "client_id": idp.client_id, "client_secret": "wrong"})
    assert wrong.is_refused("invalid_client", 401)
    assert post(url, {}, basic(idp)).is_refused("invalid_request")


def test_revoking_a_refresh_token_ends_the_whole_family(idp: Issuer) -> None:
    first = device_tokens(idp, scope=OFFLINE)
    second = refresh(idp, first["refresh_token"]).json()
    assert is_live(idp, first["access_token"])
    answer = revoke(idp, second["refresh_token"])
    assert (answer.status, answer.body) == (200, b"")
    assert not is_live(idp, first["access_token"])
    assert not is_live(idp, second["access_token"])
    assert refresh(idp, second["refresh_token"]).is_refused("invalid_grant")


def test_revoking_an_access_token_leaves_the_others_alone(idp: Issuer) -> None:
    tokens, minted = device_tokens(idp, scope=OFFLINE), idp.mint(sub="alice")
    for access in (tokens["access_token"], minted):
        assert is_live(idp, access)
        assert revoke(idp, access).status == 200
        assert not is_live(idp, access)
        assert revoke(idp, access).status == 200
    assert is_live(idp, refresh(idp, tokens["refresh_token"]).json()["access_token"])


def test_nobody_revokes_another_clients_token(idp: Issuer) -> None:
    tokens = device_tokens(idp, scope=OFFLINE)
    idp.clients.add("other")
    for kind in ("access_token", "refresh_token"):
        assert revoke(idp, tokens[kind], client_id="other").is_refused("invalid_grant")
    assert is_live(idp, tokens["access_token"])
    assert refresh(idp, tokens["refresh_token"]).status == 200


def test_an_unknown_token_is_revoked_already(idp: Issuer) -> None:
    for value in ("x", idp.mint(expires_in=-1), idp.forge("sig.none", sub="alice"), "\u20ac"):
        assert revoke(idp, value).status == 200
    assert revoke(idp, "").is_refused("invalid_request")
    assert revoke(idp, "x", client_id="nobody").is_refused("invalid_client", 401)


def test_refreshes_and_a_revocation_at_the_same_time_leave_nothing_alive(idp: Issuer) -> None:
    tokens = device_tokens(idp, scope=OFFLINE)
    with ThreadPoolExecutor(8) as pool:
        refreshed = [pool.submit(refresh, idp, tokens["refresh_token"]) for _ in range(4)]
        assert pool.submit(revoke, idp, tokens["refresh_token"]).result().status == 200
    for each in refreshed:
        answer = each.result()
        if answer.status == 200:
            assert not is_live(idp, answer.json()["access_token"])
            assert refresh(idp, answer.json()["refresh_token"]).is_refused("invalid_grant")
    assert not is_live(idp, tokens["access_token"])


def test_a_vendor_may_revoke_refresh_tokens_only() -> None:
    class Vendor(Plain):
        revokes_access_tokens = False

    with served(Vendor()) as (idp,):
        tokens = device_tokens(idp, scope=OFFLINE)
        assert revoke(idp, tokens["access_token"]).is_refused("unsupported_token_type")
        assert is_live(idp, tokens["access_token"])
        assert revoke(idp, tokens["refresh_token"]).status == 200
        assert not is_live(idp, tokens["access_token"])


def test_opaque_access_tokens_are_looked_up() -> None:
    class Vendor(Plain):
        access_tokens = "opaque"

    with served(Vendor()) as (idp,):
        idp.clock.freeze(1_800_000_000)
        access = device_tokens(idp, scope="openid email")["access_token"]
        assert "." not in access
        assert is_live(idp, access)
        said = introspect(idp, access)
        assert (said["active"], said["username"], said["scope"]) == (True, "alice", "openid email")
        assert not is_live(idp, idp.mint(sub="alice"))
        idp.clock.advance(idp.preset.lifetime)
        assert not is_live(idp, access)
        assert introspect(idp, access) == {"active": False}
