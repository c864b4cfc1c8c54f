"""Which API a token is for (RFC 8707)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fake_idp.oauth.messages import OAuthError

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["Audience", "narrowed_target", "target"]

Audience = str | tuple[str, ...] | None
"""One API, several, or the issuer's usual one."""


def target(issuer: Issuer, parameters: Mapping[str, str]) -> Audience:
    """The API that is asked for, by ``resource`` (RFC 8707 section 2) or by Auth0's ``audience``.

    Returns:
        One, several, or None where none was asked for or the vendor takes no notice.

    Raises:
        OAuthError: invalid_target.
    """
    if issuer.preset.audience_parameter and "audience" in parameters:
        return parameters["audience"]  # Auth0: it wins over ``resource``
    if "resource" not in parameters or issuer.preset.resource == "ignored":
        return None
    if issuer.preset.resource == "refused":
        raise OAuthError("invalid_target", "this issuer takes no resource parameter")
    asked = tuple(dict.fromkeys(parameters["resource"].split(" ")))
    for uri in asked:
        if not _absolute(uri):
            raise OAuthError("invalid_target", "resource must be an absolute URI without a fragment")
    return asked[0] if len(asked) == 1 else asked


def narrowed_target(issuer: Issuer, had: Audience, parameters: Mapping[str, str]) -> Audience:
    """The API that a token is for: as authorized, or some of it (RFC 8707 section 2.2).

    Raises:
        OAuthError: invalid_target, when it is another than was authorized.
    """
    asked = target(issuer, parameters)
    if asked is None:
        return had
    allowed = issuer.audience if had is None else had
    if not set(_several(asked)) <= set(_several(allowed)):
        raise OAuthError("invalid_target", "resource is not one that was authorized (RFC 8707 section 2.2)")
    return asked


def _several(audience: str | tuple[str, ...]) -> tuple[str, ...]:
    return (audience,) if isinstance(audience, str) else audience


def _absolute(uri: str) -> bool:
    """RFC 3986 section 4.3: a scheme, something after it, and no fragment."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) and "#" not in uri and uri.isprintable()
