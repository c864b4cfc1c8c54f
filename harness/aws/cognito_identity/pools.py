"""Cognito identity pools: what an account keeps of them, and the operations that administer them.

moto's identity pools are not used: their identities are constants, tied to no role.
Source: Amazon Cognito Federated Identities API Reference.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError

__all__ = ["ADMINISTRATION", "Identity", "IdentityPool", "IdentityPools", "Login"]

ID = re.compile(r"[\w-]+:[0-9a-f-]+", re.ASCII)
ROLE_KINDS = ("authenticated", "unauthenticated")
MEMBERS = (
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
PAGE_SIZES = range(1, 61)


@dataclass(frozen=True, kw_only=True)
class Login:
    """A person as one login provider knows them: the provider's name in the pool, and ``sub``."""

    provider: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Identity:
    """An identity of a pool; a guest's has no logins."""

    id: str
    pool_id: str
    logins: frozenset[Login] = frozenset()


@dataclass(frozen=True, kw_only=True)
class IdentityPool:
    """An identity pool.

    Attributes:
        id: ``us-east-1:`` and a UUID.
        members: what CreateIdentityPool or UpdateIdentityPool was given.
        roles: role ARNs, under ``authenticated`` and ``unauthenticated``.
    """

    id: str
    members: Mapping[str, Any]
    roles: Mapping[str, str] = field(default_factory=dict)

    @property
    def allows_guests(self) -> bool:
        """Whether unauthenticated identities are given out."""
        return bool(self.members.get("AllowUnauthenticatedIdentities"))

    def client_ids(self, provider: str) -> list[str]:
        """Return the app clients of the user pool ``provider`` that may log in; none if it is no provider."""
        return [client for name, client in self.user_pool_clients() if name == provider]

    def user_pool_clients(self) -> Iterator[tuple[str, str]]:
        """Yield (provider name, client id) of each user pool that may log in."""
        for provider in self.members.get("CognitoIdentityProviders", []):
            yield provider["ProviderName"], provider["ClientId"]


class IdentityPools:
    """The identity pools of one account and their identities. Safe to use from several threads."""

    def __init__(self) -> None:
        self._pools: dict[str, IdentityPool] = {}
        self._identities: dict[str, Identity] = {}
        self._lock = threading.Lock()

    def put(self, pool: IdentityPool) -> None:
        """Keep a pool, instead of the one with the same id if there is one."""
        with self._lock:
            self._pools[pool.id] = pool

    def find(self, pool_id: str) -> IdentityPool:
        """Return a pool.

        Raises:
            AwsError: ``ResourceNotFoundException``, or ``ValidationException`` for what is no pool id.
        """
        _check_id(pool_id, "identityPoolId")
        pool = self._pools.get(pool_id)
        if pool is None:
            raise AwsError("ResourceNotFoundException", f"IdentityPool '{pool_id}' not found.")
        return pool

    def remove(self, pool_id: str) -> None:
        """Forget a pool and its identities.

        Raises:
            AwsError: as ``find``.
        """
        self.find(pool_id)
        with self._lock:
            self._pools.pop(pool_id, None)
            self._identities = {key: one for key, one in self._identities.items() if one.pool_id != pool_id}

    def all(self) -> list[IdentityPool]:
        """Return every pool, the oldest first."""
        return list(self._pools.values())

    def identity(self, identity_id: str) -> Identity:
        """Return an identity.

        Raises:
            AwsError: ``ResourceNotFoundException``, or ``ValidationException`` for what is no identity id.
        """
        _check_id(identity_id, "identityId")
        identity = self._identities.get(identity_id)
        if identity is None:
            raise AwsError("ResourceNotFoundException", f"Identity '{identity_id}' not found.")
        return identity

    def identify(self, pool: IdentityPool, logins: Iterable[Login]) -> Identity:
        """Return the identity to which ``logins`` belong, a new one if nobody has them; guests are new.

        Raises:
            AwsError: ``ResourceConflictException``, when they belong to different identities.
        """
        wanted = frozenset(logins)
        with self._lock:
            owners = self._owners(pool.id, wanted)
            if not owners:
                identity = Identity(id=_new_id(pool.id), pool_id=pool.id)
            elif len(owners) == 1:
                identity = owners[0]
            else:
                raise AwsError("ResourceConflictException", "Logins belong to different identities.")
            return self._link(identity, wanted)

    def link(self, identity: Identity, logins: Iterable[Login]) -> Identity:
        """Add ``logins`` to an identity.

        Raises:
            AwsError: ``ResourceConflictException``, when one belongs to another identity.
        """
        wanted = frozenset(logins)
        with self._lock:
            if any(owner.id != identity.id for owner in self._owners(identity.pool_id, wanted)):
                raise AwsError("ResourceConflictException", "Logins belong to different identities.")
            return self._link(identity, wanted)

    def _owners(self, pool_id: str, logins: frozenset[Login]) -> list[Identity]:
        return [one for one in self._identities.values() if one.pool_id == pool_id and one.logins & logins]

    def _link(self, identity: Identity, logins: frozenset[Login]) -> Identity:
        linked = replace(identity, logins=identity.logins | logins)
        self._identities[linked.id] = linked
        return linked


def create_identity_pool(call: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """CreateIdentityPool."""
    pool = IdentityPool(id=_new_id(call.region + ":"), members=_members(params))
    call.aws.state(IdentityPools).put(pool)
    return _description(pool)


def update_identity_pool(call: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateIdentityPool: replaces everything but the id and the roles."""
    pools = call.aws.state(IdentityPools)
    pool = replace(pools.find(params["IdentityPoolId"]), members=_members(params))
    pools.put(pool)
    return _description(pool)


def describe_identity_pool(call: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeIdentityPool."""
    return _description(call.aws.state(IdentityPools).find(params["IdentityPoolId"]))


def delete_identity_pool(call: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteIdentityPool: its identities go with it."""
    call.aws.state(IdentityPools).remove(params["IdentityPoolId"])
    return {}


def list_identity_pools(call: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """ListIdentityPools, in pages; ``NextToken`` is the id of the last pool of the page before."""
    size, after = params["MaxResults"], params.get("NextToken")
    if size not in PAGE_SIZES:
        raise AwsError("InvalidParameterException", "MaxResults must be between 1 and 60.")
    pools = call.aws.state(IdentityPools).all()
    ids = [pool.id for pool in pools]
    if after is not None and after not in ids:
        raise AwsError("InvalidParameterException", "Invalid pagination token.")
    start = 0 if after is None else ids.index(after) + 1
    page = pools[start : start + size]
    more = {"NextToken": page[-1].id} if start + size < len(pools) else {}
    names = [
        {"IdentityPoolId": pool.id, "IdentityPoolName": pool.members["IdentityPoolName"]} for pool in page
    ]
    return {"IdentityPools": names, **more}


def set_identity_pool_roles(call: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """SetIdentityPoolRoles: the roles of those who are logged in and of guests, existing or not."""
    pools = call.aws.state(IdentityPools)
    pool = pools.find(params["IdentityPoolId"])
    roles = params["Roles"]
    for kind, arn in roles.items():
        if kind not in ROLE_KINDS:
            raise AwsError("InvalidParameterException", f"Invalid role type: {kind}")
        if not isinstance(arn, str) or not arn.startswith("arn:"):
            raise AwsError("InvalidParameterException", f"Invalid role ARN of the {kind} role")
    if params.get("RoleMappings"):
        raise AwsError("NotImplemented", "This AWS does not implement RoleMappings of SetIdentityPoolRoles.")
    pools.put(replace(pool, roles=dict(roles)))
    return {}


def get_identity_pool_roles(call: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """GetIdentityPoolRoles."""
    pool = call.aws.state(IdentityPools).find(params["IdentityPoolId"])
    return {"IdentityPoolId": pool.id, "Roles": dict(pool.roles)}


ADMINISTRATION: Mapping[str, Operation] = {
    "CreateIdentityPool": create_identity_pool,
    "DeleteIdentityPool": delete_identity_pool,
    "DescribeIdentityPool": describe_identity_pool,
    "GetIdentityPoolRoles": get_identity_pool_roles,
    "ListIdentityPools": list_identity_pools,
    "SetIdentityPoolRoles": set_identity_pool_roles,
    "UpdateIdentityPool": update_identity_pool,
}
"""The operations on a pool, by name."""


def _members(params: Mapping[str, Any]) -> dict[str, Any]:
    members = {name: params[name] for name in MEMBERS if params.get(name) is not None}
    for provider in members.get("CognitoIdentityProviders", []):
        if not (provider and provider.get("ProviderName") and provider.get("ClientId")):
            raise AwsError(
                "InvalidParameterException",
                "CognitoIdentityProviders needs a ProviderName and a ClientId each.",
            )
    return members


def _description(pool: IdentityPool) -> dict[str, Any]:
    return {"IdentityPoolId": pool.id, **pool.members}


def _check_id(value: str, name: str) -> None:
    if not ID.fullmatch(value):
        raise AwsError(
            "ValidationException",
            f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {ID.pattern}",
        )


def _new_id(like: str) -> str:
    """Make an id in the region of ``like``, which is another id or ``region:``."""
    return f"{like.partition(':')[0]}:{uuid.uuid4()}"
