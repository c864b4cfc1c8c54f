"""Identity pools: what an account keeps of them.

moto's identity pools are not used: their identities are constants, tied to no role.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["SERVICE", "IdentityPool", "IdentityPools", "invalid_parameter", "page"]

SERVICE = "cognito-identity.amazonaws.com"
"""The name of identity pools as a principal, as an issuer and in condition keys."""


@dataclass(frozen=True, kw_only=True)
class IdentityPool:
    """An identity pool.

    Attributes:
        id: ``us-east-1:`` and a UUID.
        arn: its ARN.
        members: what CreateIdentityPool or UpdateIdentityPool was given.
        roles: role ARNs, under ``authenticated`` and ``unauthenticated``.
        role_mappings: by provider, as SetIdentityPoolRoles was given them.
        tag_maps: by provider, as SetPrincipalTagAttributeMap was given them.
    """

    id: str
    arn: str
    members: Mapping[str, Any]
    roles: Mapping[str, str] = field(default_factory=dict)
    role_mappings: Mapping[str, Any] = field(default_factory=dict)
    tag_maps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """Where it is."""
        return self.id.partition(":")[0]

    @property
    def allows_guests(self) -> bool:
        """Whether unauthenticated identities are given out."""
        return bool(self.members["AllowUnauthenticatedIdentities"])

    @property
    def developer_provider(self) -> str | None:
        """The name under which the developer's own backend vouches for users."""
        name: str | None = self.members.get("DeveloperProviderName")
        return name

    @property
    def social(self) -> Mapping[str, str]:
        """Application ids, by the name of each social provider."""
        found: Mapping[str, str] = self.members.get("SupportedLoginProviders", {})
        return found

    @property
    def user_pools(self) -> list[Mapping[str, Any]]:
        """``ProviderName``, ``ClientId`` and ``ServerSideTokenCheck`` of each user pool's client."""
        return list(self.members.get("CognitoIdentityProviders", ()))

    @property
    def oidc_arns(self) -> list[str]:
        """The ARNs of IAM's OpenID Connect providers whose people may log in."""
        return list(self.members.get("OpenIdConnectProviderARNs", ()))

    @property
    def saml_arns(self) -> list[str]:
        """The ARNs of IAM's SAML providers whose people may log in."""
        return list(self.members.get("SamlProviderARNs", ()))

    def provider_names(self) -> set[str]:
        """Return every name by which a role mapping or a tag map may speak of a provider of the pool.

        A user pool is named with the client, and without it in a tag map; a provider of IAM by its ARN, or by
        its issuer without ``https://``.
        """
        names = {*self.social, *self.oidc_arns, *self.saml_arns}
        names |= {arn.partition(":oidc-provider/")[2] for arn in self.oidc_arns}
        for each in self.user_pools:
            names |= {each["ProviderName"], f"{each['ProviderName']}:{each['ClientId']}"}
        return names

    @property
    def has_providers(self) -> bool:
        """Whether anybody can log in at all."""
        return bool(self.provider_names()) or self.developer_provider is not None


class IdentityPools:
    """The identity pools of one account, in every region. Safe to use from several threads."""

    def __init__(self) -> None:
        self._pools: dict[str, IdentityPool] = {}
        self._lock = threading.Lock()

    def add(self, pool: IdentityPool) -> None:
        """Keep a new pool."""
        with self._lock:
            self._pools[pool.id] = pool

    def find(self, call: Context, pool_id: str) -> IdentityPool:
        """Return a pool of the region of the call.

        Raises:
            AwsError: ``ResourceNotFoundException``.
        """
        pool = self._pools.get(pool_id)
        if pool is None or pool.region != call.region:
            raise AwsError("ResourceNotFoundException", f"IdentityPool '{pool_id}' not found.")
        return pool

    def change(self, call: Context, pool_id: str, **changes: Any) -> IdentityPool:
        """Give a pool other values of its attributes.

        Raises:
            AwsError: ``ResourceNotFoundException``.
        """
        with self._lock:
            pool = self._pools[pool_id] = replace(self.find(call, pool_id), **changes)
            return pool

    def remove(self, call: Context, pool_id: str) -> None:
        """Forget a pool.

        Raises:
            AwsError: ``ResourceNotFoundException``.
        """
        with self._lock:
            self._pools.pop(self.find(call, pool_id).id, None)

    def in_region(self, region: str) -> list[IdentityPool]:
        """Return every pool of a region, the oldest first."""
        return [pool for pool in list(self._pools.values()) if pool.region == region]


def page(
    items: list[Mapping[str, Any]], fields: Mapping[str, Any], *, key: str
) -> tuple[list[Mapping[str, Any]], dict[str, str]]:
    """Cut out the page that a call asks for; ``NextToken`` is the key of the last item of the page before.

    Args:
        items: all of them.
        fields: of the call: ``MaxResults``, 60 if left out, and ``NextToken``.
        key: the member of an item that tells it from the others.

    Returns:
        The page, and ``NextToken`` if there is another one.

    Raises:
        AwsError: ``InvalidParameterException``, for a token that is none.
    """
    keys = [item[key] for item in items]
    after, size = fields.get("NextToken"), fields.get("MaxResults", 60)
    if after is not None and after not in keys:
        raise invalid_parameter("Invalid pagination token.")
    start = 0 if after is None else keys.index(after) + 1
    more = {"NextToken": keys[start + size - 1]} if start + size < len(items) else {}
    return items[start : start + size], more


def invalid_parameter(message: str) -> AwsError:
    """Return Cognito's refusal of a setting."""
    return AwsError("InvalidParameterException", message)
