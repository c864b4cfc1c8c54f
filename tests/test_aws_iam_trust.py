"""Roles and their trust policies, by the API: whom they may name, and what becomes of a name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from harness.aws import Aws, Credentials
from tests.aws_account import refused, user

ACCOUNT = "320987654321"
HERE = f"arn:aws:iam::{ACCOUNT}"


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id=ACCOUNT)
    yield aws
    aws.close()


def trust(principal: Any, action: Any = "sts:AssumeRole") -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def create_role(aws: Aws, principal: Any, name: str = "Reader", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = aws.call(
        "iam", "create_role", RoleName=name, AssumeRolePolicyDocument=trust(principal), **more
    )
    return made["Role"]


def assume(aws: Aws, credentials: Credentials, name: str = "Reader") -> dict[str, Any]:
    sts = aws.client("sts", credentials=credentials)
    answer: dict[str, Any] = sts.assume_role(RoleArn=f"{HERE}:role/{name}", RoleSessionName="session")
    return answer


def test_a_role_has_an_id_in_the_form_of_aws(aws: Aws) -> None:
    role = create_role(aws, {"AWS": ACCOUNT}, Path="/team/")
    assert role["RoleId"].startswith("AROA")
    assert len(role["RoleId"]) == 21
    assert role["Arn"] == f"{HERE}:role/team/Reader"
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": ACCOUNT}


@pytest.mark.parametrize(
    ("principal", "named"),
    [
        ({"AWS": f"{HERE}:user/nobody"}, f'"AWS":"{HERE}:user/nobody"'),
        ({"AWS": [ACCOUNT, f"{HERE}:role/nobody"]}, f'"AWS":"{HERE}:role/nobody"'),
        ({"AWS": "arn:aws:iam::ACCOUNT-ID:root"}, '"AWS":"arn:aws:iam::ACCOUNT-ID:root"'),
        ({"AWS": "AIDAJQABLZS4A3QDU576Q"}, '"AWS":"AIDAJQABLZS4A3QDU576Q"'),
        ({"AWS": "alice"}, '"AWS":"alice"'),
        (
            {"Federated": "arn:aws:iam::ACCOUNT-ID:oidc-provider/acme.okta.com"},
            '"FEDERATED":"arn:aws:iam::ACCOUNT-ID:oidc-provider/acme.okta.com"',
        ),
        ({"Federated": "*"}, '"FEDERATED":"*"'),
        ({"Service": "*"}, '"SERVICE":"*"'),
    ],
)
def test_a_principal_that_cannot_be_is_refused(aws: Aws, principal: Any, named: str) -> None:
    create = aws.client("iam").create_role
    document = trust(principal)
    message = refused("MalformedPolicyDocument", create, RoleName="Reader", AssumeRolePolicyDocument=document)
    assert message == f"Invalid principal in policy: {named}"


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": "*"},
        {"AWS": "arn:aws:iam::210987654321:user/of-another-account"},
        {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/Other/session"},
        {"Federated": f"{HERE}:oidc-provider/acme.okta.com/oauth2/default"},
        {"Service": ["lambda.amazonaws.com", "ecs-tasks.amazonaws.com"]},
    ],
)
def test_the_principals_of_the_user_guide_are_taken(aws: Aws, principal: Any) -> None:
    assert create_role(aws, principal)["RoleName"] == "Reader"


def test_a_role_for_identity_pools_has_a_condition(aws: Aws) -> None:
    create = aws.client("iam").create_role
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    refused("MalformedPolicyDocument", create, RoleName="Reader", AssumeRolePolicyDocument=document)
    condition = {"StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:pool"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": {**statement, "Condition": condition}})
    assert create(RoleName="Reader", AssumeRolePolicyDocument=document)["Role"]["RoleName"] == "Reader"


def test_everybody_must_be_said_to_be_aws_principals(aws: Aws) -> None:
    create = aws.client("iam").create_role
    message = refused(
        "MalformedPolicyDocument", create, RoleName="Reader", AssumeRolePolicyDocument=trust("*")
    )
    assert message == 'AssumeRolepolicy contained an invalid principal: "STAR":"*".'


def test_a_trust_policy_has_2048_characters_at_most(aws: Aws) -> None:
    iam = aws.client("iam")
    create_role(aws, {"AWS": ACCOUNT})
    long = trust({"AWS": [f"arn:aws:iam::{number:012}:root" for number in range(80)]})
    message = refused("LimitExceeded", iam.update_assume_role_policy, RoleName="Reader", PolicyDocument=long)
    assert message == "Cannot exceed quota for ACLSizePerRole: 2048"
    spacious = trust({"AWS": ACCOUNT}).replace(" ", " " * 500)
    iam.update_assume_role_policy(RoleName="Reader", PolicyDocument=spacious)


def test_a_recreated_user_is_another_principal(aws: Aws) -> None:
    iam = aws.client("iam")
    alice = user(aws)
    arn, first = f"{HERE}:user/alice", iam.get_user(UserName="alice")["User"]["UserId"]
    create_role(aws, {"AWS": [arn]})
    assert assume(aws, alice)["AssumedRoleUser"]["AssumedRoleId"].endswith(":session")

    iam.delete_access_key(UserName="alice", AccessKeyId=alice.access_key_id)
    iam.delete_user(UserName="alice")
    document = iam.get_role(RoleName="Reader")["Role"]["AssumeRolePolicyDocument"]
    assert document["Statement"][0]["Principal"] == {"AWS": [first]}

    again = user(aws)
    assert iam.get_user(UserName="alice")["User"]["UserId"] != first
    with pytest.raises(aws.client("sts").exceptions.ClientError, match="AccessDenied"):
        assume(aws, again)
    iam.update_assume_role_policy(RoleName="Reader", PolicyDocument=trust({"AWS": arn}))
    assert assume(aws, again)["Credentials"]["AccessKeyId"].startswith("ASIA")


def test_a_deleted_role_leaves_its_id_in_the_trust_of_others(aws: Aws) -> None:
    iam = aws.client("iam")
    first = create_role(aws, {"AWS": ACCOUNT}, "First")
    create_role(aws, {"AWS": first["Arn"]})
    iam.delete_role(RoleName="First")
    document = iam.get_role(RoleName="Reader")["Role"]["AssumeRolePolicyDocument"]
    assert document["Statement"][0]["Principal"] == {"AWS": first["RoleId"]}


def test_a_unique_id_is_shown_as_the_arn_of_who_has_it(aws: Aws) -> None:
    user(aws)
    unique = aws.call("iam", "get_user", UserName="alice")["User"]["UserId"]
    role = create_role(aws, {"AWS": unique})
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": f"{HERE}:user/alice"}


def test_a_trust_policy_may_set_context(aws: Aws) -> None:
    create_role(aws, {"AWS": ACCOUNT})
    document = trust({"AWS": ACCOUNT}, ["sts:AssumeRole", "sts:SetContext", "sts:TagSession"])
    aws.call("iam", "update_assume_role_policy", RoleName="Reader", PolicyDocument=document)
    kept = aws.call("iam", "get_role", RoleName="Reader")["Role"]["AssumeRolePolicyDocument"]
    assert kept["Statement"][0]["Action"] == ["sts:AssumeRole", "sts:SetContext", "sts:TagSession"]


def test_an_update_leaves_what_it_does_not_name(aws: Aws) -> None:
    iam = aws.client("iam")
    create_role(aws, {"AWS": ACCOUNT}, Description="reads", MaxSessionDuration=7200)
    iam.update_role(RoleName="Reader", Description="still reads")
    iam.update_role(RoleName="Reader")
    role = iam.get_role(RoleName="Reader")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("still reads", 7200)
    iam.update_role(RoleName="Reader", MaxSessionDuration=3600)
    assert iam.get_role(RoleName="Reader")["Role"]["MaxSessionDuration"] == 3600
    refused("NoSuchEntity", iam.update_role, RoleName="absent")


def test_a_role_with_policies_stays(aws: Aws) -> None:
    iam = aws.client("iam")
    create_role(aws, {"AWS": ACCOUNT})
    read_only = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
    iam.attach_role_policy(RoleName="Reader", PolicyArn=read_only)
    message = refused("DeleteConflict", iam.delete_role, RoleName="Reader")
    assert message == "Cannot delete entity, must detach all policies first."
    iam.detach_role_policy(RoleName="Reader", PolicyArn=read_only)
    iam.delete_role(RoleName="Reader")
    refused("NoSuchEntity", iam.delete_role, RoleName="Reader")


def test_a_session_lasts_twelve_hours_at_most(aws: Aws) -> None:
    document = trust({"AWS": ACCOUNT})
    create = aws.client("iam").create_role
    fields = {"RoleName": "Reader", "AssumeRolePolicyDocument": document, "MaxSessionDuration": 43201}
    assert refused("ValidationError", create, **fields) == (
        "1 validation error detected: Value '43201' at 'maxSessionDuration' failed to satisfy constraint:"
        " Member must have value less than or equal to 43200"
    )
