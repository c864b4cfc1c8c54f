"""The page where a person connects a device (RFC 8628 section 3.3).

First the code that the device shows, then who signs in, or nobody. The person sees for which client and
which scopes (section 5.4). Where ``Issuer.auto_login`` names somebody, the right code is enough.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from urllib.parse import quote

from fake_idp.errors import UnknownName
from fake_idp.oauth import transactions
from fake_idp.oauth.authenticate import find_client
from fake_idp.oauth.messages import OAuthError, Request, Response

if TYPE_CHECKING:
    from fake_idp.devices import Device
    from fake_idp.issuer import Issuer

__all__ = ["GUESSES", "GUESSES_WINDOW", "handle"]

GUESSES = 20
"""How many wrong codes may be typed in a while, by everybody together (RFC 8628 section 5.1)."""

GUESSES_WINDOW = 60
"""How long that while is, in seconds of the issuer's clock."""

_NO_SUCH_CODE = "There is no such code, or it is over. Look at the device again."


async def handle(issuer: Issuer, request: Request) -> Response:
    """Show the page, or take what it sends back."""
    try:
        if request.method == "POST":
            return _decided(issuer, request)
        user_code = request.query.get("user_code")
        if user_code is None:
            return _ask_for_code(issuer, request)
        try:
            device = _found(issuer, user_code)
            if issuer.auto_login is not None:
                return _approved(issuer, device, issuer.auto_login)
        except UnknownName:
            return _ask_for_code(issuer, request, error=_NO_SUCH_CODE, status=400)
        return await _ask_for_person(issuer, request, device)
    except OAuthError as error:
        return _message("This cannot be answered", f"{error.description}.", error=error)


def _found(issuer: Issuer, user_code: str) -> Device:
    """The device authorization of a code that somebody typed.

    Raises:
        UnknownName: there is none.
        OAuthError: too many wrong codes were typed lately.
    """
    now, state = issuer.clock.now(), issuer.state
    with state.transaction():
        record = state.get("guess", "user-code")
        if record is None or record["expires_at"] <= now:
            record = {"wrong": 0, "expires_at": now + GUESSES_WINDOW}
        if record["wrong"] >= GUESSES:
            wait = str(math.ceil(record["expires_at"] - now))
            raise OAuthError(
                "slow_down",
                f"too many wrong codes were typed; try again in {wait} seconds",
                status=429,
                headers=[("retry-after", wait)],
            )
        try:
            return issuer.devices.get(user_code)
        except UnknownName as error:  # it leaves after the transaction, which is to last
            unknown = error
            state.put("guess", "user-code", record | {"wrong": record["wrong"] + 1})
    raise unknown


def _ask_for_code(issuer: Issuer, request: Request, *, error: str = "", status: int = 200) -> Response:
    from fake_idp.pages import render

    return render("device.html", status=status, issuer=issuer, action=quote(request.path), error=error)


async def _ask_for_person(issuer: Issuer, request: Request, device: Device) -> Response:
    from fake_idp.pages import render

    transaction, cookie = transactions.begin(issuer, request, "device-page", {"user_code": device.user_code})
    return render(
        "device.html",
        headers=[cookie],
        issuer=issuer,
        action=quote(request.path),
        client=await find_client(issuer, device.client_id),
        scope=list(device.scope),
        users=list(issuer.users),
        user_code=device.user_code,
        transaction=transaction,
    )


def _decided(issuer: Issuer, request: Request) -> Response:
    """The page's form: who signs in, or nobody."""
    form = request.form
    record = transactions.take(issuer, request, "device-page", form)
    try:
        device = issuer.devices.get(record["user_code"])
        if form.get("decision") == "deny":
            issuer.devices.deny(device.user_code)
            return _message("Denied", "The device is told that you said no. You may close this page.")
        return _approved(issuer, device, form.get("user") or form.get("other") or "")
    except UnknownName:
        raise OAuthError(
            "expired_token", "the code is used up or too old; ask the device for another"
        ) from None


def _approved(issuer: Issuer, device: Device, name: str) -> Response:
    if not name or len(name) > 200 or not name.isprintable():
        raise OAuthError("invalid_request", "nobody was chosen, or a name that is none; type the code again")
    if issuer.users.find(name).disabled:
        raise OAuthError("access_denied", "this person may not sign in any more", status=403)
    issuer.devices.approve(device.user_code, user=name)
    return _message("Connected", f"The device is signed in as {name}. You may close this page.")


def _message(title: str, text: str, *, error: OAuthError | None = None) -> Response:
    from fake_idp.pages import render

    if error is None:
        return render("message.html", title=title, text=text)
    details = {"error": error.error}
    return render(
        "message.html", status=error.status, headers=error.headers, title=title, text=text, details=details
    )
