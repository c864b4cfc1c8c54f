"""Cookies: who is signed in with a browser, and which browser was shown a page.

A cookie's name has the issuer in it, since several issuers may answer at one address and cookies know
no more than that (RFC 6265 section 8.5: not even the port).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fake_idp import random_ids
from fake_idp.oauth.messages import Request
from fake_idp.oauth.records import digest

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["Session", "browser", "current", "end", "set_cookie", "start"]

LIFETIME = 12 * 3600
"""How long a browser stays signed in, in seconds."""

_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
_CookieName = Literal["session", "login"]


@dataclass(frozen=True, kw_only=True)
class Session:
    """Somebody is signed in with a browser.

    Attributes:
        user: the person's name.
        auth_time: when they signed in, in seconds since the epoch.
        session: the id that the tokens of this sign-in share.
    """

    user: str
    auth_time: int
    session: str


def current(issuer: Issuer, request: Request) -> Session | None:
    """Who is signed in with the browser that sends the request, if anybody is."""
    value = request.cookie(_name(issuer, "session"))
    record = issuer.state.get("session", digest(value)) if value else None
    if record is None or record["expires_at"] <= issuer.clock.now():
        return None
    if issuer.users.find(record["user"]).disabled:
        return None
    return Session(user=record["user"], auth_time=record["auth_time"], session=record["session"])


def start(issuer: Issuer, request: Request, session: Session) -> tuple[str, str]:
    """Sign somebody in with the browser, in place of whoever was; returns the header that tells it."""
    _forget(issuer, request)
    value = random_ids.token_urlsafe(32)
    record = {
        "user": session.user,
        "auth_time": session.auth_time,
        "session": session.session,
        "expires_at": issuer.clock.now() + LIFETIME,
    }
    issuer.state.put("session", digest(value), record)
    return set_cookie(issuer, request, "session", value)


def end(issuer: Issuer, request: Request) -> tuple[str, str]:
    """Sign the browser's person out; returns the header that tells the browser."""
    _forget(issuer, request)
    name, value = set_cookie(issuer, request, "session", "")
    return name, f"{value}; Max-Age=0"


def browser(issuer: Issuer, request: Request) -> str | None:
    """What tells the browser from others before anybody signed in; None for one that was never here."""
    value = request.cookie(_name(issuer, "login"))
    return value if value is not None and _VALUE.fullmatch(value) else None


def set_cookie(issuer: Issuer, request: Request, name: _CookieName, value: str) -> tuple[str, str]:
    """The header that sets one of the cookies: out of reach of scripts and of other sites' forms."""
    secure = "; Secure" if request.url.startswith("https:") else ""
    return "set-cookie", f"{_name(issuer, name)}={value}; Path=/; HttpOnly; SameSite=Lax{secure}"


def _forget(issuer: Issuer, request: Request) -> None:
    if value := request.cookie(_name(issuer, "session")):
        issuer.state.delete("session", digest(value))


def _name(issuer: Issuer, name: _CookieName) -> str:
    return f"fake-idp-{name}-{digest(issuer.url)[:8]}"
