"""Proof Key for Code Exchange (RFC 7636), as RFC 9700 section 2.1.1 and OAuth 2.1 tighten it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fake_idp.jws import b64url
from fake_idp.oauth.messages import OAuthError

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer

__all__ = ["challenge_of", "check_verifier"]

_CODE = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 sections 4.1 and 4.2


def challenge_of(issuer: Issuer, client: Client, parameters: Mapping[str, str]) -> dict[str, str] | None:
    """The challenge of an authorization request, as it is kept with the code; None without one.

    Only a client that can do without authentication and has no secret must bring one here; of one that
    has both, it is asked at the token endpoint, where it shows what it is.

    Raises:
        OAuthError: invalid_request (RFC 7636 section 4.4.1).
    """
    challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method", "plain")
    if challenge is None:
        if "code_challenge_method" in parameters:
            raise OAuthError("invalid_request", "code_challenge_method is there without code_challenge")
        if _required(issuer, public=client.public and not client.client_secret):
            raise OAuthError("invalid_request", "code_challenge is missing: PKCE is required, by S256")
        return None
    known = issuer.discovery().get("code_challenge_methods_supported", ["S256"])
    if method not in known:
        raise OAuthError("invalid_request", f"code_challenge_method must be {' or '.join(known)}")
    if not _CODE.fullmatch(challenge):
        raise OAuthError("invalid_request", "code_challenge must be 43 to 128 unreserved characters")
    return {"value": challenge, "method": method}


def check_verifier(
    issuer: Issuer, challenge: Mapping[str, str] | None, verifier: str | None, *, authenticated: bool
) -> None:
    """Compare the verifier with what the code was asked for with.

    Raises:
        OAuthError: invalid_grant (RFC 7636 section 4.6).
    """
    if "pkce" in issuer.lax:
        return
    if challenge is None:
        if verifier is not None:
            # RFC 9700 section 4.8.2: somebody may have taken the challenge out of the request.
            raise OAuthError(
                "invalid_grant", "code_verifier is there, but the code was asked for without PKCE"
            )
        if _required(issuer, public=not authenticated):
            raise OAuthError("invalid_grant", "the code was asked for without PKCE, which is required")
        return
    if verifier is None:
        raise OAuthError("invalid_grant", "code_verifier is missing")
    if not _CODE.fullmatch(verifier):
        raise OAuthError("invalid_grant", "code_verifier must be 43 to 128 unreserved characters")
    made = verifier if challenge["method"] == "plain" else b64url(hashlib.sha256(verifier.encode()).digest())
    if not hmac.compare_digest(made, challenge["value"]):
        raise OAuthError("invalid_grant", "code_verifier does not match code_challenge")


def _required(issuer: Issuer, *, public: bool) -> bool:
    policy = issuer.preset.pkce
    return "pkce" not in issuer.lax and (policy == "all" or (policy == "public" and public))
