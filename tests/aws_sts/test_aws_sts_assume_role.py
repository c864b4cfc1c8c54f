"""AssumeRole: who may become which role by a signature, and for how long."""

from __future__ import annotations

import json

from harness.aws import Aws
from tests.aws_sts.party import ACCOUNT, assume, credentials, make_role, make_user, refused, trust


def test_a_role_that_names_the_user_needs_no_permission(aws: Aws) -> None:
    server = make_user(aws)
    role = make_role(aws, trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/server"}))
    answer = assume(aws, server, role)
    assert aws.client("cloudwatch", credentials=credentials(answer)).list_metrics()["Metrics"] == []


def test_a_role_that_names_the_account_needs_permission(aws: Aws) -> None:
    role = make_role(aws, trust({"AWS": ACCOUNT}))
    message = refused("AccessDenied", assume, aws, make_user(aws), role)
    who = f"arn:aws:iam::{ACCOUNT}:user/server"
    assert message == f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {role}"
    allowed = make_user(aws, "allowed", Effect="Allow", Action="sts:AssumeRole", Resource=role)
    assert assume(aws, allowed, role)


def test_an_explicit_deny_outweighs_the_trust(aws: Aws) -> None:
    server = make_user(aws, Effect="Deny", Action="sts:*", Resource="*")
    role = make_role(aws, trust({"AWS": "*"}))
    refused("AccessDenied", assume, aws, server, role)


def test_permission_without_trust_is_not_enough(aws: Aws, reader: str) -> None:
    refused("AccessDenied", assume, aws, aws.administrator, reader)
    absent = f"arn:aws:iam::{ACCOUNT}:role/absent"
    refused("AccessDenied", assume, aws, aws.administrator, absent)
    refused("AccessDenied", assume, aws, aws.administrator, "arn:aws:iam::999999999999:role/any")


def test_an_external_id_must_be_the_one_agreed(aws: Aws) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "agreed"}}
    role = make_role(aws, trust({"AWS": ACCOUNT}, Condition=condition))
    refused("AccessDenied", assume, aws, aws.administrator, role)
    refused("AccessDenied", assume, aws, aws.administrator, role, ExternalId="other")
    assert assume(aws, aws.administrator, role, ExternalId="agreed")


def test_a_chained_session_lasts_an_hour_at_most(aws: Aws) -> None:
    first = make_role(aws, trust({"AWS": ACCOUNT}), "first", MaxSessionDuration=43_200)
    second = make_role(aws, trust({"AWS": first}), "second", MaxSessionDuration=43_200)
    chained = credentials(assume(aws, aws.administrator, first, DurationSeconds=43_200))
    assert assume(aws, chained, second)
    message = refused("ValidationError", assume, aws, chained, second, DurationSeconds=3601)
    assert "role chaining" in message


def test_a_role_does_not_trust_itself(aws: Aws) -> None:
    role = make_role(aws, trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/administrator"}))
    mine = credentials(assume(aws, aws.administrator, role))
    refused("AccessDenied", assume, aws, mine, role)


def test_a_grant_to_a_role_is_cut_by_a_session_policy_and_one_to_the_session_is_not(aws: Aws) -> None:
    first = make_role(aws, trust({"AWS": ACCOUNT}), "first")
    by_role = make_role(aws, trust({"AWS": first}), "by-role")
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/first/s1"
    by_session = make_role(aws, trust({"AWS": session}), "by-session")
    statement = {"Effect": "Allow", "Action": "cloudwatch:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cut = credentials(assume(aws, aws.administrator, first, Policy=policy))
    refused("AccessDenied", assume, aws, cut, by_role)
    assert assume(aws, cut, by_session)
    assert assume(aws, credentials(assume(aws, aws.administrator, first)), by_role)


def test_tags_need_leave_to_tag(aws: Aws) -> None:
    role = make_role(aws, trust({"AWS": "*"}))
    tags = [{"Key": "team", "Value": "ops"}]
    refused("AccessDenied", assume, aws, aws.administrator, role, Tags=tags)
    tagged = make_role(aws, trust({"AWS": "*"}, ["sts:AssumeRole", "sts:TagSession"]), "tagged")
    assert assume(aws, aws.administrator, tagged, Tags=tags)
