"""Sign-in to a user pool by password: flows, refusals, the first password, and what the tokens say."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.aws_account import refused
from tests.aws_user_pool import PASSWORD, Pool

ROLE = "arn:aws:iam::123456789012:role/"


@pytest.fixture
def pool() -> Pool:
    made = Pool()
    made.user("alice", email="alice@example.com", email_verified="true")
    return made


class TestTokens:
    def test_the_access_token_has_aws_s_claims(self, pool: Pool) -> None:
        client = pool.client()
        result = pool.sign_in(client)
        said = pool.claims(result["AccessToken"])
        sub = pool.idp.admin_get_user(UserPoolId=pool.id, Username="alice")["UserAttributes"]
        assert said == {
            "sub": next(each["Value"] for each in sub if each["Name"] == "sub"),
            "iss": pool.url,
            "version": 2,
            "client_id": client,
            "origin_jti": said["origin_jti"],
            "event_id": said["event_id"],
            "token_use": "access",
            "scope": "aws.cognito.signin.user.admin",
            "auth_time": int(pool.started),
            "exp": int(pool.started) + 3600,
            "iat": int(pool.started),
            "jti": said["jti"],
            "username": "alice",
        }
        assert len({uuid.UUID(said[name]) for name in ("sub", "origin_jti", "event_id", "jti")}) == 4
        assert (result["ExpiresIn"], result["TokenType"]) == (3600, "Bearer")

    def test_the_id_token_has_the_attributes_in_their_json_types(self, pool: Pool) -> None:
        client = pool.client()
        said = pool.claims(pool.sign_in(client)["IdToken"], audience=client)
        assert said["email"] == "alice@example.com"
        assert said["email_verified"] is True
        assert said["cognito:username"] == "alice"
        assert said["token_use"] == "id"
        assert said["aud"] == client
        assert not {"cognito:groups", "cognito:roles", "cognito:preferred_role", "client_id"} & set(said)

    def test_somebody_without_an_address_has_none_in_the_token(self, pool: Pool) -> None:
        pool.user("bob")
        said = pool.claims(pool.sign_in(pool.client(), "bob")["IdToken"])
        assert not {"email", "email_verified"} & set(said)

    def test_a_client_reads_only_the_attributes_that_it_may(self, pool: Pool) -> None:
        client = pool.client(ReadAttributes=["email"])
        said = pool.claims(pool.sign_in(client)["IdToken"])
        assert "email" in said
        assert "email_verified" not in said

    def test_custom_attributes_are_in_the_id_token(self) -> None:
        pool = Pool(Schema=[{"Name": "team", "AttributeDataType": "String"}])
        pool.user("alice", **{"custom:team": "ops"})
        result = pool.sign_in(pool.client())
        assert pool.claims(result["IdToken"])["custom:team"] == "ops"
        assert "custom:team" not in pool.claims(result["AccessToken"])

    def test_lifetimes_are_the_client_s(self, pool: Pool) -> None:
        client = pool.client(
            AccessTokenValidity=10,
            IdTokenValidity=2,
            TokenValidityUnits={"AccessToken": "minutes", "IdToken": "hours", "RefreshToken": "days"},
        )
        result = pool.sign_in(client)
        for token, lifetime in (("AccessToken", 600), ("IdToken", 7200)):
            said = pool.claims(result[token])
            assert said["exp"] - said["iat"] == lifetime
        assert result["ExpiresIn"] == 600

    @pytest.mark.parametrize(
        ("groups", "roles", "preferred"),
        [
            ((("b", 2, "two"), ("a", 1, "one")), ["one", "two"], "one"),
            ((("a", 1, "one"), ("b", 1, "two")), ["one", "two"], None),
            ((("a", 1, "one"), ("b", 1, "one")), ["one"], "one"),
            ((("a", None, "one"), ("b", 0, "two")), ["two", "one"], "two"),
            ((("a", 0, None), ("b", 1, "two")), ["two"], "two"),
            ((("a", 0, None),), None, None),
        ],
    )
    def test_groups_give_roles_by_their_precedence(
        self,
        pool: Pool,
        groups: tuple[tuple[str, int | None, str | None], ...],
        roles: list[str] | None,
        preferred: str | None,
    ) -> None:
        for name, precedence, role in groups:
            options: dict[str, Any] = {} if precedence is None else {"Precedence": precedence}
            options |= {"RoleArn": f"{ROLE}{role}"} if role else {}
            pool.idp.create_group(UserPoolId=pool.id, GroupName=name, **options)
            pool.idp.admin_add_user_to_group(UserPoolId=pool.id, GroupName=name, Username="alice")
        result = pool.sign_in(pool.client())
        said = pool.claims(result["IdToken"])
        names = {name for name, _, _ in groups}
        assert set(said["cognito:groups"]) == names
        assert set(pool.claims(result["AccessToken"])["cognito:groups"]) == names
        assert said.get("cognito:roles") == (roles and [f"{ROLE}{role}" for role in roles])
        assert said.get("cognito:preferred_role") == (preferred and f"{ROLE}{preferred}")


class TestRefusals:
    @pytest.mark.parametrize(
        ("flow", "message"),
        [
            ("USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH flow not enabled for this client"),
            ("USER_AUTH", "Auth flow not enabled for this client"),
        ],
    )
    def test_a_flow_has_to_be_enabled(self, pool: Pool, flow: str, message: str) -> None:
        client = pool.client(ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"])
        said = refused(
            "InvalidParameterException", pool.start, client, flow, USERNAME="alice", PASSWORD=PASSWORD
        )
        assert said == message

    def test_administrators_flows_need_an_administrator(self, pool: Pool) -> None:
        client = pool.client()
        given = {"USERNAME": "alice", "PASSWORD": PASSWORD}
        refused("InvalidParameterException", pool.start, client, "ADMIN_USER_PASSWORD_AUTH", **given)
        for flow in ("ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"):
            result = pool.idp.admin_initiate_auth(
                UserPoolId=pool.id, ClientId=client, AuthFlow=flow, AuthParameters=given
            )["AuthenticationResult"]
            assert pool.claims(result["AccessToken"])["username"] == "alice"

    def test_custom_challenges_need_functions(self, pool: Pool) -> None:
        message = refused(
            "InvalidParameterException", pool.start, pool.client(), "CUSTOM_AUTH", USERNAME="alice"
        )
        assert "lambda trigger" in message

    def test_a_wrong_password(self, pool: Pool) -> None:
        message = refused("NotAuthorizedException", pool.sign_in, pool.client(), password="Wrong-9-wrong")
        assert message == "Incorrect username or password."

    def test_who_exists_is_told_or_not_as_the_client_says(self, pool: Pool) -> None:
        assert refused("UserNotFoundException", pool.sign_in, pool.client(), "nobody") == (
            "User does not exist."
        )
        client = pool.client(PreventUserExistenceErrors="ENABLED")
        assert refused("NotAuthorizedException", pool.sign_in, client, "nobody") == (
            "Incorrect username or password."
        )

    def test_a_disabled_user(self, pool: Pool) -> None:
        pool.idp.admin_disable_user(UserPoolId=pool.id, Username="alice")
        assert refused("NotAuthorizedException", pool.sign_in, pool.client()) == "User is disabled."
        pool.idp.admin_enable_user(UserPoolId=pool.id, Username="alice")
        assert pool.sign_in(pool.client())["AccessToken"]

    def test_a_client_with_a_secret_has_to_prove_it(self, pool: Pool) -> None:
        client = pool.client(GenerateSecret=True)
        given = {"USERNAME": "alice", "PASSWORD": PASSWORD}
        message = refused("NotAuthorizedException", pool.start, client, **given)
        assert message == f"Client {client} is configured with secret but SECRET_HASH was not received"
        for wrong in ("wrong", pool.secret_hash(client, "bob")):
            message = refused("NotAuthorizedException", pool.start, client, **given, SECRET_HASH=wrong)
            assert message == f"Unable to verify secret hash for client {client}"
        good = pool.secret_hash(client, "alice")
        assert pool.start(client, **given, SECRET_HASH=good)["AuthenticationResult"]["AccessToken"]

    @pytest.mark.parametrize("missing", ["USERNAME", "PASSWORD"])
    def test_a_parameter_that_is_missing_is_named(self, pool: Pool, missing: str) -> None:
        given = {"USERNAME": "alice", "PASSWORD": PASSWORD}
        del given[missing]
        message = refused("InvalidParameterException", pool.start, pool.client(), **given)
        assert message == f"Missing required parameter {missing}"


class TestFirstPassword:
    def challenge(self, pool: Pool, client: str) -> dict[str, Any]:
        pool.user("bob", permanent=False, email="bob@example.com")
        return pool.start(client, USERNAME="bob", PASSWORD=PASSWORD)

    def answer(self, pool: Pool, client: str, session: str, **responses: str) -> dict[str, Any]:
        result: dict[str, Any] = pool.idp.respond_to_auth_challenge(
            ClientId=client,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=session,
            ChallengeResponses={"USERNAME": "bob", "NEW_PASSWORD": "Another-one-7", **responses},
        )
        return result

    def test_it_has_to_be_replaced(self, pool: Pool) -> None:
        client = pool.client()
        asked = self.challenge(pool, client)
        assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
        assert asked["ChallengeParameters"]["USER_ID_FOR_SRP"] == "bob"
        assert json.loads(asked["ChallengeParameters"]["userAttributes"]) == {"email": "bob@example.com"}
        assert json.loads(asked["ChallengeParameters"]["requiredAttributes"]) == []
        result = self.answer(pool, client, asked["Session"], **{"userAttributes.name": "Bob"})
        assert pool.claims(result["AuthenticationResult"]["IdToken"])["name"] == "Bob"
        found = pool.idp.admin_get_user(UserPoolId=pool.id, Username="bob")
        assert found["UserStatus"] == "CONFIRMED"
        assert pool.sign_in(client, "bob", "Another-one-7")["AccessToken"]

    def test_a_bad_one_can_be_corrected_and_a_session_is_good_once(self, pool: Pool) -> None:
        client = pool.client()
        session = self.challenge(pool, client)["Session"]
        message = refused(
            "InvalidPasswordException", self.answer, pool, client, session, NEW_PASSWORD="without-digit-A"
        )
        assert message == "Password did not conform with policy: Password must have numeric characters"
        self.answer(pool, client, session)
        message = refused("NotAuthorizedException", self.answer, pool, client, session)
        assert message == "Invalid session for the user."

    def test_a_session_ends_after_three_minutes_unless_the_client_says_otherwise(self, pool: Pool) -> None:
        client = pool.client()
        session = self.challenge(pool, client)["Session"]
        pool.clock.advance(180)
        message = refused("NotAuthorizedException", self.answer, pool, client, session)
        assert message == "Invalid session for the user, session is expired."
        client = pool.client(AuthSessionValidity=15)
        session = pool.start(client, USERNAME="bob", PASSWORD=PASSWORD)["Session"]
        pool.clock.advance(899)
        assert self.answer(pool, client, session)["AuthenticationResult"]

    def test_a_session_is_of_one_client_and_one_user(self, pool: Pool) -> None:
        client = pool.client()
        session = self.challenge(pool, client)["Session"]
        refused("NotAuthorizedException", self.answer, pool, pool.client(), session)
        refused("NotAuthorizedException", self.answer, pool, client, session, USERNAME="alice")
        assert self.answer(pool, client, session)["AuthenticationResult"]

    def test_a_session_ends_with_its_user(self, pool: Pool) -> None:
        client = pool.client()
        session = self.challenge(pool, client)["Session"]
        pool.idp.admin_delete_user(UserPoolId=pool.id, Username="bob")
        refused("NotAuthorizedException", self.answer, pool, client, session)
        pool.user("bob", permanent=False)
        refused("NotAuthorizedException", self.answer, pool, client, session)

    def test_a_temporary_password_is_good_for_seven_days(self, pool: Pool) -> None:
        client = pool.client()
        self.challenge(pool, client)
        pool.clock.advance(7 * 86_400 + 1)
        message = refused("NotAuthorizedException", pool.start, client, USERNAME="bob", PASSWORD=PASSWORD)
        assert message == "Temporary password has expired and must be reset by an administrator."

    def test_one_that_nobody_chose_is_made_and_sent(self, pool: Pool) -> None:
        pool.idp.admin_create_user(
            UserPoolId=pool.id,
            Username="carol",
            UserAttributes=[{"Name": "email", "Value": "carol@example.com"}],
            DesiredDeliveryMediums=["EMAIL"],
        )
        sent = pool.messages[-1]
        assert (sent.kind, sent.destination) == ("AdminCreateUser", "carol@example.com")
        assert pool.start(pool.client(), USERNAME="carol", PASSWORD=sent.code)["ChallengeName"]
        assert sent.code not in repr(sent)


class TestNames:
    def test_an_address_as_the_user_name_makes_a_uuid_of_it(self) -> None:
        pool = Pool(UsernameAttributes=["email"])
        sub = pool.user("alice@example.com")
        client = pool.client()
        result = pool.sign_in(client, "alice@example.com")
        assert pool.claims(result["AccessToken"])["username"] == sub
        said = pool.claims(result["IdToken"])
        assert (said["cognito:username"], said["email"]) == (sub, "alice@example.com")
        refused("UsernameExistsException", pool.user, "alice@example.com")

    def test_an_alias_counts_once_it_is_verified(self) -> None:
        pool = Pool(AliasAttributes=["email"])
        pool.user("alice", email="alice@example.com")
        client = pool.client()
        refused("UserNotFoundException", pool.sign_in, client, "alice@example.com")
        pool.idp.admin_update_user_attributes(
            UserPoolId=pool.id,
            Username="alice",
            UserAttributes=[{"Name": "email_verified", "Value": "true"}],
        )
        assert pool.claims(pool.sign_in(client, "alice@example.com")["AccessToken"])["username"] == "alice"
        found = pool.idp.admin_get_user(UserPoolId=pool.id, Username="alice@example.com")
        assert found["Username"] == "alice"


@pytest.mark.parametrize("sensitive", [True, False])
def test_capitals_count_as_the_pool_says(sensitive: bool) -> None:
    pool = Pool(UsernameConfiguration={"CaseSensitive": sensitive})
    pool.user("alice")
    client = pool.client()
    if sensitive:
        refused("UserNotFoundException", pool.sign_in, client, "Alice")
    else:
        assert pool.claims(pool.sign_in(client, "Alice")["AccessToken"])["username"] == "alice"


def test_several_sign_in_at_a_time(pool: Pool) -> None:
    client = pool.client()
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda _: pool.sign_in(client), range(24)))
    said = [pool.claims(result["AccessToken"]) for result in results]
    assert len({each["origin_jti"] for each in said}) == 24
    assert len({result["RefreshToken"] for result in results}) == 24


def test_what_an_administrator_writes_has_to_be_in_the_schema(pool: Pool) -> None:
    update = pool.idp.admin_update_user_attributes
    names = {"UserPoolId": pool.id, "Username": "alice"}
    for name, code in (("custom:none", "InvalidParameterException"), ("sub", "InvalidParameterException")):
        refused(code, update, **names, UserAttributes=[{"Name": name, "Value": "x"}])
    client = pool.client()
    update(**names, UserAttributes=[{"Name": "email", "Value": "new@example.com"}])
    assert pool.claims(pool.sign_in(client)["IdToken"])["email_verified"] is False


def test_the_client_may_let_the_user_choose_how(pool: Pool) -> None:
    client = pool.client()
    direct = pool.start(
        client, "USER_AUTH", USERNAME="alice", PREFERRED_CHALLENGE="PASSWORD", PASSWORD=PASSWORD
    )
    assert pool.claims(direct["AuthenticationResult"]["AccessToken"])["username"] == "alice"
    asked = pool.start(client, "USER_AUTH", USERNAME="alice")
    assert asked["ChallengeName"] == "SELECT_CHALLENGE"
    assert asked["AvailableChallenges"] == ["PASSWORD", "PASSWORD_SRP"]
    result = pool.idp.respond_to_auth_challenge(
        ClientId=client,
        ChallengeName="SELECT_CHALLENGE",
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": "alice", "ANSWER": "PASSWORD", "PASSWORD": PASSWORD},
    )
    assert result["AuthenticationResult"]["RefreshToken"]
    refused(
        "NotImplemented",
        pool.start,
        client,
        "USER_AUTH",
        USERNAME="alice",
        PREFERRED_CHALLENGE="EMAIL_OTP",
    )
