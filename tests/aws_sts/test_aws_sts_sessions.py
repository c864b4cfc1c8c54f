"""Temporary keys: how long they are good, for whom, and for what."""

from __future__ import annotations

from typing import Any

import time_machine

from fake_idp import Issuer
from harness.aws import Aws, Credentials
from tests.aws_account import refused
from tests.aws_sts.party import (
    ACCOUNT,
    READ_ONLY,
    assume,
    credentials,
    exchange,
    federated,
    make_role,
    make_user,
    policy,
    trust,
)


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


class TestSessionToken:
    def test_it_can_do_what_the_user_can_and_says_who_it_is(self, aws: Aws) -> None:
        server = make_user(aws, Action="cloudwatch:ListMetrics", Resource="*")
        mine = credentials(aws.client("sts", credentials=server).get_session_token())
        me = aws.client("sts", credentials=mine).get_caller_identity()
        assert me["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/server"
        assert me["UserId"] == aws.client("sts", credentials=server).get_caller_identity()["UserId"]
        assert aws.client("cloudwatch", credentials=mine).list_metrics()["Metrics"] == []
        refused("AccessDeniedException", aws.client("logs", credentials=mine).describe_log_groups)

    def test_it_lasts_twelve_hours_or_what_is_asked(self, aws: Aws) -> None:
        moment = float(int(aws.now()))
        aws.now = lambda: moment
        sts = aws.client("sts")
        for asked, lasts in (({}, 43_200), ({"DurationSeconds": 900}, 900)):
            assert sts.get_session_token(**asked)["Credentials"]["Expiration"].timestamp() == moment + lasts
        refused("ValidationError", sts.get_session_token, DurationSeconds=129_601)

    def test_it_is_good_for_assume_role_and_no_other_operation_of_sts(self, aws: Aws) -> None:
        mine = credentials(aws.client("sts").get_session_token())
        sts = aws.client("sts", credentials=mine)
        assert assume(aws, mine, make_role(aws, trust({"AWS": ACCOUNT})), DurationSeconds=3600)
        message = refused("AccessDenied", sts.get_session_token)
        assert message == "Cannot call GetSessionToken with session credentials"
        message = refused("AccessDenied", sts.get_federation_token, Name="bob")
        assert message == "Cannot call GetFederationToken with session credentials"
        key = aws.administrator.access_key_id
        refused("AccessDenied", sts.get_access_key_info, AccessKeyId=key)
        refused("AccessDenied", sts.decode_authorization_message, EncodedMessage="x")

    def test_a_role_taken_on_by_it_is_no_chain(self, aws: Aws) -> None:
        mine = credentials(aws.client("sts").get_session_token())
        role = make_role(aws, trust({"AWS": ACCOUNT}), MaxSessionDuration=43_200)
        assert assume(aws, mine, role, DurationSeconds=43_200)

    def test_it_outlives_the_key_that_asked_and_not_the_user(self, aws: Aws) -> None:
        server = make_user(aws)
        mine = credentials(aws.client("sts", credentials=server).get_session_token())
        sts, iam = aws.client("sts", credentials=mine), aws.client("iam")
        iam.delete_access_key(UserName="server", AccessKeyId=server.access_key_id)
        assert sts.get_caller_identity()
        iam.delete_user(UserName="server")
        refused("InvalidClientTokenId", sts.get_caller_identity)
        make_user(aws)
        refused("InvalidClientTokenId", sts.get_caller_identity)

    def test_a_role_s_session_has_none(self, aws: Aws, reader: str, issuer: Issuer) -> None:
        mine = credentials(exchange(aws, reader, issuer.mint()))
        refused("AccessDenied", aws.client("sts", credentials=mine).get_session_token)


class TestFederationToken:
    ALL = policy(Action="*", Resource="*")

    def federate(self, aws: Aws, who: Credentials, **fields: Any) -> dict[str, Any]:
        answer: dict[str, Any] = aws.client("sts", credentials=who).get_federation_token(Name="bob", **fields)
        return answer

    def test_it_says_whom_it_is_for(self, aws: Aws) -> None:
        answer = self.federate(aws, aws.administrator)
        arn = f"arn:aws:sts::{ACCOUNT}:federated-user/bob"
        assert answer["FederatedUser"] == {"FederatedUserId": f"{ACCOUNT}:bob", "Arn": arn}
        assert answer["PackedPolicySize"] == 0
        me = aws.client("sts", credentials=credentials(answer)).get_caller_identity()
        assert (me["Arn"], me["UserId"], me["Account"]) == (arn, f"{ACCOUNT}:bob", ACCOUNT)

    def test_it_can_do_nothing_without_a_policy(self, aws: Aws) -> None:
        mine = credentials(self.federate(aws, aws.administrator))
        refused("AccessDenied", aws.client("cloudwatch", credentials=mine).list_metrics)

    def test_it_can_do_what_both_the_policy_and_the_user_allow(self, aws: Aws) -> None:
        server = make_user(aws, Action=["cloudwatch:ListMetrics", "sts:GetFederationToken"], Resource="*")
        mine = credentials(self.federate(aws, server, Policy=self.ALL))
        assert aws.client("cloudwatch", credentials=mine).list_metrics()["Metrics"] == []
        refused("AccessDeniedException", aws.client("logs", credentials=mine).describe_log_groups)
        narrow = policy(Action="logs:*", Resource="*")
        mine = credentials(self.federate(aws, server, Policy=narrow))
        refused("AccessDenied", aws.client("cloudwatch", credentials=mine).list_metrics)

    def test_it_needs_permission(self, aws: Aws) -> None:
        message = refused("AccessDenied", self.federate, aws, make_user(aws))
        assert f"sts:GetFederationToken on resource: arn:aws:sts::{ACCOUNT}:federated-user/bob" in message

    def test_tags_need_permission_and_are_those_of_the_session(self, aws: Aws) -> None:
        tags = [{"Key": "team", "Value": "ops"}]
        server = make_user(aws, Action="sts:GetFederationToken", Resource="*")
        assert "sts:TagSession" in refused("AccessDenied", self.federate, aws, server, Tags=tags)
        wanted = {"StringEquals": {"aws:PrincipalTag/team": "ops"}}
        document = policy(Action="cloudwatch:*", Resource="*", Condition=wanted)
        for given, allowed in ((tags, True), ([], False)):
            mine = credentials(self.federate(aws, aws.administrator, Tags=given, Policy=document))
            call = aws.client("cloudwatch", credentials=mine).list_metrics
            assert call() if allowed else refused("AccessDenied", call)

    def test_it_is_good_for_neither_iam_nor_sts(self, aws: Aws) -> None:
        mine = credentials(self.federate(aws, aws.administrator, Policy=self.ALL))
        refused("InvalidClientTokenId", aws.client("iam", credentials=mine).list_users)
        role = make_role(aws, trust({"AWS": "*"}))
        refused("AccessDenied", assume, aws, mine, role)
        refused("AccessDenied", aws.client("sts", credentials=mine).get_session_token)
        refused("AccessDenied", self.federate, aws, mine)

    def test_a_malformed_policy_is_refused(self, aws: Aws) -> None:
        refused("MalformedPolicyDocument", self.federate, aws, aws.administrator, Policy="{}")


class TestKeys:
    def test_a_key_tells_its_account(self, aws: Aws) -> None:
        sts = aws.client("sts")
        session = sts.get_session_token()["Credentials"]["AccessKeyId"]
        for key in (aws.administrator.access_key_id, session):
            assert sts.get_access_key_info(AccessKeyId=key)["Account"] == ACCOUNT
        refused("ValidationError", sts.get_access_key_info, AccessKeyId="AKIAIOSFODNN7EXAMPLE")

    def test_to_ask_for_the_account_needs_permission(self, aws: Aws) -> None:
        sts = aws.client("sts", credentials=make_user(aws))
        key = aws.administrator.access_key_id
        refused("AccessDenied", sts.get_access_key_info, AccessKeyId=key)
        refused("AccessDenied", sts.decode_authorization_message, EncodedMessage="x")

    def test_a_message_that_this_aws_has_not_encoded_is_invalid(self, aws: Aws) -> None:
        call = aws.client("sts").decode_authorization_message
        refused("InvalidAuthorizationMessageException", call, EncodedMessage="x" * 100)

    def test_a_token_for_others_is_refused_as_in_an_account_that_has_not_enabled_it(self, aws: Aws) -> None:
        call = aws.client("sts").get_web_identity_token
        fields = {"Audience": ["https://api.example.com"], "SigningAlgorithm": "RS256"}
        refused("OutboundWebIdentityFederationDisabledException", call, **fields)

    def test_what_is_not_implemented_says_so(self, aws: Aws) -> None:
        sts = aws.client("sts")
        arn = {"RoleArn": "a" * 20, "PrincipalArn": "a" * 20}
        message = refused("NotImplemented", sts.assume_role_with_saml, SAMLAssertion="aaaa", **arn)
        assert "AssumeRoleWithSAML" in message
