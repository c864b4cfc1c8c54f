"""Which scopes a client gets (RFC 6749 section 3.3), and whether a refresh token with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fake_idp.oauth.messages import OAuthError
from fake_idp.presets.base import OPENID_SCOPES

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer

__all__ = [
    "gets_refresh_token",
    "granted_scope",
    "machine_scope",
    "narrowed_scope",
    "parsed_scope",
]

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
