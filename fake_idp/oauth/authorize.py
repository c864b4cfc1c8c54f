"""The authorization endpoint (RFC 6749 section 3.1): a page where a person signs in, or does not.

Somebody who is signed in already sees the page all the same, for choosing who to be is what it is
for; the session is for ``prompt=none``. Where ``Issuer.auto_login`` names somebody there is no page.

The page's form carries the id of a transaction (``transactions``), whose record has the parameters of
the request, so that nobody can change it in between.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fake_idp import random_ids
from fake_idp.oauth import redirects, sessions, transactions
from fake_idp.oauth.authorization_request import Asked, Destination, checked, destination
from fake_idp.oauth.messages import OAuthError, Request, Response
from fake_idp.oauth.records import Login, digest
from fake_idp.users import User

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer
    from fake_idp.oauth.sessions import Session

__all__ = ["CODE_LIFETIME", "handle"]

CODE_LIFETIME = 60
"""How long a code is good, in seconds (RFC 6749 section 4.1.2: at most ten minutes)."""

_ERRORS = {
    "access_denied": "the person says no",
    "temporarily_unavailable": "the issuer is overloaded for a while",
    "server_error": "the issuer fails",
}
"""What the page can let happen instead of a sign-in (RFC 6749 section 4.1.2.1)."""

_FAVOURITES = ("time.exp-past", "sig.wrong-key")
"""The forgeries that come first on the page."""


@dataclass(frozen=True, kw_only=True)
class _Exchange:
    """One authorization request and how it is answered."""

    issuer: Issuer
    request: Request
    parameters: Mapping[str, str]
    to: Destination
    request_uri: str = ""

    def error(self, error: str, description: str, *, headers: Sequence[tuple[str, str]] = ()) -> Response:
        """RFC 6749 section 4.1.2.1."""
        return self._answer({"error": error, "error_description": description}, headers)

    def code(self, asked: Asked, login: Login, *, headers: Sequence[tuple[str, str]] = ()) -> Response:
        """A code for the sign-in (RFC 6749 section 4.1.2)."""
        from fake_idp.oauth import families

        code = random_ids.token_urlsafe(32)
        record = {
            "client_id": self.to.client.client_id,
            "redirect_uri": self.to.redirect_uri if self.to.named else None,
            "login": login.record(),
            "challenge": asked.challenge,
            "jkt": asked.jkt,
            "family": families.new_id(),
            "used": False,
            "expires_at": self.issuer.clock.now() + CODE_LIFETIME,
        }
        self.issuer.state.put("code", digest(code), record)
        if self.request_uri:
            self.issuer.state.delete("request", self.request_uri)  # RFC 9126 section 4: good once
        return self._answer({"code": code}, headers)

    def _answer(self, answer: dict[str, str], headers: Sequence[tuple[str, str]]) -> Response:
        if self.to.state is not None:
            answer["state"] = self.to.state
        if self.issuer.preset.iss_parameter:
            answer["iss"] = self.issuer.url  # RFC 9207 section 2
        status = 303 if self.request.method == "POST" else 302
        return redirects.send(self.to.redirect_uri, self.to.mode, answer, status=status, headers=headers)


async def handle(issuer: Issuer, request: Request) -> Response:
    """Show the page, or take what it sends back."""
    try:
        sent = request.form if request.method == "POST" else request.query
        if request.method == "POST" and "transaction" in sent:
            return await _decided(issuer, request, sent)
        parameters, request_uri = _pushed(issuer, sent)
        to = await destination(issuer, parameters)
    except OAuthError as error:
        return _refusal(error)
    exchange = _Exchange(
        issuer=issuer, request=request, parameters=parameters, to=to, request_uri=request_uri
    )
    try:
        asked = checked(issuer, to, parameters)
        if "none" in asked.prompt:
            return _silent(exchange, asked)
        if issuer.auto_login is not None:
            return _signed_in(exchange, asked, _unattended(issuer, asked))
    except OAuthError as error:
        return exchange.error(error.error, error.description)
    return _page(exchange, asked)


def _pushed(issuer: Issuer, sent: Mapping[str, str]) -> tuple[Mapping[str, str], str]:
    """The parameters of the request: those that were pushed, if it refers to some (RFC 9126 section 4)."""
    request_uri = sent.get("request_uri", "")
    if not request_uri.startswith("urn:ietf:params:oauth:request_uri:"):
        return sent, ""
    record = issuer.state.get("request", request_uri)
    if record is None or record["client_id"] != sent.get("client_id"):
        raise OAuthError("invalid_request_uri", "this client has pushed no such request")
    if record["expires_at"] <= issuer.clock.now():
        raise OAuthError("invalid_request_uri", "the pushed request has expired")
    return record["parameters"], request_uri


def _silent(exchange: _Exchange, asked: Asked) -> Response:
    """``prompt=none``: who is signed in with the browser, without asking."""
    issuer, session = exchange.issuer, sessions.current(exchange.issuer, exchange.request)
    oldest = 0.0 if asked.max_age is None else issuer.clock.now() - asked.max_age
    if session is not None and session.auth_time >= oldest:
        _check_hint(exchange, asked, session.user)
        return exchange.code(asked, _login(asked, session))
    if issuer.auto_login is not None:
        login = _unattended(issuer, asked)
        _check_hint(exchange, asked, login.user)
        return _signed_in(exchange, asked, login)
    if session is not None:
        raise OAuthError("login_required", "the sign-in is older than max_age")
    raise OAuthError("login_required", "nobody is signed in with this browser")


def _check_hint(exchange: _Exchange, asked: Asked, user: str) -> None:
    """Answer for nobody but the person of ``id_token_hint`` (OpenID Connect Core 1.0 section 3.1.2.1).

    Raises:
        OAuthError: it is somebody else's (login_required), or no ID token of this issuer's.
    """
    if asked.id_token_hint is None:
        return
    from fake_idp.oauth.bearer import own_jwt
    from fake_idp.oauth.jwt_validation import Refused
    from fake_idp.oauth.subjects import user_of

    try:
        claims = own_jwt(exchange.issuer, asked.id_token_hint, use="id", expired=True).claims
    except Refused as refused:
        raise OAuthError("invalid_request", f"id_token_hint is not good: {refused.reason}") from None
    client_id = exchange.to.client.client_id
    hinted = user_of(exchange.issuer, claims["sub"], client_id=client_id, use="id")
    if (claims["sub"] if hinted is None else hinted.name) != user:
        raise OAuthError("login_required", "somebody else is signed in than id_token_hint says")


def _unattended(issuer: Issuer, asked: Asked) -> Login:
    """Whoever ``auto_login`` names, or whom of the known people the client hints at."""
    name = issuer.auto_login or ""
    if asked.login_hint is not None and any(user.name == asked.login_hint for user in issuer.users):
        name = asked.login_hint
    if issuer.users.find(name).disabled:
        raise OAuthError("access_denied", "this person may not sign in any more")
    return _login(asked, _new_session(issuer, name))


def _signed_in(exchange: _Exchange, asked: Asked, login: Login) -> Response:
    """Remember the browser's person and answer with a code."""
    session = sessions.Session(user=login.user, auth_time=login.auth_time, session=login.session)
    cookie = sessions.start(exchange.issuer, exchange.request, session)
    return exchange.code(asked, login, headers=[cookie])


def _new_session(issuer: Issuer, user: str) -> Session:
    return sessions.Session(user=user, auth_time=int(issuer.clock.now()), session=random_ids.uuid4())


def _login(asked: Asked, session: Session) -> Login:
    return Login(
        user=session.user,
        scope=asked.scope,
        audience=asked.audience,
        auth_time=session.auth_time,
        dated=asked.max_age is not None,
        session=session.session,
        nonce=asked.nonce,
    )


async def _decided(issuer: Issuer, request: Request, form: Mapping[str, str]) -> Response:
    """The page's form: who signs in, or what happens instead."""
    record = transactions.take(issuer, request, "login", form)
    parameters = record["parameters"]
    to = await destination(issuer, parameters)
    exchange = _Exchange(
        issuer=issuer, request=request, parameters=parameters, to=to, request_uri=record["request_uri"]
    )
    failure = "access_denied" if form.get("decision") == "deny" else form.get("failure", "")
    try:
        asked = checked(issuer, to, parameters)
    except OAuthError as error:
        return exchange.error(error.error, error.description)
    if failure in _ERRORS:
        return exchange.error(failure, _ERRORS[failure])
    try:
        login = _chosen(exchange, asked, form, failure)
    except OAuthError as error:
        return _page(exchange, asked, error=error.description, form=form)
    return _signed_in(exchange, asked, login)


def _chosen(exchange: _Exchange, asked: Asked, form: Mapping[str, str], forgery: str) -> Login:
    """The sign-in as the form has it.

    Raises:
        OAuthError: it cannot be had; the description is for the page.
    """
    issuer, name = exchange.issuer, form.get("user") or form.get("other") or ""
    if not name or len(name) > 200 or not name.isprintable():
        raise OAuthError("invalid_request", "Choose somebody, or write a name of at most 200 characters.")
    if issuer.users.find(name).disabled:
        raise OAuthError("access_denied", "This person may not sign in any more.")
    login = replace(
        _login(asked, _new_session(issuer, name)), claims=_claims(form.get("claims", "")), forgery=forgery
    )
    if forgery:
        _try_out(exchange, login)
    return login


def _claims(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        claims = json.loads(text)
        json.dumps(claims, allow_nan=False)  # Python reads NaN, and 1e999 as infinity; JSON has neither
    except (ValueError, RecursionError):
        raise OAuthError("invalid_request", "The claims are not JSON.") from None
    if not isinstance(claims, dict):
        raise OAuthError("invalid_request", 'The claims must be a JSON object, as {"groups": ["ops"]}.')
    return claims


def _try_out(exchange: _Exchange, login: Login) -> None:
    """Find out now, while the person can choose again, whether the tokens can have the defect."""
    from fake_idp.errors import FakeIdpError
    from fake_idp.oauth.issue import is_opaque

    issuer, opaque = exchange.issuer, is_opaque(exchange.issuer, login)
    if opaque and "openid" not in login.scope:
        raise OAuthError("invalid_request", "An opaque access token has no defect to choose.")
    try:
        issuer.forge(
            login.forgery,
            login.user,
            token_use="id" if opaque else "access",
            scope=login.scope,
            audience=login.audience,
            claims=login.claims,
            client_id=exchange.to.client.client_id,
        )
    except FakeIdpError as error:
        raise OAuthError("invalid_request", f"These tokens cannot have that defect: {error}.") from None


def _page(
    exchange: _Exchange, asked: Asked, *, error: str = "", form: Mapping[str, str] | None = None
) -> Response:
    """The page, with a new transaction behind it."""
    from fake_idp.pages import render

    issuer, request = exchange.issuer, exchange.request
    about = {"parameters": dict(exchange.parameters), "request_uri": exchange.request_uri}
    transaction, cookie = transactions.begin(issuer, request, "login", about)
    said = form or {}
    return render(
        "login.html",
        status=400 if error else 200,
        headers=[cookie],
        issuer=issuer,
        client=exchange.to.client,
        scope=list(asked.scope),
        users=_people(issuer, asked.login_hint),
        transaction=transaction,
        action=quote(request.path),
        failures=_failures(),
        error=error,
        claims=said.get("claims", ""),
        failure=said.get("failure", ""),
    )


def _people(issuer: Issuer, hint: str | None) -> list[User]:
    """Everybody who can sign in, the one that the client hints at first."""
    people = list(issuer.users)
    if hint is None or not hint.isprintable() or len(hint) > 200:
        return people
    return [issuer.users.find(hint), *(user for user in people if user.name != hint)]


def _failures() -> list[tuple[str, str]]:
    """What can be chosen on the page: an error answer, or a defect of the tokens."""
    from fake_idp.forgeries import FORGERIES

    ids = dict.fromkeys((*_FAVOURITES, *sorted(FORGERIES)))
    forgeries = [(each, f"{each}: {FORGERIES[each].title}") for each in ids if each in FORGERIES]
    return [(error, f"{error}: {what}") for error, what in _ERRORS.items()] + forgeries


def _refusal(error: OAuthError) -> Response:
    """A page for the person, whom nobody can send back (RFC 6749 section 4.1.2.1)."""
    from fake_idp.pages import render

    return render(
        "message.html",
        status=error.status,
        title="This request cannot be answered",
        text=f"It is refused: {error.description}.",
        details={"error": error.error},
    )
