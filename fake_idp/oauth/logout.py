"""The end session endpoint (OpenID Connect RP-Initiated Logout 1.0).

Somebody who is signed in is asked first, unless the application proves by ``id_token_hint`` that it means
them (section 2); the vendors do not ask (``Preset.asks_before_logout``). Where the browser goes afterwards
is ``post_logout_redirect_uri``, or the vendor's name for it (``Preset.logout_redirects``; Cognito's is
``logout_uri``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from fake_idp.oauth import sessions, transactions
from fake_idp.oauth.authenticate import find_client
from fake_idp.oauth.bearer import own_jwt
from fake_idp.oauth.jwt_validation import Refused
from fake_idp.oauth.messages import OAuthError, Request, Response
from fake_idp.oauth.redirects import unsafe
from fake_idp.oauth.subjects import user_of

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer

__all__ = ["handle"]


async def handle(issuer: Issuer, request: Request) -> Response:
    """Sign the browser's person out, and send the browser back or say so on a page."""
    from fake_idp.pages import render

    try:
        sent = request.form if request.method == "POST" else request.query
        if "transaction" in sent:
            return _answered(issuer, request, sent)
        uri = next((sent[name] for name in issuer.preset.logout_redirects if name in sent), None)
        client = await _client(issuer, sent)
        if uri is not None:
            _check_redirect(issuer, client, uri)
    except OAuthError as error:
        return render(
            "message.html",
            status=403 if error.status == 403 else 400,  # a page has no WWW-Authenticate
            title="This request cannot be answered",
            text=f"The application has sent you here with a request that is wrong: {error.description}.",
            details={"error": error.error},
        )
    if uri is not None and "state" in sent:
        uri = f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': sent['state']})}"
    if _asks(issuer, request, sent):
        transaction, cookie = transactions.begin(issuer, request, "logout", {"uri": uri})
        return render(
            "logout.html",
            headers=[cookie],
            issuer=issuer,
            client=client,
            transaction=transaction,
            action=quote(request.path),
        )
    return _signed_out(issuer, request, uri)


def _asks(issuer: Issuer, request: Request, sent: Mapping[str, str]) -> bool:
    """Whether somebody is signed in who might not want to be signed out (section 2)."""
    session = sessions.current(issuer, request)
    if session is None or not issuer.preset.asks_before_logout or issuer.auto_login is not None:
        return False
    if "id_token_hint" not in sent:
        return True
    hinted = own_jwt(issuer, sent["id_token_hint"], use="id", expired=True).claims
    audience = hinted["aud"][0] if isinstance(hinted["aud"], list) else hinted["aud"]
    person = user_of(issuer, hinted["sub"], client_id=audience, use="id")
    return (hinted["sub"] if person is None else person.name) != session.user


def _answered(issuer: Issuer, request: Request, form: Mapping[str, str]) -> Response:
    """What the person says to the question."""
    from fake_idp.pages import render

    record = transactions.take(issuer, request, "logout", form)
    if form.get("decision") != "approve":
        return render("message.html", title="Still signed in", text="You may close this page.")
    return _signed_out(issuer, request, record["uri"])


def _signed_out(issuer: Issuer, request: Request, uri: str | None) -> Response:
    from fake_idp.pages import render

    cookie = sessions.end(issuer, request)
    if uri is None:
        return render("message.html", headers=[cookie], title="Signed out", text="You may close this page.")
    headers = (("location", uri), ("cache-control", "no-store"), cookie)
    return Response(status=303 if request.method == "POST" else 302, headers=headers)


async def _client(issuer: Issuer, sent: Mapping[str, str]) -> Client | None:
    """The client that sent the browser here, by its id or by an ID token of its own (section 2).

    Raises:
        OAuthError: the hint is no ID token of this issuer's, or is another client's.
    """
    named, hint = sent.get("client_id"), sent.get("id_token_hint")
    if hint is not None:
        try:
            audience = own_jwt(issuer, hint, use="id", expired=True).claims["aud"]
        except Refused as refused:
            raise OAuthError("invalid_request", f"id_token_hint is not good: {refused.reason}") from None
        audiences = audience if isinstance(audience, list) else [audience]
        if named is not None and named not in audiences:
            raise OAuthError("invalid_request", "id_token_hint was issued to another client than client_id")
        named = named or audiences[0]
    return None if named is None else await find_client(issuer, named)


def _check_redirect(issuer: Issuer, client: Client | None, uri: str) -> None:
    """Section 3: the URI is one that the client registered, compared as strings.

    A client that may be sent back to any loopback address after a sign-in may be so after a logout.
    """
    if client is None:
        raise OAuthError("invalid_request", "client_id or id_token_hint must say which client is asking")
    if (wrong := unsafe(uri)) is not None:
        raise OAuthError("invalid_request", f"the redirect URI {wrong}")
    known = uri in client.post_logout_redirect_uris or (client.any_loopback and client.allows_redirect(uri))
    if not known and "redirect-uris" not in issuer.lax:
        raise OAuthError("invalid_request", "the redirect URI is not one that this client registered")
