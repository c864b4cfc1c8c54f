"""The JWT bearer grant (RFC 7523 section 2.1): tokens for whom a trusted party vouches.

The assertion is the client's own, that of a trusted issuer, or a token of this issuer that was made
for the client ("on behalf of", as Entra ID has it). An Identity Assertion JWT Authorization Grant
(draft-ietf-oauth-identity-assertion-authz-grant, MCP's enterprise-managed authorization) is one that
says for which client, scopes and resource it is, and is held to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fake_idp.oauth.assertions import ID_JAG, keys_of, once, read_assertion
from fake_idp.oauth.bearer import own_name
from fake_idp.oauth.issue import issue
from fake_idp.oauth.jwt_validation import Refused, matches_type, read
from fake_idp.oauth.messages import OAuthError, Request, Response
from fake_idp.oauth.parties import JWT, Party, party_of, stranger
from fake_idp.oauth.resources import narrowed_target, target
from fake_idp.oauth.scopes import granted_scope, narrowed_scope

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer

__all__ = ["exchange"]


async def exchange(
    issuer: Issuer, request: Request, client: Client, confirmation: Mapping[str, Any] | None
) -> Response:
    """An access token, and no refresh token: the assertion can be presented anew (RFC 7521 section 4.1)."""
    form = request.form
    assertion = form.get("assertion")
    if assertion is None:
        raise OAuthError("invalid_request", "assertion is missing")
    try:
        party, granted = _judged(issuer, client, assertion)
    except Refused as refused:
        raise OAuthError("invalid_grant", f"the assertion is not good: {refused.reason}") from None
    scope, resource = granted.get("scope"), granted.get("resource")
    if isinstance(scope, str) and scope:
        asked = narrowed_scope(tuple(scope.split()), form.get("scope"))
        allowed = granted_scope(issuer, client, " ".join(asked))
    else:
        allowed = granted_scope(issuer, client, form.get("scope"))
    if resource:
        had = resource if isinstance(resource, str) else tuple(resource)
        audience = narrowed_target(issuer, had, form)
    else:
        audience = target(issuer, form)
    login = party.login(scope=allowed, audience=audience, actor=None)
    return await issue(
        issuer, client, login, grant=form["grant_type"], refresh=False, confirmation=confirmation
    )


def _judged(issuer: Issuer, client: Client, assertion: str) -> tuple[Party, Mapping[str, Any]]:
    """Whom the assertion is about, and the claims by which it limits what is granted."""
    unverified = read(assertion)
    iss = unverified.claims.get("iss")
    names = {issuer.url, issuer.token_issuer, issuer.endpoints.get("token", issuer.url)}
    if matches_type(unverified.header, ID_JAG):
        jwt = read_assertion(
            issuer,
            assertion,
            keys=keys_of(issuer, iss),
            audience=(issuer.url, issuer.token_issuer),
            types=(ID_JAG,),
        )
        _check_id_jag(client, jwt.claims)
        once(issuer, jwt)
        return stranger(issuer, jwt.claims), jwt.claims
    if iss == own_name(issuer):  # used as often as it is good, as at any other API
        party = party_of(issuer, client, assertion, JWT)
        audience = party.claims.get("aud", party.claims.get("client_id"))
        if not {client.client_id, *names} & set(audience if isinstance(audience, list) else [audience]):
            raise Refused("it is for another audience")
        return party, {}
    jwt = read_assertion(issuer, assertion, keys=keys_of(issuer, iss, client=client), audience=names)
    once(issuer, jwt)
    return stranger(issuer, jwt.claims), {}


def _check_id_jag(client: Client, claims: Mapping[str, Any]) -> None:
    """The claims that an ID-JAG must have (section 3 of the draft), less what every assertion has."""
    if claims.get("client_id") != client.client_id:
        raise Refused("it is for another client")
    for name in ("jti", "iat"):
        if name not in claims:
            raise Refused(f"{name} is missing")
    resource = claims.get("resource", "")
    several = resource if isinstance(resource, list) else [resource]
    if not all(isinstance(each, str) for each in several):
        raise Refused("resource is no URI")
