"""An authorization request, judged (RFC 6749 section 4.1.1, OpenID Connect Core 1.0 section 3.1.2.1).

In two steps, since RFC 6749 section 4.1.2.1 has two kinds of errors: until the client and the redirect
URI are known to be good (``destination``), nobody may be sent anywhere; from then on (``checked``) the
client is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fake_idp.oauth import redirects
from fake_idp.oauth.authenticate import find_client
from fake_idp.oauth.messages import OAuthError
from fake_idp.oauth.pkce import challenge_of
from fake_idp.oauth.resources import Audience, target
from fake_idp.oauth.scopes import granted_scope

if TYPE_CHECKING:
    from fake_idp.clients import Client
    from fake_idp.issuer import Issuer

__all__ = ["Asked", "Destination", "checked", "destination"]

_UNSUPPORTED = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where the answer goes.

    Attributes:
        client: who asks.
        redirect_uri: where the browser is sent.
        named: whether the request named it, so that the token request has to do so too.
        mode: the response mode.
        state: what the client wants back.
    """

    client: Client
    redirect_uri: str
    named: bool
    mode: str
    state: str | None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked for.

    Attributes:
        scope: the scopes.
        audience: the API.
        challenge: of PKCE.
        jkt: the thumbprint of the key that the code is to be bound to; empty for none.
        nonce: for the ID token.
        prompt: what the person is to be asked (OpenID Connect Core 1.0 section 3.1.2.1).
        max_age: how long ago the person may have signed in, in seconds.
        login_hint: who is expected to sign in.
        id_token_hint: an ID token of whoever has to be signed in already.
    """

    scope: tuple[str, ...]
    audience: Audience
    challenge: Mapping[str, str] | None
    jkt: str
    nonce: str | None
    prompt: frozenset[str]
    max_age: int | None
    login_hint: str | None
    id_token_hint: str | None


async def destination(issuer: Issuer, parameters: Mapping[str, str]) -> Destination:
    """Find the client and where it may be answered.

    Raises:
        OAuthError: nowhere. The browser must not be sent to the client (RFC 6749 section 4.1.2.1).
    """
    client_id = parameters.get("client_id")
    if client_id is None:
        raise OAuthError("invalid_request", "client_id is missing")
    try:
        client = await find_client(issuer, client_id)
    except OAuthError as error:
        # As its page is for a person, without the status and the challenge of the token endpoint.
        raise OAuthError(error.error, error.description) from None
    uri = parameters.get("redirect_uri")
    named = uri is not None
    if uri is None:
        # RFC 6749 section 3.1.2.3; OpenID Connect Core 1.0 section 3.1.2.1 has it required.
        if len(client.redirect_uris) != 1 or "openid" in parameters.get("scope", "").split(" "):
            raise OAuthError("invalid_request", "redirect_uri is missing")
        uri = client.redirect_uris[0]
    if (wrong := redirects.unsafe(uri)) is not None:
        raise OAuthError("invalid_request", f"redirect_uri {wrong}")
    if not client.allows_redirect(uri) and "redirect-uris" not in issuer.lax:
        raise OAuthError("invalid_request", "redirect_uri is not one of the client's")
    return Destination(
        client=client,
        redirect_uri=uri,
        named=named,
        mode=_mode(issuer, parameters) or _usual_mode(parameters),
        state=parameters.get("state"),
    )


def checked(issuer: Issuer, to: Destination, parameters: Mapping[str, str]) -> Asked:
    """Judge the rest of the request.

    Raises:
        OAuthError: what is wrong; the client is told.
    """
    for name, error in _UNSUPPORTED.items():
        if name in parameters:
            raise OAuthError(error, f"the parameter {name} is not supported")
    if "response_type" not in parameters:
        raise OAuthError("invalid_request", "response_type is missing")
    if parameters["response_type"] != "code":
        raise OAuthError("unsupported_response_type", "response_type must be code")
    if "response_mode" in parameters and _mode(issuer, parameters) is None:
        raise OAuthError("invalid_request", f"response_mode must be {' or '.join(_modes(issuer))}")
    if to.client.grant_types and "authorization_code" not in to.client.grant_types:
        raise OAuthError("unauthorized_client", "this client was not registered for authorization_code")
    issuer.preset.check_request("authorization", parameters)
    return Asked(
        scope=granted_scope(issuer, to.client, parameters.get("scope")),
        audience=target(issuer, parameters),
        challenge=challenge_of(issuer, to.client, parameters),
        jkt=parameters.get("dpop_jkt", "") if issuer.preset.dpop else "",
        nonce=parameters.get("nonce"),
        prompt=_prompt(parameters.get("prompt", "")),
        max_age=_max_age(parameters.get("max_age")),
        login_hint=parameters.get("login_hint"),
        id_token_hint=parameters.get("id_token_hint"),
    )


def _modes(issuer: Issuer) -> list[str]:
    """RFC 8414 section 2: query and fragment where the metadata do not say."""
    known = issuer.discovery().get("response_modes_supported", ["query", "fragment"])
    return [mode for mode in redirects.MODES if mode in known]


def _mode(issuer: Issuer, parameters: Mapping[str, str]) -> str | None:
    asked = parameters.get("response_mode")
    return asked if asked is not None and asked in _modes(issuer) else None


def _usual_mode(parameters: Mapping[str, str]) -> str:
    """Multiple Response Types section 2.1: the fragment for all but ``code`` and ``none``."""
    return "query" if parameters.get("response_type", "code") in ("code", "none") else "fragment"


def _prompt(text: str) -> frozenset[str]:
    asked = frozenset(text.split())
    if "none" in asked and len(asked) > 1:
        raise OAuthError("invalid_request", "prompt none goes with no other value")
    if not asked <= {"none", "login", "consent", "select_account"}:
        raise OAuthError("invalid_request", "prompt must be none, login, consent or select_account")
    return asked


def _max_age(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise OAuthError("invalid_request", "max_age must be a number of seconds")
    return int(text)
