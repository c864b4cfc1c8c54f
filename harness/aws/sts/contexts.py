"""Trusted contexts of AssumeRole: who the person is for whom IAM Identity Center vouches.

Source: IAM Identity Center User Guide, "Trusted identity propagation"; API reference, ``ProvidedContexts``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.identity_center.contexts import IdentityContexts

__all__ = ["ProvidedContexts", "provided_contexts"]

_IDENTITY_CENTER = "arn:aws:iam::aws:contextProvider/IdentityCenter"
_USER_ID = "identitystore:UserId"


@dataclass(frozen=True, kw_only=True)
class ProvidedContexts:
    """The contexts of a call: the ARNs of their providers, and the id of the user in the identity store."""

    providers: tuple[str, ...] = ()
    user_id: str = ""

    @property
    def request_keys(self) -> Mapping[str, str | Sequence[str]]:
        """Condition keys of the call; with any, ``sts:SetContext`` is needed."""
        if not self.providers:
            return {}
        return {"sts:RequestContextProviders": self.providers, f"sts:RequestContext/{_USER_ID}": self.user_id}

    @property
    def principal_keys(self) -> Mapping[str, str]:
        """Condition keys of every call of the session."""
        return {_USER_ID: self.user_id} if self.providers else {}


def provided_contexts(call: Context, fields: Mapping[str, Any]) -> ProvidedContexts:
    """Read ``ProvidedContexts`` of a call.

    Raises:
        AwsError: ``InvalidParameter``, for another provider or for an assertion that Identity Center did not
            make or that has expired; code and text are ours.
    """
    given = fields.get("ProvidedContexts", ())
    known = call.aws.state(IdentityContexts)
    users = set()
    for each in given:
        if each.get("ProviderArn") != _IDENTITY_CENTER:
            raise AwsError("InvalidParameter", "ProviderArn is not a context provider that STS knows.")
        user = known.user_id(each.get("ContextAssertion", ""), now=call.now)
        if user is None:
            raise AwsError("InvalidParameter", "ContextAssertion is invalid or has expired.")
        users.add(user)
    if len(users) > 1:
        raise AwsError("InvalidParameter", "ProvidedContexts are of different users.")
    return (
        ProvidedContexts(providers=(_IDENTITY_CENTER,), user_id=users.pop()) if users else ProvidedContexts()
    )
