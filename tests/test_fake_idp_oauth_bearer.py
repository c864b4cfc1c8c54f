"""Access tokens at the issuer's own endpoints, above all userinfo."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from fake_idp import FORGERIES, PRESETS, InvalidValue, Issuer
from fake_idp.algorithms import Algorithm
from fake_idp.forgeries import Variant
from fake_idp.oauth.bearer import read_access_token
from fake_idp.oauth.jwt_validation import Refused
from tests.oauth_client import (
    Answer,
    Signer,
    basic,
    device_tokens,
    fresh,
    get,
    other_signature,
    post,
    served,
    token,
)

# What only an API can tell: the issuer's endpoints take tokens for any of its audiences and clients, and
# a scope is judged after the token.
_OF_THE_API = ("clm.aud[other]", "clm.resource", "clm.scope", "clm.client-id", "clm.sub-session-name")
_JUDGED = [
    (name, variant)
    for forgery in FORGERIES.values()
    for variant in forgery.variants.values()
    if not (name := f"{forgery.id}[{variant.name}]" if variant.name else forgery.id).startswith(_OF_THE_API)
    and variant.expect != "either"
]
_JWT = [name for name, preset in PRESETS.items() if preset.access_tokens == "jwt" and preset.grants]


@pytest.fixture(scope="module")
def _served() -> Iterator[Issuer]:
    with served("plain") as (issuer,):
        yield issuer


@pytest.fixture
def idp(_served: Issuer) -> Issuer:
    return fresh(_served)


def userinfo(issuer: Issuer, access_token: str) -> Answer:
    return get(issuer.endpoints["userinfo"], {"authorization": f"Bearer {access_token}"})


def test_userinfo_tells_what_the_scopes_ask_for(idp: Issuer) -> None:
    answer = userinfo(idp, idp.mint(sub="alice", scope="openid email"))
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {"sub": "alice", "email": "alice@example.com", "email_verified": True}
    assert userinfo(idp, idp.mint(sub="alice", scope="openid")).json() == {"sub": "alice"}


def test_userinfo_speaks_of_the_same_person_as_the_id_token(idp: Issuer) -> None:
    idp.users.add("alice", claims={"department": "ops"})
    tokens = device_tokens(idp, scope="openid profile")
    said = userinfo(idp, tokens["access_token"]).json()
    payload = tokens["id_token"].split(".")[1]
    assert said["sub"] == json.loads(base64.urlsafe_b64decode(payload + "=="))["sub"]
    assert said["department"] == "ops"


def test_the_token_may_be_in_the_body_of_a_form(idp: Issuer) -> None:
    access = idp.mint(sub="bob")
    assert post(idp.endpoints["userinfo"], {"access_token": access}).json()["sub"] == "bob"
    posted = post(idp.endpoints["userinfo"], b"", {"authorization": f"bearer {access}"})
    assert posted.json()["sub"] == "bob"


def test_the_token_must_not_be_in_the_url_and_not_in_two_places(idp: Issuer) -> None:
    access = idp.mint(sub="bob")
    url = idp.endpoints["userinfo"]
    assert get(f"{url}?access_token={access}").is_refused("invalid_request")
    both = post(url, {"access_token": access}, {"authorization": f"Bearer {access}"})
    assert both.is_refused("invalid_request")
    twice = get(url, [("authorization", f"Bearer {access}")] * 2)
    assert twice.is_refused("invalid_request")
    assert get(url, {"authorization": "Bearer"}).is_refused("invalid_request")


def test_without_credentials_the_challenge_names_no_error(idp: Issuer) -> None:
    for headers in ({}, {"authorization": "Basic eDp5"}, {"authorization": "Negotiate abc"}):
        answer = get(idp.endpoints["userinfo"], headers)
        assert (answer.status, answer.body) == (401, b"")
        assert [each.split()[0] for each in answer.challenges] == ["Bearer", "DPoP"]
        assert not any("error" in each for each in answer.challenges)


def test_a_bad_token_is_challenged_as_invalid(idp: Issuer) -> None:
    answer = userinfo(idp, "gibberish")
    assert answer.is_refused("invalid_token", 401)
    assert 'error="invalid_token"' in answer.challenges[0]


def test_a_token_without_openid_has_too_little_scope(idp: Issuer) -> None:
    answer = userinfo(idp, idp.mint(sub="alice", scope="cw:read"))
    assert answer.is_refused("insufficient_scope", 403)
    assert 'scope="openid"' in answer.challenges[0]


def test_a_token_is_over_at_its_expiry_by_the_issuers_clock(idp: Issuer) -> None:
    idp.clock.freeze(1_800_000_000)
    access = idp.mint(sub="alice", expires_in=60)
    idp.clock.advance(59)
    assert userinfo(idp, access).status == 200
    idp.clock.advance(1)
    assert userinfo(idp, access).is_refused("invalid_token", 401)


def test_keys_of_a_ring_are_good_as_long_as_they_are_published(idp: Issuer) -> None:
    access = idp.mint(sub="alice")
    idp.keys.rotate()
    assert userinfo(idp, access).status == 200
    idp.keys.rotate(overlap=False)
    assert userinfo(idp, access).is_refused("invalid_token", 401)
    assert userinfo(idp, idp.mint(sub="alice")).status == 200


@pytest.mark.parametrize("how", ["disabled", "removed"])
def test_the_tokens_of_a_person_who_is_gone_are_refused(idp: Issuer, how: str) -> None:
    issued = device_tokens(idp, scope="openid")["access_token"]
    minted = idp.mint(sub="alice")
    assert {userinfo(idp, each).status for each in (issued, minted)} == {200}
    if how == "disabled":
        idp.users.add("alice", disabled=True)
    else:
        idp.users.remove("alice")
    assert {userinfo(idp, each).status for each in (issued, minted)} == {401}
    assert userinfo(idp, idp.mint(sub="bob")).status == 200


def test_a_revoked_token_stays_revoked_under_its_other_signature(idp: Issuer) -> None:
    access_token = device_tokens(idp, scope="openid")["access_token"]
    twin = other_signature(access_token)
    assert (userinfo(idp, access_token).status, userinfo(idp, twin).status) == (200, 200)
    assert post(idp.endpoints["revocation"], {"token": access_token}, basic(idp)).status == 200
    assert (userinfo(idp, access_token).status, userinfo(idp, twin).status) == (401, 401)


def test_an_id_token_is_no_access_token(idp: Issuer) -> None:
    assert userinfo(idp, idp.mint(sub="alice", token_use="id")).is_refused("invalid_token", 401)


def test_another_issuers_token_is_refused_even_with_the_same_key(idp: Issuer) -> None:
    stranger = idp.renamed(url="https://stranger.example")
    assert userinfo(idp, stranger.mint(sub="alice")).is_refused("invalid_token", 401)


@pytest.mark.parametrize(
    "header", [{"crit": ["exp"]}, {"b64": True}, {"zip": "DEF"}, {"jwk": {}}, {"typ": 1}]
)
def test_a_header_that_asks_for_more_is_refused(idp: Issuer, header: dict[str, Any]) -> None:
    assert userinfo(idp, idp.mint(sub="alice", headers=header)).is_refused("invalid_token", 401)


@pytest.mark.parametrize("preset", _JWT)
def test_every_presets_honest_access_token_is_good_and_its_id_token_is_not(preset: str) -> None:
    issuer = Issuer(preset, algorithm="ES256")
    access = read_access_token(issuer, issuer.mint(sub="alice", token_use="access", scope="a b"))
    assert access.user is not None
    assert (access.user.name, access.client_id, access.scope) == ("alice", issuer.client_id, ("a", "b"))
    with pytest.raises(Refused):
        read_access_token(issuer, issuer.mint(sub="alice", token_use="id"))


@pytest.mark.parametrize("preset", [each for each in _JWT if "client_credentials" in PRESETS[each].grants])
def test_a_machines_token_is_nobodys(preset: str) -> None:
    issuer = Issuer(preset, algorithm="ES256")
    access = read_access_token(issuer, issuer.mint(token_use="access", grant="client_credentials"))
    assert access.user is None
    assert access.client_id == issuer.client_id


@functools.cache
def _issuer(preset: str, algorithm: Algorithm) -> Issuer:
    return Issuer(preset, algorithm=algorithm)


@pytest.mark.parametrize(("name", "variant"), _JUDGED, ids=[name for name, _ in _JUDGED])
def test_the_catalogue_of_forgeries_is_judged_as_it_says(name: str, variant: Variant) -> None:
    made = 0
    for preset, algorithm in (("plain", "ES256"), ("plain", "RS256"), ("cognito", "RS256")):
        if variant.expect == "accept" and preset != "plain":
            continue  # other forms of a typ that this vendor does not have at all
        issuer = _issuer(preset, algorithm)
        try:
            forged = issuer.forge(name, sub="alice", **{"token_use": "access", **variant.options})
        except InvalidValue:
            continue  # this token cannot have that defect
        made += 1
        if variant.expect == "accept":
            assert read_access_token(issuer, forged).sub
        else:
            with pytest.raises(Refused):
                read_access_token(issuer, forged)
    assert made


def test_a_clients_token_that_was_signed_by_somebody_else_is_refused(idp: Issuer) -> None:
    signer = Signer()
    now = int(idp.clock.now())
    claims = {"iss": idp.url, "sub": "alice", "aud": "x", "client_id": "c", "jti": "1", "iat": now}
    forged = signer.sign(
        {**claims, "exp": now + 60, "scope": "openid"}, typ="at+jwt", kid=idp.keys.current.kid
    )
    assert userinfo(idp, forged).is_refused("invalid_token", 401)


def test_client_credentials_have_no_userinfo(idp: Issuer) -> None:
    access = token(idp, {"grant_type": "client_credentials", "scope": "cw:read"}, basic(idp)).json()
    assert userinfo(idp, access["access_token"]).is_refused("insufficient_scope", 403)
