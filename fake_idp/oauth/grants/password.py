"""The resource owner password credentials grant (RFC 6749 section 4.3), for vendors that still have it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fake_idp import random_ids
from fake_idp.errors import UnknownName
from fake_idp.oauth.issue import issue
from fake_idp.oauth.messages import OAuthError, Request, Response
from fake_idp.oauth.records import Login
from fake_idp.oauth.resources import target
from fake_idp.oauth.scopes import gets_refresh_token, granted_scope

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer

__all__ = ["exchange"]


async def exchange(
    issuer: Issuer, request: Request, client: Client, confirmation: Mapping[str, Any] | None
) -> Response:
    """Tokens for somebody whose password the client knows."""
    name, password = request.form.get("username"), request.form.get("password")
    if name is None or password is None:
        raise OAuthError("invalid_request", "username and password are both needed")
    try:
        user = issuer.users.get(name)
    except UnknownName:
        user = None
    known = "" if user is None else user.password
    if not hmac.compare_digest(password.encode(), known.encode()) or user is None or user.disabled:
        raise OAuthError("invalid_grant", "the user name or the password is wrong")
    login = Login(
        user=name,
        scope=granted_scope(issuer, client, request.form.get("scope")),
        audience=target(issuer, request.form),
        auth_time=int(issuer.clock.now()),
        session=random_ids.uuid4(),
    )
    return await issue(
        issuer,
        client,
        login,
        grant="password",
        refresh=gets_refresh_token(issuer, client, login.scope),
        confirmation=confirmation,
    )
