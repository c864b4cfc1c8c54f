"""AssumeRoleWithWebIdentity: which tokens make a session, and what the session is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fake_idp import Issuer
from harness.aws import Aws
from tests.aws_sts.party import (
    ACCOUNT,
    AUDIENCE,
    Web,
    credentials,
    exchange,
    federated,
    make_role,
    refused,
    register,
    trust,
)


def test_an_honest_token_becomes_a_session_of_the_role(aws: Aws, reader: str, issuer: Issuer) -> None:
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
def test_a_forged_token_is_refused(aws: Aws, reader: str, issuer: Issuer, forgery: str) -> None:
    refused("InvalidIdentityToken", exchange, aws, reader, issuer.forge(forgery))
    call = aws.journal[-1]
    assert (call.operation, call.decision, call.error, call.principal) == (
        "AssumeRoleWithWebIdentity",
        "deny",
        "InvalidIdentityToken",
        None,
    )


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "....", "\u00e9.\u00e9.\u00e9", "e30.e30."])
def test_what_is_no_token_is_refused(aws: Aws, reader: str, token: str) -> None:
    refused("InvalidIdentityToken", exchange, aws, reader, token)


def test_an_unregistered_issuer_is_named_and_never_contacted(aws: Aws, reader: str, web: Web) -> None:
    evil = Issuer("okta", url="https://evil.example/oauth2/default", audience=AUDIENCE)
    web.publish(evil)
    message = refused("InvalidIdentityToken", exchange, aws, reader, evil.mint())
    assert message == f"No OpenIDConnect provider found in your account for {evil.url}"
    assert web.seen == []


def test_a_trailing_slash_makes_another_issuer(aws: Aws, reader: str, issuer: Issuer) -> None:
    token = issuer.mint(claims={"iss": issuer.url + "/"})
    assert "No OpenIDConnect provider" in refused("InvalidIdentityToken", exchange, aws, reader, token)


def test_another_audience_is_refused(aws: Aws, reader: str, issuer: Issuer) -> None:
    token = issuer.mint(aud="https://other.example")
    assert refused("InvalidIdentityToken", exchange, aws, reader, token) == "Incorrect token audience"


def test_a_token_without_audience_is_refused(aws: Aws, reader: str, issuer: Issuer) -> None:
    message = refused("InvalidIdentityToken", exchange, aws, reader, issuer.mint(without=("aud",)))
    assert message == "Missing a required claim: aud"


def test_azp_takes_the_place_of_the_audience(aws: Aws, reader: str, issuer: Issuer) -> None:
    refused("InvalidIdentityToken", exchange, aws, reader, issuer.mint(claims={"azp": "other"}))
    assert exchange(aws, reader, issuer.mint(aud="x", claims={"azp": AUDIENCE}))["Audience"] == AUDIENCE


def test_with_azp_the_token_s_own_audience_is_the_key_oaud(aws: Aws, issuer: Issuer) -> None:
    name = issuer.url.removeprefix("https://")
    register(aws, issuer, "app")
    both = {f"{name}:aud": "app", f"{name}:oaud": AUDIENCE}
    role = make_role(aws, federated(issuer, StringEquals=both))
    assert exchange(aws, role, issuer.mint(claims={"azp": "app"}))
    refused("AccessDenied", exchange, aws, role, issuer.mint(aud="app"))


def test_a_token_is_taken_for_five_minutes_after_its_expiry_and_no_longer(
    aws: Aws, reader: str, issuer: Issuer
) -> None:
    assert exchange(aws, reader, issuer.mint(expires_in=-290))
    message = refused("ExpiredTokenException", exchange, aws, reader, issuer.mint(expires_in=-301))
    assert message.startswith("Token expired: current date/time ")


def test_the_tolerance_is_a_setting(aws: Aws, reader: str, issuer: Issuer) -> None:
    aws.token_tolerance = 0
    refused("ExpiredTokenException", exchange, aws, reader, issuer.mint(expires_in=-1))


@pytest.mark.parametrize("claim", ["exp", "iat", "sub"])
def test_a_token_without_a_required_claim_is_refused(
    aws: Aws, reader: str, issuer: Issuer, claim: str
) -> None:
    message = refused("InvalidIdentityToken", exchange, aws, reader, issuer.mint(without=(claim,)))
    assert message == f"Missing a required claim: {claim}"


@pytest.mark.parametrize("value", [1e12, "soon", True, [1], {"a": 1}, 10**400, -(10**400)])
def test_a_strange_expiry_is_refused(aws: Aws, reader: str, issuer: Issuer, value: object) -> None:
    token = issuer.mint(claims={"exp": value})
    if value == 10**400:  # a whole number, and a long time off
        assert exchange(aws, reader, token)
    else:
        with pytest.raises(ClientError, match=r"InvalidIdentityToken|ExpiredTokenException"):
            exchange(aws, reader, token)


def test_a_withdrawn_key_is_refused(aws: Aws, reader: str, issuer: Issuer) -> None:
    old = issuer.mint()
    assert exchange(aws, reader, old)
    issuer.keys.rotate(overlap=False)
    refused("InvalidIdentityToken", exchange, aws, reader, old)
    assert exchange(aws, reader, issuer.mint())


@pytest.mark.parametrize(
    "page", [(503, b""), (302, b""), (200, b"<html>"), (200, b"[]"), (200, b"{}"), (200, b'{"keys":{}}')]
)
def test_an_issuer_whose_keys_cannot_be_had_is_said_so(
    aws: Aws, reader: str, issuer: Issuer, web: Web, page: tuple[int, bytes]
) -> None:
    for url in (issuer.jwks_url, issuer.discovery_url):
        honest, web.pages[url] = web.pages[url], lambda: page
        message = refused("InvalidIdentityToken", exchange, aws, reader, issuer.mint())
        assert message.startswith("Couldn't retrieve verification key from your identity provider,  ")
        web.pages[url] = honest


def test_a_discovery_document_of_another_issuer_is_refused(
    aws: Aws, reader: str, issuer: Issuer, web: Web
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
    aws: Aws, reader: str, issuer: Issuer, web: Web, key: Any
) -> None:
    token = issuer.mint()
    kid = issuer.keys.current.kid
    key = {**key, "kid": kid} if isinstance(key, dict) else key
    web.pages[issuer.jwks_url] = lambda: (200, json.dumps({"keys": [key]}).encode())
    refused("InvalidIdentityToken", exchange, aws, reader, token)


def test_an_es256_token_is_accepted(aws: Aws, web: Web) -> None:
    issuer = Issuer("okta", url="https://ec.okta.com/oauth2/x", audience=AUDIENCE, algorithm="ES256")
    web.publish(issuer)
    register(aws, issuer)
    role = make_role(aws, federated(issuer))
    assert exchange(aws, role, issuer.mint())
    refused("InvalidIdentityToken", exchange, aws, role, issuer.forge("sig.wrong-key"))


def test_a_role_that_does_not_trust_the_issuer_refuses(aws: Aws, reader: str, issuer: Issuer) -> None:
    other = make_role(aws, trust({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/x.example"}), "other")
    for role in (other, f"arn:aws:iam::{ACCOUNT}:role/absent", "arn:aws:iam::999999999999:role/reader"):
        message = refused("AccessDenied", exchange, aws, role, issuer.mint())
        assert message == "Not authorized to perform sts:AssumeRoleWithWebIdentity"


def test_a_condition_on_the_subject_lets_only_that_subject_in(aws: Aws, issuer: Issuer) -> None:
    name = issuer.url.removeprefix("https://")
    register(aws, issuer)
    role = make_role(aws, federated(issuer, StringLike={f"{name}:sub": "al*"}))
    assert exchange(aws, role, issuer.mint(sub="alice"))
    refused("AccessDenied", exchange, aws, role, issuer.mint(sub="bob"))


def test_a_claim_that_is_no_condition_key_opens_nothing(aws: Aws, issuer: Issuer) -> None:
    name = issuer.url.removeprefix("https://")
    register(aws, issuer)
    role = make_role(aws, federated(issuer, StringEquals={f"{name}:groups": "ops"}))
    refused("AccessDenied", exchange, aws, role, issuer.mint(claims={"groups": "ops"}))


def test_tags_in_the_token_need_leave_to_tag(aws: Aws, reader: str, issuer: Issuer) -> None:
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
    aws: Aws, reader: str, issuer: Issuer, field: str, value: Any
) -> None:
    message = refused("ValidationError", exchange, aws, reader, issuer.mint(), **{field: value})
    if value == 3_601:
        assert message == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."


def test_a_session_policy_cuts_and_never_widens(aws: Aws, reader: str, issuer: Issuer) -> None:
    statement = {"Effect": "Allow", "Action": "cloudwatch:*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    answer = exchange(aws, reader, issuer.mint(), Policy=json.dumps(policy))
    cut = credentials(answer)
    assert aws.client("cloudwatch", credentials=cut).list_metrics()["Metrics"] == []
    refused("AccessDeniedException", aws.client("logs", credentials=cut).describe_log_groups)
    refused("AccessDenied", aws.client("cloudwatch", credentials=cut).delete_alarms, AlarmNames=["a"])
    refused("MalformedPolicyDocument", exchange, aws, reader, issuer.mint(), Policy="{")
