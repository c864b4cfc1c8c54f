"""An identity context of Identity Center makes a role session that of a user."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from harness.aws import Credentials
from tests.aws_identity_center import refused
from tests.test_aws_identity_center_tokens import Propagation, new_propagation

PROVIDER = "arn:aws:iam::aws:contextProvider/IdentityCenter"


@pytest.fixture
def propagation() -> Iterator[Propagation]:
    with new_propagation() as propagation:
        yield propagation


def test_a_session_is_that_of_the_user_whom_the_context_is_about(propagation: Propagation) -> None:
    center = propagation.center
    iam = center.aws.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{center.aws.account_id}:root"},
        "Action": ["sts:AssumeRole", "sts:SetContext"],
    }
    role = iam.create_role(RoleName="Reader", AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    of_alice = {"StringEquals": {"identitystore:UserId": propagation.alice}}
    allowed = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": of_alice}
    iam.put_role_policy(RoleName="Reader", PolicyName="alice", PolicyDocument=_policy(allowed))

    def session(**options: Any) -> Any:
        made = center.aws.client("sts").assume_role(RoleArn=role, RoleSessionName="mcp", **options)
        key = made["Credentials"]
        credentials = Credentials(
            access_key_id=key["AccessKeyId"],
            secret_access_key=key["SecretAccessKey"],
            session_token=key["SessionToken"],
        )
        return center.aws.client("iam", credentials=credentials)

    assertion = propagation.exchange()["awsAdditionalDetails"]["identityContext"]
    context = {"ProviderArn": PROVIDER, "ContextAssertion": assertion}
    assert session(ProvidedContexts=[context]).list_users()["Users"]
    with refused("AccessDenied", status=403):
        session().list_users()
    with refused("InvalidParameter"):
        session(ProvidedContexts=[{**context, "ContextAssertion": "forged"}])


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
