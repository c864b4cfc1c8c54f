"""Identity pools, administered by real boto3 clients; and garbage."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.aws import Credentials
from tests.aws_identity_pool import ACCOUNT, Cloud, refusal

POOLS = f"arn:aws:cognito-identity:us-east-1:{ACCOUNT}:identitypool/"


def test_a_pool_is_described_as_it_was_created_and_updated(cloud: Cloud) -> None:
    described = cloud.pools.describe_identity_pool(IdentityPoolId=cloud.pool)
    assert described["CognitoIdentityProviders"] == [
        {"ProviderName": cloud.provider, "ClientId": cloud.users.client_id}
    ]
    cloud.pools.update_identity_pool(
        IdentityPoolId=cloud.pool, IdentityPoolName="renamed", AllowUnauthenticatedIdentities=True
    )
    described = cloud.pools.describe_identity_pool(IdentityPoolId=cloud.pool)
    assert (described["IdentityPoolName"], described["AllowUnauthenticatedIdentities"]) == ("renamed", True)
    assert "CognitoIdentityProviders" not in described
    roles = cloud.pools.get_identity_pool_roles(IdentityPoolId=cloud.pool)
    assert roles["Roles"] == {"authenticated": "arn:aws:iam::123456789012:role/Reader"}
    assert "RoleMappings" not in roles


def test_pools_are_listed_in_pages(cloud: Cloud) -> None:
    ids = [cloud.pool, *(cloud.create_pool() for _ in range(4))]
    listed: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = cloud.pools.list_identity_pools(MaxResults=2, **more)
        listed += [pool["IdentityPoolId"] for pool in page["IdentityPools"]]
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert listed == ids


def test_a_page_that_does_not_exist_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.pools.list_identity_pools(MaxResults=1, NextToken="nothing")
    assert refusal(raised)[0] == "InvalidParameterException"


@pytest.mark.parametrize(
    "provider",
    [
        {"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_FakePool1"},
        {"ClientId": "client"},
        {"ProviderName": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_FakePool1", "ClientId": "c"},
        {"ProviderName": "us-east-1_FakePool1", "ClientId": "c"},
        {"ProviderName": "cognito-idp.us-east-1.amazonaws.com/FakePool1", "ClientId": "c"},
    ],
)
def test_what_is_no_user_pool_is_refused(cloud: Cloud, provider: dict[str, str]) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.create_pool(CognitoIdentityProviders=[provider])
    assert refusal(raised) == ("InvalidParameterException", "Invalid Cognito Identity Provider")


def test_the_name_of_the_developer_is_given_once(cloud: Cloud) -> None:
    pool = cloud.create_pool(DeveloperProviderName="login.mycompany.myapp")
    settings: dict[str, Any] = {
        "IdentityPoolId": pool,
        "IdentityPoolName": "people",
        "AllowUnauthenticatedIdentities": False,
    }
    assert cloud.pools.update_identity_pool(**settings)["DeveloperProviderName"] == "login.mycompany.myapp"
    with pytest.raises(ClientError) as raised:
        cloud.pools.update_identity_pool(**settings, DeveloperProviderName="login.mycompany.other")
    assert refusal(raised)[0] == "InvalidParameterException"


@pytest.mark.parametrize("operation", ["create_identity_pool", "update_identity_pool"])
def test_a_pool_has_fifty_user_pools_at_most(cloud: Cloud, operation: str) -> None:
    pool = {} if operation == "create_identity_pool" else {"IdentityPoolId": cloud.pool}
    providers = [{"ProviderName": cloud.provider, "ClientId": f"client{number}"} for number in range(51)]
    settings = {"IdentityPoolName": "people", "AllowUnauthenticatedIdentities": False, **pool}
    call = getattr(cloud.pools, operation)
    assert call(**settings, CognitoIdentityProviders=providers[:50])
    with pytest.raises(ClientError) as raised:
        call(**settings, CognitoIdentityProviders=providers)
    assert refusal(raised)[0] == "LimitExceededException"


# --- tags of pools ---------------------------------------------------------------------------------------


def test_a_pool_is_tagged_and_untagged(cloud: Cloud) -> None:
    pool = cloud.create_pool(IdentityPoolTags={"stage": "test"})
    arn = POOLS + pool
    cloud.pools.tag_resource(ResourceArn=arn, Tags={"team": "ops"})
    assert cloud.pools.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"stage": "test", "team": "ops"}
    cloud.pools.untag_resource(ResourceArn=arn, TagKeys=["stage", "absent"])
    cloud.pools.update_identity_pool(
        IdentityPoolId=pool, IdentityPoolName="renamed", AllowUnauthenticatedIdentities=False
    )
    described = cloud.pools.describe_identity_pool(IdentityPoolId=pool)
    assert described["IdentityPoolTags"] == {"team": "ops"}


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("us-east-1:00000000-0000-0000-0000-000000000000", "InvalidParameterException"),
        (f"{POOLS.replace('us-east-1', 'eu-west-1')}eu-west-1:0", "InvalidParameterException"),
        (f"{POOLS}us-east-1:00000000-0000-0000-0000-000000000000", "ResourceNotFoundException"),
    ],
)
def test_what_is_not_there_is_not_tagged(cloud: Cloud, arn: str, code: str) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.pools.tag_resource(ResourceArn=arn, Tags={"team": "ops"})
    assert refusal(raised)[0] == code


def test_a_pool_has_fifty_tags_at_most(cloud: Cloud) -> None:
    arn = POOLS + cloud.pool
    cloud.pools.tag_resource(ResourceArn=arn, Tags={str(number): "" for number in range(50)})
    with pytest.raises(ClientError) as raised:
        cloud.pools.tag_resource(ResourceArn=arn, Tags={"more": ""})
    assert refusal(raised)[0] == "InvalidParameterException"


# --- who may ---------------------------------------------------------------------------------------------


def allowed(cloud: Cloud, **statement: Any) -> Any:
    """Return a client of somebody who may what one statement says."""
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}}
    cloud.iam.create_user(UserName="operator")
    cloud.iam.put_user_policy(UserName="operator", PolicyName="p", PolicyDocument=json.dumps(document))
    key = cloud.iam.create_access_key(UserName="operator")["AccessKey"]
    credentials = Credentials(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    return cloud.aws.client("cognito-identity", credentials=credentials)


def test_only_who_may_administer_pools_does(cloud: Cloud) -> None:
    reader = cloud.client("cognito-identity", cloud.log_in(cloud.users.mint(sub="alice")))
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.delete_identity_pool(IdentityPoolId=cloud.pool)
    assert cloud.pools.describe_identity_pool(IdentityPoolId=cloud.pool)["IdentityPoolName"] == "people"


def test_a_grant_may_be_for_one_pool(cloud: Cloud) -> None:
    other = cloud.create_pool()
    pools = allowed(cloud, Action="cognito-identity:*", Resource=POOLS + cloud.pool)
    assert pools.describe_identity_pool(IdentityPoolId=cloud.pool)
    assert pools.list_tags_for_resource(ResourceArn=POOLS + cloud.pool)["Tags"] == {}
    for attempt, on in (
        (lambda: pools.describe_identity_pool(IdentityPoolId=other), POOLS + other),
        (lambda: pools.list_identity_pools(MaxResults=1), POOLS),
        # These two have no resource types, so a grant for a pool is none (Service Authorization Reference).
        (lambda: pools.set_identity_pool_roles(IdentityPoolId=cloud.pool, Roles={}), ""),
        (
            lambda: pools.set_principal_tag_attribute_map(
                IdentityPoolId=cloud.pool, IdentityProviderName=cloud.provider
            ),
            "",
        ),
    ):
        with pytest.raises(ClientError) as raised:
            attempt()
        code, message = refusal(raised)
        assert code == "AccessDeniedException"
        assert (f"on resource: {on} because" in message) if on else ("on resource" not in message)


def test_a_grant_may_be_for_pools_with_a_tag(cloud: Cloud) -> None:
    mine = cloud.create_pool(IdentityPoolTags={"team": "ops"})
    condition = {"StringEquals": {"aws:ResourceTag/team": "ops"}}
    pools = allowed(cloud, Action="cognito-identity:*", Resource="*", Condition=condition)
    assert pools.describe_identity_pool(IdentityPoolId=mine)
    assert pools.list_tags_for_resource(ResourceArn=POOLS + mine)["Tags"] == {"team": "ops"}
    for pool in (cloud.pool, "us-east-1:00000000-0000-0000-0000-000000000000"):
        with pytest.raises(ClientError, match="AccessDenied"):
            pools.describe_identity_pool(IdentityPoolId=pool)


def test_a_grant_may_be_for_the_identities_of_a_pool(cloud: Cloud) -> None:
    other = cloud.create_pool()
    ids = [cloud.get_id(cloud.users.mint(), pool=pool) for pool in (cloud.pool, other)]
    condition = {"ForAllValues:ArnEquals": {"cognito-identity:IdentityPoolArn": POOLS + cloud.pool}}
    pools = allowed(cloud, Action="cognito-identity:*", Resource="*", Condition=condition)
    assert pools.describe_identity(IdentityId=ids[0])
    with pytest.raises(ClientError, match="AccessDenied"):
        pools.describe_identity(IdentityId=ids[1])
    with pytest.raises(ClientError, match="AccessDenied"):
        pools.delete_identities(IdentityIdsToDelete=ids)
    assert pools.delete_identities(IdentityIdsToDelete=ids[:1])["UnprocessedIdentityIds"] == []


def test_who_creates_a_pool_with_tags_may_tag(cloud: Cloud) -> None:
    settings: dict[str, Any] = {"IdentityPoolName": "people", "AllowUnauthenticatedIdentities": False}
    pools = allowed(cloud, Action="cognito-identity:CreateIdentityPool", Resource="*")
    assert pools.create_identity_pool(**settings)
    with pytest.raises(ClientError) as raised:
        pools.create_identity_pool(**settings, IdentityPoolTags={"team": "ops"})
    code, message = refusal(raised)
    assert code == "AccessDeniedException"
    assert "is not authorized to perform: cognito-identity:TagResource" in message


def test_a_grant_may_be_for_tags_of_ones_own(cloud: Cloud) -> None:
    condition = {
        "StringEquals": {"aws:RequestTag/team": "ops"},
        "ForAllValues:StringEquals": {"aws:TagKeys": "team"},
    }
    pools = allowed(cloud, Action="cognito-identity:TagResource", Resource="*", Condition=condition)
    arn = POOLS + cloud.pool
    pools.tag_resource(ResourceArn=arn, Tags={"team": "ops"})
    for tags in ({"team": "sales"}, {"team": "ops", "stage": "test"}):
        with pytest.raises(ClientError, match="AccessDenied"):
            pools.tag_resource(ResourceArn=arn, Tags=tags)


# --- garbage ---------------------------------------------------------------------------------------------

HOSTILE: list[Any] = [None, 1, True, "", "\x00", "\ud800", "é" * 60, [], {}, [None], {"": None}, {"p": [1]}]
HOSTILE += [{"p": "x"}, ["x"], [{}], {"p": {"Type": "Rules", "AmbiguousRoleResolution": "Deny"}}]


def test_no_input_makes_it_fail(cloud: Cloud) -> None:
    honest = {
        "IdentityPoolId": cloud.pool,
        "IdentityId": cloud.get_id(cloud.users.mint()),
        "Logins": {cloud.provider: cloud.users.mint()},
    }
    fields = ("IdentityPoolId", "IdentityId", "Logins", "AccountId", "CustomRoleArn", "LoginsToRemove")
    for operation in ("GetId", "GetCredentialsForIdentity", "GetOpenIdToken", "UnlinkIdentity"):
        for body in (
            *({**honest, field: value} for field in fields for value in HOSTILE),
            *({**honest, "Logins": {cloud.provider: value}} for value in HOSTILE),
            *({**honest, "Logins": {"cognito-identity.amazonaws.com": value}} for value in HOSTILE),
        ):
            status, answer = cloud.send(operation, body)
            assert status in {200, 400}, body
            assert isinstance(answer, dict)


def test_no_setting_makes_it_fail(cloud: Cloud) -> None:
    honest: dict[str, Any] = {
        "IdentityPoolId": cloud.pool,
        "IdentityPoolName": "people",
        "AllowUnauthenticatedIdentities": False,
        "IdentityId": "us-east-1:0",
        "IdentityProviderName": "p",
        "ResourceArn": POOLS + cloud.pool,
        "Roles": {},
        "Logins": {},
        "Tags": {},
        "TagKeys": [],
        "IdentityIdsToDelete": ["us-east-1:0"],
        "MaxResults": 1,
        "SourceUserIdentifier": "a",
        "DestinationUserIdentifier": "b",
        "DeveloperProviderName": "d",
        "DeveloperUserIdentifier": "u",
    }
    model = cloud.pools.meta.service_model
    for operation in map(model.operation_model, model.operation_names):
        if operation.auth_type == "none" or operation.name == "DeleteIdentityPool":
            continue
        for field in operation.input_shape.members:
            for value in HOSTILE:
                status, answer = cloud.send(operation.name, {**honest, field: value}, signed=True)
                assert status in {200, 400}, (operation.name, field, value)
                assert answer.get("__type") not in {"InternalFailure", "InvalidSignatureException"}
