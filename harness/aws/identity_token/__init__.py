"""Verify a web identity token as AWS does: by the issuer's own keys, fetched from the issuer.

STS and Cognito word their refusals differently, so a refusal here is a reason, and each service words it.
"""

from __future__ import annotations

from harness.aws.identity_token.documents import CheckHost, Fetch
from harness.aws.identity_token.jws import Jws, decode
from harness.aws.identity_token.refusal import Reason, TokenRejected
from harness.aws.identity_token.verification import audiences, unverified_claims, verify

__all__ = [
    "CheckHost",
    "Fetch",
    "Jws",
    "Reason",
    "TokenRejected",
    "audiences",
    "decode",
    "unverified_claims",
    "verify",
]
