"""Token revocation (RFC 7009): a client says that it needs a token no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_idp.oauth import families
from fake_idp.oauth.authenticate import authenticate
from fake_idp.oauth.bearer import read_access_token
from fake_idp.oauth.jwt_validation import Refused
from fake_idp.oauth.messages import NO_STORE, OAuthError, Request, Response
from fake_idp.oauth.records import digest

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer

__all__ = ["handle"]


async def handle(issuer: Issuer, request: Request) -> Response:
    """Revoke the token; 200 for one that nobody knows, or that is over (RFC 7009 section 2.2).

    A refresh token takes its whole family along, its access tokens included (section 2.1). A
    ``token_type_hint`` is a hint, and any is taken: both kinds are looked for.

    Raises:
        OAuthError: it is another client's (invalid_grant), or an access token, and the vendor does not
            revoke those (unsupported_token_type).
    """
    client = await authenticate(issuer, request)
    token = request.form.get("token")
    if token is None:
        raise OAuthError("invalid_request", "token is missing")
    if not _revoke_refresh_token(issuer, client, token):
        _revoke_access_token(issuer, client, token)
    return Response(headers=NO_STORE)


def _revoke_refresh_token(issuer: Issuer, client: Client, token: str) -> bool:
    with issuer.state.transaction():
        record = issuer.state.get("refresh", digest(token))
        if record is None:
            return False
        _check_owner(client, record["client_id"])
        families.revoke(issuer.state, record["family"], now=issuer.clock.now())
    return True


def _revoke_access_token(issuer: Issuer, client: Client, token: str) -> None:
    try:
        access = read_access_token(issuer, token)
    except Refused:
        return
    if not issuer.preset.revokes_access_tokens:
        raise OAuthError("unsupported_token_type", "this issuer revokes refresh tokens only")
    _check_owner(client, access.client_id)
    issuer.state.put("revoked", access.key, {"expires_at": access.claims["exp"]})


def _check_owner(client: Client, client_id: str) -> None:
    if client_id != client.client_id:
        raise OAuthError("invalid_grant", "the token was issued to another client")
