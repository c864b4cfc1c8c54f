"""Amazon Cognito identity pools: the operations, and what IAM is asked about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.cognito_identity.administration import ADMINISTRATION, pool_id_of
from harness.aws.cognito_identity.credentials import CREDENTIALS
from harness.aws.cognito_identity.developers import DEVELOPERS
from harness.aws.cognito_identity.identities import Identities
from harness.aws.cognito_identity.pools import IdentityPools
from harness.aws.cognito_identity.principal_tags import PRINCIPAL_TAGS
from harness.aws.cognito_identity.roles import ROLES
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError

__all__ = ["OPERATIONS", "condition_keys", "resources"]

OPERATIONS: Mapping[str, Operation] = {
    **ADMINISTRATION,
    **CREDENTIALS,
    **DEVELOPERS,
    **PRINCIPAL_TAGS,
    **ROLES,
}
"""Every operation of the service, by name."""

# Service Authorization Reference, "Amazon Cognito Identity": these have no resource types.
_WITHOUT_RESOURCE = frozenset({"SetIdentityPoolRoles", "SetPrincipalTagAttributeMap"})


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """The identity pool, by the Service Authorization Reference.

    A refusal of ListIdentityPools names ``identitypool/`` all the same (terraform-provider-aws#15773), and a
    tag operation is refused on whatever stands for an ARN (aws-sdk-ruby#2173).
    """
    if "ResourceArn" in fields:
        return [str(fields["ResourceArn"])]
    pools = call.arn("identitypool/")
    if call.operation == "ListIdentityPools":
        return [pools]
    if "IdentityPoolId" in fields and call.operation not in _WITHOUT_RESOURCE:
        return [pools + str(fields["IdentityPoolId"])]
    return ["*"]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """The tags of the request and of the pool, and the pools of the identities named.

    The keys of ``cognito-identity-auth`` and ``-unauth`` are for resource control policies and VPC endpoint
    policies, of which there are none here.
    """
    tags = fields.get("IdentityPoolTags", fields.get("Tags", {}))
    keys: dict[str, str | Sequence[str]] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    named = [*tags, *fields.get("TagKeys", ())]
    if named:
        keys["aws:TagKeys"] = named
    pool_id = fields.get("IdentityPoolId") or pool_id_of(call, fields.get("ResourceArn", ""))
    if pool_id is not None and resources(call, fields) != ["*"]:
        keys |= {f"aws:ResourceTag/{key}": value for key, value in _tags(call, pool_id).items()}
    if call.operation in {"DeleteIdentities", "DescribeIdentity"}:
        ids = [*fields.get("IdentityIdsToDelete", ()), fields.get("IdentityId", "")]
        keys["cognito-identity:IdentityPoolArn"] = sorted({arn for each in ids if (arn := _arn(call, each))})
    return keys


def _tags(call: Context, pool_id: str) -> Mapping[str, str]:
    try:
        members = call.aws.state(IdentityPools).find(call, pool_id).members
    except AwsError:
        return {}  # what is not there has no tags; the operation says so
    tags: Mapping[str, str] = members.get("IdentityPoolTags", {})
    return tags


def _arn(call: Context, identity_id: str) -> str | None:
    try:
        pool_id = call.aws.state(Identities).find(identity_id).pool_id
        return call.aws.state(IdentityPools).find(call, pool_id).arn
    except AwsError:
        return None
