"""Refresh, revocation, sign-out, and access tokens as proof of who calls."""

from __future__ import annotations

from typing import Any

import pytest

from fake_idp import Issuer
from tests.aws_account import refused
from tests.aws_user_pool import PASSWORD, Pool


@pytest.fixture
def pool() -> Pool:
    made = Pool()
    made.user("alice", email="alice@example.com")
    return made


def refresh(pool: Pool, client: str, token: str, **more: str) -> dict[str, Any]:
    answer = pool.start(client, "REFRESH_TOKEN_AUTH", REFRESH_TOKEN=token, **more)
    result: dict[str, Any] = answer["AuthenticationResult"]
    return result


def name_of(pool: Pool, token: str) -> str:
    return str(pool.idp.get_user(AccessToken=token)["Username"])


def knows(pool: Pool, token: str) -> bool:
    """Whether an identity pool with ServerSideTokenCheck would take the token."""
    known = pool.known()
    assert known.jwks() == pool.keys()
    return known.honours(pool.claims(token))


class TestRefresh:
    def test_the_sign_in_stays_the_same(self, pool: Pool) -> None:
        client = pool.client()
        first = pool.sign_in(client)
        pool.clock.advance(3000)
        second = refresh(pool, client, first["RefreshToken"])
        assert "RefreshToken" not in second
        before, after = (pool.claims(each["AccessToken"]) for each in (first, second))
        assert after["iat"] - before["iat"] == 3000
        for name in ("auth_time", "origin_jti", "sub"):
            assert after[name] == before[name]
        assert after["jti"] != before["jti"]
        assert pool.claims(second["IdToken"], audience=client)["auth_time"] == before["auth_time"]

    def test_it_ends_with_its_lifetime(self, pool: Pool) -> None:
        client = pool.client(RefreshTokenValidity=2)
        token = pool.sign_in(client)["RefreshToken"]
        pool.clock.advance(2 * 86_400 - 1)
        assert refresh(pool, client, token)["AccessToken"]
        pool.clock.advance(1)
        assert refused("NotAuthorizedException", refresh, pool, client, token) == "Refresh Token has expired"

    def test_it_is_the_client_s_own(self, pool: Pool) -> None:
        token = pool.sign_in(pool.client())["RefreshToken"]
        message = refused("NotAuthorizedException", refresh, pool, pool.client(), token)
        assert message == "Invalid Refresh Token"
        refused("NotAuthorizedException", refresh, pool, pool.client(), "garbage")

    def test_the_secret_hash_is_of_the_user_name_not_of_the_address(self) -> None:
        pool = Pool(UsernameAttributes=["email"])
        sub = pool.user("alice@example.com")
        client = pool.client(GenerateSecret=True)
        token = pool.start(
            client,
            USERNAME="alice@example.com",
            PASSWORD=PASSWORD,
            SECRET_HASH=pool.secret_hash(client, "alice@example.com"),
        )["AuthenticationResult"]["RefreshToken"]
        refused("NotAuthorizedException", refresh, pool, client, token)
        wrong = pool.secret_hash(client, "alice@example.com")
        refused("NotAuthorizedException", refresh, pool, client, token, SECRET_HASH=wrong)
        assert refresh(pool, client, token, SECRET_HASH=pool.secret_hash(client, sub))["AccessToken"]

    def test_the_other_operation_takes_the_secret_itself(self, pool: Pool) -> None:
        client = pool.client(GenerateSecret=True)
        token = pool.start(
            client, USERNAME="alice", PASSWORD=PASSWORD, SECRET_HASH=pool.secret_hash(client, "alice")
        )["AuthenticationResult"]["RefreshToken"]
        get = pool.idp.get_tokens_from_refresh_token
        refused("NotAuthorizedException", get, ClientId=client, RefreshToken=token)
        result = get(ClientId=client, RefreshToken=token, ClientSecret=pool.secret(client))
        assert name_of(pool, result["AuthenticationResult"]["AccessToken"]) == "alice"

    def test_refresh_tokens_rotate_where_the_client_says_so(self, pool: Pool) -> None:
        client = pool.client(
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
            RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
        )
        first = pool.sign_in(client)["RefreshToken"]
        refused("InvalidParameterException", refresh, pool, client, first)
        get = pool.idp.get_tokens_from_refresh_token
        second = get(ClientId=client, RefreshToken=first)["AuthenticationResult"]["RefreshToken"]
        pool.clock.advance(9)
        assert get(ClientId=client, RefreshToken=first)["AuthenticationResult"]["RefreshToken"] != second
        pool.clock.advance(10)
        refused("NotAuthorizedException", get, ClientId=client, RefreshToken=first)
        assert get(ClientId=client, RefreshToken=second)["AuthenticationResult"]["RefreshToken"]

    def test_without_a_grace_period_a_token_is_good_once(self, pool: Pool) -> None:
        client = pool.client(
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
            RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
        )
        token = pool.sign_in(client)["RefreshToken"]
        get = pool.idp.get_tokens_from_refresh_token
        get(ClientId=client, RefreshToken=token)
        refused("RefreshTokenReuseException", get, ClientId=client, RefreshToken=token)

    def test_a_disabled_or_deleted_user_refreshes_nothing(self, pool: Pool) -> None:
        client = pool.client()
        token = pool.sign_in(client)["RefreshToken"]
        pool.idp.admin_disable_user(UserPoolId=pool.id, Username="alice")
        pool.idp.admin_enable_user(UserPoolId=pool.id, Username="alice")
        message = refused("NotAuthorizedException", refresh, pool, client, token)
        assert message == "Refresh Token has been revoked"
        token = pool.sign_in(client)["RefreshToken"]
        pool.idp.admin_delete_user(UserPoolId=pool.id, Username="alice")
        pool.user("alice")
        refused("NotAuthorizedException", refresh, pool, client, token)


class TestRevocation:
    def test_a_revoked_sign_in_takes_its_tokens_along_and_no_others(self, pool: Pool) -> None:
        client = pool.client()
        first, second = pool.sign_in(client), pool.sign_in(client)
        later = refresh(pool, client, first["RefreshToken"])
        pool.idp.revoke_token(ClientId=client, Token=first["RefreshToken"])
        for result in (first, later):
            message = refused("NotAuthorizedException", name_of, pool, result["AccessToken"])
            assert message == "Access Token has been revoked"
            assert not knows(pool, result["IdToken"])
        message = refused("NotAuthorizedException", refresh, pool, client, first["RefreshToken"])
        assert message == "Refresh Token has been revoked"
        assert name_of(pool, second["AccessToken"]) == "alice"
        assert knows(pool, second["IdToken"])
        pool.idp.revoke_token(ClientId=client, Token=first["RefreshToken"])

    def test_only_refresh_tokens_of_the_client_s_own(self, pool: Pool) -> None:
        client, revoke = pool.client(), pool.idp.revoke_token
        result = pool.sign_in(client)
        refused("UnsupportedTokenTypeException", revoke, ClientId=client, Token=result["AccessToken"])
        refused("UnauthorizedException", revoke, ClientId=pool.client(), Token=result["RefreshToken"])

    def test_the_client_may_have_it_turned_off(self, pool: Pool) -> None:
        client = pool.client(EnableTokenRevocation=False)
        result = pool.sign_in(client)
        refused(
            "UnsupportedOperationException",
            pool.idp.revoke_token,
            ClientId=client,
            Token=result["RefreshToken"],
        )
        assert "origin_jti" not in pool.claims(result["AccessToken"])

    def test_global_sign_out_ends_everything_of_that_user(self, pool: Pool) -> None:
        pool.user("bob")
        client = pool.client()
        first, second, other = (
            pool.sign_in(client),
            pool.sign_in(pool.client()),
            pool.sign_in(client, "bob"),
        )
        pool.idp.global_sign_out(AccessToken=first["AccessToken"])
        for result in (first, second):
            refused("NotAuthorizedException", name_of, pool, result["AccessToken"])
            assert not knows(pool, result["IdToken"])
        refused("NotAuthorizedException", refresh, pool, client, first["RefreshToken"])
        assert name_of(pool, other["AccessToken"]) == "bob"
        again = pool.sign_in(client)
        assert name_of(pool, again["AccessToken"]) == "alice"
        assert knows(pool, again["IdToken"])
        pool.idp.admin_user_global_sign_out(UserPoolId=pool.id, Username="alice")
        refused("NotAuthorizedException", name_of, pool, again["AccessToken"])

    def test_an_identity_pool_that_asks_hears_of_users_who_are_gone(self, pool: Pool) -> None:
        result = pool.sign_in(pool.client())
        issuer = pool.issuer
        minted = issuer.mint("whoever")
        assert knows(pool, minted)
        pool.idp.admin_delete_user(UserPoolId=pool.id, Username="alice")
        assert not knows(pool, result["IdToken"])
        assert knows(pool, minted)

    def test_and_of_users_who_are_disabled(self, pool: Pool) -> None:
        result = pool.sign_in(pool.client())
        pool.idp.admin_disable_user(UserPoolId=pool.id, Username="alice")
        assert not knows(pool, result["IdToken"])
        pool.idp.admin_enable_user(UserPoolId=pool.id, Username="alice")
        assert not knows(pool, result["IdToken"])
        assert knows(pool, pool.sign_in(pool.client())["IdToken"])


class TestAccessTokens:
    def test_an_expired_one(self, pool: Pool) -> None:
        token = pool.sign_in(pool.client())["AccessToken"]
        pool.clock.advance(3600)
        assert refused("NotAuthorizedException", name_of, pool, token) == "Access Token has expired"

    def test_an_id_token_is_none(self, pool: Pool) -> None:
        token = pool.sign_in(pool.client())["IdToken"]
        assert refused("NotAuthorizedException", name_of, pool, token) == "Invalid Access Token"

    @pytest.mark.parametrize(
        "forgery",
        [
            "clm.iss-near",
            "enc.padding",
            "hdr.crit",
            "hdr.jwk",
            "hdr.kid-unknown",
            "sig.corrupt",
            "sig.hs-confusion",
            "sig.none",
            "sig.rsa-padding",
            "sig.wrong-key",
            "time.exp-missing",
            "time.exp-past",
        ],
    )
    def test_a_forged_one(self, pool: Pool, forgery: str) -> None:
        client = pool.client()
        issuer = pool.issuer
        sub = pool.claims(pool.sign_in(client)["AccessToken"])["sub"]
        token = issuer.forge(
            forgery, sub, token_use="access", scope="aws.cognito.signin.user.admin", client_id=client
        )
        refused("NotAuthorizedException", name_of, pool, token)

    def test_one_of_another_pool_of_another_issuer_and_garbage(self, pool: Pool) -> None:
        strange = Issuer("cognito", url=pool.url, clock=pool.clock).mint("alice", token_use="access")
        foreign = Issuer("cognito", clock=pool.clock).mint("alice", token_use="access")
        for token in (strange, foreign, "garbage", "a.b.c"):
            assert refused("NotAuthorizedException", name_of, pool, token) == "Invalid Access Token"

    def test_one_without_the_scope(self, pool: Pool) -> None:
        issuer = pool.issuer
        token = issuer.mint("alice", token_use="access", scope="openid", client_id=pool.client())
        message = refused("NotAuthorizedException", name_of, pool, token)
        assert message == "Access Token does not have required scopes"

    def test_one_of_a_user_who_was_made_again(self, pool: Pool) -> None:
        token = pool.sign_in(pool.client())["AccessToken"]
        sub = pool.claims(token)["sub"]
        pool.idp.delete_user(AccessToken=token)
        assert pool.user("alice") != sub
        refused("NotAuthorizedException", name_of, pool, token)

    def test_users_change_what_is_theirs(self, pool: Pool) -> None:
        client = pool.client()
        token = pool.sign_in(client)["AccessToken"]
        pool.idp.update_user_attributes(
            AccessToken=token, UserAttributes=[{"Name": "name", "Value": "Alice"}]
        )
        said = {
            each["Name"]: each["Value"] for each in pool.idp.get_user(AccessToken=token)["UserAttributes"]
        }
        assert said["name"] == "Alice"
        pool.idp.delete_user_attributes(AccessToken=token, UserAttributeNames=["name"])
        assert "name" not in str(pool.idp.get_user(AccessToken=token)["UserAttributes"])
        for name, code in (
            ("email_verified", "NotAuthorizedException"),
            ("custom:none", "InvalidParameterException"),
            ("sub", "InvalidParameterException"),
        ):
            refused(
                code,
                pool.idp.update_user_attributes,
                AccessToken=token,
                UserAttributes=[{"Name": name, "Value": "true"}],
            )
        change = pool.idp.change_password
        refused(
            "NotAuthorizedException",
            change,
            AccessToken=token,
            PreviousPassword="Wrong-9-wrong",
            ProposedPassword="Better-horse-8",
        )
        change(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword="Better-horse-8")
        assert pool.sign_in(client, password="Better-horse-8")["AccessToken"]
