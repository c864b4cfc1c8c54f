"""IAM's evaluation logic, pure: documents and a request in, a decision with a reason out.

Source of the rules: IAM User Guide, "Policy evaluation logic" (explicit deny, then allow, else an implicit
deny; a session policy only cuts). What this evaluator does not know is logged as an error and never a pass:
an ``Allow`` statement with it does not apply, a ``Deny`` statement with it does.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.aws.policy.conditions import Keys, UndecidableError, UnresolvedError, glob
from harness.aws.policy.document import Document, Statement, is_account_id

__all__ = [
    "Decision",
    "Principal",
    "Request",
    "evaluate",
    "evaluate_trust",
    "limit",
]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked: an action on a resource, with the condition keys of the request.

    Attributes:
        action: ``service:Operation``, for example ``cloudwatch:GetMetricData``.
        resource: an ARN, or ``*`` for an action without resources.
        context: condition keys; names in any case, a value or several.
    """

    action: str
    resource: str = "*"
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks a resource policy, in every form in which the policy may name them.

    Attributes:
        aws: ARNs and ids of the caller: role ARN, session ARN, account id or root ARN.
        federated: identity provider (an ARN, or ``cognito-identity.amazonaws.com``).
        service: an AWS service, for example ``lambda.amazonaws.com``.
        account: account id of the caller; naming the account matches every AWS principal in it.
    """

    aws: tuple[str, ...] = ()
    federated: str | None = None
    service: str | None = None
    account: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the policies say, and why.

    Attributes:
        allowed: whether the request may go on.
        explicit_deny: whether a ``Deny`` statement decided.
        reason: the end of AWS's access-denied message, such as ``because no identity-based policy allows the
            X action`` or ``with an explicit deny in an identity-based policy``; empty when allowed.
        matched_principal: the principal element that allowed, the most specific one; trust policies only.
        action: the action asked for.
    """

    allowed: bool
    explicit_deny: bool = False
    reason: str
    matched_principal: str | None = None
    action: str = ""


def evaluate(documents: Iterable[Document], request: Request) -> Decision:
    """Decide ``request`` by the identity policies of whoever asks: all of them together.

    Statements that name no resource, or that name a principal, are not identity policy: they allow nothing.
    """
    found = [statement for document in documents for statement, _ in _applying(document, request)]
    if any(statement.effect == "Deny" for statement in found):
        return _denied(request.action, "an identity-based")
    if any(statement.resources is not None and statement.principals is None for statement in found):
        return Decision(allowed=True, reason="", action=request.action)
    return _implicitly_denied(request.action, "identity-based")


def evaluate_trust(document: Document, request: Request, principal: Principal) -> Decision:
    """Decide ``request`` by a resource policy, such as a role's trust policy, for ``principal``.

    ``matched_principal`` of an allowing decision is the most specific element that allowed: a session before
    a user or role, that before ``*``, that before the account. Within one account all but the account need no
    identity policy (IAM User Guide, "How AWS evaluates requests in a single account").
    """
    found = _applying(document, request, principal)
    if any(statement.effect == "Deny" for statement, _ in found):
        return _denied(request.action, "a resource-based")
    matched = sorted((name for _, name in found if name is not None), key=_specificity)
    if matched:
        return Decision(allowed=True, reason="", action=request.action, matched_principal=matched[0])
    return _implicitly_denied(request.action, "resource-based")


def limit(decision_identity: Decision, decision_session: Decision | None) -> Decision:
    """Cut a decision by that of the session policy (from ``evaluate``); None where the session has none.

    The result is allowed only if both are: a session policy never widens.
    """
    if decision_session is None or decision_session.allowed:
        return decision_identity
    if decision_identity.explicit_deny:
        return decision_identity
    action = decision_session.action or decision_identity.action
    if decision_session.explicit_deny:
        return _denied(action, "a session")
    return _implicitly_denied(action, "session") if decision_identity.allowed else decision_identity


def _applying(
    document: Document, request: Request, principal: Principal | None = None
) -> list[tuple[Statement, str | None]]:
    """Return the statements that apply, each with the principal element that matched.

    ``principal`` is who asks a resource policy, and None for an identity policy.
    """
    keys = Keys(request.context, variables=document.has_variables)
    found = []
    for statement in document.statements:
        matched = None if principal is None else _match_principal(statement, principal)
        # A resource statement without readable principals may still deny.
        is_addressed = principal is None or matched is not None or statement.principals is None
        if is_addressed and _applies(statement, request, keys):
            found.append((statement, matched))
    return found


def _applies(statement: Statement, request: Request, keys: Keys) -> bool:
    """Tell whether a statement decides a request; one that cannot be read does so only to deny."""
    try:
        if not _covers(statement, request, keys):
            return False
        # Every condition is asked, so that their order cannot hide one that is unreadable.
        verdicts = [condition.holds(keys) for condition in statement.conditions]
    except UnresolvedError as error:
        logger.info("policy variable %s has no value: its statement is left out", error)
        return False
    except UndecidableError as error:
        return _unreadable(statement, str(error))
    return _unreadable(statement, ", ".join(statement.unknown)) if statement.unknown else all(verdicts)


def _unreadable(statement: Statement, what: str) -> bool:
    logger.error("policy statement cannot be read (%s): it allows nothing", what)
    return statement.effect == "Deny"


def _covers(statement: Statement, request: Request, keys: Keys) -> bool:
    """Tell whether the action and the resource of a request are those of a statement."""
    plain = keys.without_variables()  # IAM has no variables in Action
    named = any(glob(action, request.action, plain, ignore_case=True) for action in statement.actions)
    if named is statement.not_action:
        return False
    if statement.resources is None:
        return True
    matches = [glob(resource, request.resource, keys) for resource in statement.resources]
    return any(matches) is not statement.not_resource


def _denied(action: str, kind: str) -> Decision:
    return Decision(
        allowed=False, explicit_deny=True, reason=f"with an explicit deny in {kind} policy", action=action
    )


def _implicitly_denied(action: str, kind: str) -> Decision:
    return Decision(
        allowed=False, reason=f"because no {kind} policy allows the {action} action", action=action
    )


def _match_principal(statement: Statement, principal: Principal) -> str | None:
    """Return the most specific principal element of ``statement`` that is ``principal``."""
    named = statement.principals or {}
    callers = {_root(name) for name in principal.aws}
    if callers and principal.account:
        callers.add(_root(principal.account))
    # Whether "*" is every web identity, as it is every AWS principal, is undocumented: there it only denies.
    everybody = bool(callers) or statement.effect == "Deny"
    matched = [
        name for name in named.get("AWS", ()) if (everybody if name == "*" else _root(name) in callers)
    ]
    for kind, caller in (("Federated", principal.federated), ("Service", principal.service)):
        matched += [name for name in named.get(kind, ()) if caller is not None and name == caller]
    return min(matched, key=_specificity, default=None)


def _specificity(name: str) -> int:
    """Rank a principal element: a session, a user or role or provider, everybody, an account."""
    if name == "*":
        return 2
    if is_account_id(name) or name.endswith(":root"):
        return 3
    return 0 if ":assumed-role/" in name else 1


def _root(name: str) -> str:
    """Write an account id as the ARN of its root, which means the same."""
    return f"arn:aws:iam::{name}:root" if is_account_id(name) else name
