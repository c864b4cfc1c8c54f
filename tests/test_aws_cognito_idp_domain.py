"""The domain of a user pool: its OAuth endpoints, which know the same users and tokens as the API."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.aws_account import refused
from tests.aws_user_pool import FLOWS, Pool

HOST = "https://people.auth.us-east-1.amazoncognito.com"
CALLBACK = "https://app.example.com/callback"


@pytest.fixture
def pool() -> Pool:
    made = Pool()
    made.user("alice", email="alice@example.com", email_verified="true")
    made.idp.create_user_pool_domain(UserPoolId=made.id, Domain="people")
    return made


def web_client(pool: Pool, **options: Any) -> str:
    return pool.client(
        **{
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthFlowsUserPoolClient": True,
            "AllowedOAuthScopes": ["openid", "email", "aws.cognito.signin.user.admin"],
            "CallbackURLs": [CALLBACK],
            "LogoutURLs": ["https://app.example.com/bye"],
            **options,
        }
    )


def page(pool: Pool, client: str, path: str = "/oauth2/authorize", **more: str) -> httpx2.Response:
    query = {
        "client_id": client,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "openid email aws.cognito.signin.user.admin",
        **more,
    }
    return pool.request("GET", HOST + path, params=query)


def choose(pool: Pool, shown: httpx2.Response, user: str) -> httpx2.Response:
    """Press the button of a user on the page."""
    transaction = re.search(r'name="transaction" value="([^"]+)"', shown.text)
    assert transaction is not None
    action = re.search(r'action="([^"]+)"', shown.text)
    assert action is not None
    cookie = shown.headers["set-cookie"].partition(";")[0]
    return pool.request(
        "POST",
        HOST + action[1],
        data={"transaction": transaction[1], "decision": "approve", "user": user},
        headers={"cookie": cookie, "origin": HOST},
    )


def code_of(answer: httpx2.Response) -> str:
    assert answer.status_code in (302, 303), answer.text
    location = answer.headers["location"]
    assert location.startswith(CALLBACK)
    return parse_qs(urlsplit(location).query)["code"][0]


def token(pool: Pool, **form: str) -> httpx2.Response:
    return pool.request("POST", f"{HOST}/oauth2/token", data=form)


def redeemed(pool: Pool, client: str, user: str = "alice") -> dict[str, Any]:
    code = code_of(choose(pool, page(pool, client), user))
    answer = token(pool, grant_type="authorization_code", code=code, client_id=client, redirect_uri=CALLBACK)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestDomain:
    def test_nothing_is_there_before_and_after(self) -> None:
        pool = Pool()
        names = {"UserPoolId": pool.id, "Domain": "people"}
        for path in ("/oauth2/authorize", "/oauth2/token", "/login", "/logout", "/oauth2/userInfo"):
            assert pool.get(HOST + path).status_code == 404
        pool.idp.create_user_pool_domain(**names)
        assert pool.get(f"{HOST}/oauth2/userInfo").status_code == 401
        refused("InvalidParameterException", pool.idp.delete_user_pool, UserPoolId=pool.id)
        pool.idp.delete_user_pool_domain(**names)
        assert pool.get(f"{HOST}/oauth2/userInfo").status_code == 404
        refused("InvalidParameterException", pool.idp.delete_user_pool_domain, **names)

    def test_the_discovery_document_names_it(self, pool: Pool) -> None:
        said = pool.get(f"{pool.url}/.well-known/openid-configuration").json()
        assert said["issuer"] == pool.url
        assert said["authorization_endpoint"] == f"{HOST}/oauth2/authorize"
        assert said["token_endpoint"] == f"{HOST}/oauth2/token"
        assert said["jwks_uri"] == f"{pool.url}/.well-known/jwks.json"

    def test_it_is_described(self, pool: Pool) -> None:
        describe = pool.idp.describe_user_pool_domain
        found = describe(Domain="people")["DomainDescription"]
        assert (found["UserPoolId"], found["AWSAccountId"], found["Status"]) == (
            pool.id,
            "123456789012",
            "ACTIVE",
        )
        assert describe(Domain="nobody")["DomainDescription"] == {}

    @pytest.mark.parametrize("prefix", ["my-cognito", "aws-people", "people"])
    def test_prefixes_that_cannot_be_had(self, pool: Pool, prefix: str) -> None:
        other = pool.idp.create_user_pool(PoolName="others")["UserPool"]["Id"]
        refused(
            "InvalidParameterException",
            pool.idp.create_user_pool_domain,
            UserPoolId=other,
            Domain=prefix,
        )


class TestSignIn:
    def test_users_of_the_pool_sign_in_and_nobody_else(self, pool: Pool) -> None:
        pool.user("bob", permanent=False)
        client = web_client(pool)
        shown = page(pool, client)
        assert "alice" in shown.text
        assert "carol" not in shown.text
        for nobody in ("carol", "whoever", "bob"):
            answer = choose(pool, page(pool, client), nobody)
            assert (answer.status_code, "location" in answer.headers) == (400, False)
        result = redeemed(pool, client)
        said = pool.claims(result["id_token"], audience=client)
        assert (said["cognito:username"], said["email"], said["email_verified"]) == (
            "alice",
            "alice@example.com",
            True,
        )
        access = pool.claims(result["access_token"])
        assert access["sub"] == said["sub"]
        assert access["client_id"] == client
        assert "aud" not in access

    def test_the_login_page_is_the_same(self, pool: Pool) -> None:
        client = web_client(pool)
        code_of(choose(pool, page(pool, client, "/login"), "alice"))

    def test_an_address_signs_in_where_it_is_the_user_name(self) -> None:
        pool = Pool(UsernameAttributes=["email"])
        sub = pool.user("alice@example.com")
        pool.idp.create_user_pool_domain(UserPoolId=pool.id, Domain="people")
        client = web_client(pool)
        result = redeemed(pool, client, "alice@example.com")
        assert pool.claims(result["access_token"])["username"] == sub
        assert pool.claims(result["id_token"])["email"] == "alice@example.com"

    def test_only_clients_with_flows_and_their_own_addresses(self, pool: Pool) -> None:
        assert page(pool, pool.client()).status_code == 400
        assert page(pool, pool.id).status_code == 400
        client = web_client(pool)
        assert page(pool, client, redirect_uri="https://evil.example.com/").status_code == 400
        refusal = page(pool, client, scope="openid phone")
        assert "error=invalid_scope" in refusal.headers["location"]
        pool.idp.delete_user_pool_client(UserPoolId=pool.id, ClientId=client)
        assert page(pool, client).status_code == 400

    def test_a_secret_is_asked_for(self, pool: Pool) -> None:
        client = web_client(pool, GenerateSecret=True)
        code = code_of(choose(pool, page(pool, client), "alice"))
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": client,
            "redirect_uri": CALLBACK,
        }
        assert token(pool, **form).json() == {"error": "invalid_client"}
        assert "access_token" in token(pool, **form, client_secret=pool.secret(client)).json()

    def test_user_info_has_every_attribute_as_text(self, pool: Pool) -> None:
        pool.user("bob")
        client = web_client(pool)
        answers = [
            pool.get(
                f"{HOST}/oauth2/userInfo",
                authorization=f"Bearer {redeemed(pool, client, name)['access_token']}",
            ).json()
            for name in ("alice", "bob")
        ]
        assert answers[0]["email"] == "alice@example.com"
        assert answers[0]["email_verified"] == "true"
        assert "email" not in answers[1]
        assert answers[1]["username"] == "bob"
        assert not any("name" in answer for answer in answers)  # neither has that attribute

    def test_groups_and_roles_are_in_these_tokens_too(self, pool: Pool) -> None:
        role = "arn:aws:iam::123456789012:role/ops"
        pool.idp.create_group(UserPoolId=pool.id, GroupName="ops", RoleArn=role)
        pool.idp.admin_add_user_to_group(UserPoolId=pool.id, GroupName="ops", Username="alice")
        said = pool.claims(redeemed(pool, web_client(pool))["id_token"])
        assert (said["cognito:groups"], said["cognito:preferred_role"]) == (["ops"], role)

    def test_lifetimes_are_the_client_s(self, pool: Pool) -> None:
        units = {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "hours"}
        client = web_client(
            pool,
            AccessTokenValidity=5,
            IdTokenValidity=10,
            RefreshTokenValidity=2,
            TokenValidityUnits=units,
        )
        result = redeemed(pool, client)
        assert result["expires_in"] == 300
        for name, lifetime in (("access_token", 300), ("id_token", 600)):
            said = pool.claims(result[name])
            assert said["exp"] - said["iat"] == lifetime
        pool.clock.advance(7200)
        form = {"grant_type": "refresh_token", "refresh_token": result["refresh_token"]}
        assert token(pool, **form, client_id=client).json() == {"error": "invalid_grant"}


class TestBothWays:
    def test_refresh_tokens_of_either_are_good_at_the_other(self, pool: Pool) -> None:
        client = web_client(pool)
        here, there = redeemed(pool, client), pool.sign_in(client)
        refreshed = pool.start(client, "REFRESH_TOKEN_AUTH", REFRESH_TOKEN=here["refresh_token"])
        said = pool.claims(refreshed["AuthenticationResult"]["AccessToken"])
        assert said["origin_jti"] == pool.claims(here["access_token"])["origin_jti"]
        answer = token(
            pool, grant_type="refresh_token", refresh_token=there["RefreshToken"], client_id=client
        )
        said = pool.claims(answer.json()["access_token"])
        assert said["origin_jti"] == pool.claims(there["AccessToken"])["origin_jti"]

    def test_the_access_token_of_the_domain_opens_the_api(self, pool: Pool) -> None:
        result = redeemed(pool, web_client(pool))
        assert pool.idp.get_user(AccessToken=result["access_token"])["Username"] == "alice"

    def test_global_sign_out_ends_both(self, pool: Pool) -> None:
        client = web_client(pool)
        here, there = redeemed(pool, client), pool.sign_in(client)
        pool.idp.global_sign_out(AccessToken=there["AccessToken"])
        for access in (here["access_token"], there["AccessToken"]):
            refused("NotAuthorizedException", pool.idp.get_user, AccessToken=access)
        answer = pool.get(f"{HOST}/oauth2/userInfo", authorization=f"Bearer {here['access_token']}")
        assert answer.status_code == 401
        for refresh in (here["refresh_token"], there["RefreshToken"]):
            form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": client}
            assert token(pool, **form).json() == {"error": "invalid_grant"}

    def test_revocation_at_the_endpoint_counts_for_the_api(self, pool: Pool) -> None:
        client = web_client(pool)
        result = pool.sign_in(client)
        known = pool.known()
        assert known.honours(pool.claims(result["IdToken"]))
        form = {"token": result["RefreshToken"], "client_id": client}
        assert pool.request("POST", f"{HOST}/oauth2/revoke", data=form).status_code == 200
        message = refused("NotAuthorizedException", pool.idp.get_user, AccessToken=result["AccessToken"])
        assert message == "Access Token has been revoked"
        assert not known.honours(pool.claims(result["IdToken"]))

    def test_whoever_is_disabled_signs_in_at_neither(self, pool: Pool) -> None:
        client = web_client(pool)
        here = redeemed(pool, client)
        pool.idp.admin_disable_user(UserPoolId=pool.id, Username="alice")
        assert choose(pool, page(pool, client), "alice").status_code == 400
        form = {"grant_type": "refresh_token", "refresh_token": here["refresh_token"], "client_id": client}
        assert token(pool, **form).json() == {"error": "invalid_grant"}


def test_a_machine_gets_the_scopes_of_resource_servers(pool: Pool) -> None:
    pool.idp.create_resource_server(
        UserPoolId=pool.id,
        Identifier="mcp",
        Name="m",
        Scopes=[{"ScopeName": "read", "ScopeDescription": "r"}],
    )
    client = pool.client(
        ExplicitAuthFlows=FLOWS,
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["mcp/read"],
    )
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": pool.secret(client)}
    said = pool.claims(token(pool, **form, scope="mcp/read").json()["access_token"])
    assert (said["sub"], said["scope"], said["token_use"]) == (client, "mcp/read", "access")
    assert token(pool, **form, scope="mcp/write").json() == {"error": "invalid_scope"}
