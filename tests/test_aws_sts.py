"""STS decides as AWS does: who may become which role, and who is refused with which code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ClientError

from fake_idp import Issuer
from harness.aws import Aws, Credentials
from harness.aws.identity_token import Reason, TokenRejected, verify

ACCOUNT = "210987654321"
AUDIENCE = "https://mcp.example.com/mcp"
READ_ONLY = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"


@dataclass
class Web:
    """What AWS reaches over the network: issuers by their URLs."""

    pages: dict[str, Callable[[], tuple[int, bytes]]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def publish(self, issuer: Issuer) -> None:
        self.pages[issuer.discovery_url] = lambda: (200, json.dumps(issuer.discovery()).encode())
        self.pages[issuer.jwks_url] = lambda: (200, json.dumps(issuer.keys.jwks()).encode())

    def __call__(self, url: str) -> tuple[int, bytes]:
        self.seen.append(url)
        if url not in self.pages:
            raise OSError(url)
        return self.pages[url]()


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def issuer(web: Web) -> Issuer:
    issuer = Issuer("okta", audience=AUDIENCE)
    web.publish(issuer)
    return issuer


@pytest.fixture
def aws(web: Web) -> Iterator[Aws]:
    aws = Aws(account_id=ACCOUNT, fetch=web)
    yield aws
    aws.close()


def trust(principal: dict[str, Any], action: Any = "sts:AssumeRole", **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def federated(issuer: Issuer, action: Any = "sts:AssumeRoleWithWebIdentity", **condition: Any) -> str:
    name = issuer.url.removeprefix("https://")
    where = condition or {"StringEquals": {f"{name}:aud": AUDIENCE}}
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{name}"
    return trust({"Federated": provider}, action, Condition=where)


def make_role(aws: Aws, policy: str, name: str = "reader", **more: Any) -> str:
    iam = aws.client("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy, **more)["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
    return arn


@pytest.fixture
def reader(aws: Aws, issuer: Issuer) -> str:
    """A role that trusts the issuer, whose provider is registered."""
    aws.client("iam").create_open_id_connect_provider(Url=issuer.url, ClientIDList=[AUDIENCE])
    return make_role(aws, federated(issuer))


def exchange(aws: Aws, role: str, token: str, **more: Any) -> dict[str, Any]:
    fields = {"RoleArn": role, "RoleSessionName": "alice", "WebIdentityToken": token, **more}
    answer: dict[str, Any] = aws.client("sts").assume_role_with_web_identity(**fields)
    return answer


def credentials(answer: dict[str, Any]) -> Credentials:
    found = answer["Credentials"]
    return Credentials(
        access_key_id=found["AccessKeyId"],
        secret_access_key=found["SecretAccessKey"],
        session_token=found["SessionToken"],
        expiration=found["Expiration"],
    )


def refused(code: str, call: Callable[..., Any], *args: Any, **options: Any) -> str:
    """Return the message of the refusal that a call must end in."""
    with pytest.raises(ClientError) as caught:
        call(*args, **options)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    message: str = caught.value.response["Error"]["Message"]
    return message


class TestWebIdentity:
    def test_an_honest_token_becomes_a_session_of_the_role(
        self, aws: Aws, reader: str, issuer: Issuer
    ) -> None:
        answer = exchange(aws, reader, issuer.mint(sub="alice"))
        assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/alice"
        assert answer["SubjectFromWebIdentityToken"] == "alice"
        assert answer["Audience"] == AUDIENCE
        assert answer["Provider"].endswith(issuer.url.removeprefix("https://"))
        me = aws.client("sts", credentials=credentials(answer)).get_caller_identity()
        assert me["Arn"] == answer["AssumedRoleUser"]["Arn"]
        assert me["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
        assert me["Account"] == ACCOUNT

    @pytest.mark.parametrize(
        "forgery", ["sig.none", "sig.wrong-key", "sig.hs-confusion", "hdr.kid-unknown", "sig.corrupt"]
    )
    def test_a_forged_token_is_refused(self, aws: Aws, reader: str, issuer: Issuer, forgery: str) -> None:
        refused("InvalidIdentityToken", exchange, aws, reader, issuer.forge(forgery))
        call = aws.journal[-1]
        assert (call.operation, call.decision, call.error, call.principal) == (
            "AssumeRoleWithWebIdentity",
            "deny",
            "InvalidIdentityToken",
            None,
        )

    @pytest.mark.parametrize("token", ["garbage", "a.b.c", "....", "\u00e9.\u00e9.\u00e9", "e30.e30."])
    def test_what_is_no_token_is_refused(self, aws: Aws, reader: str, token: str) -> None:
        refused("InvalidIdentityToken", exchange, aws, reader, token)

    def test_an_unregistered_issuer_is_named_and_never_contacted(
        self, aws: Aws, reader: str, web: Web
    ) -> None:
        evil = Issuer("okta", url="https://evil.example/oauth2/default", audience=AUDIENCE)
        web.publish(evil)
        message = refused("InvalidIdentityToken", exchange, aws, reader, evil.mint())
        assert message == f"No OpenIDConnect provider found in your account for {evil.url}"
        assert web.seen == []

    def test_a_trailing_slash_makes_another_issuer(self, aws: Aws, reader: str, issuer: Issuer) -> None:
        token = issuer.mint(claims={"iss": issuer.url + "/"})
        assert "No OpenIDConnect provider" in refused("InvalidIdentityToken", exchange, aws, reader, token)

    def test_another_audience_is_refused(self, aws: Aws, reader: str, issuer: Issuer) -> None:
        token = issuer.mint(aud="https://other.example")
        assert refused("InvalidIdentityToken", exchange, aws, reader, token) == "Incorrect token audience"

    def test_a_token_without_audience_is_refused(self, aws: Aws, reader: str, issuer: Issuer) -> None:
        message = refused("InvalidIdentityToken", exchange, aws, reader, issuer.mint(without=("aud",)))
        assert message == "Missing a required claim: aud"

    def test_azp_takes_the_place_of_the_audience(self, aws: Aws, reader: str, issuer: Issuer) -> None:
        refused("InvalidIdentityToken", exchange, aws, reader, issuer.mint(claims={"azp": "other"}))
        assert exchange(aws, reader, issuer.mint(aud="x", claims={"azp": AUDIENCE}))["Audience"] == AUDIENCE

    def test_with_azp_the_token_s_own_audience_is_the_key_oaud(self, aws: Aws, issuer: Issuer) -> None:
        name = issuer.url.removeprefix("https://")
        aws.client("iam").create_open_id_connect_provider(Url=issuer.url, ClientIDList=["app"])
        both = {f"{name}:aud": "app", f"{name}:oaud": AUDIENCE}
        role = make_role(aws, federated(issuer, StringEquals=both))
        assert exchange(aws, role, issuer.mint(claims={"azp": "app"}))
        refused("AccessDenied", exchange, aws, role, issuer.mint(aud="app"))

    def test_a_token_is_taken_for_five_minutes_after_its_expiry_and_no_longer(
        self, aws: Aws, reader: str, issuer: Issuer
    ) -> None:
        assert exchange(aws, reader, issuer.mint(expires_in=-290))
        message = refused("ExpiredTokenException", exchange, aws, reader, issuer.mint(expires_in=-301))
        assert message.startswith("Token expired: current date/time ")

    def test_the_tolerance_is_a_setting(self, aws: Aws, reader: str, issuer: Issuer) -> None:
        aws.token_tolerance = 0
        refused("ExpiredTokenException", exchange, aws, reader, issuer.mint(expires_in=-1))

    @pytest.mark.parametrize("claim", ["exp", "iat", "sub"])
    def test_a_token_without_a_required_claim_is_refused(
        self, aws: Aws, reader: str, issuer: Issuer, claim: str
    ) -> None:
        message = refused("InvalidIdentityToken", exchange, aws, reader, issuer.mint(without=(claim,)))
        assert message == f"Missing a required claim: {claim}"

    @pytest.mark.parametrize("value", [1e12, "soon", True, [1], {"a": 1}, 10**400, -(10**400)])
    def test_a_strange_expiry_is_refused(self, aws: Aws, reader: str, issuer: Issuer, value: object) -> None:
        token = issuer.mint(claims={"exp": value})
        if value == 10**400:  # a whole number, and a long time off
            assert exchange(aws, reader, token)
        else:
            with pytest.raises(ClientError, match=r"InvalidIdentityToken|ExpiredTokenException"):
                exchange(aws, reader, token)

    def test_a_withdrawn_key_is_refused(self, aws: Aws, reader: str, issuer: Issuer) -> None:
        old = issuer.mint()
        assert exchange(aws, reader, old)
        issuer.keys.rotate(overlap=False)
        refused("InvalidIdentityToken", exchange, aws, reader, old)
        assert exchange(aws, reader, issuer.mint())

    @pytest.mark.parametrize(
        "page", [(503, b""), (302, b""), (200, b"<html>"), (200, b"[]"), (200, b"{}"), (200, b'{"keys":{}}')]
    )
    def test_an_issuer_whose_keys_cannot_be_had_is_said_so(
        self, aws: Aws, reader: str, issuer: Issuer, web: Web, page: tuple[int, bytes]
    ) -> None:
        for url in (issuer.jwks_url, issuer.discovery_url):
            honest, web.pages[url] = web.pages[url], lambda: page
            message = refused("InvalidIdentityToken", exchange, aws, reader, issuer.mint())
            assert message.startswith("Couldn't retrieve verification key from your identity provider,  ")
            web.pages[url] = honest

    def test_a_discovery_document_of_another_issuer_is_refused(
        self, aws: Aws, reader: str, issuer: Issuer, web: Web
    ) -> None:
        other = {**issuer.discovery(), "issuer": "https://evil.example"}
        web.pages[issuer.discovery_url] = lambda: (200, json.dumps(other).encode())
        refused("InvalidIdentityToken", exchange, aws, reader, issuer.mint())

    @pytest.mark.parametrize(
        "key",
        [
            {"kty": "RSA"},
            {"kty": "RSA", "n": 1, "e": []},
            {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
            {"kty": "RSA", "n": "_" * 4000, "e": "AQAB"},
            {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
            {"kty": "oct", "k": "AAAA"},
            "key",
            None,
        ],
    )
    def test_a_key_that_cannot_be_read_verifies_nothing(
        self, aws: Aws, reader: str, issuer: Issuer, web: Web, key: Any
    ) -> None:
        token = issuer.mint()
        kid = issuer.keys.current.kid
        key = {**key, "kid": kid} if isinstance(key, dict) else key
        web.pages[issuer.jwks_url] = lambda: (200, json.dumps({"keys": [key]}).encode())
        refused("InvalidIdentityToken", exchange, aws, reader, token)

    def test_an_es256_token_is_accepted(self, aws: Aws, web: Web) -> None:
        issuer = Issuer("okta", url="https://ec.okta.com/oauth2/x", audience=AUDIENCE, algorithm="ES256")
        web.publish(issuer)
        aws.client("iam").create_open_id_connect_provider(Url=issuer.url, ClientIDList=[AUDIENCE])
        role = make_role(aws, federated(issuer))
        assert exchange(aws, role, issuer.mint())
        refused("InvalidIdentityToken", exchange, aws, role, issuer.forge("sig.wrong-key"))

    def test_a_role_that_does_not_trust_the_issuer_refuses(
        self, aws: Aws, reader: str, issuer: Issuer
    ) -> None:
        other = make_role(
            aws, trust({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/x.example"}), "other"
        )
        for role in (other, f"arn:aws:iam::{ACCOUNT}:role/absent", "arn:aws:iam::999999999999:role/reader"):
            message = refused("AccessDenied", exchange, aws, role, issuer.mint())
            assert message == "Not authorized to perform sts:AssumeRoleWithWebIdentity"

    def test_a_condition_on_the_subject_lets_only_that_subject_in(self, aws: Aws, issuer: Issuer) -> None:
        name = issuer.url.removeprefix("https://")
        aws.client("iam").create_open_id_connect_provider(Url=issuer.url, ClientIDList=[AUDIENCE])
        role = make_role(aws, federated(issuer, StringLike={f"{name}:sub": "al*"}))
        assert exchange(aws, role, issuer.mint(sub="alice"))
        refused("AccessDenied", exchange, aws, role, issuer.mint(sub="bob"))

    def test_a_claim_that_is_no_condition_key_opens_nothing(self, aws: Aws, issuer: Issuer) -> None:
        name = issuer.url.removeprefix("https://")
        aws.client("iam").create_open_id_connect_provider(Url=issuer.url, ClientIDList=[AUDIENCE])
        role = make_role(aws, federated(issuer, StringEquals={f"{name}:groups": "ops"}))
        refused("AccessDenied", exchange, aws, role, issuer.mint(claims={"groups": "ops"}))

    def test_tags_in_the_token_need_leave_to_tag(self, aws: Aws, reader: str, issuer: Issuer) -> None:
        claims = {"https://aws.amazon.com/tags": {"principal_tags": {"team": ["ops"]}}}
        token = issuer.mint(claims=claims)
        assert "sts:TagSession" in refused("AccessDenied", exchange, aws, reader, token)
        both = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
        assert exchange(aws, make_role(aws, federated(issuer, both), "tagged"), token)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("RoleSessionName", "auth0|alice"),
            ("RoleSessionName", "with space"),
            ("RoleSessionName", "line\n"),
            ("RoleSessionName", "x" * 65),
            ("RoleArn", "nonsense-that-is-no-arn"),
            ("DurationSeconds", 43_201),
            ("DurationSeconds", 3_601),
        ],
    )
    def test_what_the_api_reference_bounds_is_bounded(
        self, aws: Aws, reader: str, issuer: Issuer, field: str, value: Any
    ) -> None:
        message = refused("ValidationError", exchange, aws, reader, issuer.mint(), **{field: value})
        if value == 3_601:
            assert (
                message == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            )

    def test_a_session_policy_cuts_and_never_widens(self, aws: Aws, reader: str, issuer: Issuer) -> None:
        statement = {"Effect": "Allow", "Action": "cloudwatch:*", "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        answer = exchange(aws, reader, issuer.mint(), Policy=json.dumps(policy))
        cut = credentials(answer)
        assert aws.client("cloudwatch", credentials=cut).list_metrics()["Metrics"] == []
        refused("AccessDeniedException", aws.client("logs", credentials=cut).describe_log_groups)
        refused("AccessDenied", aws.client("cloudwatch", credentials=cut).delete_alarms, AlarmNames=["a"])
        refused("MalformedPolicyDocument", exchange, aws, reader, issuer.mint(), Policy="{")


class TestAssumeRole:
    def user(self, aws: Aws, name: str = "server", **statement: Any) -> Credentials:
        iam = aws.client("iam")
        iam.create_user(UserName=name)
        if statement:
            policy = {"Version": "2012-10-17", "Statement": [statement]}
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])

    def assume(self, aws: Aws, who: Credentials, role: str, **more: Any) -> dict[str, Any]:
        fields = {"RoleArn": role, "RoleSessionName": "s1", **more}
        answer: dict[str, Any] = aws.client("sts", credentials=who).assume_role(**fields)
        return answer

    def test_a_role_that_names_the_user_needs_no_permission(self, aws: Aws) -> None:
        server = self.user(aws)
        role = make_role(aws, trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/server"}))
        answer = self.assume(aws, server, role)
        assert aws.client("cloudwatch", credentials=credentials(answer)).list_metrics()["Metrics"] == []

    def test_a_role_that_names_the_account_needs_permission(self, aws: Aws) -> None:
        role = make_role(aws, trust({"AWS": ACCOUNT}))
        message = refused("AccessDenied", self.assume, aws, self.user(aws), role)
        who = f"arn:aws:iam::{ACCOUNT}:user/server"
        assert message == f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {role}"
        allowed = self.user(aws, "allowed", Effect="Allow", Action="sts:AssumeRole", Resource=role)
        assert self.assume(aws, allowed, role)

    def test_an_explicit_deny_outweighs_the_trust(self, aws: Aws) -> None:
        server = self.user(aws, Effect="Deny", Action="sts:*", Resource="*")
        role = make_role(aws, trust({"AWS": "*"}))
        refused("AccessDenied", self.assume, aws, server, role)

    def test_permission_without_trust_is_not_enough(self, aws: Aws, reader: str) -> None:
        refused("AccessDenied", self.assume, aws, aws.administrator, reader)
        absent = f"arn:aws:iam::{ACCOUNT}:role/absent"
        refused("AccessDenied", self.assume, aws, aws.administrator, absent)
        refused("AccessDenied", self.assume, aws, aws.administrator, "arn:aws:iam::999999999999:role/any")

    def test_an_external_id_must_be_the_one_agreed(self, aws: Aws) -> None:
        condition = {"StringEquals": {"sts:ExternalId": "agreed"}}
        role = make_role(aws, trust({"AWS": ACCOUNT}, Condition=condition))
        refused("AccessDenied", self.assume, aws, aws.administrator, role)
        refused("AccessDenied", self.assume, aws, aws.administrator, role, ExternalId="other")
        assert self.assume(aws, aws.administrator, role, ExternalId="agreed")

    def test_a_chained_session_lasts_an_hour_at_most(self, aws: Aws) -> None:
        first = make_role(aws, trust({"AWS": ACCOUNT}), "first", MaxSessionDuration=43_200)
        second = make_role(aws, trust({"AWS": first}), "second", MaxSessionDuration=43_200)
        chained = credentials(self.assume(aws, aws.administrator, first, DurationSeconds=43_200))
        assert self.assume(aws, chained, second)
        message = refused("ValidationError", self.assume, aws, chained, second, DurationSeconds=3601)
        assert "role chaining" in message

    def test_a_role_does_not_trust_itself(self, aws: Aws) -> None:
        role = make_role(aws, trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/administrator"}))
        mine = credentials(self.assume(aws, aws.administrator, role))
        refused("AccessDenied", self.assume, aws, mine, role)

    def test_a_grant_to_a_role_is_cut_by_a_session_policy_and_one_to_the_session_is_not(
        self, aws: Aws
    ) -> None:
        first = make_role(aws, trust({"AWS": ACCOUNT}), "first")
        by_role = make_role(aws, trust({"AWS": first}), "by-role")
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/first/s1"
        by_session = make_role(aws, trust({"AWS": session}), "by-session")
        statement = {"Effect": "Allow", "Action": "cloudwatch:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        cut = credentials(self.assume(aws, aws.administrator, first, Policy=policy))
        refused("AccessDenied", self.assume, aws, cut, by_role)
        assert self.assume(aws, cut, by_session)
        assert self.assume(aws, credentials(self.assume(aws, aws.administrator, first)), by_role)

    def test_tags_need_leave_to_tag(self, aws: Aws) -> None:
        role = make_role(aws, trust({"AWS": "*"}))
        tags = [{"Key": "team", "Value": "ops"}]
        refused("AccessDenied", self.assume, aws, aws.administrator, role, Tags=tags)
        tagged = make_role(aws, trust({"AWS": "*"}, ["sts:AssumeRole", "sts:TagSession"]), "tagged")
        assert self.assume(aws, aws.administrator, tagged, Tags=tags)


class TestSessions:
    def test_a_session_ends_when_it_says(self, aws: Aws, reader: str, issuer: Issuer) -> None:
        mine = credentials(exchange(aws, reader, issuer.mint(), DurationSeconds=900))
        cloudwatch, logs = (aws.client(name, credentials=mine) for name in ("cloudwatch", "logs"))
        with time_machine.travel(mine.expiration.timestamp() - 5 if mine.expiration else 0):
            assert cloudwatch.list_metrics()["Metrics"] == []
        with time_machine.travel(mine.expiration or 0):
            refused("ExpiredToken", cloudwatch.list_metrics)
            refused("ExpiredTokenException", logs.describe_log_groups)
            refused("ExpiredToken", aws.client("sts", credentials=mine).get_caller_identity)
        assert aws.journal[-1].decision == "deny"

    def test_a_session_of_a_deleted_role_is_worth_nothing(
        self, aws: Aws, reader: str, issuer: Issuer
    ) -> None:
        mine = credentials(exchange(aws, reader, issuer.mint()))
        iam = aws.client("iam")
        iam.detach_role_policy(RoleName="reader", PolicyArn=READ_ONLY)
        cloudwatch = aws.client("cloudwatch", credentials=mine)
        refused("AccessDenied", cloudwatch.list_metrics)
        iam.delete_role(RoleName="reader")
        make_role(aws, federated(issuer))
        refused("InvalidClientTokenId", cloudwatch.list_metrics)

    def test_credentials_do_not_show_their_secrets(self, aws: Aws) -> None:
        assert aws.administrator.secret_access_key not in repr(aws.administrator)


def test_a_token_for_a_known_place_of_keys_needs_no_discovery(issuer: Issuer, web: Web) -> None:
    def check(token: str) -> dict[str, Any]:
        now = issuer.clock.now()
        return verify(token, issuer=issuer.url, jwks_url=issuer.jwks_url, fetch=web, now=now, tolerance=0)

    assert check(issuer.mint(sub="bob"))["sub"] == "bob"
    assert web.seen == [issuer.jwks_url]
    with pytest.raises(TokenRejected) as caught:
        check(issuer.mint(claims={"iss": "https://evil.example"}))
    assert caught.value.reason is Reason.ISSUER
    with pytest.raises(TokenRejected) as caught:
        check(issuer.mint(claims={"nbf": int(issuer.clock.now()) + 60}))
    assert caught.value.reason is Reason.NOT_YET_VALID
