"""Which role somebody gets: the pool's own two, or one by role mappings.

Source: Amazon Cognito Developer Guide, "Using role-based access control".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.aws.access.permissions import denied, identity_decision
from harness.aws.cognito_identity.identities import not_authorized
from harness.aws.cognito_identity.logins import Proof
from harness.aws.cognito_identity.pools import SERVICE, IdentityPool, IdentityPools, invalid_parameter
from harness.aws.context import Context, Operation

__all__ = ["ROLES", "role_arn"]

_MAX_RULES = 25  # of a provider; the model of AWS lets 400 through


def set_identity_pool_roles(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """SetIdentityPoolRoles: the roles need not exist, but the caller must be allowed to pass each of them.

    Raises:
        AwsError: ``InvalidParameterException``, ``NotAuthorizedException``, ``AccessDenied`` or
            ``ResourceNotFoundException``.
    """
    pools = call.aws.state(IdentityPools)
    pool = pools.find(call, fields["IdentityPoolId"])
    mappings = fields.get("RoleMappings", {})
    for name, mapping in mappings.items():
        _check_mapping(pool, name, mapping)
    rules = (rule for mapping in mappings.values() for rule in _rules(mapping))
    for arn in dict.fromkeys([*fields["Roles"].values(), *(rule["RoleARN"] for rule in rules)]):
        _check_passing(call, arn)
    pools.change(call, pool.id, roles=dict(fields["Roles"]), role_mappings=dict(mappings))
    return {}


def get_identity_pool_roles(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """GetIdentityPoolRoles."""
    pool = call.aws.state(IdentityPools).find(call, fields["IdentityPoolId"])
    mappings = {"RoleMappings": dict(pool.role_mappings)} if pool.role_mappings else {}
    return {"IdentityPoolId": pool.id, "Roles": dict(pool.roles), **mappings}


ROLES: Mapping[str, Operation] = {
    "GetIdentityPoolRoles": get_identity_pool_roles,
    "SetIdentityPoolRoles": set_identity_pool_roles,
}
"""The operations on a pool's roles, by name."""


def role_arn(pool: IdentityPool, proofs: Sequence[Proof], *, custom: str | None, guest: bool) -> str | None:
    """Return the ARN of the role that is due; None where the pool has none.

    Args:
        pool: the pool.
        proofs: the logins; of several, the first one with a role mapping decides.
        custom: the ``CustomRoleArn`` asked for.
        guest: whether nobody is logged in.

    Raises:
        AwsError: ``NotAuthorizedException``, when the mapping denies, or does not offer ``custom``.
    """
    offered: list[str] = []
    preferred, denied_by = None, None
    mapped = _mapped(pool, proofs)
    if mapped is not None:
        name, mapping, claims = mapped
        offered, preferred = _offered(mapping, claims)
        denied_by = name if mapping["AmbiguousRoleResolution"] == "Deny" else None
    if custom is not None:
        if custom not in offered:  # "deny access", says the guide; the text is ours
            raise not_authorized("The requested role is not one that this login may assume.")
        return custom
    if preferred is not None:
        return preferred
    if denied_by is not None:  # amplify-js#8644
        raise not_authorized(f"The ambiguous role mapping rules for: {denied_by} denied this request.")
    return pool.roles.get("unauthenticated" if guest else "authenticated")


def _mapped(
    pool: IdentityPool, proofs: Sequence[Proof]
) -> tuple[str, Mapping[str, Any], Mapping[str, Any]] | None:
    """Return the name of the provider whose mapping decides, the mapping, and the claims of its token."""
    for proof in proofs:
        for name in proof.names:
            if name in pool.role_mappings:
                return name, pool.role_mappings[name], proof.claims
    return None


def _offered(mapping: Mapping[str, Any], claims: Mapping[str, Any]) -> tuple[list[str], str | None]:
    """Return the roles that a mapping lets somebody choose from, and the one that they get unasked."""
    if mapping["Type"] == "Rules":
        roles = [rule["RoleARN"] for rule in _rules(mapping) if _matches(rule, claims)]
        return roles, next(iter(roles), None)
    roles = _claimed(claims)
    preferred = claims.get("cognito:preferred_role")
    if isinstance(preferred, str):
        return roles, preferred
    return roles, roles[0] if len(roles) == 1 else None  # one by itself is not ambiguous


def _claimed(claims: Mapping[str, Any]) -> list[str]:
    """Return ``cognito:roles``: a list in a user pool's tokens, comma-separated in the guide's words."""
    value = claims.get("cognito:roles")
    if isinstance(value, str):
        return [each.strip() for each in value.split(",") if each.strip()]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _matches(rule: Mapping[str, str], claims: Mapping[str, Any]) -> bool:
    """Tell whether a rule matches; none does on a claim that is absent, ``NotEqual`` included.

    Of a claim with several values one must match, and none may with ``NotEqual``; this is ours, for AWS does
    not say.
    """
    claim, wanted = claims.get(rule["Claim"]), rule["Value"]
    if claim is None:
        return False
    values = [text for each in (claim if isinstance(claim, list) else [claim]) if (text := _text(each))]
    match rule["MatchType"]:
        case "Equals":
            return wanted in values
        case "NotEqual":
            return wanted not in values
        case "StartsWith":
            return any(value.startswith(wanted) for value in values)
        case _:
            return any(wanted in value for value in values)


def _text(value: Any) -> str | None:
    """Return a claim as text, a truth value or a number as JSON writes it; None for what has parts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    return None


def _rules(mapping: Mapping[str, Any]) -> Iterable[Mapping[str, str]]:
    rules: Iterable[Mapping[str, str]] = mapping.get("RulesConfiguration", {}).get("Rules", ())
    return rules


def _check_mapping(pool: IdentityPool, name: str, mapping: Mapping[str, Any]) -> None:
    """Refuse a mapping that the API reference does; but for the first, the texts are ours."""
    bare = {each["ProviderName"] for each in pool.user_pools}
    if name not in pool.provider_names() - bare:  # aws-cdk#22951
        raise invalid_parameter(
            f"({name}) is not a valid RoleMapping ProviderName or is not a configured provider."
        )
    if "AmbiguousRoleResolution" not in mapping:
        raise invalid_parameter(f"AmbiguousRoleResolution is required for the role mapping of {name}.")
    if mapping["Type"] == "Rules" and "RulesConfiguration" not in mapping:
        raise invalid_parameter(f"RulesConfiguration is required for the role mapping of {name}.")
    if len(list(_rules(mapping))) > _MAX_RULES:
        raise invalid_parameter(f"The role mapping of {name} has more than {_MAX_RULES} rules.")


def _check_passing(call: Context, arn: str) -> None:
    """Refuse a role that is none of this account, or that the caller must not pass to Cognito."""
    if not re.fullmatch(rf"arn:aws:iam::{call.aws.account_id}:role/[\w+=,.@/-]+", arn, re.ASCII):
        raise not_authorized(f"Access to Role '{arn}' is forbidden.")  # boto3#73, aws-sdk-js#908
    if call.caller is None:
        return
    decision = identity_decision(call, "iam:PassRole", arn, {"iam:PassedToService": SERVICE})
    if not decision.allowed:  # aws-api-gateway-developer-portal#11
        raise denied(call, "iam:PassRole", arn, decision.reason)
