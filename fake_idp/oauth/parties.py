"""Whom a token speaks of, when it is this issuer's own or that of one it trusts.

Token exchange asks it about the subject and the actor, the JWT bearer grant about its assertion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fake_idp.oauth.assertions import keys_of, read_assertion
from fake_idp.oauth.bearer import own_jwt, own_name, read_access_token
from fake_idp.oauth.jwt_validation import Refused, read
from fake_idp.oauth.records import Login, token_digest
from fake_idp.oauth.subjects import active, user_of

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer
    from fake_idp.oauth.resources import Audience

__all__ = ["ACCESS_TOKEN", "ID_TOKEN", "JWT", "Party", "party_of", "stranger"]

# RFC 8693 section 3
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 (a name)
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105
JWT = "urn:ietf:params:oauth:token-type:jwt"

_FOREIGN_TYPES = {
    ACCESS_TOKEN: ("at+jwt", "JWT", None),
    ID_TOKEN: ("JWT", None),
    JWT: ("at+jwt", "JWT", None),
}


@dataclass(frozen=True, kw_only=True)
class Party:
    """A subject or an actor.

    Attributes:
        sub: as the token has it.
        user: the person's name here; empty for a client that spoke for itself.
        subject: what ``sub`` is in tokens for them, where that is not the vendor's form of the name.
        claims: what the token says.
        scope: the scopes of an access token of this issuer; None for any other token.
    """

    sub: str
    user: str
    subject: str
    claims: Mapping[str, Any]
    scope: tuple[str, ...] | None = None

    def login(self, *, scope: tuple[str, ...], audience: Audience, actor: Mapping[str, Any] | None) -> Login:
        """The sign-in that tokens for them are issued on."""
        when = self.claims.get("auth_time")
        return Login(
            user=self.user,
            subject=self.subject,
            scope=scope,
            audience=audience,
            auth_time=when if isinstance(when, int) else 0,
            actor=actor,
        )


def party_of(issuer: Issuer, client: Client, token: str, token_type: str) -> Party:
    """Judge a token that is presented as proof of who somebody is.

    An ID token of this issuer is good for the client that it was issued to. The audience of a foreign
    token is whoever it was made for, so any is taken; its issuer has to be trusted.

    Raises:
        Refused: the token is not good.
    """
    if token_type == ACCESS_TOKEN and issuer.state.get("access", token_digest(token)) is not None:
        return _own_access_token(issuer, token)  # opaque ones too
    iss = read(token).claims.get("iss")
    if iss != own_name(issuer):
        jwt = read_assertion(
            issuer, token, keys=keys_of(issuer, iss), audience=None, types=_FOREIGN_TYPES[token_type]
        )
        return stranger(issuer, jwt.claims)
    if token_type == ACCESS_TOKEN:
        return _own_access_token(issuer, token)
    if token_type == ID_TOKEN:
        return _own_id_token(issuer, client, token)
    try:
        return _own_access_token(issuer, token)
    except Refused:
        return _own_id_token(issuer, client, token)


def stranger(issuer: Issuer, claims: Mapping[str, Any]) -> Party:
    """Whoever another issuer speaks of: the user of that name here, or somebody under the same ``sub``.

    Raises:
        Refused: they may not sign in here any more.
    """
    sub = claims["sub"]
    user = active(issuer.users.find(sub))
    known = any(each.name == sub for each in issuer.users)
    return Party(sub=sub, user=user.name, subject="" if known else sub, claims=claims)


def _own_access_token(issuer: Issuer, token: str) -> Party:
    access = read_access_token(issuer, token)
    if access.user is not None:
        user, subject = access.user.name, ""
    else:
        machine = access.sub == issuer.preset.machine_subject(access.client_id)
        user, subject = "" if machine else access.sub, access.sub
    return Party(sub=access.sub, user=user, subject=subject, claims=access.claims, scope=access.scope)


def _own_id_token(issuer: Issuer, client: Client, token: str) -> Party:
    claims = own_jwt(issuer, token, use="id").claims
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if client.client_id not in audience:
        raise Refused("the ID token was issued to another client")
    user = user_of(issuer, claims["sub"], client_id=client.client_id, use="id")
    if user is None:
        return Party(sub=claims["sub"], user=claims["sub"], subject=claims["sub"], claims=claims)
    return Party(sub=claims["sub"], user=active(user).name, subject="", claims=claims)
