"""A page with a form, and the one answer that it is good for.

The form carries the id of a transaction. Its record is bound to the browser by a cookie, so that nobody
can answer for another browser (RFC 9700 section 4.7), and has what the page was about, so that the
answer cannot be about something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fake_idp import random_ids
from fake_idp.oauth import sessions
from fake_idp.oauth.messages import OAuthError, Request
from fake_idp.oauth.records import digest

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer
    from fake_idp.state import Record

__all__ = ["begin", "take"]

_LIFETIME = 1800


def begin(issuer: Issuer, request: Request, kind: str, about: Record) -> tuple[str, tuple[str, str]]:
    """Begin a transaction.

    Args:
        issuer: whose page it is.
        request: of the browser that is shown the page.
        kind: of the record; the page's own.
        about: what the page is about.

    Returns:
        What the form carries, and the header that sets the browser's cookie.
    """
    transaction = random_ids.token_urlsafe(32)
    browser = sessions.browser(issuer, request) or random_ids.token_urlsafe(32)
    bound = {"browser": digest(browser), "expires_at": issuer.clock.now() + _LIFETIME}
    issuer.state.put(kind, digest(transaction), {**about, **bound})
    return transaction, sessions.set_cookie(issuer, request, "login", browser)


def take(issuer: Issuer, request: Request, kind: str, form: Mapping[str, str]) -> Record:
    """End the transaction of a form that came back, and return what its page was about.

    Raises:
        OAuthError: the form comes from another site or another browser, or is used up.
    """
    if _cross_site(request):
        raise OAuthError("access_denied", "the form was sent by another site", status=403)
    state, key = issuer.state, digest(form.get("transaction", ""))
    browser = sessions.browser(issuer, request)
    with state.transaction():
        record = state.get(kind, key)
        if record is None or record["expires_at"] <= issuer.clock.now():
            raise OAuthError("invalid_request", "this page is used up or too old; begin again")
        if browser is None or digest(browser) != record["browser"]:
            raise OAuthError("access_denied", "the page was shown to another browser", status=403)
        state.delete(kind, key)
    return record


def _cross_site(request: Request) -> bool:
    """Whether another site's page sent the form (Fetch Metadata, or Origin where that is missing)."""
    site = request.header("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.header("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != (request.header("host") or "").lower()
    except ValueError:
        return True
