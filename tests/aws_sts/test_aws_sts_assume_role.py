"""AssumeRole: who may become which role by a signature, and for how long."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from harness.aws import Aws, Credentials
from harness.aws.identity_center.contexts import IdentityContexts
from tests.aws_account import refused
from tests.aws_sts.party import ACCOUNT, assume, credentials, make_role, make_user, trust


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


class TestSourceIdentity:
    BOTH = ("sts:AssumeRole", "sts:SetSourceIdentity")

    def chain(self, aws: Aws) -> tuple[Credentials, str]:
        first = make_role(aws, trust({"AWS": ACCOUNT}, self.BOTH), "first")
        second = make_role(aws, trust({"AWS": first}, self.BOTH), "second")
        answer = assume(aws, aws.administrator, first, SourceIdentity="alice")
        assert answer["SourceIdentity"] == "alice"
        aws.client("sts", credentials=credentials(answer)).get_caller_identity()
        assert [call.source_identity for call in aws.journal[-2:]] == [None, "alice"]
        return credentials(answer), second

    def test_it_needs_leave_to_be_set(self, aws: Aws) -> None:
        role = make_role(aws, trust({"AWS": ACCOUNT}))
        message = refused("AccessDenied", assume, aws, aws.administrator, role, SourceIdentity="alice")
        assert "sts:SetSourceIdentity" in message

    def test_it_stays_through_the_chain(self, aws: Aws) -> None:
        session, second = self.chain(aws)
        assert assume(aws, session, second)["SourceIdentity"] == "alice"
        assert assume(aws, session, second, SourceIdentity="alice")["SourceIdentity"] == "alice"

    def test_it_cannot_be_changed(self, aws: Aws) -> None:
        session, second = self.chain(aws)
        refused("AccessDenied", assume, aws, session, second, SourceIdentity="bob")

    def test_the_next_role_must_allow_it_too(self, aws: Aws) -> None:
        session, _ = self.chain(aws)
        plain = make_role(aws, trust({"AWS": "*"}), "plain")
        refused("AccessDenied", assume, aws, session, plain)

    def test_a_trust_policy_may_want_one(self, aws: Aws) -> None:
        wanted = {"StringLike": {"sts:SourceIdentity": "a*"}}
        role = make_role(aws, trust({"AWS": ACCOUNT}, self.BOTH, Condition=wanted))
        assert assume(aws, aws.administrator, role, SourceIdentity="alice")
        refused("AccessDenied", assume, aws, aws.administrator, role, SourceIdentity="bob")
        refused("AccessDenied", assume, aws, aws.administrator, role)


class TestProvidedContexts:
    PROVIDER = "arn:aws:iam::aws:contextProvider/IdentityCenter"

    def context(self, aws: Aws, **changes: str) -> list[dict[str, str]]:
        assertion = aws.state(IdentityContexts).issue("u-1", expires=aws.now() + 300)
        return [{"ProviderArn": self.PROVIDER, "ContextAssertion": assertion, **changes}]

    def test_a_context_of_identity_center_makes_a_session_for_that_person(self, aws: Aws) -> None:
        wanted = {
            "ForAllValues:ArnEquals": {"sts:RequestContextProviders": self.PROVIDER},
            "StringEquals": {"sts:RequestContext/identitystore:UserId": "u-1"},
        }
        document = trust({"AWS": ACCOUNT}, ["sts:AssumeRole", "sts:SetContext"], Condition=wanted)
        role = make_role(aws, document)
        answer = assume(aws, aws.administrator, role, ProvidedContexts=self.context(aws))
        session = aws.sessions.find(answer["Credentials"]["AccessKeyId"])
        assert session is not None
        assert session.context["identitystore:UserId"] == "u-1"

    def test_it_needs_leave_to_be_set(self, aws: Aws) -> None:
        role = make_role(aws, trust({"AWS": ACCOUNT}))
        message = refused(
            "AccessDenied", assume, aws, aws.administrator, role, ProvidedContexts=self.context(aws)
        )
        assert "sts:SetContext" in message

    @pytest.mark.parametrize(
        "changes",
        [
            {"ContextAssertion": "never-issued"},
            {"ProviderArn": "arn:aws:iam::aws:contextProvider/Somebody"},
        ],
    )
    def test_what_identity_center_did_not_issue_is_refused(self, aws: Aws, changes: dict[str, str]) -> None:
        role = make_role(aws, trust({"AWS": ACCOUNT}, ["sts:AssumeRole", "sts:SetContext"]))
        contexts = self.context(aws, **changes)
        refused("InvalidParameter", assume, aws, aws.administrator, role, ProvidedContexts=contexts)

    def test_a_context_expires_and_is_about_one_person(self, aws: Aws) -> None:
        role = make_role(aws, trust({"AWS": ACCOUNT}, ["sts:AssumeRole", "sts:SetContext"]))
        old = aws.state(IdentityContexts).issue("u-1", expires=aws.now())
        contexts = self.context(aws, ContextAssertion=old)
        refused("InvalidParameter", assume, aws, aws.administrator, role, ProvidedContexts=contexts)
        other = aws.state(IdentityContexts).issue("u-2", expires=aws.now() + 300)
        contexts = self.context(aws) + self.context(aws, ContextAssertion=other)
        refused("InvalidParameter", assume, aws, aws.administrator, role, ProvidedContexts=contexts)


class TestMfa:
    SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/phone"

    def device(self, aws: Aws, user: str) -> str:
        """Return the secret of a virtual device of the user, in base32."""
        iam = aws.client("iam")
        iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        iam.enable_mfa_device(UserName=user, SerialNumber=self.SERIAL, **codes)
        seed = aws.iam.mfa_seed(user, self.SERIAL)
        assert seed is not None
        return seed

    def code(self, seed: str, now: float) -> str:
        """The code as the cryptography package computes it (RFC 6238)."""
        return (
            TOTP(base64.b32decode(seed), 6, SHA1(), 30, enforce_key_length=False).generate(int(now)).decode()
        )

    def test_a_device_that_the_user_does_not_have_is_refused(self, aws: Aws) -> None:
        role = make_role(aws, trust({"AWS": ACCOUNT}))
        given = {"SerialNumber": self.SERIAL, "TokenCode": "123456"}
        message = refused("AccessDenied", assume, aws, aws.administrator, role, **given)
        assert message.startswith("MultiFactorAuthentication failed, unable to validate MFA code.  Please")
        for name, value in given.items():
            message = refused("AccessDenied", assume, aws, aws.administrator, role, **{name: value})
            assert message.endswith("must provide both MFA serial number and one time pass code.")

    def test_a_role_may_want_a_code_of_the_device(self, aws: Aws) -> None:
        wanted = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
        server = make_user(aws)
        role = make_role(aws, trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/server"}, Condition=wanted))
        seed, moment = self.device(aws, "server"), aws.now()
        aws.now = lambda: moment
        refused("AccessDenied", assume, aws, server, role)
        given = {"SerialNumber": self.SERIAL, "TokenCode": self.code(seed, moment)}
        assert assume(aws, server, role, **given)
        given["TokenCode"] = f"{(int(given['TokenCode']) + 1) % 10**6:06d}"
        message = refused("AccessDenied", assume, aws, server, role, **given)
        assert message == "MultiFactorAuthentication failed with invalid MFA one time pass code."

    def test_a_session_with_a_code_may_call_iam(self, aws: Aws) -> None:
        server = make_user(aws, Action="iam:*", Resource="*")
        seed, moment = self.device(aws, "server"), aws.now()
        aws.now = lambda: moment
        sts = aws.client("sts", credentials=server)
        without = credentials(sts.get_session_token())
        refused("InvalidClientTokenId", aws.client("iam", credentials=without).list_users)
        given = {"SerialNumber": self.SERIAL, "TokenCode": self.code(seed, moment)}
        assert aws.client("iam", credentials=credentials(sts.get_session_token(**given))).list_users()
