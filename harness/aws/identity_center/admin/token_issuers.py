"""Trusted token issuers: whose tokens applications may exchange for tokens of Identity Center."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.identity_center.admin.lookup import conflict, instance_of, invalid, token_issuer_of
from harness.aws.identity_center.paging import page
from harness.aws.identity_center.records import TokenIssuer
from harness.aws.tags import by_key

__all__ = ["OPERATIONS"]

_MOST = 10  # of one instance; User Guide, "Prerequisites and considerations for trusted token issuers"
_KIND = "OIDC_JWT"


def create_token_issuer(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Trust an OpenID Connect issuer; its keys are found by discovery when a token of it comes.

    Raises:
        AwsError: ``ConflictException``, for a name or an issuer URL that is taken;
            ``ServiceQuotaExceededException``, for the eleventh; ``ValidationException``.
    """
    instance = instance_of(call, fields)
    configuration = fields["TrustedTokenIssuerConfiguration"].get("OidcJwtConfiguration")
    if configuration is None:
        raise invalid("OidcJwtConfiguration is required.")
    for other in instance.token_issuers.values():
        if other.name == fields["Name"]:
            raise conflict(f"TrustedTokenIssuer with name {other.name} already exists.")
        if other.configuration["IssuerUrl"] == configuration["IssuerUrl"]:
            raise conflict(f"TrustedTokenIssuer with issuer URL {configuration['IssuerUrl']} already exists.")
    if len(instance.token_issuers) >= _MOST:
        raise AwsError("ServiceQuotaExceededException", f"An instance has {_MOST} trusted token issuers.")
    made = TokenIssuer(
        arn=f"arn:aws:sso::{instance.account}:trustedTokenIssuer/{instance.id}/tti-{uuid.uuid4()}",
        name=fields["Name"],
        configuration=dict(configuration),
    )
    instance.token_issuers[made.arn] = made
    instance.tags[made.arn] = by_key(fields.get("Tags"))
    return {"TrustedTokenIssuerArn": made.arn}


def describe_token_issuer(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a trusted token issuer with its configuration."""
    _, found = token_issuer_of(call, fields)
    return {
        **_summary(found),
        "TrustedTokenIssuerConfiguration": {"OidcJwtConfiguration": found.configuration},
    }


def list_token_issuers(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the trusted token issuers of an instance."""
    instance = instance_of(call, fields)
    return page(map(_summary, instance.token_issuers.values()), fields, "TrustedTokenIssuers")


def update_token_issuer(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Change the name of a trusted token issuer, or how its users are found; its URL stays.

    Raises:
        AwsError: ``ConflictException``, for a name that is taken; ``ResourceNotFoundException``.
    """
    instance, found = token_issuer_of(call, fields)
    name = fields.get("Name", found.name)
    if any(other.name == name for other in instance.token_issuers.values() if other is not found):
        raise conflict(f"TrustedTokenIssuer with name {name} already exists.")
    found.name = name
    found.configuration |= fields.get("TrustedTokenIssuerConfiguration", {}).get("OidcJwtConfiguration", {})
    return {}


def delete_token_issuer(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Trust an issuer no more; the applications that take its tokens refuse them from now on.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    instance, found = token_issuer_of(call, fields)
    del instance.token_issuers[found.arn]
    instance.tags.pop(found.arn, None)
    return {}


def _summary(found: TokenIssuer) -> dict[str, Any]:
    return {"TrustedTokenIssuerArn": found.arn, "Name": found.name, "TrustedTokenIssuerType": _KIND}


OPERATIONS: Mapping[str, Operation] = {
    "CreateTrustedTokenIssuer": create_token_issuer,
    "DeleteTrustedTokenIssuer": delete_token_issuer,
    "DescribeTrustedTokenIssuer": describe_token_issuer,
    "ListTrustedTokenIssuers": list_token_issuers,
    "UpdateTrustedTokenIssuer": update_token_issuer,
}
