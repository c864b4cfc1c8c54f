"""Identity pools and their identities, administered: created, changed, tagged, listed, deleted.

Source: Amazon Cognito Federated Identities API Reference; quotas: Cognito Developer Guide, "Quotas in Amazon
Cognito".
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from harness.aws.access.permissions import denied, identity_decision
from harness.aws.cognito_identity.identities import Identities, Identity
from harness.aws.cognito_identity.issuer import IdentityPoolIssuer
from harness.aws.cognito_identity.pools import IdentityPool, IdentityPools, invalid_parameter, page
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.times import moment

__all__ = ["ADMINISTRATION", "pool_id_of"]

_MEMBERS = (
    "IdentityPoolName",
    "AllowUnauthenticatedIdentities",
    "AllowClassicFlow",
    "SupportedLoginProviders",
    "DeveloperProviderName",
    "OpenIdConnectProviderARNs",
    "CognitoIdentityProviders",
    "SamlProviderARNs",
    "IdentityPoolTags",
)
_USER_POOL = re.compile(r"cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/[\w-]+_[0-9a-zA-Z]+", re.ASCII)
_ARN = re.compile(r"arn:aws:cognito-identity:(?P<region>[\w-]+):(?P<account>\d{12}):identitypool/(?P<id>.+)")
_MAX_POOLS = 1000  # of an account
_MAX_USER_POOLS = 50  # of an identity pool
_MAX_TAGS = 50


def create_identity_pool(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """CreateIdentityPool.

    Raises:
        AwsError: ``InvalidParameterException``, ``LimitExceededException`` or ``AccessDenied``.
    """
    pools = call.aws.state(IdentityPools)
    members = _checked(fields)
    new_id = f"{call.region}:{uuid.uuid4()}"
    arn = call.arn("identitypool/")
    if members.get("IdentityPoolTags") and call.caller is not None:
        # Service Authorization Reference: a pool that is created with tags needs this action too.
        decision = identity_decision(call, "cognito-identity:TagResource", f"{arn}*")
        if not decision.allowed:
            raise denied(call, "cognito-identity:TagResource", f"{arn}*", decision.reason)
    if len(pools.in_region(call.region)) >= _MAX_POOLS:
        raise _limit_exceeded("identity pools")
    pool = IdentityPool(id=new_id, arn=arn + new_id, members=members)
    pools.add(pool)
    call.aws.state(IdentityPoolIssuer).publish(call.aws)
    return _description(pool)


def update_identity_pool(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateIdentityPool: what is left out is reset, but for the tags and the developer provider.

    Raises:
        AwsError: ``InvalidParameterException``, ``LimitExceededException``, ``ResourceNotFoundException``.
    """
    pools = call.aws.state(IdentityPools)
    old, members = pools.find(call, fields["IdentityPoolId"]), _checked(fields)
    name = old.developer_provider
    if name is not None and members.setdefault("DeveloperProviderName", name) != name:
        # "Once you have set a developer provider name, you cannot change it": the text is ours.
        raise invalid_parameter("The developer provider name of an identity pool cannot be changed.")
    if "IdentityPoolTags" in old.members:
        members.setdefault("IdentityPoolTags", old.members["IdentityPoolTags"])
    return _description(pools.change(call, old.id, members=members))


def describe_identity_pool(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeIdentityPool."""
    return _description(call.aws.state(IdentityPools).find(call, fields["IdentityPoolId"]))


def delete_identity_pool(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteIdentityPool: its identities go with it."""
    call.aws.state(IdentityPools).remove(call, fields["IdentityPoolId"])
    identities = call.aws.state(Identities)
    for identity in identities.of_pool(fields["IdentityPoolId"]):
        identities.delete(identity.id)
    return {}


def list_identity_pools(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """ListIdentityPools, in pages."""
    listed: list[Mapping[str, Any]] = [
        {"IdentityPoolId": pool.id, "IdentityPoolName": pool.members["IdentityPoolName"]}
        for pool in call.aws.state(IdentityPools).in_region(call.region)
    ]
    some, more = page(listed, fields, key="IdentityPoolId")
    return {"IdentityPools": some, **more}


def describe_identity(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """DescribeIdentity: its logins by the names of their providers.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    identity = call.aws.state(Identities).find(fields["IdentityId"])
    call.aws.state(IdentityPools).find(call, identity.pool_id)
    return _described(identity)


def list_identities(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """ListIdentities, in pages; those merged into others are disabled, and hidden on demand."""
    pool = call.aws.state(IdentityPools).find(call, fields["IdentityPoolId"])
    hidden = fields.get("HideDisabled", False)
    identities = call.aws.state(Identities).of_pool(pool.id)
    shown = [_described(one) for one in identities if one.is_enabled or not hidden]
    some, more = page(shown, fields, key="IdentityId")
    return {"IdentityPoolId": pool.id, "Identities": some, **more}


def delete_identities(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteIdentities: what is no identity of this account is left over, as that of a stranger."""
    identities = call.aws.state(Identities)
    left = [each for each in dict.fromkeys(fields["IdentityIdsToDelete"]) if not identities.delete(each)]
    return {"UnprocessedIdentityIds": [{"IdentityId": each, "ErrorCode": "AccessDenied"} for each in left]}


def tag_resource(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """TagResource.

    Raises:
        AwsError: ``InvalidParameterException``, for no ARN of a pool or too many tags;
            ``ResourceNotFoundException``.
    """
    pool = _tagged(call, fields)
    tags = {**pool.members.get("IdentityPoolTags", {}), **fields["Tags"]}
    if len(tags) > _MAX_TAGS:
        raise invalid_parameter(f"An identity pool can have at most {_MAX_TAGS} tags.")  # the text is ours
    _set_tags(call, pool, tags)
    return {}


def untag_resource(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """UntagResource; a key that is not there is no error."""
    pool = _tagged(call, fields)
    tags = pool.members.get("IdentityPoolTags", {})
    _set_tags(call, pool, {key: value for key, value in tags.items() if key not in fields["TagKeys"]})
    return {}


def list_tags_for_resource(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """ListTagsForResource."""
    return {"Tags": dict(_tagged(call, fields).members.get("IdentityPoolTags", {}))}


ADMINISTRATION: Mapping[str, Operation] = {
    "CreateIdentityPool": create_identity_pool,
    "DeleteIdentities": delete_identities,
    "DeleteIdentityPool": delete_identity_pool,
    "DescribeIdentity": describe_identity,
    "DescribeIdentityPool": describe_identity_pool,
    "ListIdentities": list_identities,
    "ListIdentityPools": list_identity_pools,
    "ListTagsForResource": list_tags_for_resource,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "UpdateIdentityPool": update_identity_pool,
}
"""The operations on pools, by name."""


def pool_id_of(call: Context, arn: str) -> str | None:
    """Return the id in the ARN of an identity pool of this account and region; None for any other text."""
    found = _ARN.fullmatch(arn)
    if found is None or (found["region"], found["account"]) != (call.region, call.aws.account_id):
        return None
    return found["id"]


def _described(identity: Identity) -> Mapping[str, Any]:
    providers = list(dict.fromkeys(login.provider for login in identity.logins))
    return {
        "IdentityId": identity.id,
        **({"Logins": providers} if providers else {}),
        "CreationDate": moment(identity.created),
        "LastModifiedDate": moment(identity.modified),
    }


def _tagged(call: Context, fields: Mapping[str, Any]) -> IdentityPool:
    pool_id = pool_id_of(call, fields["ResourceArn"])
    if pool_id is None:
        raise invalid_parameter("Invalid ResourceArn: it names no identity pool.")  # the text is ours
    return call.aws.state(IdentityPools).find(call, pool_id)


def _set_tags(call: Context, pool: IdentityPool, tags: Mapping[str, str]) -> None:
    members = {**pool.members, "IdentityPoolTags": dict(tags)}
    call.aws.state(IdentityPools).change(call, pool.id, members=members)


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    members = {name: fields[name] for name in _MEMBERS if name in fields}
    user_pools = members.get("CognitoIdentityProviders", [])
    for provider in user_pools:
        if not _USER_POOL.fullmatch(provider.get("ProviderName", "")) or "ClientId" not in provider:
            raise invalid_parameter("Invalid Cognito Identity Provider")  # aws-cdk#11054
    if len(user_pools) > _MAX_USER_POOLS:
        raise _limit_exceeded("user pools of an identity pool")
    return members


def _limit_exceeded(what: str) -> AwsError:
    return AwsError("LimitExceededException", f"Exceeded the quota of {what}.")  # the text is ours


def _description(pool: IdentityPool) -> dict[str, Any]:
    return {"IdentityPoolId": pool.id, **pool.members}
