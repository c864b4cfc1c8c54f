"""Token exchange (RFC 8693): one token for another, for the same person somewhere else.

Without an actor token it is impersonation: the new token cannot be told from one that the person got.
With one it is delegation: ``act`` says who acts, and who acted before (section 4.1). A subject token
that says who may act (``may_act``, section 4.4) is held to it. A bound subject token needs no proof
here, since the API that exchanges it was never given the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fake_idp import jws, random_ids
from fake_idp.oauth.assertions import ID_JAG
from fake_idp.oauth.bearer import own_name
from fake_idp.oauth.issue import is_opaque, issue
from fake_idp.oauth.jwt_validation import Refused
from fake_idp.oauth.messages import NO_STORE, OAuthError, Request, Response, json_response
from fake_idp.oauth.parties import ACCESS_TOKEN, ID_TOKEN, JWT, Party, party_of
from fake_idp.oauth.resources import target
from fake_idp.oauth.scopes import granted_scope, narrowed_scope
from fake_idp.users import User

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer
    from fake_idp.oauth.records import Login
    from fake_idp.oauth.resources import Audience

__all__ = ["exchange"]

_ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
_TAKEN = (ACCESS_TOKEN, ID_TOKEN, JWT)
_MADE = (ACCESS_TOKEN, JWT, ID_TOKEN, _ID_JAG)
_ID_JAG_LIFETIME = 300


async def exchange(
    issuer: Issuer, request: Request, client: Client, confirmation: Mapping[str, Any] | None
) -> Response:
    """Answer with the new token and what it is (RFC 8693 section 2.2.1).

    Raises:
        OAuthError: a token is not good (invalid_request, section 2.2.2), or invalid_target, invalid_scope.
    """
    form = request.form
    wanted = form.get("requested_token_type", ACCESS_TOKEN)
    if wanted not in _MADE:
        raise OAuthError("invalid_request", "this issuer does not make tokens of requested_token_type")
    subject, actor = _presented(issuer, client, form, "subject"), _presented(issuer, client, form, "actor")
    if subject is None:
        raise OAuthError("invalid_request", "subject_token and subject_token_type are both needed")
    _check_may_act(client, subject, actor)
    audience = _audience(issuer, form)
    login = subject.login(
        scope=_scope(issuer, client, form.get("scope"), subject, moved=audience is not None),
        audience=audience,
        actor=_act(issuer, subject, actor),
    )
    if wanted == JWT and is_opaque(issuer, login):
        raise OAuthError("invalid_request", "access tokens of this issuer are no JWTs")
    if wanted == ID_TOKEN:
        return _other(_id_token(issuer, client, login), wanted, issuer.preset.lifetime_of("id"))
    if wanted == _ID_JAG:
        return _other(_id_jag(issuer, client, form, subject), wanted, _ID_JAG_LIFETIME)
    return await issue(
        issuer,
        client,
        login,
        grant=form["grant_type"],
        refresh=False,
        confirmation=confirmation,
        extra={"issued_token_type": wanted},
    )


def _presented(issuer: Issuer, client: Client, form: Mapping[str, str], role: str) -> Party | None:
    """The subject or the actor, by its token and the type of that."""
    token, token_type = form.get(f"{role}_token"), form.get(f"{role}_token_type")
    if token is None and token_type is None:
        return None
    if token is None or token_type is None:  # section 2.1: neither without the other
        raise OAuthError("invalid_request", f"{role}_token and {role}_token_type are both needed")
    if token_type not in _TAKEN:
        raise OAuthError("invalid_request", f"{role}_token_type must be one of: {', '.join(_TAKEN)}")
    try:
        return party_of(issuer, client, token, token_type)
    except Refused as refused:
        raise OAuthError("invalid_request", f"the {role} token is not good: {refused.reason}") from None


def _check_may_act(client: Client, subject: Party, actor: Party | None) -> None:
    """``may_act`` names who may act for the subject: the actor, or without one the client itself."""
    allowed = subject.claims.get("may_act")
    if allowed is None:
        return
    acts = actor.claims if actor is not None else {"sub": client.client_id, "client_id": client.client_id}
    known = isinstance(allowed, Mapping) and allowed
    if not known or any(acts.get(name) != value for name, value in allowed.items()):
        raise OAuthError("invalid_request", "the subject token lets somebody else act (may_act)")


def _act(issuer: Issuer, subject: Party, actor: Party | None) -> Mapping[str, Any] | None:
    """The chain of actors, the newest outermost."""
    before = subject.claims.get("act")
    if actor is None:
        return before if isinstance(before, Mapping) else None
    act: dict[str, Any] = {"sub": actor.sub}
    own = own_name(issuer)
    iss = actor.claims.get("iss", own)
    if iss != own:  # a foreign subject means something together with its issuer only
        act["iss"] = iss
    return act | ({"act": before} if isinstance(before, Mapping) else {})


def _audience(issuer: Issuer, form: Mapping[str, str]) -> Audience:
    """Where the token is to be used: every ``resource`` and every ``audience`` (section 2.1)."""
    found = target(issuer, {"resource": form["resource"]}) if "resource" in form else None
    names = [] if found is None else [found] if isinstance(found, str) else list(found)
    for name in form.get("audience", "").split():
        if not name.isprintable():
            raise OAuthError("invalid_target", "audience is no name")
        names.append(name)
    several = tuple(dict.fromkeys(names))
    return (several[0] if len(several) == 1 else several) or None


def _scope(
    issuer: Issuer, client: Client, asked: str | None, subject: Party, *, moved: bool
) -> tuple[str, ...]:
    """For the same audience, no more than the subject token has; elsewhere what the client may have."""
    if subject.scope is None or moved:
        return granted_scope(issuer, client, asked)
    return narrowed_scope(subject.scope, asked)


def _id_token(issuer: Issuer, client: Client, login: Login) -> str:
    user = issuer.users.find(login.user) if login.user else User("")
    usual = issuer.preset.subject(user, issuer=issuer.token_issuer, client_id=client.client_id, use="id")
    return issuer.mint(
        login.subject or usual,
        token_use="id",  # noqa: S106 (a name)
        client_id=client.client_id,
        user=user,
        scope=login.scope,
        auth_time=login.auth_time or None,
        actor=login.actor,
    )


def _id_jag(issuer: Issuer, client: Client, form: Mapping[str, str], subject: Party) -> str:
    """An Identity Assertion JWT Authorization Grant, for another authorization server.

    Its claims are those of the draft, whatever the vendor's tokens look like.
    """
    audience = form.get("audience", "")
    if not audience.startswith(("https://", "http://")) or " " in audience:
        raise OAuthError("invalid_target", "audience must be the issuer of one authorization server")
    now = int(issuer.clock.now())
    claims = {
        "iss": issuer.token_issuer,
        "sub": subject.sub,
        "aud": audience,
        "client_id": client.client_id,
        "jti": random_ids.token_urlsafe(16),
        "iat": now,
        "exp": now + _ID_JAG_LIFETIME,
        **{name: form[name] for name in ("scope", "resource") if name in form},
    }
    key = issuer.keys.signing(issuer.preset.key_use("id"))
    return jws.write({"alg": key.algorithm, "typ": ID_JAG, "kid": key.kid}, claims, key.sign)


def _other(token: str, token_type: str, expires_in: int) -> Response:
    """A token that is no access token: its member is called so all the same (section 2.2.1)."""
    said = {"access_token": token, "issued_token_type": token_type, "token_type": "N_A"}
    return json_response(said | {"expires_in": expires_in}, headers=NO_STORE)
