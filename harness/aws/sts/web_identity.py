"""AssumeRoleWithWebIdentity: becoming a role by a token of somebody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.access.permissions import global_keys
from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.policy import Principal, Request
from harness.aws.sts import oauth_providers, oidc_providers
from harness.aws.sts.roles import check_role_arn, give, trust

__all__ = ["assume_role_with_web_identity"]


def assume_role_with_web_identity(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Become a role by a token of an identity provider that the role trusts. Nobody signs.

    Raises:
        AwsError: ``InvalidIdentityToken``, ``ExpiredTokenException``, ``IDPRejectedClaim``,
            ``IDPCommunicationError``, ``AccessDenied``, ``ValidationError``, ``MalformedPolicyDocument``,
            ``PackedPolicyTooLarge``.
    """
    arn = check_role_arn(fields)
    if "ProviderId" in fields:
        person = oauth_providers.identify(call, fields["ProviderId"], fields["WebIdentityToken"])
    else:
        person = oidc_providers.identify(call, fields["WebIdentityToken"])
    keys: dict[str, str | Sequence[str]] = {
        **global_keys(call),
        **person.keys,
        **person.tags.request_keys,
        "sts:RoleSessionName": fields["RoleSessionName"],
    }
    if person.source_identity is not None:
        keys["sts:SourceIdentity"] = person.source_identity
    wanted = ["sts:AssumeRoleWithWebIdentity"]
    wanted += ["sts:TagSession"] if person.tags.all else []
    wanted += ["sts:SetSourceIdentity"] if person.source_identity is not None else []
    role = call.aws.iam.role(arn)
    for action in wanted:
        request = Request(action=action, resource=arn, context=keys)
        # A role that does not exist answers as one that does not trust.
        if role is None or not trust(role, request, Principal(federated=person.principal)).allowed:
            raise AwsError("AccessDenied", f"Not authorized to perform {action}", status=403)
    assert role is not None  # noqa: S101 - the loop above has run at least once
    answer = give(
        call,
        fields,
        role,
        tags=person.tags,
        source_identity=person.source_identity,
        context={**person.keys, "aws:FederatedProvider": person.principal},
    )
    return {
        **answer,
        "SubjectFromWebIdentityToken": person.subject,
        "Provider": person.principal,
        "Audience": person.audience,
        "SourceIdentity": person.source_identity,
    }
