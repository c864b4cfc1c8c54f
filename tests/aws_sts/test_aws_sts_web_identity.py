"""AssumeRoleWithWebIdentity: which tokens make a session, and what the session is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fake_idp import Issuer
from harness.aws import Aws
from tests.aws_account import refused
from tests.aws_sts.party import (
    ACCOUNT,
    AUDIENCE,
    WEB_IDENTITY,
    Web,
    assume,
    credentials,
    exchange,
    federated,
    make_role,
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


def test_a_token_older_than_a_day_is_refused(aws: Aws, reader: str, issuer: Issuer) -> None:
    now = int(issuer.clock.now())
    assert exchange(aws, reader, issuer.mint(claims={"iat": now - 86_400}))
    token = issuer.mint(claims={"iat": now - 441_398})
    message = refused("ExpiredTokenException", exchange, aws, reader, token)
    assert re.fullmatch(r"Token too old: 44139[89]|Token too old: 44140\d", message)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_of_the_future_is_refused(aws: Aws, reader: str, issuer: Issuer, claim: str) -> None:
    now = int(issuer.clock.now())
    assert exchange(aws, reader, issuer.mint(claims={claim: now + 290}))
    refused("InvalidIdentityToken", exchange, aws, reader, issuer.mint(claims={claim: now + 330}))


def test_a_source_identity_in_the_token_needs_leave_to_be_set(aws: Aws, reader: str, issuer: Issuer) -> None:
    token = issuer.mint(claims={"https://aws.amazon.com/source_identity": "alice"})
    message = refused("AccessDenied", exchange, aws, reader, token)
    assert message == "Not authorized to perform sts:SetSourceIdentity"
    setting = [WEB_IDENTITY, "sts:SetSourceIdentity"]
    role = make_role(aws, federated(issuer, setting), "setting")
    answer = exchange(aws, role, token)
    assert answer["SourceIdentity"] == "alice"
    chained = make_role(aws, trust({"AWS": role}, ["sts:AssumeRole", "sts:SetSourceIdentity"]), "next")
    assert assume(aws, credentials(answer), chained)["SourceIdentity"] == "alice"
    for wrong in ("", "a", "two words", ["alice"], 7, "x" * 65):
        token = issuer.mint(claims={"https://aws.amazon.com/source_identity": wrong})
        refused("InvalidIdentityToken", exchange, aws, role, token)


def test_amr_is_a_condition_key(aws: Aws, issuer: Issuer) -> None:
    register(aws, issuer)
    name = issuer.url.removeprefix("https://")
    wanted = {f"{name}:amr": ["mfa"]}
    role = make_role(aws, federated(issuer, **{"ForAnyValue:StringEquals": wanted}))
    assert exchange(aws, role, issuer.mint(claims={"amr": ["pwd", "mfa"]}))
    refused("AccessDenied", exchange, aws, role, issuer.mint(claims={"amr": ["pwd"]}))
    refused("AccessDenied", exchange, aws, role, issuer.mint(claims={"amr": "mfa"}))


def test_a_session_goes_on_to_another_role_for_an_hour_at_most(aws: Aws, reader: str, issuer: Issuer) -> None:
    mine = credentials(exchange(aws, reader, issuer.mint()))
    second = make_role(aws, trust({"AWS": reader}), "second", MaxSessionDuration=43_200)
    assert assume(aws, mine, second)
    refused("ValidationError", assume, aws, mine, second, DurationSeconds=3601)
