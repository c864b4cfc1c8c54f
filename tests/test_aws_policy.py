"""The IAM evaluator, held to AWS's documented evaluation logic."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws.policy import (
    Decision,
    Document,
    PolicyError,
    Principal,
    Request,
    evaluate,
    evaluate_trust,
    limit,
    parse,
)
from harness.aws.policy.conditions import Condition, Keys, UndecidableError, is_operator

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Reader"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/alice"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/acme.okta.com/oauth2/default"
LOG_GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/app:*"


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> Document:
    return parse({"Version": version, "Statement": list(statements)})


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def trust(principal: Any, *, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "sts:*", "Principal": principal, **more}


def allowed(statements: list[dict[str, Any]], action: str, resource: str = "*", **context: Any) -> bool:
    return evaluate([policy(*statements)], Request(action=action, resource=resource, context=context)).allowed


# --- allow, deny, nothing --------------------------------------------------------------------------------


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


# --- session policies ------------------------------------------------------------------------------------


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


# --- trust policies --------------------------------------------------------------------------------------

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
        evaluate_trust(document, request, CALLER).reason == "with an explicit deny in a resource-based policy"
    )
    assert evaluate_trust(document, request, other).allowed


def test_a_denial_of_everybody_reaches_a_web_identity() -> None:
    document = policy(trust({"Federated": PROVIDER}), trust("*", effect="Deny"))
    assert evaluate_trust(document, Request(action="sts:AssumeRoleWithWebIdentity"), WEB).explicit_deny


def test_a_trust_policy_without_principal_allows_nobody() -> None:
    document = policy({"Effect": "Allow", "Action": "*"})
    decision = evaluate_trust(document, Request(action="sts:AssumeRole"), CALLER)
    assert decision.reason == "because no resource-based policy allows the sts:AssumeRole action"


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


# --- conditions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "wanted", "given_values", "expected"),
    [
        ("StringEquals", "a", ["a"], True),
        ("StringEquals", "a", ["A"], False),
        ("StringEquals", ["a", "b"], ["b"], True),
        ("StringEquals", "a*", ["ab"], False),
        ("StringEquals", "a", [], False),
        ("stringequals", "a", ["a"], True),
        ("StringNotEquals", "a", ["b"], True),
        ("StringNotEquals", ["a", "b"], ["b"], False),
        ("StringNotEquals", "a", [], True),
        ("StringEqualsIgnoreCase", "a", ["A"], True),
        ("StringNotEqualsIgnoreCase", "a", ["A"], False),
        ("StringLike", "a*c?", ["abbbcd"], True),
        ("StringLike", "a.c", ["abc"], False),
        ("StringNotLike", "a*", ["abc"], False),
        ("StringEqualsIfExists", "a", [], True),
        ("StringEqualsIfExists", "a", ["b"], False),
        ("Null", "true", [], True),
        ("Null", True, ["x"], False),
        ("Null", "false", ["x"], True),
        ("Bool", True, ["true"], True),
        ("Bool", "false", ["True"], False),
        ("BoolIfExists", "true", [], True),
        ("ArnLike", "arn:aws:iam::*:role/*", [ROLE], True),
        ("ArnEquals", "arn:aws:iam::*:role/*", [ROLE], True),
        ("ArnLike", "arn:aws:*:role/*", [ROLE], False),
        ("ArnLike", "arn:aws:logs:*:*:log-group:*", [LOG_GROUP], True),
        ("ArnLike", "*", [ROLE], True),
        ("ArnNotLike", "arn:aws:iam::*:role/*", [ROLE], False),
        ("NumericEquals", "1.0", ["1"], True),
        ("NumericNotEquals", 1, ["2"], True),
        ("NumericLessThan", "900", ["900"], False),
        ("NumericLessThanEquals", 900, ["900"], True),
        ("NumericGreaterThan", "9", ["10"], True),
        ("DateLessThan", "2026-01-02T00:00:00Z", ["2026-01-01T00:00:00Z"], True),
        ("DateGreaterThanEquals", "1767225600", ["2026-01-01T00:00:00Z"], True),
        ("DateEquals", "2026-01-01", ["2026-01-01T00:00:00Z"], True),
        ("IpAddress", "203.0.113.0/24", ["203.0.113.9"], True),
        ("IpAddress", "203.0.113.0/24", ["2001:db8::1"], False),
        ("NotIpAddress", ["203.0.113.0/24", "2001:db8::/32"], ["2001:db8::1"], False),
        ("BinaryEquals", "QUJD", ["QUJD"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", "a", [], True),
        ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "b"], False),
        ("ForAllValues:StringNotEquals", "a", [], True),
        ("ForAnyValue:StringEquals", "a", ["c", "a"], True),
        ("ForAnyValue:StringEquals", "a", [], False),
        ("ForAnyValue:StringEqualsIfExists", "a", [], False),
        ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "c"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"], False),
        ("ForAnyValue:StringNotEquals", "a", [], False),
    ],
)
def test_a_condition_holds_as_documented(
    operator: str, wanted: Any, given_values: list[str], expected: bool
) -> None:
    statement = allow(Condition={operator: {"Test:Key": wanted}})
    context = {"test:key": given_values}
    assert evaluate([policy(statement)], Request(action="sts:X", context=context)).allowed is expected
    assert is_operator(operator)


def test_every_condition_must_hold() -> None:
    statement = allow(Condition={"StringEquals": {"k": "a", "l": "b"}, "Bool": {"m": "true"}})
    assert allowed([statement], "sts:X", k="a", l="b", m="true")
    assert not allowed([statement], "sts:X", k="a", l="b", m="false")
    assert not allowed([statement], "sts:X", k="a", m="true")


@pytest.mark.parametrize(
    "condition",
    [
        {"StringResembles": {"k": "a"}},
        {"ForSomeValues:StringEquals": {"k": "a"}},
        {"NullIfExists": {"k": "true"}},
        {"NumericLessThan": {"k": "many"}},
        {"NumericNotEquals": {"k": "many"}},
        {"NumericNotEquals": {"k": "nan"}},
        {"DateLessThan": {"k": "tomorrow"}},
        {"IpAddress": {"k": "everywhere"}},
        {"NotIpAddress": {"k": "everywhere"}},
    ],
)
@pytest.mark.parametrize("value", ["a", "1"])
def test_what_cannot_be_read_never_passes(
    condition: dict[str, Any], value: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert not allowed([allow(Condition=condition)], "sts:X", k=value)
    assert not allowed([allow(), deny(Condition=condition)], "sts:X", k=value)
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


@pytest.mark.parametrize("element", ["NotPrincipal", "Conditions", "Unless"])
def test_an_unknown_element_never_passes(element: str, caplog: pytest.LogCaptureFixture) -> None:
    more: Any = {element: {"AWS": ROLE}}
    assert not allowed([allow(**more)], "sts:X")
    assert not allowed([allow(), deny(**more)], "sts:X")
    statement = {"Effect": "Deny", "Action": "*", **more}
    assert not evaluate_trust(policy(trust("*"), statement), Request(action="sts:AssumeRole"), CALLER).allowed
    assert element in caplog.text


# --- policy variables ------------------------------------------------------------------------------------


def test_a_policy_variable_takes_the_value_of_its_key() -> None:
    statement = allow("logs:*", "arn:aws:logs:::${aws:PrincipalTag/team}/*")
    tag = {"aws:principaltag/Team": "blue"}
    assert allowed([statement], "logs:X", "arn:aws:logs:::blue/1", **tag)
    assert not allowed([statement], "logs:X", "arn:aws:logs:::red/1", **tag)
    assert not allowed([statement], "logs:X", "arn:aws:logs:::${aws:PrincipalTag/team}/1")


def test_a_wildcard_in_the_value_of_a_variable_is_only_itself() -> None:
    statement = allow("logs:*", "arn:aws:logs:::${aws:PrincipalTag/team}")
    assert not allowed([statement], "logs:X", "arn:aws:logs:::red", **{"aws:PrincipalTag/team": "*"})
    like = allow(Condition={"StringLike": {"k": "${aws:PrincipalTag/team}*"}})
    assert not allowed([like], "logs:X", k="red", **{"aws:PrincipalTag/team": "?"})
    assert allowed([like], "logs:X", k="?red", **{"aws:PrincipalTag/team": "?"})


def test_a_variable_without_a_value_leaves_its_statement_out_or_takes_the_default() -> None:
    negative = allow(Condition={"StringNotEquals": {"k": "${aws:PrincipalTag/team}"}})
    assert not allowed([negative], "logs:X", k="red")
    default = allow(Condition={"StringEquals": {"k": "${aws:PrincipalTag/team, 'red'}"}})
    assert allowed([default], "logs:X", k="red")
    assert not allowed([default], "logs:X", k="red", **{"aws:PrincipalTag/team": "blue"})
    assert allowed([allow("*", "a${*}")], "logs:X", "a*")
    assert not allowed([allow("*", "a${*}")], "logs:X", "ab")


def test_a_variable_may_stand_in_an_arn_of_a_condition() -> None:
    statement = allow(Condition={"ArnLike": {"k": "arn:aws:iam::${aws:PrincipalAccount}:role/*"}})
    assert allowed([statement], "sts:X", k=ROLE, **{"aws:PrincipalAccount": ACCOUNT})
    assert not allowed([statement], "sts:X", k=ROLE, **{"aws:PrincipalAccount": "210987654321"})


def test_the_old_policy_version_has_no_variables() -> None:
    document = policy(allow("*", "${aws:username}"), version="2008-10-17")
    context = {"aws:username": "alice"}
    assert not evaluate([document], Request(action="a:B", resource="alice", context=context)).allowed
    assert evaluate([document], Request(action="a:B", resource="${aws:username}", context=context)).allowed


# --- the grammar -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        '{"Statement": ' + "9" * 5000 + "}",
        '{"Version": "2030-01-01", "Statement": []}',
        '{"Version": "2012-10-17", "Statement": []}',
        '{"Version": ["2012-10-17"], "Statement": []}',
        json.dumps({"Statement": "Allow"}),
        json.dumps({"Statement": [[]]}),
        json.dumps({"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}),
        json.dumps({"Statement": {"Effect": ["Allow"], "Action": "*", "Resource": "*"}}),
        json.dumps({"Statement": {"Effect": "Allow", "Resource": "*"}}),
        json.dumps({"Statement": {"Effect": "Allow", "Action": 1, "Resource": "*"}}),
        json.dumps({"Statement": {"Effect": "Allow", "Action": [], "Resource": "*"}}),
        json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}}),
        json.dumps({"Statement": allow(Condition="always")}),
        json.dumps({"Statement": allow(Condition={"StringEquals": "a"})}),
        json.dumps({"Statement": allow(Condition={"StringEquals": {"k": {}}})}),
        json.dumps({"Statement": trust("everybody")}),
        json.dumps({"Statement": trust({"AWS": []})}),
        json.dumps({"Statement": trust({"Anybody": "*"})}),
        '{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}',
    ],
)
def test_a_document_that_breaks_the_grammar_is_malformed(text: str) -> None:
    with pytest.raises(PolicyError) as refusal:
        parse(text)
    assert (refusal.value.code, refusal.value.status) == ("MalformedPolicyDocument", 400)


@pytest.mark.parametrize(
    ("kind", "statement", "message"),
    [
        ("identity", allow(Principal="*"), "Policy document should not specify a principal."),
        ("identity", {"Effect": "Allow", "Action": "*"}, "Policy statement must contain resources."),
        ("trust", trust("*", Resource="*"), "Has prohibited field Resource"),
        ("trust", {"Effect": "Allow", "Action": "sts:*"}, "Missing required field Principal"),
        (
            "trust",
            {**trust("*"), "Action": "*"},
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        ("trust", trust({"AWS": "ACCOUNT-ID"}), 'Invalid principal in policy: "AWS":"ACCOUNT-ID"'),
        ("identity", allow(Condition={"X": {"k": "v"}}), "Syntax errors in policy: X is not supported."),
    ],
)
def test_what_iam_refuses_to_save_is_refused(kind: Any, statement: dict[str, Any], message: str) -> None:
    with pytest.raises(PolicyError) as refusal:
        parse({"Version": "2012-10-17", "Statement": statement}, kind=kind)
    assert refusal.value.message == message


def test_the_honest_documents_are_saved() -> None:
    parse({"Version": "2012-10-17", "Statement": allow()}, kind="identity")
    parse({"Version": "2012-10-17", "Statement": trust({"AWS": ROOT, "Federated": PROVIDER})}, kind="trust")


# --- properties ------------------------------------------------------------------------------------------

PROPERTY = settings(max_examples=150, deadline=None, database=None)

names = st.sampled_from(
    ["cloudwatch:GetMetricData", "cloudwatch:*", "logs:*", "*", "sts:Assume?ole", "iam:x"]
)
resources = st.sampled_from(["*", LOG_GROUP, "arn:aws:logs:*", ROLE, "${aws:username}"])
operators = st.sampled_from(["StringEquals", "StringNotLike", "Bool", "Null", "NumericLessThan", "Nonsense"])
tests = st.dictionaries(
    st.sampled_from(["aws:username", "k"]), st.sampled_from(["a", "1", "true"]), max_size=2
)
statements = st.builds(
    lambda effect, action, resource, condition: {
        "Effect": effect,
        "Action": action,
        "Resource": resource,
        "Condition": condition,
    },
    st.sampled_from(["Allow", "Deny"]),
    st.lists(names, min_size=1, max_size=2),
    resources,
    st.dictionaries(operators, tests, max_size=2),
)
policies = st.lists(statements, min_size=1, max_size=4)
requests = st.builds(
    lambda action, resource, context: Request(action=action, resource=resource, context=context),
    st.sampled_from(["cloudwatch:GetMetricData", "logs:FilterLogEvents", "sts:AssumeRole"]),
    st.sampled_from(["*", LOG_GROUP, ROLE, "a"]),
    tests,
)


@given(statements=policies, request=requests)
@PROPERTY
def test_one_more_deny_never_allows(statements: list[dict[str, Any]], request: Request) -> None:
    def decide(*more: dict[str, Any]) -> Decision:
        return evaluate([policy(*statements, *more)], request)

    assert not decide(deny()).allowed
    assert decide(deny("logs:*")).allowed <= decide().allowed


@given(data=st.data(), statements=policies, request=requests)
@PROPERTY
def test_the_order_of_statements_never_matters(
    data: st.DataObject, statements: list[dict[str, Any]], request: Request
) -> None:
    shuffled = data.draw(st.permutations(statements))
    together = evaluate([policy(*statements)], request)
    assert evaluate([policy(*shuffled)], request) == together
    assert evaluate([policy(statement) for statement in shuffled], request) == together


@given(identity=policies, session=policies, request=requests)
@PROPERTY
def test_a_session_policy_never_widens(
    identity: list[dict[str, Any]], session: list[dict[str, Any]], request: Request
) -> None:
    whole = evaluate([policy(*identity)], request)
    cut = limit(whole, evaluate([policy(*session)], request))
    assert cut.allowed <= whole.allowed
    assert cut.allowed is (whole.allowed and evaluate([policy(*session)], request).allowed)


@given(text=st.text(), value=st.text(), operator=st.text() | operators)
@PROPERTY
def test_no_text_breaks_the_evaluator(text: str, value: str, operator: str) -> None:
    condition = Condition(operator=operator, key=text, values=(value,))
    with contextlib.suppress(UndecidableError):
        condition.holds(Keys({text: value}))
    with contextlib.suppress(PolicyError):
        parse(text)
