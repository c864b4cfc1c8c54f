"""What an issuer publishes: its discovery document and its keys, asked for at every call.

AWS documents no cache of them. What it documents speaks against one: it must be able to reach both at any
time, within five seconds, and it lists too many requests of STS to them as a cause of refusals (AWS re:Post
knowledge center, "InvalidIdentityToken"). A key that was withdrawn is refused at the next call. What is kept
here are documents already read, by their bytes, which cannot go stale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from harness.aws.identity_token.jws import json_object
from harness.aws.identity_token.refusal import Reason, TokenRejected

__all__ = ["CheckHost", "Fetch", "fetch_jwks"]

Fetch = Callable[[str], tuple[int, bytes]]
"""HTTPS GET of an absolute URL: status and body. Raises OSError when the host cannot be reached."""

CheckHost = Callable[[str], None]
"""Says whether the certificate of a host is good, by its name; raises TokenRejected if it is not."""

_MAX_DOCUMENT = 256 * 1024  # bytes of a discovery document or a key set


def fetch_jwks(
    issuer: str, *, jwks_url: str | None, fetch: Fetch, check_host: CheckHost | None
) -> Mapping[str, Any]:
    """Get the key set of an issuer.

    Args:
        issuer: its URL, to the letter.
        jwks_url: where the keys are; None to ask the discovery document.
        fetch: how AWS reaches the issuer.
        check_host: judges the certificate of the host that has the keys; None where any will do.

    Raises:
        TokenRejected: ``UNREACHABLE``, or what ``check_host`` raises.
    """
    url = jwks_url or _jwks_url(issuer, fetch)
    if check_host is not None:
        check_host(urlsplit(url).hostname or "")
    return _document(url, fetch)


def _jwks_url(issuer: str, fetch: Fetch) -> str:
    # OpenID Connect Discovery section 4.1: a trailing slash of the issuer is taken off first.
    document = _document(f"{issuer.rstrip('/')}/.well-known/openid-configuration", fetch)
    if document.get("issuer") != issuer:  # section 4.3
        raise TokenRejected(Reason.UNREACHABLE, "the discovery document names another issuer")
    url = document.get("jwks_uri")
    try:
        is_https = isinstance(url, str) and urlsplit(url).scheme == "https" and urlsplit(url).hostname
    except ValueError:
        is_https = False
    if not isinstance(url, str) or not is_https:
        raise TokenRejected(Reason.UNREACHABLE, "no jwks_uri over https")
    return url


def _document(url: str, fetch: Fetch) -> Mapping[str, Any]:
    try:
        status, body = fetch(url)
    except OSError:
        raise TokenRejected(Reason.UNREACHABLE, "no answer") from None
    if status != 200:
        raise TokenRejected(Reason.UNREACHABLE, f"HTTP {status}")
    if len(body) > _MAX_DOCUMENT:
        raise TokenRejected(Reason.UNREACHABLE, "too large an answer")
    try:
        return _read(body)
    except TokenRejected:
        raise TokenRejected(Reason.UNREACHABLE, "not a JSON object") from None


@lru_cache(maxsize=64)
def _read(body: bytes) -> Mapping[str, Any]:
    return json_object(body)
