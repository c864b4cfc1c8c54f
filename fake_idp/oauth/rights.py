"""What a client may have: scopes (RFC 6749 section 3.3) and the API they are for (RFC 8707)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fake_idp.oauth.messages import OAuthError
from fake_idp.presets.base import OPENID_SCOPES

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer

__all__ = [
    "Audience",
    "gets_refresh_token",
    "granted_scope",
    "machine_scope",
    "narrowed_scope",
    "narrowed_target",
    "target",
]

Audience = str | tuple[str, ...] | None

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")  # RFC 6749 section 3.3


def granted_scope(issuer: Issuer, client: Client, asked: str | None) -> tuple[str, ...]:
    """The scopes that a person's sign-in gets: those asked for, or the usual ones.

    Raises:
        OAuthError: invalid_scope, when they are malformed or the client may not have them.
    """
    if asked is None:
        return client.scope or issuer.scope
    scope = parsed_scope(asked)
    if client.scope and not set(scope) <= set(client.scope):
        raise OAuthError("invalid_scope", "this client is not registered for every one of these scopes")
    return scope


def machine_scope(issuer: Issuer, client: Client, asked: str | None) -> tuple[str, ...]:
    """The scopes that a client gets for itself: those that need no person.

    The others are left out rather than refused, since clients ask for all that the metadata list;
    the answer says what was granted (RFC 6749 section 3.3).

    Raises:
        OAuthError: invalid_scope, as for ``granted_scope``.
    """
    if asked is None and not client.scope:
        return issuer.default_scope(machine=True)
    return tuple(scope for scope in granted_scope(issuer, client, asked) if scope not in OPENID_SCOPES)


def narrowed_scope(had: tuple[str, ...], asked: str | None) -> tuple[str, ...]:
    """The scopes of a refreshed token: the same, or some of them (RFC 6749 section 6).

    Raises:
        OAuthError: invalid_scope, when more are asked for.
    """
    if asked is None:
        return had
    scope = parsed_scope(asked)
    if not set(scope) <= set(had):
        raise OAuthError("invalid_scope", "these are more scopes than were granted (RFC 6749 section 6)")
    return scope


def parsed_scope(scope: str, *, error: str = "invalid_scope") -> tuple[str, ...]:
    """The words of a scope, each once.

    Raises:
        OAuthError: it is malformed; ``error`` is the code.
    """
    if not _SCOPE.fullmatch(scope):
        raise OAuthError(error, "scope is a list of words with one space between them")
    return tuple(dict.fromkeys(scope.split(" ")))


def gets_refresh_token(issuer: Issuer, client: Client, scope: tuple[str, ...]) -> bool:
    """Whether a refresh token comes with the tokens of a sign-in.

    It does when ``offline_access`` was granted (OpenID Connect Core 1.0 section 11), when the client
    was registered for the grant by name (RFC 7591 section 2, as MCP clients do), and always with a
    vendor that has no such scope, as Cognito.
    """
    if "refresh_token" not in issuer.preset.grants:
        return False
    if client.grant_types:
        return "refresh_token" in client.grant_types
    return "offline_access" in scope or "offline_access" not in issuer.discovery().get("scopes_supported", ())


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
