"""Attributes for access control: claims of a login that become tags of the session.

Source: Amazon Cognito Developer Guide, "Using attributes for access control", and "Default provider
mappings".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.aws.cognito_identity.logins import Proof
from harness.aws.cognito_identity.pools import IdentityPool, IdentityPools, invalid_parameter
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError

__all__ = ["PRINCIPAL_TAGS", "tags_of"]

_DEFAULTS = {"client": "aud", "username": "sub"}


def set_principal_tag_attribute_map(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """SetPrincipalTagAttributeMap: for one provider, the defaults or a map from tags to claims.

    Raises:
        AwsError: ``InvalidParameterException``, for a provider that the pool does not have;
            ``ResourceNotFoundException``.
    """
    pools, name = call.aws.state(IdentityPools), fields["IdentityProviderName"]
    pool = pools.find(call, fields["IdentityPoolId"])
    if name not in pool.provider_names():  # code and text are ours
        raise invalid_parameter(f"{name} is not a configured provider.")
    defaults = bool(fields.get("UseDefaults", False))
    tag_map = {
        "UseDefaults": defaults,
        "PrincipalTags": dict(_DEFAULTS if defaults else fields.get("PrincipalTags", {})),
    }
    pools.change(call, pool.id, tag_maps={**pool.tag_maps, name: tag_map})
    return {"IdentityPoolId": pool.id, "IdentityProviderName": name, **tag_map}


def get_principal_tag_attribute_map(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """GetPrincipalTagAttributeMap.

    Raises:
        AwsError: ``ResourceNotFoundException``, for a provider without a map too.
    """
    pool = call.aws.state(IdentityPools).find(call, fields["IdentityPoolId"])
    name = fields["IdentityProviderName"]
    if name not in pool.tag_maps:  # the text is ours
        raise AwsError("ResourceNotFoundException", f"No principal tag attribute map for {name}.")
    return {"IdentityPoolId": pool.id, "IdentityProviderName": name, **pool.tag_maps[name]}


PRINCIPAL_TAGS: Mapping[str, Operation] = {
    "GetPrincipalTagAttributeMap": get_principal_tag_attribute_map,
    "SetPrincipalTagAttributeMap": set_principal_tag_attribute_map,
}
"""The operations on the tag maps of a pool, by name."""


def tags_of(pool: IdentityPool, proofs: Iterable[Proof]) -> dict[str, str]:
    """Return the session tags of whoever logs in; a claim that is absent, or has parts, makes none."""
    tags: dict[str, str] = {}
    for proof in proofs:
        for name in proof.names:
            for tag, claim in pool.tag_maps.get(name, {}).get("PrincipalTags", {}).items():
                value = proof.claims.get(claim)
                if isinstance(value, str | int | float):
                    tags[tag] = str(value).lower() if isinstance(value, bool) else str(value)
    return tags
