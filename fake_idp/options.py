"""What can be asked of an issuer: of its tokens, of its hostile tokens, and which rules it does not hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from fake_idp.key import Key
    from fake_idp.presets import TokenUse
    from fake_idp.users import User

__all__ = ["LAX", "ForgeOptions", "TokenOptions"]


class TokenOptions(TypedDict, total=False):
    """What can be asked of a token, all of it optional.

    Attributes:
        claims: more claims, or other values for the vendor's.
        without: claims to leave out.
        expires_in: seconds until it expires; negative for a token that has.
        aud: the value of ``aud``, in place of the usual one, whatever the vendor has there.
        audience: the API that the token is for, in the place where the vendor has it.
        token_use: ``"access"`` or ``"id"``; the preset's usual one when left out.
        scope: the granted scopes; a list, or a string with spaces.
        headers: more header members, or other values; None leaves a member out.
        key: a key, or the id of one of the ring's, in place of the current one.
        client_id: the client that the token is for.
        grant: the grant type that it comes from; ``client_credentials`` makes a machine's token.
        user: whose groups, roles and claims it has; whoever ``users`` has under the subject's name
            when left out.
        nonce: for an ID token.
        auth_time: when the person signed in, in seconds since the epoch.
        session: the same for every token of one sign-in.
        access_token: what an ID token comes with, for ``at_hash``.
        confirmation: the value of ``cnf``.
        actor: the value of ``act``.
    """

    claims: Mapping[str, Any] | None
    without: Iterable[str]
    expires_in: float | None
    aud: str | Sequence[str] | None
    audience: str | tuple[str, ...] | None
    token_use: TokenUse | None
    scope: str | Sequence[str] | None
    headers: Mapping[str, Any] | None
    key: Key | str | None
    client_id: str | None
    grant: str
    user: User | None
    nonce: str | None
    auth_time: int | None
    session: str | None
    access_token: str | None
    confirmation: Mapping[str, Any] | None
    actor: Mapping[str, Any] | None


class ForgeOptions(TokenOptions, total=False):
    """What can be asked of a hostile token: the same, and the parameters of the forgeries that have them.

    Attributes:
        seconds: how far the time is off.
        leeway: the server's leeway in seconds.
        canary: the URL that the token would have the server ask.
        other: the issuer, audience or client in place of the right one.
        resource: the resource in place of the right one.
        secret: the HMAC key.
        claim: the claim that is there twice.
        size: how much too large, in bytes.
        depth: how many nested arrays.
        iterations: how often a key derivation would hash.
    """

    seconds: float
    leeway: float
    canary: str
    other: str
    resource: str
    secret: str
    claim: str
    size: float
    depth: float
    iterations: float


LAX = {
    "codes": "an authorization code may be used again",
    "pkce": "PKCE is not required, and a wrong verifier is let pass",
    "redirect-uris": "any redirect URI is good",
    "refresh-tokens": "a refresh token may be used again, and nothing is revoked for it",
    "clients": "unknown clients are good, and secrets are not checked",
}
"""The rules that an issuer can be told not to hold."""
