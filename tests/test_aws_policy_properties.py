"""What holds of every policy and every request."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws.policy import (
    Decision,
    Policies,
    PolicyError,
    PolicyType,
    Principal,
    Request,
    decide,
    evaluate,
    evaluate_trust,
    limit,
    parse,
)
from harness.aws.policy.conditions import Condition, Keys, UndecidableError
from tests.aws_policies import ACCOUNT, LOG_GROUP, ROLE, SESSION, deny, policy

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


@given(identity=policies, boundary=policies, session=policies, request=requests)
@PROPERTY
def test_every_policy_that_cuts_must_allow_and_a_deny_anywhere_denies(
    identity: list[dict[str, Any]],
    boundary: list[dict[str, Any]],
    session: list[dict[str, Any]],
    request: Request,
) -> None:
    documents = [policy(*identity)], [policy(*boundary)], [policy(*session)]
    decision = decide(request, Policies(identity=documents[0], boundary=documents[1], session=documents[2]))
    each = [evaluate(some, request) for some in documents]
    assert decision.allowed is all(one.allowed for one in each)
    assert decision.explicit_deny is any(one.explicit_deny for one in each)


@given(
    identity=policies,
    cut=policies,
    request=requests,
    name=st.sampled_from([SESSION, ROLE, ACCOUNT, "*"]),
    kind=st.sampled_from([PolicyType.RESOURCE, PolicyType.TRUST]),
)
@PROPERTY
def test_a_boundary_or_a_session_policy_never_widens_a_grant(
    identity: list[dict[str, Any]],
    cut: list[dict[str, Any]],
    request: Request,
    name: str,
    kind: PolicyType,
) -> None:
    resource = policy({"Effect": "Allow", "Action": "*", "Principal": {"AWS": name}})
    caller = Principal(aws=(SESSION, ROLE), account=ACCOUNT)
    granted = {"resource": resource, "principal": caller, "kind": kind}
    whole = decide(request, Policies(identity=[policy(*identity)]), **granted)
    for policies_of in (
        Policies(identity=[policy(*identity)], boundary=[policy(*cut)]),
        Policies(identity=[policy(*identity)], session=[policy(*cut)]),
    ):
        assert decide(request, policies_of, **granted).allowed <= whole.allowed


@given(statements=policies, request=requests)
@PROPERTY
def test_splitting_a_policy_in_two_changes_nothing(
    statements: list[dict[str, Any]], request: Request
) -> None:
    together = evaluate([policy(*statements)], request)
    for cut in range(1, len(statements)):
        assert evaluate([policy(*statements[:cut]), policy(*statements[cut:])], request) == together
    actions = [{**one, "Action": action} for one in statements for action in one["Action"]]
    assert evaluate([policy(*actions)], request) == together


@given(statements=policies, request=requests)
@PROPERTY
def test_the_case_of_an_action_never_matters(statements: list[dict[str, Any]], request: Request) -> None:
    together = evaluate([policy(*statements)], request)
    shouted = [{**one, "Action": [action.upper() for action in one["Action"]]} for one in statements]
    assert evaluate([policy(*shouted)], request) == together


@given(text=st.text(), value=st.text(), operator=st.text() | operators)
@PROPERTY
def test_no_text_breaks_the_evaluator(text: str, value: str, operator: str) -> None:
    condition = Condition(operator=operator, key=text, values=(value,))
    with contextlib.suppress(UndecidableError):
        condition.holds(Keys({text: value}))
    with contextlib.suppress(PolicyError):
        parse(text)


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["*", "Allow", "Deny", "2012-10-17", "${", "${}", "${a,'b'}", "sts:*", "arn:aws:iam::x"]
    )
)
elements = st.sampled_from(
    [
        *("Version", "Id", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
        *("Resource", "NotResource", "Condition", "AWS", "Federated", "StringLike", "IpAddress", "Null"),
        *("DateLessThan", "ForAllValues:ArnLike", "Bool", "NumericEqualsIfExists", "BinaryEquals", "k"),
    ]
)
documents = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(elements | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=30,
)
statement_like = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Action": leaves | st.lists(leaves, max_size=2),
        "NotAction": leaves,
        "Resource": leaves | st.lists(leaves, max_size=2),
        "Principal": documents,
        "NotPrincipal": documents,
        "Condition": st.dictionaries(elements, st.dictionaries(elements, leaves, max_size=2), max_size=3),
    },
)


@given(document=documents | st.fixed_dictionaries({"Statement": statement_like}), value=st.text(max_size=8))
@PROPERTY
def test_no_document_breaks_the_evaluator(document: Any, value: str) -> None:
    request = Request(
        action="sts:AssumeRole", resource=value, context={"k": value, "aws:TagKeys": [value, ""]}
    )
    caller = Principal(aws=(SESSION, ROLE), account=ACCOUNT)
    for kind in (None, "identity", "trust"):
        with contextlib.suppress(PolicyError):
            parsed = parse(json.dumps(document), kind=kind)
            evaluate([parsed], request)
            evaluate_trust(parsed, request, caller)
            evaluate_trust(parsed, request, Principal(federated=value))
