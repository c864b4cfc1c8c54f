"""Token introspection (RFC 7662): a resource server asks what a token is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_idp.oauth import families
from fake_idp.oauth.authenticate import authenticate, method_of
from fake_idp.oauth.bearer import AccessToken, read_access_token
from fake_idp.oauth.jwt_validation import Refused
from fake_idp.oauth.messages import NO_STORE, OAuthError, Request, Response, json_response
from fake_idp.oauth.records import Login, digest
from fake_idp.oauth.subjects import active

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer

__all__ = ["handle"]

# RFC 7662 section 2.2, RFC 8693 section 4.1 and RFC 7800 section 3.1: taken over from the token.
_FROM_CLAIMS = ("exp", "iat", "nbf", "aud", "iss", "jti", "cnf", "act", "may_act")
_INACTIVE = {"active": False}


async def handle(issuer: Issuer, request: Request) -> Response:
    """Answer what the token says, or only that it is not active (RFC 7662 section 2.2).

    Access tokens are shown to every client that authenticates, since it may be the API that got the
    token; refresh tokens only to their own client, for nobody else has any business with them
    (section 4). ``token_type_hint`` is not needed here: both kinds are looked for.

    Raises:
        OAuthError: the client did not authenticate (section 2.1), or there is no token.
    """
    client = await authenticate(issuer, request)
    if method_of(request) == "none" and "clients" not in issuer.lax:
        challenge = ("www-authenticate", 'Basic realm="fake-idp", charset="UTF-8"')
        raise OAuthError(
            "invalid_client",
            "introspection is for clients that authenticate (RFC 7662 section 2.1)",
            status=401,
            headers=[challenge],
        )
    token = request.form.get("token")
    if token is None:
        raise OAuthError("invalid_request", "token is missing")
    said = _refresh_token(issuer, client, token) or _access_token(issuer, token) or _INACTIVE
    return json_response(said, headers=NO_STORE)


def _access_token(issuer: Issuer, token: str) -> dict[str, Any] | None:
    try:
        access = read_access_token(issuer, token)
    except Refused:
        return None
    return _described(access, {name: access.claims[name] for name in _FROM_CLAIMS if name in access.claims})


def _described(access: AccessToken, members: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"active": True, "scope": " ".join(access.scope), "client_id": access.client_id}
    if access.user is not None:
        said["username"] = access.user.name
    # RFC 9449 section 6.2: a bound token is of the type DPoP.
    return said | {"token_type": "DPoP" if access.jkt else "Bearer", "sub": access.sub} | members


def _refresh_token(issuer: Issuer, client: Client, token: str) -> dict[str, Any] | None:
    record = issuer.state.get("refresh", digest(token))
    if record is None:
        return None
    ended = record["used"] or families.is_revoked(issuer.state, record["family"])
    if ended or record["client_id"] != client.client_id or record["expires_at"] <= issuer.clock.now():
        return _INACTIVE
    login = Login.of(record["login"])
    try:
        user = active(issuer.users.find(login.user))
    except Refused:
        return _INACTIVE
    said: dict[str, Any] = {
        "active": True,
        "scope": " ".join(login.scope),
        "client_id": client.client_id,
        "username": user.name,
        "exp": int(record["expires_at"]),
        "iss": issuer.token_issuer,
    }
    return said | ({"cnf": record["confirmation"]} if record["confirmation"] else {})
