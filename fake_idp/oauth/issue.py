"""The successful answer of the token endpoint (RFC 6749 section 5.1, OpenID Connect Core 1.0 3.1.3.3).

What is kept of it: for an access token that a person stands behind, or that is opaque, an ``access``
record ``{"client_id", "user", "sub", "scope", "claims", "family", "opaque", "expires_at"}`` with the
claims that the token has or, if it is opaque, would have; for a refresh token a ``refresh`` record
``{"client_id", "login", "family", "confirmation", "used", "expires_at"}``. A machine's JWT leaves no
trace, for nothing can be asked about it that it does not say itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from fake_idp import random_ids
from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.forgeries import find_forgery, forge, publish
from fake_idp.oauth import families
from fake_idp.oauth.messages import NO_STORE, OAuthError, Response, json_response
from fake_idp.oauth.records import digest, token_digest
from fake_idp.oauth.signing import sign
from fake_idp.users import User

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer
    from fake_idp.oauth.records import Login
    from fake_idp.options import TokenOptions
    from fake_idp.presets.base import TokenUse
    from fake_idp.state import Record
    from fake_idp.tokens import Draft

__all__ = ["is_opaque", "issue"]

_NOBODY = User("")


async def issue(
    issuer: Issuer,
    client: Client,
    login: Login,
    *,
    grant: str,
    refresh: bool,
    confirmation: Mapping[str, Any] | None = None,
    family: str | None = None,
    extra: Mapping[str, Any] | None = None,
    lasting: Login | None = None,
) -> Response:
    """Answer with tokens.

    Args:
        issuer: who issues them.
        client: for whom.
        login: on whose behalf, and with which rights.
        grant: the grant type.
        refresh: whether a refresh token comes with them.
        confirmation: the key that they are bound to (``cnf``).
        family: which earlier tokens they belong to; a new family when left out.
        extra: more members of the answer.
        lasting: what the refresh token stands for, where that is more than ``login`` (a refresh may ask
            for less than it could have, RFC 6749 section 6).

    Raises:
        OAuthError: the person chose a forgery that these tokens cannot have.
    """
    machine = not login.user and not login.subject
    user = issuer.users.find(login.user) if login.user else _NOBODY
    options: TokenOptions = {
        "scope": login.scope,
        "client_id": client.client_id,
        "grant": grant,
        "user": user,
        "claims": {**login.claims, **(client.claims or {})} if machine else login.claims,
        "audience": login.audience,
        "actor": login.actor,
    }
    if login.session:
        options["session"] = login.session
    if login.auth_time:
        options["auth_time"] = login.auth_time
    subject = _subject(issuer, client, login, user, "access")
    of_access: TokenOptions = {
        **options,
        "token_use": "access",
        "confirmation": confirmation,
        "expires_in": _lifetime(issuer, client, "access"),
    }
    draft = issuer.draft(subject, **of_access)
    opaque = is_opaque(issuer, login)
    # What makes some defects is another draft: an ID token in the place of the access token.
    other = find_forgery(login.forgery)[1].options if login.forgery else {}
    if opaque:
        access = random_ids.token_urlsafe(32)
    elif other:
        use: TokenUse = "id" if other.get("token_use") == "id" else "access"
        instead = _subject(issuer, client, login, user, use)
        access = await _signed(
            issuer, issuer.draft(instead, **cast("TokenOptions", {**of_access, **other})), login.forgery
        )
    else:
        access = await _signed(issuer, draft, login.forgery)
    answer: dict[str, Any] = {
        "access_token": access,
        "token_type": "DPoP" if confirmation and "jkt" in confirmation else "Bearer",
        "expires_in": _lifetime(issuer, client, "access"),
    }
    if login.scope:
        answer["scope"] = " ".join(login.scope)
    if "openid" in login.scope and not machine:
        subject = _subject(issuer, client, login, user, "id")
        of_id: TokenOptions = {
            **options,
            "token_use": "id",
            "nonce": login.nonce,
            "access_token": access,
            "expires_in": _lifetime(issuer, client, "id"),
        }
        if login.dated and "auth_time" in issuer.discovery().get("claims_supported", ()):
            # OpenID Connect Core 1.0 section 2; some vendors leave it out otherwise.
            of_id["claims"] = {"auth_time": login.auth_time, **login.claims}
        # Some defects are of access tokens only; the ID token is then as it should be.
        answer["id_token"] = await _signed(
            issuer,
            issuer.draft(subject, **of_id),
            "" if other else login.forgery,
            otherwise_honest=not opaque,
        )
    elif opaque and login.forgery:
        raise OAuthError("invalid_request", "an opaque access token has no defect to choose")
    if opaque or not machine:
        refresh_token = _keep(
            issuer,
            client,
            access,
            {
                "client_id": client.client_id,
                "user": login.user,
                "sub": str(draft.claims.get("sub", subject)),
                "scope": list(login.scope),
                "claims": dict(draft.claims),
                "family": family or families.new_id(),
                "opaque": opaque,
            },
            refresh={
                "client_id": client.client_id,
                "login": replace(lasting or login, nonce=None, forgery="").record(),
                "confirmation": dict(confirmation) if confirmation else None,
                "used": False,
            }
            if refresh
            else None,
        )
        if refresh_token:
            answer["refresh_token"] = refresh_token
    if extra:
        answer.update(extra)
    return json_response(issuer.preset.token_response(answer), headers=NO_STORE)


def is_opaque(issuer: Issuer, login: Login) -> bool:
    """Whether the access token of the sign-in is opaque: always with some vendors, with others for a person
    unless an API was asked for."""
    preset = issuer.preset
    person = login.user or login.subject
    return preset.access_tokens == "opaque" or bool(
        preset.opaque_without_audience and person and login.audience is None
    )


def _subject(issuer: Issuer, client: Client, login: Login, user: User, use: TokenUse) -> str:
    if login.subject:
        return login.subject
    if not login.user:
        return issuer.preset.machine_subject(client.client_id)
    return issuer.preset.subject(user, issuer=issuer.token_issuer, client_id=client.client_id, use=use)


async def _signed(issuer: Issuer, draft: Draft, forgery: str, *, otherwise_honest: bool = False) -> str:
    """The honest token, or the forgery that the person chose, whose key is published if it has to be."""
    if not forgery:
        return await sign(draft)
    try:
        publish(forgery, issuer.keys)
        return forge(forgery, draft)
    except (InvalidValue, UnknownName):
        if otherwise_honest:
            return await sign(draft)
        raise OAuthError("invalid_request", "these tokens cannot have the defect that was chosen") from None


def _lifetime(issuer: Issuer, client: Client, use: TokenUse) -> int:
    """How long a token of the client is good, in seconds."""
    return client.lifetime(use, issuer.preset.lifetime_of(use))


def _keep(issuer: Issuer, client: Client, access: str, record: Record, *, refresh: Record | None) -> str:
    """Write down what was issued; returns the refresh token, or nothing."""
    state, now, key, family = issuer.state, issuer.clock.now(), token_digest(access), record["family"]
    expires_at = now + _lifetime(issuer, client, "access")
    lasts = client.lifetime("refresh", families.LIFETIME)
    token = random_ids.token_urlsafe(32) if refresh is not None else ""
    with state.transaction():
        state.put("access", key, record | {"expires_at": expires_at})
        families.add_access(state, family, key, expires_at=expires_at, now=now)
        if refresh is not None:
            kept = refresh | {"family": family, "expires_at": now + lasts}
            state.put("refresh", digest(token), kept)
            families.last_until(state, family, now + lasts, now=now)
    return token
