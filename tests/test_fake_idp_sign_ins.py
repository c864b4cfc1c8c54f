"""Sign-ins that are begun outside the endpoints, and what a customer's domain and a client change."""

from __future__ import annotations

import pytest

from fake_idp import Clock, Issuer
from fake_idp.sign_ins import SignIn


@pytest.fixture
def issuer() -> Issuer:
    clock = Clock()
    clock.freeze(1_790_000_000)
    return Issuer("cognito", clock=clock)


def start(issuer: Issuer, user: str = "alice", lifetime: float = 100) -> str:
    return issuer.sign_ins.start(user, client_id="c", scope=("openid",), lifetime=lifetime)


def found(issuer: Issuer, token: str) -> SignIn:
    sign_in = issuer.sign_ins.find(token)
    assert sign_in is not None
    return sign_in


def test_a_refresh_token_stands_for_its_sign_in(issuer: Issuer) -> None:
    sign_in = found(issuer, start(issuer))
    assert (sign_in.user, sign_in.client_id, sign_in.scope) == ("alice", "c", ("openid",))
    assert (sign_in.auth_time, sign_in.expires_at) == (1_790_000_000, 1_790_000_100)
    assert not sign_in.used
    assert not sign_in.revoked
    assert issuer.sign_ins.find("another") is None


def test_a_renewed_one_is_of_the_same_sign_in_and_the_old_one_used(issuer: Issuer) -> None:
    first = start(issuer)
    second = issuer.sign_ins.renew(first)
    assert found(issuer, first).used
    assert found(issuer, second).session == found(issuer, first).session
    assert found(issuer, second).expires_at == found(issuer, first).expires_at


def test_within_its_grace_the_old_one_stays(issuer: Issuer) -> None:
    first = start(issuer)
    issuer.sign_ins.renew(first, grace=10)
    assert (found(issuer, first).used, found(issuer, first).expires_at) == (False, 1_790_000_010)


def test_what_was_counted_in_ends_with_the_sign_in(issuer: Issuer) -> None:
    token, other = start(issuer), start(issuer)
    sign_in = found(issuer, token)
    tokens = [issuer.mint("alice"), issuer.mint("alice")]
    issuer.sign_ins.count_in(sign_in, tokens[0], expires_at=issuer.clock.now() + 3600)
    issuer.sign_ins.revoke(sign_in)
    assert [issuer.sign_ins.is_revoked(each) for each in tokens] == [True, False]
    assert found(issuer, token).revoked
    assert not found(issuer, other).revoked
    issuer.sign_ins.count_in(sign_in, tokens[1], expires_at=issuer.clock.now() + 3600)
    assert issuer.sign_ins.is_revoked(tokens[1])


def test_what_was_revoked_stays_so_as_long_as_its_refresh_token_lives(issuer: Issuer) -> None:
    token = start(issuer, lifetime=100 * 86_400)
    issuer.sign_ins.revoke(found(issuer, token))
    issuer.clock.advance(90 * 86_400)
    issuer.state.prune(issuer.clock.now())
    assert found(issuer, token).revoked


def test_all_of_a_person_s_end_at_once(issuer: Issuer) -> None:
    theirs, other = [start(issuer), start(issuer)], start(issuer, "bob")
    issuer.sign_ins.revoke_all(lambda name: name == "alice")
    assert all(found(issuer, token).revoked for token in theirs)
    assert not found(issuer, other).revoked


def test_a_domain_is_where_the_endpoints_are_and_not_the_keys(issuer: Issuer) -> None:
    keys = issuer.jwks_url
    issuer.set_domain("https://people.auth.us-east-1.amazoncognito.com")
    assert issuer.discovery()["token_endpoint"] == (
        "https://people.auth.us-east-1.amazoncognito.com/oauth2/token"
    )
    assert issuer.jwks_url == keys
    assert Issuer("cognito").endpoints["token"] != issuer.endpoints["token"]
    plain = Issuer("okta")
    before = plain.endpoints
    plain.set_domain("https://elsewhere.example.com")
    assert plain.endpoints == before


def test_a_person_s_tokens_can_be_without_claims(issuer: Issuer) -> None:
    user = issuer.users.add("dora", without=["email", "email_verified"])
    claims = issuer.draft("dora", user=user).claims
    assert not {"email", "email_verified"} & set(claims)


def test_the_token_of_another_client_has_no_audience_of_the_first(issuer: Issuer) -> None:
    assert "aud" not in issuer.draft("alice", token_use="access", client_id="another").claims


@pytest.mark.parametrize(
    ("lifetimes", "expected"),
    [({"access": 5}, 5), ({}, 3600), ({"access": "x"}, 3600), ({"access": -1}, 3600)],
)
def test_a_client_s_lifetime_counts_where_it_is_one(
    issuer: Issuer, lifetimes: dict[str, object], expected: int
) -> None:
    assert issuer.clients.add("c", lifetimes=lifetimes).lifetime("access", 3600) == expected
