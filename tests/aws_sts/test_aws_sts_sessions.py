"""Temporary keys: how long they are good, for whom, and for what."""

from __future__ import annotations

import time_machine

from fake_idp import Issuer
from harness.aws import Aws
from tests.aws_sts.party import READ_ONLY, credentials, exchange, federated, make_role, refused


def test_a_session_ends_when_it_says(aws: Aws, reader: str, issuer: Issuer) -> None:
    mine = credentials(exchange(aws, reader, issuer.mint(), DurationSeconds=900))
    cloudwatch, logs = (aws.client(name, credentials=mine) for name in ("cloudwatch", "logs"))
    with time_machine.travel(mine.expiration.timestamp() - 5 if mine.expiration else 0):
        assert cloudwatch.list_metrics()["Metrics"] == []
    with time_machine.travel(mine.expiration or 0):
        refused("ExpiredToken", cloudwatch.list_metrics)
        refused("ExpiredTokenException", logs.describe_log_groups)
        refused("ExpiredToken", aws.client("sts", credentials=mine).get_caller_identity)
    assert aws.journal[-1].decision == "deny"


def test_a_session_of_a_deleted_role_is_worth_nothing(aws: Aws, reader: str, issuer: Issuer) -> None:
    mine = credentials(exchange(aws, reader, issuer.mint()))
    iam = aws.client("iam")
    iam.detach_role_policy(RoleName="reader", PolicyArn=READ_ONLY)
    cloudwatch = aws.client("cloudwatch", credentials=mine)
    refused("AccessDenied", cloudwatch.list_metrics)
    iam.delete_role(RoleName="reader")
    make_role(aws, federated(issuer))
    refused("InvalidClientTokenId", cloudwatch.list_metrics)


def test_credentials_do_not_show_their_secrets(aws: Aws) -> None:
    assert aws.administrator.secret_access_key not in repr(aws.administrator)
