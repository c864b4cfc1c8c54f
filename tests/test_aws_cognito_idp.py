"""User pools of the emulated AWS and their clients: keys, ids, and the settings that AWS refuses."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fake_idp import Issuer
from harness.aws import Aws
from harness.world import World
from tests.aws_account import refused
from tests.aws_user_pool import Pool

SMS = {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "e"}


class TestPools:
    def test_a_pool_has_an_id_in_aws_s_form_and_is_found_by_it(self) -> None:
        pool = Pool()
        assert re.fullmatch(r"us-east-1_[A-Za-z0-9]{9}", pool.id)
        found = pool.idp.describe_user_pool(UserPoolId=pool.id)["UserPool"]
        assert found["Arn"] == f"arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool.id}"
        assert [each["Id"] for each in pool.idp.list_user_pools(MaxResults=10)["UserPools"]] == [pool.id]

    def test_every_pool_publishes_keys_of_its_own(self) -> None:
        pool = Pool()
        other = pool.idp.create_user_pool(PoolName="others")["UserPool"]["Id"]
        theirs = pool.get(f"https://cognito-idp.us-east-1.amazonaws.com/{other}/.well-known/jwks.json")
        ours = {key["n"] for key in pool.keys()["keys"]}
        assert len(ours) == 2
        assert ours.isdisjoint(key["n"] for key in theirs.json()["keys"])
        discovery = pool.get(f"{pool.url}/.well-known/openid-configuration").json()
        assert discovery["issuer"] == pool.url
        assert discovery["jwks_uri"] == f"{pool.url}/.well-known/jwks.json"

    def test_a_pool_that_is_deleted_publishes_nothing(self) -> None:
        pool = Pool()
        pool.idp.delete_user_pool(UserPoolId=pool.id)
        assert pool.get(f"{pool.url}/.well-known/jwks.json").status_code == 404
        assert pool.id in refused(
            "ResourceNotFoundException", pool.idp.describe_user_pool, UserPoolId=pool.id
        )

    def test_mfa_needs_text_messages_when_the_pool_is_made(self) -> None:
        idp = Pool().idp
        message = refused(
            "InvalidParameterException",
            idp.create_user_pool,
            PoolName="p",
            AutoVerifiedAttributes=["email"],
            UsernameAttributes=["email"],
            MfaConfiguration="OPTIONAL",
        )
        assert message == (
            "SMS configuration and Auto verification for phone_number are required"
            " when MFA is required/optional"
        )
        for mode in ("ON", "OPTIONAL"):
            made = idp.create_user_pool(PoolName="p", MfaConfiguration=mode, SmsConfiguration=SMS)["UserPool"]
            assert made["MfaConfiguration"] == mode

    def test_mfa_can_be_turned_on_afterwards(self) -> None:
        pool = Pool()
        refused(
            "InvalidParameterException",
            pool.idp.set_user_pool_mfa_config,
            UserPoolId=pool.id,
            MfaConfiguration="ON",
        )
        pool.idp.set_user_pool_mfa_config(
            UserPoolId=pool.id,
            SoftwareTokenMfaConfiguration={"Enabled": True},
            MfaConfiguration="OPTIONAL",
        )
        found = pool.idp.get_user_pool_mfa_config(UserPoolId=pool.id)
        assert found["MfaConfiguration"] == "OPTIONAL"
        assert found["SoftwareTokenMfaConfiguration"] == {"Enabled": True}
        assert pool.idp.describe_user_pool(UserPoolId=pool.id)["UserPool"]["MfaConfiguration"] == "OPTIONAL"
        pool.idp.update_user_pool(UserPoolId=pool.id)
        assert pool.idp.get_user_pool_mfa_config(UserPoolId=pool.id)["MfaConfiguration"] == "OFF"

    def test_aliases_and_attributes_as_user_names_exclude_each_other(self) -> None:
        refused(
            "InvalidParameterException",
            Pool().idp.create_user_pool,
            PoolName="p",
            UsernameAttributes=["email"],
            AliasAttributes=["email"],
        )

    def test_a_schema_of_one_s_own_leaves_the_standard_attributes_in_place(self) -> None:
        pool = Pool(Schema=[{"Name": "team", "AttributeDataType": "String"}])
        schema = pool.idp.describe_user_pool(UserPoolId=pool.id)["UserPool"]["SchemaAttributes"]
        assert {"custom:team", "email", "sub"} <= {each["Name"] for each in schema}

    def test_without_issuers_there_are_no_user_pools(self) -> None:
        refused("NotImplemented", Aws().client("cognito-idp").create_user_pool, PoolName="p")

    def test_a_caller_needs_the_permission_for_that_pool(self) -> None:
        pool = Pool()
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "cognito-idp:*",
                    "Resource": f"arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool.id}",
                }
            ],
        }
        key = pool.aws.iam.create_user("limited", policy, policy_name="p")
        idp = pool.aws.client("cognito-idp", credentials=key)
        assert idp.describe_user_pool(UserPoolId=pool.id)["UserPool"]["Id"] == pool.id
        other = pool.idp.create_user_pool(PoolName="others")["UserPool"]["Id"]
        message = refused("AccessDeniedException", idp.describe_user_pool, UserPoolId=other)
        assert f"userpool/{other}" in message
        refused("AccessDeniedException", idp.list_user_pools, MaxResults=1)

    def test_tags_decide_too(self) -> None:
        pool = Pool(UserPoolTags={"team": "ops"})
        arn = pool.idp.describe_user_pool(UserPoolId=pool.id)["UserPool"]["Arn"]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "cognito-idp:*",
                    "Resource": "*",
                    "Condition": {"StringEquals": {"aws:ResourceTag/team": "ops"}},
                }
            ],
        }
        key = pool.aws.iam.create_user("limited", policy, policy_name="p")
        idp = pool.aws.client("cognito-idp", credentials=key)
        idp.describe_user_pool(UserPoolId=pool.id)
        pool.idp.tag_resource(ResourceArn=arn, Tags={"team": "dev", "stage": "x"})
        assert pool.idp.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "dev", "stage": "x"}
        refused("AccessDeniedException", idp.describe_user_pool, UserPoolId=pool.id)
        pool.idp.untag_resource(ResourceArn=arn, TagKeys=["stage"])
        assert pool.idp.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "dev"}


class TestClients:
    def test_ids_and_secrets_have_aws_s_form(self) -> None:
        pool = Pool()
        client = pool.client(GenerateSecret=True)
        assert re.fullmatch(r"[a-z0-9]{26}", client)
        assert re.fullmatch(r"[a-z0-9]{51,52}", pool.secret(client))
        public = pool.idp.describe_user_pool_client(UserPoolId=pool.id, ClientId=pool.client())
        assert "ClientSecret" not in public["UserPoolClient"]

    def test_a_list_of_clients_shows_no_secrets(self) -> None:
        pool = Pool()
        client = pool.client(GenerateSecret=True)
        seen: list[bytes] = []
        events = pool.idp.meta.events
        events.register_last(
            "response-received.*", lambda **given: seen.append(given["response_dict"]["body"])
        )
        listed = pool.idp.list_user_pool_clients(UserPoolId=pool.id)["UserPoolClients"]
        assert [each["ClientId"] for each in listed] == [client]
        assert seen
        assert pool.secret(client).encode() not in seen[0]

    @pytest.mark.parametrize(
        ("code", "message", "options"),
        [
            (
                "InvalidParameterException",
                "1 validation error detected: Value '[authorization_code]' at 'allowedOAuthFlows' failed to"
                " satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set:"
                " [implicit, client_credentials, code]]",
                {"AllowedOAuthFlows": ["authorization_code"]},
            ),
            (
                "InvalidOAuthFlowException",
                "AllowedOAuthFlows and AllowedOAuthScopes are required",
                {"AllowedOAuthFlowsUserPoolClient": True},
            ),
            (
                "InvalidOAuthFlowException",
                "CallbackUrls can not be empty when code flow or implicit flow is selected",
                {"AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"]},
            ),
            (
                "InvalidOAuthFlowException",
                "does not have a client secret",
                {"AllowedOAuthFlows": ["client_credentials"]},
            ),
            (
                "InvalidOAuthFlowException",
                "openid is not supported with client_credentials flow",
                {
                    "AllowedOAuthFlows": ["client_credentials"],
                    "AllowedOAuthScopes": ["openid"],
                    "GenerateSecret": True,
                },
            ),
            (
                "InvalidOAuthFlowException",
                "can not be selected along with code flow",
                {"AllowedOAuthFlows": ["client_credentials", "code"], "GenerateSecret": True},
            ),
            (
                "ScopeDoesNotExistException",
                "Invalid scope requested: Cognito",
                {"AllowedOAuthScopes": ["Cognito"]},
            ),
            (
                "InvalidParameterException",
                "HTTP protocol",
                {"CallbackURLs": ["http://example.com/callback"]},
            ),
            ("InvalidParameterException", "#", {"CallbackURLs": ["https://example.com/#here"]}),
            ("InvalidParameterException", "valid", {"LogoutURLs": ["nowhere"]}),
            (
                "InvalidParameterException",
                "The provider Google does not exist",
                {"SupportedIdentityProviders": ["Google"]},
            ),
            (
                "InvalidParameterException",
                "Invalid range for token validity.",
                {"AccessTokenValidity": 4, "TokenValidityUnits": {"AccessToken": "minutes"}},
            ),
            ("InvalidParameterException", "Invalid range for token validity.", {"IdTokenValidity": 24 * 2}),
            (
                "InvalidParameterException",
                "Invalid range for token validity.",
                {"RefreshTokenValidity": 59, "TokenValidityUnits": {"RefreshToken": "minutes"}},
            ),
            (
                "InvalidParameterException",
                "ALLOW_",
                {"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "USER_PASSWORD_AUTH"]},
            ),
            (
                "InvalidParameterException",
                "rotation",
                {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}},
            ),
        ],
    )
    def test_settings_that_aws_refuses(self, code: str, message: str, options: dict[str, Any]) -> None:
        assert message in refused(code, Pool().client, **options)

    @pytest.mark.parametrize(
        "url", ["http://localhost:3000/cb", "http://127.0.0.1/cb", "https://example.com/cb", "myapp://cb"]
    )
    def test_callback_urls_that_aws_takes(self, url: str) -> None:
        pool = Pool()
        client = pool.client(AllowedOAuthFlows=["code"], AllowedOAuthScopes=["openid"], CallbackURLs=[url])
        found = pool.idp.describe_user_pool_client(UserPoolId=pool.id, ClientId=client)
        assert found["UserPoolClient"]["CallbackURLs"] == [url]

    def test_scopes_of_a_resource_server_can_be_had_while_it_is_there(self) -> None:
        pool = Pool()
        server = {"UserPoolId": pool.id, "Identifier": "mcp"}
        pool.idp.create_resource_server(
            **server, Name="m", Scopes=[{"ScopeName": "read", "ScopeDescription": "r"}]
        )
        pool.client(AllowedOAuthScopes=["mcp/read"])
        pool.idp.update_resource_server(
            **server, Name="m", Scopes=[{"ScopeName": "write", "ScopeDescription": "w"}]
        )
        refused("ScopeDoesNotExistException", pool.client, AllowedOAuthScopes=["mcp/read"])
        pool.client(AllowedOAuthScopes=["mcp/write"])
        pool.idp.delete_resource_server(**server)
        refused("ScopeDoesNotExistException", pool.client, AllowedOAuthScopes=["mcp/write"])
        refused("ResourceNotFoundException", pool.idp.delete_resource_server, **server)

    def test_an_update_sets_back_what_it_leaves_out(self) -> None:
        pool = Pool()
        client = pool.client(AccessTokenValidity=2)
        pool.idp.update_user_pool_client(UserPoolId=pool.id, ClientId=client)
        found = pool.idp.describe_user_pool_client(UserPoolId=pool.id, ClientId=client)["UserPoolClient"]
        assert "AccessTokenValidity" not in found
        assert "ALLOW_USER_PASSWORD_AUTH" not in found["ExplicitAuthFlows"]
        assert found["ClientName"] == "app"

    def test_a_client_of_another_account_is_not_found(self) -> None:
        pool = Pool()
        stranger = Aws(account_id="222222222222", new_issuer=Issuer).client("cognito-idp")
        client = pool.client()
        message = refused(
            "ResourceNotFoundException",
            stranger.initiate_auth,
            ClientId=client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "a", "PASSWORD": "b"},
        )
        assert message == f"User pool client {client} does not exist."


def test_the_world_s_issuer_is_the_pool_s_own() -> None:
    with World("cognito") as world:
        pool_id = world.setup.environ["AWS_COGNITO_USER_POOL_ID"]
        found = world.http().get(
            f"https://cognito-idp.us-east-1.amazonaws.com/{pool_id}/.well-known/jwks.json"
        )
        assert found.json() == json.loads(json.dumps(world.issuer.jwks()))
        assert world.issuer.client_id == world.setup.environ["AWS_COGNITO_CLIENT_ID"]
        assert world.issuer.url.endswith(pool_id)


def test_the_clock_of_the_account_dates_the_tokens() -> None:
    pool = Pool()
    pool.user("alice")
    assert pool.claims(pool.sign_in(pool.client())["AccessToken"])["iat"] == pool.started
