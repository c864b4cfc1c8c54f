"""Who asks a resource policy, and which of its ``Principal`` and ``NotPrincipal`` elements name them.

Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.aws.policy.document import is_account_id

__all__ = ["Principal", "exempts", "is_account", "most_specific", "named"]


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks a resource policy, in every form in which the policy may name them.

    Attributes:
        aws: ARNs of the caller, its own first: of a session that of the session and then that of the role
            or the user behind it.
        federated: identity provider (an ARN, or ``cognito-identity.amazonaws.com``).
        service: an AWS service, for example ``lambda.amazonaws.com``.
        account: account id of the caller; naming the account matches every AWS principal in it.
        is_bounded: whether it has a permissions boundary.
    """

    aws: tuple[str, ...] = ()
    federated: str | None = None
    service: str | None = None
    account: str = ""
    is_bounded: bool = False


def named(
    elements: Mapping[str, tuple[str, ...]], principal: Principal, *, is_deny: bool = False
) -> Iterator[str]:
    """Yield the elements that name ``principal``, as written.

    Args:
        elements: names by kind.
        principal: who asks.
        is_deny: whether the statement denies. Whether ``*`` is every web identity, as it is every AWS
            principal, is undocumented: there it only denies.
    """
    callers = {_root(name) for name in principal.aws}
    if callers and principal.account:
        callers.add(_root(principal.account))
    everybody = bool(callers) or is_deny
    for name in elements.get("AWS", ()):
        if everybody if name == "*" else _root(name) in callers:
            yield name
    for kind, caller in (("Federated", principal.federated), ("Service", principal.service)):
        if caller is not None and caller in elements.get(kind, ()):
            yield caller


def exempts(elements: Mapping[str, tuple[str, ...]], principal: Principal, *, is_deny: bool) -> bool:
    """Tell whether ``NotPrincipal`` leaves ``principal`` out.

    Of a denial it takes all of its names: the account's, the user's or the role's, and the session's; and
    whoever has a permissions boundary is denied whatever it names. Of an allowance one name is enough.
    """
    if not is_deny or not principal.aws:
        return any(named(elements, principal, is_deny=is_deny))
    given = {_root(name) for name in elements.get("AWS", ())}
    wanted = {*map(_root, principal.aws), _root(principal.account)}
    return "*" in given or (wanted <= given and not principal.is_bounded)


def most_specific(names: Iterable[str]) -> str | None:
    """Return the element that says most: a session, a user or role or provider, ``*``, an account."""
    return min(names, key=_specificity, default=None)


def is_account(name: str) -> bool:
    """Tell whether a principal element is an account: its id, or the ARN of its root."""
    return is_account_id(name) or name.endswith(":root")


def _specificity(name: str) -> int:
    if name == "*":
        return 2
    if is_account(name):
        return 3
    return 0 if ":assumed-role/" in name or ":federated-user/" in name else 1


def _root(name: str) -> str:
    """Write an account id as the ARN of its root, which means the same."""
    return f"arn:aws:iam::{name}:root" if is_account_id(name) else name
