"""Who may take on a role of their own account: by its trust policy and by all policies of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from harness.aws import Aws
from harness.aws.access.permissions import trust_decision
from harness.aws.context import Caller, Context
from harness.aws.policy import Decision, parse
from harness.aws.wire import Protocol

ACCOUNT = "360987654321"
HERE = f"arn:aws:iam::{ACCOUNT}"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Caller/session"


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id=ACCOUNT)
    yield aws
    aws.close()


def text(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(effect: str = "Allow", action: str = "sts:*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, **more}


def decide(
    aws: Aws,
    principal: str,
    *,
    identity: dict[str, Any] | None = None,
    boundary: dict[str, Any] | None = None,
    session: dict[str, Any] | None = None,
    keys: dict[str, str] | None = None,
) -> Decision:
    """Decide on a role that trusts ``principal``, for a session of the role ``Caller``."""
    iam = aws.client("iam")
    trust = text(statement(action="sts:AssumeRole", Principal={"AWS": ACCOUNT}))
    iam.create_role(RoleName="Caller", AssumeRolePolicyDocument=trust)
    if identity is not None:
        iam.put_role_policy(RoleName="Caller", PolicyName="p", PolicyDocument=text(identity))
    if boundary is not None:
        arn = iam.create_policy(PolicyName="edge", PolicyDocument=text(boundary))["Policy"]["Arn"]
        iam.put_role_permissions_boundary(RoleName="Caller", PermissionsBoundary=arn)
    document = text(statement(action="sts:AssumeRole", Principal={"AWS": principal}))
    iam.create_role(RoleName="Target", AssumeRolePolicyDocument=document)
    caller, target = aws.iam.role(f"{HERE}:role/Caller"), aws.iam.role(f"{HERE}:role/Target")
    assert caller is not None
    assert target is not None
    policies = None if session is None else (parse(text(session)),)
    made = aws.sessions.issue(caller, name="session", now=aws.now(), duration=900, policies=policies)
    call = Context(
        aws=aws,
        service="sts",
        operation="AssumeRole",
        region="us-east-1",
        now=aws.now(),
        caller=Caller(
            arn=made.arn,
            user_id=made.user_id,
            account=ACCOUNT,
            access_key_id=made.credentials.access_key_id,
            session=made,
        ),
        protocol=Protocol.QUERY,
        request=None,
    )
    return trust_decision(call, target, "sts:AssumeRole", keys)


ALL = statement(action="*", Resource="*")
LOGS = statement(action="logs:*", Resource="*")
NONE = statement("Deny", "*", Resource="*")


@pytest.mark.parametrize(
    ("principal", "policies", "reason"),
    [
        pytest.param(ACCOUNT, {"identity": ALL}, "", id="the account, and permission"),
        pytest.param(ACCOUNT, {}, "no identity-based policy", id="the account alone"),
        pytest.param(
            ACCOUNT, {"identity": ALL, "boundary": LOGS}, "no permissions boundary", id="cut by a boundary"
        ),
        pytest.param(
            ACCOUNT, {"identity": ALL, "session": LOGS}, "no session policy", id="cut by the session"
        ),
        pytest.param(f"{HERE}:role/Caller", {}, "", id="the role"),
        pytest.param(
            f"{HERE}:role/Caller", {"boundary": LOGS}, "no permissions boundary", id="the role, bounded"
        ),
        pytest.param(f"{HERE}:role/Caller", {"session": LOGS}, "no session policy", id="the role, cut"),
        pytest.param(SESSION, {"boundary": LOGS, "session": LOGS}, "", id="the session, whatever cuts"),
        pytest.param("*", {"boundary": LOGS, "session": LOGS}, "", id="everybody, whatever cuts"),
        pytest.param(SESSION, {"session": NONE}, "explicit deny in a session policy", id="unless it denies"),
        pytest.param(SESSION, {"identity": NONE}, "explicit deny in an identity", id="or the identity does"),
        pytest.param("210987654321", {"identity": ALL}, "no role trust policy", id="another account"),
        pytest.param(f"{SESSION}-2", {"identity": ALL}, "no role trust policy", id="another session"),
    ],
)
def test_trust_and_permission_decide_together(
    aws: Aws, principal: str, policies: dict[str, Any], reason: str
) -> None:
    decision = decide(aws, principal, **policies)
    assert decision.allowed is (reason == "")
    assert reason in decision.reason


def test_a_role_does_not_trust_itself(aws: Aws) -> None:
    decision = decide(aws, "210987654321", identity=statement(Resource=f"{HERE}:role/Target"))
    assert decision.reason == "because no role trust policy allows the sts:AssumeRole action"


def test_a_recreated_role_is_not_trusted(aws: Aws) -> None:
    assert decide(aws, ACCOUNT, identity=ALL).allowed
    iam = aws.client("iam")
    trust = text(statement(action="sts:AssumeRole", Principal={"AWS": f"{HERE}:role/Caller"}))
    iam.update_assume_role_policy(RoleName="Target", PolicyDocument=trust)
    iam.delete_role_policy(RoleName="Caller", PolicyName="p")
    iam.delete_role(RoleName="Caller")
    again = text(statement(action="sts:AssumeRole", Principal={"AWS": ACCOUNT}))
    iam.create_role(RoleName="Caller", AssumeRolePolicyDocument=again)
    target = aws.iam.role(f"{HERE}:role/Target")
    assert target is not None
    assert f"{HERE}:role/Caller" not in target.trust
