"""The device code grant (RFC 8628 section 3.4): the device asks again until somebody answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fake_idp import random_ids
from fake_idp.oauth.issue import issue
from fake_idp.oauth.jwt_validation import Refused
from fake_idp.oauth.messages import OAuthError, Request, Response
from fake_idp.oauth.records import Login
from fake_idp.oauth.scopes import gets_refresh_token
from fake_idp.oauth.subjects import active

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer

__all__ = ["exchange"]

_SAID = {
    "authorization_pending": "nobody answered yet",
    "slow_down": "wait longer between two polls; the interval is 5 seconds longer now",
    "access_denied": "the person said no",
    "expired_token": "the device code has expired",
    "invalid_grant": "there is no such device code of this client",
}


async def exchange(
    issuer: Issuer, request: Request, client: Client, confirmation: Mapping[str, Any] | None
) -> Response:
    """Tokens once the person approved, or one of the errors of RFC 8628 section 3.5."""
    device_code = request.form.get("device_code")
    if device_code is None:
        raise OAuthError("invalid_request", "device_code is missing")
    found = issuer.devices.poll(device_code, client_id=client.client_id)
    if isinstance(found, str):
        raise OAuthError(found, _SAID[found])
    try:
        user = active(issuer.users.find(found["answer"]))
    except Refused as refused:
        raise OAuthError("access_denied", refused.reason) from None
    details = {
        "scope": tuple(found["scope"]),
        "audience": found["audience"],
        "auth_time": int(found["answered_at"]),
        "session": random_ids.uuid4(),
    }
    login = Login.of(Login(user=user.name, **{**details, **found["login"]}).record())
    return await issue(
        issuer,
        client,
        login,
        grant=request.form["grant_type"],
        refresh=gets_refresh_token(issuer, client, login.scope),
        confirmation=confirmation,
    )
