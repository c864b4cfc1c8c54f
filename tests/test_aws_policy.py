"""The IAM evaluator: allow, deny and silence; session policies; trust policies."""

from __future__ import annotations

import time
from typing import Any

import pytest

from harness.aws.policy import PolicyType, Principal, Request, evaluate, evaluate_trust, limit
from tests.aws_policies import (
    ACCOUNT,
    LOG_GROUP,
    PROVIDER,
    ROLE,
    ROOT,
    SESSION,
    allow,
    allowed,
    deny,
    policy,
    trust,
)


@pytest.mark.parametrize(
    ("statements", "action", "resource", "expected"),
    [
        pytest.param([], "cloudwatch:GetMetricData", "*", False, id="nothing said is an implicit deny"),
        pytest.param(
            [allow("cloudwatch:Get*")], "cloudwatch:GetMetricData", "*", True, id="a wildcard allows"
        ),
        pytest.param(
            [allow("CLOUDWATCH:getmetricdata")], "cloudwatch:GetMetricData", "*", True, id="any case"
        ),
        pytest.param(
            [allow("cloudwatch:Get?etricData")], "cloudwatch:GetMetricData", "*", True, id="one char"
        ),
        pytest.param(
            [allow("cloudwatch:Get?MetricData")], "cloudwatch:GetMetricData", "*", False, id="not none"
        ),
        pytest.param([allow("cloudwatch:Get")], "cloudwatch:GetMetricData", "*", False, id="no prefix match"),
        pytest.param(
            [allow("cloudwatch.GetMetricData")], "cloudwatch:GetMetricData", "*", False, id="no regex"
        ),
        pytest.param([allow("monitoring:*")], "cloudwatch:GetMetricData", "*", False, id="another service"),
        pytest.param(
            [allow(["a:B", "cloudwatch:*"])], "cloudwatch:GetMetricData", "*", True, id="one of a list"
        ),
        pytest.param(
            [allow(), deny("cloudwatch:Put*")], "cloudwatch:PutMetricData", "*", False, id="deny wins"
        ),
        pytest.param(
            [allow(), deny("cloudwatch:Put*")], "cloudwatch:GetMetricData", "*", True, id="deny apart"
        ),
        pytest.param(
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
            "IAM:GetRole",
            "*",
            False,
            id="NotAction",
        ),
        pytest.param(
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
            "sts:X",
            "*",
            True,
            id="NotAction else",
        ),
        pytest.param(
            [allow("logs:*", LOG_GROUP)], "logs:FilterLogEvents", LOG_GROUP, True, id="the resource"
        ),
        pytest.param(
            [allow("logs:*", LOG_GROUP)], "logs:FilterLogEvents", "*", False, id="resource, asked for all"
        ),
        pytest.param(
            [allow("logs:*", LOG_GROUP.upper())],
            "logs:FilterLogEvents",
            LOG_GROUP,
            False,
            id="resources have case",
        ),
        pytest.param(
            [allow(), {"Effect": "Deny", "Action": "*", "NotResource": LOG_GROUP}],
            "logs:FilterLogEvents",
            LOG_GROUP,
            True,
            id="NotResource deny spares its resource",
        ),
        pytest.param(
            [allow(), {"Effect": "Deny", "Action": "*", "NotResource": LOG_GROUP}],
            "logs:FilterLogEvents",
            "arn:aws:logs:us-east-1:1:log-group:/other:*",
            False,
            id="NotResource deny hits the rest",
        ),
    ],
)
def test_a_request_is_decided_by_allow_deny_and_silence(
    statements: list[dict[str, Any]], action: str, resource: str, expected: bool
) -> None:
    documents = [policy(*statements)] if statements else []
    assert evaluate(documents, Request(action=action, resource=resource)).allowed is expected


def test_a_refusal_says_why_in_the_words_of_aws() -> None:
    request = Request(action="cloudwatch:PutMetricAlarm")
    silence, denial = evaluate([], request), evaluate([policy(allow(), deny("cloudwatch:Put*"))], request)
    assert silence.reason == "because no identity-based policy allows the cloudwatch:PutMetricAlarm action"
    assert denial.reason == "with an explicit deny in an identity-based policy"
    assert (silence.explicit_deny, denial.explicit_deny) == (False, True)


def test_a_deny_in_one_document_beats_an_allow_in_another() -> None:
    assert not evaluate([policy(allow()), policy(deny())], Request(action="sts:AssumeRole")).allowed


def test_a_statement_without_resource_or_with_a_principal_is_no_identity_policy() -> None:
    request = Request(action="sts:AssumeRole")
    assert not evaluate([policy({"Effect": "Allow", "Action": "*"})], request).allowed
    assert not evaluate([policy(allow(Principal="*"))], request).allowed


def test_a_hostile_pattern_is_matched_in_no_time() -> None:
    started = time.perf_counter()
    assert not allowed([allow("*a" * 60 + "b")], "a" * 20_000)
    assert time.perf_counter() - started < 2


def test_a_session_policy_cuts_and_says_so() -> None:
    request = Request(action="cloudwatch:ListMetrics")
    identity = evaluate([policy(allow())], request)
    silent, denying = evaluate([policy(allow("logs:*"))], request), evaluate([policy(deny())], request)
    assert limit(identity, None) == identity
    assert limit(identity, identity).allowed
    assert (
        limit(identity, silent).reason == "because no session policy allows the cloudwatch:ListMetrics action"
    )
    assert limit(identity, denying).reason == "with an explicit deny in a session policy"


def test_a_session_policy_gives_nothing_of_its_own() -> None:
    request = Request(action="cloudwatch:ListMetrics")
    cut = limit(evaluate([], request), evaluate([policy(allow())], request))
    assert not cut.allowed
    assert cut.reason == "because no identity-based policy allows the cloudwatch:ListMetrics action"


CALLER = Principal(aws=(SESSION, ROLE), account=ACCOUNT)
WEB = Principal(federated=PROVIDER)


@pytest.mark.parametrize(
    ("element", "caller", "matched"),
    [
        pytest.param({"AWS": ROLE}, CALLER, ROLE, id="the role"),
        pytest.param({"AWS": SESSION}, CALLER, SESSION, id="the session"),
        pytest.param({"AWS": ACCOUNT}, CALLER, ACCOUNT, id="the account's id"),
        pytest.param({"AWS": ROOT}, CALLER, ROOT, id="the account's root"),
        pytest.param("*", CALLER, "*", id="everybody"),
        pytest.param({"AWS": [ROOT, "*", ROLE, SESSION]}, CALLER, SESSION, id="the most specific is told"),
        pytest.param({"AWS": ROLE.lower()}, CALLER, None, id="ARNs have case"),
        pytest.param({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, CALLER, None, id="no wildcard inside an ARN"),
        pytest.param({"AWS": "210987654321"}, CALLER, None, id="another account"),
        pytest.param({"Federated": PROVIDER}, CALLER, None, id="a provider is no role"),
        pytest.param({"Federated": PROVIDER}, WEB, PROVIDER, id="the provider"),
        pytest.param({"Federated": PROVIDER + "/"}, WEB, None, id="a slash is another provider"),
        pytest.param({"AWS": ROOT}, WEB, None, id="a web identity is of no account"),
        pytest.param({"AWS": "*"}, WEB, None, id="a web identity is no AWS principal"),
        pytest.param(
            {"Federated": "cognito-identity.amazonaws.com"},
            Principal(federated="cognito-identity.amazonaws.com"),
            "cognito-identity.amazonaws.com",
            id="an identity pool",
        ),
        pytest.param(
            {"Service": "ec2.amazonaws.com", "AWS": ROLE},
            Principal(service="ec2.amazonaws.com"),
            "ec2.amazonaws.com",
            id="a service",
        ),
        pytest.param({"Service": "ec2.amazonaws.com"}, CALLER, None, id="a role is no service"),
    ],
)
def test_a_trust_policy_names_who_may_assume(element: Any, caller: Principal, matched: str | None) -> None:
    decision = evaluate_trust(policy(trust(element)), Request(action="sts:AssumeRole"), caller)
    assert (decision.allowed, decision.matched_principal) == (matched is not None, matched)


def test_a_trust_policy_denies_by_principal() -> None:
    document = policy(trust("*"), trust({"AWS": ROLE}, effect="Deny"))
    request = Request(action="sts:AssumeRole", resource=ROLE)
    other = Principal(aws=(f"arn:aws:iam::{ACCOUNT}:user/bob",), account=ACCOUNT)
    assert (
        evaluate_trust(document, request, CALLER).reason == "with an explicit deny in the role trust policy"
    )
    assert evaluate_trust(document, request, other).allowed


def test_a_denial_of_everybody_reaches_a_web_identity() -> None:
    document = policy(trust({"Federated": PROVIDER}), trust("*", effect="Deny"))
    assert evaluate_trust(document, Request(action="sts:AssumeRoleWithWebIdentity"), WEB).explicit_deny


def test_a_trust_policy_without_principal_allows_nobody() -> None:
    document = policy({"Effect": "Allow", "Action": "*"})
    decision = evaluate_trust(document, Request(action="sts:AssumeRole"), CALLER)
    assert decision.reason == "because no role trust policy allows the sts:AssumeRole action"


def test_an_identity_pool_is_told_by_its_condition_keys() -> None:
    document = policy(
        trust(
            {"Federated": "cognito-identity.amazonaws.com"},
            Condition={
                "StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:pool"},
                "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"},
            },
        )
    )
    caller = Principal(federated="cognito-identity.amazonaws.com")

    def decide(aud: str, *amr: str) -> bool:
        context = {"cognito-identity.amazonaws.com:aud": aud, "Cognito-Identity.amazonaws.com:AMR": amr}
        return evaluate_trust(
            document, Request(action="sts:AssumeRoleWithWebIdentity", context=context), caller
        ).allowed

    assert decide("us-east-1:pool", "authenticated", "cognito-idp.us-east-1.amazonaws.com/p")
    assert not decide("us-east-1:pool", "unauthenticated")
    assert not decide("us-east-1:other", "authenticated")


# Whom NotPrincipal leaves out: of a denial only who is named with the account, the role and the session.
OTHERS = f"arn:aws:iam::{ACCOUNT}:user/bob"
BOB = Principal(aws=(OTHERS,), account=ACCOUNT)


@pytest.mark.parametrize(
    ("effect", "names", "caller", "applies"),
    [
        pytest.param("Deny", [ROOT, ROLE, SESSION], CALLER, False, id="all three names"),
        pytest.param("Deny", [ACCOUNT, ROLE, SESSION], CALLER, False, id="the account by its id"),
        pytest.param("Deny", [ROLE, SESSION], CALLER, True, id="the account is missing"),
        pytest.param("Deny", [ROOT, ROLE], CALLER, True, id="the session is missing"),
        pytest.param("Deny", [ROOT, SESSION], CALLER, True, id="the role is missing"),
        pytest.param("Deny", [ROOT, OTHERS], BOB, False, id="a user and the account"),
        pytest.param("Deny", [OTHERS], BOB, True, id="a user without the account"),
        pytest.param(
            "Deny",
            [ROOT, OTHERS],
            Principal(aws=(OTHERS,), account=ACCOUNT, is_bounded=True),
            True,
            id="a boundary is always denied",
        ),
        pytest.param("Allow", [OTHERS], CALLER, True, id="an allowance takes in everybody else"),
        pytest.param("Allow", [ROLE], CALLER, False, id="and leaves out by one name"),
        pytest.param("Allow", [ROOT], CALLER, False, id="the account's too"),
        pytest.param("Deny", [ROOT], WEB, True, id="a web identity is none of these"),
    ],
)
def test_not_principal_applies_to_all_but_those_it_names(
    effect: str, names: list[str], caller: Principal, applies: bool
) -> None:
    statement = {"Effect": effect, "Action": "sts:*", "NotPrincipal": {"AWS": names}}
    everybody = [trust({"AWS": "*"}), trust({"Federated": PROVIDER})] if effect == "Deny" else []
    decision = evaluate_trust(policy(*everybody, statement), Request(action="sts:AssumeRole"), caller)
    assert (decision.allowed if effect == "Allow" else decision.explicit_deny) is applies


def test_not_principal_spares_a_provider_it_names() -> None:
    statement = {"Effect": "Deny", "Action": "sts:*", "NotPrincipal": {"Federated": PROVIDER}}
    document = policy(trust({"Federated": PROVIDER}), statement)
    assert evaluate_trust(document, Request(action="sts:AssumeRoleWithWebIdentity"), WEB).allowed


@pytest.mark.parametrize(
    ("kind", "silent", "denying"),
    [
        (PolicyType.IDENTITY, "no identity-based policy", "an identity-based policy"),
        (PolicyType.BOUNDARY, "no permissions boundary", "a permissions boundary"),
        (PolicyType.SESSION, "no session policy", "a session policy"),
        (PolicyType.RESOURCE, "no resource-based policy", "a resource-based policy"),
        (PolicyType.TRUST, "no role trust policy", "the role trust policy"),
    ],
)
def test_a_reason_names_the_type_of_the_policy(kind: PolicyType, silent: str, denying: str) -> None:
    request = Request(action="codecommit:ListRepositories")
    silence, denial = evaluate([], request, kind=kind), evaluate([policy(deny())], request, kind=kind)
    assert silence.reason == f"because {silent} allows the codecommit:ListRepositories action"
    assert denial.reason == f"with an explicit deny in {denying}"


def test_a_decision_has_the_statements_that_made_it() -> None:
    document = policy(allow("logs:*"), allow("cloudwatch:*"), allow("cloudwatch:Get*"))
    decision = evaluate([document], Request(action="cloudwatch:GetMetricData"))
    assert decision.statements == document.statements[1:]
    assert evaluate([document], Request(action="sts:AssumeRole")).statements == ()
