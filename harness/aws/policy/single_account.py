"""All policies together, for a request within one account.

Source: IAM User Guide, "Policy evaluation for requests within a single account". An explicit deny anywhere
decides. Then a resource policy may grant by itself, to whom it names directly; what it grants to a role, or
to the user behind a federated session, is still cut by the boundary and the session policies. Else the
identity policies must allow, and the boundary, and the session policies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.aws.policy.document import Document
from harness.aws.policy.evaluation import (
    Decision,
    PolicyType,
    Request,
    evaluate,
    evaluate_trust,
    limit,
)
from harness.aws.policy.principal import Principal, is_account

__all__ = ["Policies", "decide"]


@dataclass(frozen=True, kw_only=True)
class Policies:
    """The policies of whoever asks.

    Attributes:
        identity: of the user and its groups, or of the role.
        boundary: the permissions boundary of the user or the role; None for none.
        session: the session policies; None for none. An empty one, as of a federated user for whom none was
            passed, allows nothing.
    """

    identity: Sequence[Document] = ()
    boundary: Sequence[Document] | None = None
    session: Sequence[Document] | None = None


def decide(
    request: Request,
    policies: Policies,
    *,
    resource: Document | None = None,
    principal: Principal | None = None,
    kind: PolicyType = PolicyType.RESOURCE,
) -> Decision:
    """Decide a request.

    Args:
        request: what is asked.
        policies: of whoever asks.
        resource: the policy of the resource; None where it has none.
        principal: who asks; needed with ``resource``.
        kind: ``TRUST`` for a role's trust policy, which must allow whatever the identity policies say.
    """
    identity = evaluate(policies.identity, request)
    cuts = [
        (each, evaluate(documents, request, kind=each))
        for each, documents in (
            (PolicyType.BOUNDARY, policies.boundary),
            (PolicyType.SESSION, policies.session),
        )
        if documents is not None
    ]
    granted = None
    if resource is not None and principal is not None:
        granted = evaluate_trust(resource, request, principal, kind=kind)
    for decision in (identity, *(cut for _, cut in cuts), *([granted] if granted else [])):
        if decision.explicit_deny:
            return decision
    if granted is not None and principal is not None:
        if granted.matched_principal is not None and not is_account(granted.matched_principal):
            is_behind = granted.matched_principal in principal.aws[1:]
            return _cut(granted, cuts) if is_behind else granted
        if kind is PolicyType.TRUST and not granted.allowed:
            return granted
    return _cut(identity, cuts)


def _cut(decision: Decision, cuts: Sequence[tuple[PolicyType, Decision]]) -> Decision:
    for kind, cut in cuts:
        decision = limit(decision, cut, kind=kind)
    return decision
