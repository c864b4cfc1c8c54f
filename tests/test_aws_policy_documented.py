"""Cases of AWS's documented evaluation logic, each with the page that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from harness.aws.policy import Document, Policies, PolicyType, Principal, Request, decide
from tests.aws_policies import ACCOUNT, ROLE, ROOT, SESSION, allow, deny, policy

SINGLE_ACCOUNT = "Policy evaluation for requests within a single account"
BOUNDARIES = "Permissions boundaries for IAM entities"
DENY = "The difference between explicit and implicit denies"
NOT_PRINCIPAL = "AWS JSON policy elements: NotPrincipal"
SESSIONS = "Policies and permissions in AWS Identity and Access Management, Session policies"

USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/alice"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:s"
GET = "secretsmanager:GetSecretValue"

AS_USER = Principal(aws=(USER,), account=ACCOUNT)
AS_ROLE = Principal(aws=(SESSION, ROLE), account=ACCOUNT)
AS_FEDERATED = Principal(aws=(FEDERATED, USER), account=ACCOUNT)

NOTHING: list[dict[str, Any]] = []
GETS = [allow(GET)]
OTHER = [allow("s3:*")]


def grant(principal: Any, effect: str = "Allow", **more: Any) -> list[dict[str, Any]]:
    return [{"Effect": effect, "Principal": principal, "Action": GET, "Resource": "*", **more}]


@dataclass(frozen=True, kw_only=True)
class Case:
    """Who asks for a secret with which policies; ``expected`` is the type that refuses, None for allowed."""

    name: str
    source: str
    who: Principal = AS_USER
    identity: Sequence[dict[str, Any]] = ()
    boundary: Sequence[dict[str, Any]] | None = None
    session: Sequence[dict[str, Any]] | None = None
    resource: Sequence[dict[str, Any]] | None = None
    kind: PolicyType = PolicyType.RESOURCE
    expected: PolicyType | None
    is_explicit: bool = False


CASES = [
    Case(name="nothing allows", source=DENY, expected=PolicyType.IDENTITY),
    Case(name="an identity policy allows", source=DENY, identity=GETS, expected=None),
    Case(
        name="a deny overrides an allow",
        source=DENY,
        identity=[*GETS, deny("secretsmanager:*")],
        expected=PolicyType.IDENTITY,
        is_explicit=True,
    ),
    # --- a boundary
    Case(name="identity within boundary", source=BOUNDARIES, identity=GETS, boundary=GETS, expected=None),
    Case(
        name="boundary is silent",
        source=BOUNDARIES,
        identity=GETS,
        boundary=OTHER,
        expected=PolicyType.BOUNDARY,
    ),
    Case(
        name="boundary denies",
        source=BOUNDARIES,
        identity=GETS,
        boundary=[*GETS, deny(GET)],
        expected=PolicyType.BOUNDARY,
        is_explicit=True,
    ),
    Case(name="a boundary gives nothing", source=BOUNDARIES, boundary=GETS, expected=PolicyType.IDENTITY),
    # --- a session policy
    Case(
        name="identity and session policy",
        source=SESSIONS,
        who=AS_ROLE,
        identity=GETS,
        session=GETS,
        expected=None,
    ),
    Case(
        name="session policy is silent",
        source=SESSIONS,
        who=AS_ROLE,
        identity=GETS,
        session=OTHER,
        expected=PolicyType.SESSION,
    ),
    Case(
        name="session policy gives nothing",
        source=SESSIONS,
        who=AS_ROLE,
        session=GETS,
        expected=PolicyType.IDENTITY,
    ),
    Case(
        name="identity, boundary and session policy",
        source=SESSIONS,
        who=AS_ROLE,
        identity=GETS,
        boundary=OTHER,
        session=GETS,
        expected=PolicyType.BOUNDARY,
    ),
    Case(
        name="a federated user without session policies",
        source=SINGLE_ACCOUNT,
        who=AS_FEDERATED,
        identity=GETS,
        session=NOTHING,
        expected=PolicyType.SESSION,
    ),
    # --- a resource policy
    Case(
        name="resource policy alone, to a user",
        source=SINGLE_ACCOUNT,
        resource=grant({"AWS": USER}),
        expected=None,
    ),
    Case(
        name="to a user, boundary silent",
        source=SINGLE_ACCOUNT,
        resource=grant({"AWS": USER}),
        boundary=OTHER,
        expected=None,
    ),
    Case(
        name="to a user, boundary denies",
        source=BOUNDARIES,
        resource=grant({"AWS": USER}),
        boundary=[deny()],
        expected=PolicyType.BOUNDARY,
        is_explicit=True,
    ),
    Case(
        name="to a user, identity denies",
        source=SINGLE_ACCOUNT,
        resource=grant({"AWS": USER}),
        identity=[deny()],
        expected=PolicyType.IDENTITY,
        is_explicit=True,
    ),
    Case(
        name="to a role, identity silent",
        source=SINGLE_ACCOUNT,
        who=AS_ROLE,
        resource=grant({"AWS": ROLE}),
        expected=None,
    ),
    Case(
        name="to a role, boundary silent",
        source=SINGLE_ACCOUNT,
        who=AS_ROLE,
        resource=grant({"AWS": ROLE}),
        boundary=OTHER,
        expected=PolicyType.BOUNDARY,
    ),
    Case(
        name="to a role, session policy silent",
        source=SINGLE_ACCOUNT,
        who=AS_ROLE,
        resource=grant({"AWS": ROLE}),
        session=OTHER,
        expected=PolicyType.SESSION,
    ),
    Case(
        name="to a role session, all else silent",
        source=SINGLE_ACCOUNT,
        who=AS_ROLE,
        resource=grant({"AWS": SESSION}),
        boundary=OTHER,
        session=OTHER,
        expected=None,
    ),
    Case(
        name="to a role session, session policy denies",
        source=SINGLE_ACCOUNT,
        who=AS_ROLE,
        resource=grant({"AWS": SESSION}),
        session=[deny()],
        expected=PolicyType.SESSION,
        is_explicit=True,
    ),
    Case(
        name="to everybody by aws:PrincipalArn",
        source=SINGLE_ACCOUNT,
        who=AS_ROLE,
        resource=grant("*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}}),
        boundary=OTHER,
        session=OTHER,
        expected=None,
    ),
    Case(
        name="to a federated user, all else silent",
        source=SINGLE_ACCOUNT,
        who=AS_FEDERATED,
        resource=grant({"AWS": FEDERATED}),
        boundary=OTHER,
        session=NOTHING,
        expected=None,
    ),
    Case(
        name="to the user who federated, session policy silent",
        source=SINGLE_ACCOUNT,
        who=AS_FEDERATED,
        resource=grant({"AWS": USER}),
        session=OTHER,
        expected=PolicyType.SESSION,
    ),
    Case(
        name="to the user who federated, session policy allows",
        source=SINGLE_ACCOUNT,
        who=AS_FEDERATED,
        resource=grant({"AWS": USER}),
        session=GETS,
        expected=None,
    ),
    Case(
        name="to the account: the identity policy decides",
        source="AWS JSON policy elements: Principal, AWS account principals",
        resource=grant({"AWS": ROOT}),
        expected=PolicyType.IDENTITY,
    ),
    Case(
        name="to the account, and by identity",
        source="AWS JSON policy elements: Principal, AWS account principals",
        resource=grant({"AWS": ACCOUNT}),
        identity=GETS,
        expected=None,
    ),
    Case(
        name="resource policy silent, identity allows",
        source=SINGLE_ACCOUNT,
        resource=grant({"AWS": f"{USER}-2"}),
        identity=GETS,
        expected=None,
    ),
    Case(
        name="resource policy denies",
        source=SINGLE_ACCOUNT,
        resource=grant("*", "Deny"),
        identity=GETS,
        expected=PolicyType.RESOURCE,
        is_explicit=True,
    ),
    Case(
        name="a denial of all but the account and its user",
        source=NOT_PRINCIPAL,
        resource=[{"Effect": "Deny", "NotPrincipal": {"AWS": [ROOT, USER]}, "Action": GET, "Resource": "*"}],
        identity=GETS,
        expected=None,
    ),
    Case(
        name="a denial of all but the account",
        source=NOT_PRINCIPAL,
        resource=[{"Effect": "Deny", "NotPrincipal": {"AWS": [ROOT]}, "Action": GET, "Resource": "*"}],
        identity=GETS,
        expected=PolicyType.RESOURCE,
        is_explicit=True,
    ),
    # --- a role's trust policy must allow
    Case(
        name="trust policy silent, identity allows",
        source=SINGLE_ACCOUNT,
        resource=grant({"AWS": f"{USER}-2"}),
        identity=GETS,
        kind=PolicyType.TRUST,
        expected=PolicyType.TRUST,
    ),
    Case(
        name="trust policy names the user",
        source=SINGLE_ACCOUNT,
        resource=grant({"AWS": USER}),
        kind=PolicyType.TRUST,
        expected=None,
    ),
    Case(
        name="trust policy names the account, identity silent",
        source=SINGLE_ACCOUNT,
        resource=grant({"AWS": ROOT}),
        kind=PolicyType.TRUST,
        expected=PolicyType.IDENTITY,
    ),
    Case(
        name="trust policy denies",
        source=SINGLE_ACCOUNT,
        resource=[*grant({"AWS": USER}), *grant("*", "Deny")],
        identity=GETS,
        kind=PolicyType.TRUST,
        expected=PolicyType.TRUST,
        is_explicit=True,
    ),
]


def document(statements: Sequence[dict[str, Any]]) -> list[Document]:
    return [policy(*statements)] if statements else []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_policies_of_every_type_decide_as_documented(case: Case) -> None:
    decision = decide(
        Request(action=GET, resource=SECRET, context={"aws:PrincipalArn": case.who.aws[-1]}),
        Policies(
            identity=document(case.identity),
            boundary=None if case.boundary is None else document(case.boundary),
            session=None if case.session is None else document(case.session),
        ),
        resource=policy(*case.resource) if case.resource else None,
        principal=case.who,
        kind=case.kind,
    )
    assert (decision.allowed, decision.explicit_deny) == (case.expected is None, case.is_explicit)
    if case.expected is not None:
        assert case.expected.value.partition(" ")[2] in decision.reason
