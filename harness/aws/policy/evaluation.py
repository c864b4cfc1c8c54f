"""IAM's evaluation logic, pure: documents and a request in, a decision with a reason out.

Source of the rules: IAM User Guide, "Policy evaluation logic" (explicit deny, then allow, else an implicit
deny; a session policy only cuts). What this evaluator does not know is logged as an error and never a pass:
an ``Allow`` statement with it does not apply, a ``Deny`` statement with it does.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property, lru_cache

from harness.aws.policy.conditions import Keys, UndecidableError, UnresolvedError, glob
from harness.aws.policy.document import Document, Statement
from harness.aws.policy.principal import Principal, exempts, most_specific, named

__all__ = [
    "Decision",
    "PolicyType",
    "Request",
    "evaluate",
    "evaluate_trust",
    "limit",
]

logger = logging.getLogger(__name__)


class PolicyType(Enum):
    """The types of policies, as AWS's access-denied messages call them.

    Source: IAM User Guide, "Troubleshoot access denied error messages". Its example of an explicit deny by a
    session policy has "sessions policy", which is taken for a slip; reports have the form here.
    """

    IDENTITY = "an identity-based policy"
    BOUNDARY = "a permissions boundary"
    SESSION = "a session policy"
    RESOURCE = "a resource-based policy"
    TRUST = "the role trust policy"


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

    @cached_property
    def keys(self) -> Keys:
        """The condition keys, read once for all the policies that are asked."""
        return Keys(self.context)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the policies say, and why.

    Attributes:
        allowed: whether the request may go on.
        explicit_deny: whether a ``Deny`` statement decided.
        reason: the end of AWS's access-denied message, such as ``because no identity-based policy allows the
            X action`` or ``with an explicit deny in an identity-based policy``; empty when allowed.
        matched_principal: the principal element that allowed, the most specific one; resource policies only.
        action: the action asked for.
        statements: the statements that decided: those that deny, or those that allow; none for an implicit
            deny.
    """

    allowed: bool
    explicit_deny: bool = False
    reason: str
    matched_principal: str | None = None
    action: str = ""
    statements: tuple[Statement, ...] = field(default=(), compare=False)


def evaluate(
    documents: Iterable[Document], request: Request, *, kind: PolicyType = PolicyType.IDENTITY
) -> Decision:
    """Decide ``request`` by all the policies of one type that whoever asks has.

    Statements that name no resource, or that name a principal, are not identity policy: they allow nothing.

    Args:
        documents: the policies.
        request: what is asked.
        kind: what to call them in the reason; identity policies, a boundary and session policies are read
            alike.
    """
    found = [statement for document in documents for statement, _ in _applying(document, request)]
    denying = tuple(statement for statement in found if statement.effect == "Deny")
    if denying:
        return _denied(request.action, kind, denying)
    allowing = tuple(each for each in found if each.resources is not None and each.principals is None)
    if allowing:
        return Decision(allowed=True, reason="", action=request.action, statements=allowing)
    return _implicitly_denied(request.action, kind)


def evaluate_trust(
    document: Document, request: Request, principal: Principal, *, kind: PolicyType = PolicyType.TRUST
) -> Decision:
    """Decide ``request`` by a resource policy, such as a role's trust policy, for ``principal``.

    ``matched_principal`` of an allowing decision is the most specific element that allowed: a session before
    a user or role, that before ``*``, that before the account. ``single_account.decide`` has what each of
    them means.

    Args:
        document: the policy.
        request: what is asked.
        principal: who asks.
        kind: what to call it in the reason.
    """
    found = _applying(document, request, principal)
    denying = tuple(statement for statement, _ in found if statement.effect == "Deny")
    if denying:
        return _denied(request.action, kind, denying)
    matched = most_specific(name for _, name in found if name is not None)
    if matched is None:
        return _implicitly_denied(request.action, kind)
    allowing = tuple(statement for statement, name in found if name is not None)
    return Decision(
        allowed=True, reason="", action=request.action, matched_principal=matched, statements=allowing
    )


def limit(decision: Decision, by: Decision | None, *, kind: PolicyType = PolicyType.SESSION) -> Decision:
    """Cut a decision by another (from ``evaluate``); None where there is nothing that cuts.

    The result is allowed only if both are: a session policy or a boundary never widens. An explicit deny is
    told before a silence, and the first decision's own refusal before the other's.

    Args:
        decision: what the identity policies say.
        by: what the session policies or the permissions boundary say.
        kind: which of the two.
    """
    if by is None or by.allowed or decision.explicit_deny:
        return decision
    action = by.action or decision.action
    if by.explicit_deny:
        return _denied(action, kind, by.statements)
    return _implicitly_denied(action, kind) if decision.allowed else decision


def _applying(
    document: Document, request: Request, principal: Principal | None = None
) -> list[tuple[Statement, str | None]]:
    """Return the statements that apply, each with the principal element that matched.

    ``principal`` is who asks a resource policy, and None for an identity policy.
    """
    keys = request.keys if document.has_variables else request.keys.without_variables
    found = []
    for statement in document.statements:
        matched = None if principal is None else _addressed(statement, principal)
        # A resource statement without readable principals may still deny.
        is_addressed = principal is None or matched is not None or statement.principals is None
        if is_addressed and _applies(statement, request, keys):
            found.append((statement, matched))
    return found


def _addressed(statement: Statement, principal: Principal) -> str | None:
    """Return the most specific principal element of ``statement`` that is ``principal``.

    ``NotPrincipal`` addresses everybody whom it does not name, as ``*`` does.
    """
    elements = statement.principals or {}
    is_deny = statement.effect == "Deny"
    if statement.not_principal:
        return None if exempts(elements, principal, is_deny=is_deny) else "*"
    return most_specific(named(elements, principal, is_deny=is_deny))


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
    if _names_action(statement.actions, request.action) is statement.not_action:
        return False
    if statement.resources is None:
        return True
    matches = [glob(resource, request.resource, keys) for resource in statement.resources]
    return any(matches) is not statement.not_resource


_PLAIN = Keys({}).without_variables  # IAM has no variables in Action


@lru_cache(maxsize=8192)
def _names_action(actions: tuple[str, ...], action: str) -> bool:
    """Tell whether patterns name an action; remembered, since policies of 100 patterns are common."""
    return any(glob(pattern, action, _PLAIN, ignore_case=True) for pattern in actions)


def _denied(action: str, kind: PolicyType, statements: tuple[Statement, ...]) -> Decision:
    reason = f"with an explicit deny in {kind.value}"
    return Decision(allowed=False, explicit_deny=True, reason=reason, action=action, statements=statements)


def _implicitly_denied(action: str, kind: PolicyType) -> Decision:
    what = kind.value.partition(" ")[2]
    return Decision(allowed=False, reason=f"because no {what} allows the {action} action", action=action)
