"""Attributes for access control: claims that become tags of the sessions of identity pools."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from botocore.exceptions import ClientError

from tests.aws_identity_pool import MISCONFIGURED, Cloud, refusal

TAGGING = ("sts:AssumeRoleWithWebIdentity", "sts:TagSession")


def set_tags(cloud: Cloud, provider: str | None = None, **fields: Any) -> dict[str, Any]:
    answer = cloud.pools.set_principal_tag_attribute_map(
        IdentityPoolId=cloud.pool, IdentityProviderName=provider or cloud.provider, **fields
    )
    answer.pop("ResponseMetadata")
    return dict(answer)


@pytest.fixture
def tagged(cloud: Cloud) -> Cloud:
    """A pool whose people may read CloudWatch if they are of the team ``ops``."""
    statement = {
        "Effect": "Allow",
        "Action": "cloudwatch:ListMetrics",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "ops"}},
    }
    cloud.role("Tagged", "authenticated", policy="arn:aws:iam::aws:policy/AWSDenyAll", actions=TAGGING)
    cloud.iam.detach_role_policy(RoleName="Tagged", PolicyArn="arn:aws:iam::aws:policy/AWSDenyAll")
    cloud.iam.put_role_policy(
        RoleName="Tagged",
        PolicyName="ops",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
    )
    cloud.set_roles(authenticated="Tagged")
    return cloud


def test_a_claim_decides_what_the_session_may(tagged: Cloud) -> None:
    set_tags(tagged, PrincipalTags={"team": "custom:team"})
    ops = tagged.log_in(tagged.users.mint(sub="alice", claims={"custom:team": "ops"}))
    assert tagged.client("cloudwatch", ops).list_metrics()["Metrics"] == []
    for said in ({"custom:team": "sales"}, {}):
        given = tagged.log_in(tagged.users.mint(sub="bob", claims=said))
        with pytest.raises(ClientError, match="no identity-based policy allows"):
            tagged.client("cloudwatch", given).list_metrics()


def test_without_a_map_no_claim_is_a_tag(tagged: Cloud) -> None:
    given = tagged.log_in(tagged.users.mint(claims={"team": "ops", "custom:team": "ops"}))
    with pytest.raises(ClientError, match="no identity-based policy allows"):
        tagged.client("cloudwatch", given).list_metrics()


def test_a_role_must_let_its_sessions_be_tagged(cloud: Cloud) -> None:
    cloud.log_in(cloud.users.mint())
    set_tags(cloud, UseDefaults=True)
    with pytest.raises(ClientError) as raised:
        cloud.log_in(cloud.users.mint())
    assert refusal(raised) == MISCONFIGURED


def test_tags_together_have_a_bound(tagged: Cloud) -> None:
    set_tags(tagged, PrincipalTags={"a": "one", "b": "two"})
    assert tagged.log_in(tagged.users.mint(claims={"one": "x" * 256, "two": "x" * 204}))
    for said in ({"one": "x" * 257}, {"one": "x" * 256, "two": "x" * 205}):
        with pytest.raises(ClientError) as raised:
            tagged.log_in(tagged.users.mint(claims=said))
        assert refusal(raised) == MISCONFIGURED


def test_the_defaults_are_the_client_and_the_subject(cloud: Cloud) -> None:
    answer = set_tags(cloud, UseDefaults=True)
    assert answer == {
        "IdentityPoolId": cloud.pool,
        "IdentityProviderName": cloud.provider,
        "UseDefaults": True,
        "PrincipalTags": {"client": "aud", "username": "sub"},
    }
    given = cloud.pools.get_principal_tag_attribute_map(
        IdentityPoolId=cloud.pool, IdentityProviderName=cloud.provider
    )
    assert given["PrincipalTags"] == answer["PrincipalTags"]


@pytest.mark.parametrize(
    ("said", "tags"),
    [("text", ["text"]), (5, ["5"]), (True, ["true"]), (["a", "b"], None), ({"a": "b"}, None), (None, None)],
)
def test_a_claim_without_parts_is_a_tag_of_the_token_for_sts(
    cloud: Cloud, said: Any, tags: list[str] | None
) -> None:
    set_tags(cloud, PrincipalTags={"t": "custom:t"})
    login = cloud.users.mint(sub="alice", claims={"custom:t": said})
    identity = cloud.get_id(login)
    token = cloud.pools.get_open_id_token(IdentityId=identity, Logins={cloud.provider: login})["Token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    expected = None if tags is None else {"principal_tags": {"t": tags}}
    assert claims.get("https://aws.amazon.com/tags") == expected


def test_a_provider_of_iam_is_named_by_its_arn_or_by_its_issuer(cloud: Cloud) -> None:
    okta, arn = cloud.add_issuer("okta")
    cloud.pool = cloud.create_pool(OpenIdConnectProviderARNs=[arn])
    name = okta.url.removeprefix("https://")
    for provider in (arn, name):
        assert set_tags(cloud, provider, PrincipalTags={"who": "sub"})["PrincipalTags"] == {"who": "sub"}


def test_a_provider_that_the_pool_does_not_have_has_no_map(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as raised:
        set_tags(cloud, "accounts.google.com", UseDefaults=True)
    assert refusal(raised)[0] == "InvalidParameterException"
    with pytest.raises(ClientError) as raised:
        cloud.pools.get_principal_tag_attribute_map(
            IdentityPoolId=cloud.pool, IdentityProviderName=cloud.provider
        )
    assert refusal(raised)[0] == "ResourceNotFoundException"
