"""AWS IAM Identity Center.

Sources: the OIDC API reference (https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/) and
the sample ID token in "S3 Access Grants and corporate directory identities"
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-grants-directory-ids.html).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fake_idp import random_ids
from fake_idp.presets.base import (
    STANDARD_SOURCES,
    Preset,
    TokenRequest,
    cite,
    path_of,
    stable_id,
    standard_claims,
)

__all__ = ["IdentityCenter"]

_HEX = "0123456789abcdef"
_SAMPLE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-grants-directory-ids.html"
_API = "https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateTokenWithIAM.html"


class IdentityCenter(Preset):
    """``https://identitycenter.amazonaws.com/{instance}``.

    AWS treats access tokens of Identity Center as opaque and documents no public JWKS. What is made
    here is the shape of its ID tokens (``auth_time`` an ISO 8601 string, the ``aws:`` and ``sts:``
    claims), for both token uses, published below the issuer at ``/.well-known/jwks.json``: where a
    server that verifies such tokens itself would look. A role comes in as a claim, for instance
    ``mint(claims={"custom:role_arn": "arn:aws:iam::111122223333:role/Reader"})``, or from the first of
    the user's roles. There are no OAuth endpoints: tokens come from an AWS API.
    """

    name = "identity_center"
    title = "AWS IAM Identity Center"
    url = "https://identitycenter.amazonaws.com/ssoins-7223fa4e1d905b86"
    client_id = "fakeIdpClient-dXMtZWFzdC0x"
    account = "111122223333"
    #: Only what a verifier needs: the service's own API is JSON, not OAuth, and has no metadata.
    metadata = {
        "issuer": ...,
        "jwks_uri": ...,
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
    sources = STANDARD_SOURCES | cite(
        ("RFC 7515 section 4.1 (AWS documents no header)", "header.kid header.typ header.alg"),
        (_SAMPLE, "aws:identity_store_id sub aws:instance_account iss sts:identity_context"),
        (_SAMPLE, "sts:audit_context aws:identity_store_arn aud aws:instance_arn aws:credential_id"),
        (_SAMPLE, "auth_time exp iat"),
        ("OpenID Connect Core 1.0 section 5.1 (the sample has none)", "email"),
        (
            "the name that servers give the role of the person's permission set; AWS has none",
            "custom:role_arn",
        ),
        (_API, "act"),
    )

    def new_kid(self) -> str:
        """A UUID: the form is a guess, since AWS documents no key of this issuer."""
        return random_ids.uuid4()

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """``kid``, ``typ`` and ``alg``."""
        return {"kid": kid, "typ": "JWT", "alg": algorithm}

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """The claims of the documented sample, with its types; the two contexts are opaque to all but AWS."""
        instance = path_of(request.issuer).rpartition("/")[2] or "ssoins-7223fa4e1d905b86"
        store = stable_id("d-", instance, length=12, alphabet=_HEX)
        said = {
            "aws:identity_store_id": store,
            "sub": request.sub,
            "aws:instance_account": self.account,
            "iss": request.issuer,
            "sts:identity_context": random_ids.token_urlsafe(48),
            "sts:audit_context": random_ids.token_urlsafe(48),
            "aws:identity_store_arn": f"arn:aws:identitystore::{self.account}:identitystore/{store}",
            "aud": request.client_id,
            "aws:instance_arn": f"arn:aws:sso:::instance/{instance}",
            "aws:credential_id": random_ids.token_urlsafe(24),
            "auth_time": datetime.fromtimestamp(request.auth_time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "exp": request.expires_at,
            "iat": request.issued_at,
        }
        if not request.machine:
            said["email"] = request.person.email
        if request.user.roles:
            said["custom:role_arn"] = request.user.roles[0]
        return said | standard_claims(request)
