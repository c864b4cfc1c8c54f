"""Which client is asking, and whether it is (RFC 6749 section 2.3).

An endpoint calls ``authenticate``. The methods are those of the registry in RFC 7591 section 2:
``client_secret_basic``, ``client_secret_post``, ``private_key_jwt`` (RFC 7523) and ``none``.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from fake_idp.clients import Client
from fake_idp.errors import UnknownName
from fake_idp.oauth.messages import OAuthError, Request

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["METHODS", "authenticate", "find_client", "method_of", "refusal"]

METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
"""The ways in which a client may authenticate here."""

_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


async def authenticate(issuer: Issuer, request: Request) -> Client:
    """Find the client of a request to the token endpoint or one of its kind, and check that it is it.

    Raises:
        OAuthError: invalid_client (401), or invalid_request where the request contradicts itself.
    """
    method = method_of(request)
    client_id, secret = _credentials(request, method)
    if not client_id:
        if "clients" not in issuer.lax:
            raise refusal(
                "say which client is asking: the parameter client_id or client authentication is missing"
            )
        client_id = issuer.client_id
    client = await find_client(issuer, client_id)
    if "clients" in issuer.lax:
        return client
    if method not in client.token_endpoint_auth_methods:
        known = " or ".join(client.token_endpoint_auth_methods)
        raise refusal(f"this client authenticates by {known}, not by {method}")
    if method == "private_key_jwt":
        await _check_assertion(issuer, request, client)
    elif method != "none" and not _same(secret, client.client_secret):
        hint = "; inside Basic it is form-urlencoded (RFC 6749 section 2.3.1)" if "basic" in method else ""
        raise refusal(f"the client secret is wrong{hint}")
    return client


def method_of(request: Request) -> str:
    """How the client of the request authenticates; ``none`` when it does not.

    Raises:
        OAuthError: it does so in two ways at once (RFC 6749 section 2.3), or in one that is unknown.
    """
    authorization, form = request.header("authorization"), request.form
    used = [
        method
        for method, there in (
            ("client_secret_basic", authorization is not None),
            ("client_secret_post", "client_secret" in form),
            ("private_key_jwt", "client_assertion" in form or "client_assertion_type" in form),
        )
        if there
    ]
    if len(used) > 1:
        raise OAuthError("invalid_request", f"authenticate in one way only, not by {' and '.join(used)}")
    return used[0] if used else "none"


async def find_client(issuer: Issuer, client_id: str) -> Client:
    """The client of that id: one that is known, or that publishes what it is under a URL.

    Raises:
        OAuthError: there is none (invalid_client).
    """
    try:
        return issuer.clients.get(client_id)
    except UnknownName:
        pass
    if issuer.preset.client_id_documents and client_id.startswith(("https://", "http://")):
        from fake_idp.oauth import client_documents

        return await client_documents.client(issuer, client_id)
    if "clients" in issuer.lax:
        return Client(client_id=client_id, token_endpoint_auth_methods=METHODS, any_loopback=True)
    raise refusal("there is no client of that id")


def _same(given: str, secret: str) -> bool:
    """Whether it is the secret, in a time that does not tell; a client without one has none to give."""
    return hmac.compare_digest(given.encode(), secret.encode()) and secret != ""


def _credentials(request: Request, method: str) -> tuple[str, str]:
    """The client id, and the secret where the method has one."""
    form = request.form
    if method == "client_secret_basic":
        client_id, secret = _basic(request.header("authorization") or "")
        if form.get("client_id", client_id) != client_id:
            raise OAuthError("invalid_request", "client_id is another one than in the Authorization header")
        return client_id, secret
    if method == "private_key_jwt" and "client_id" not in form:
        from fake_idp import jws
        from fake_idp.errors import MalformedToken

        # RFC 7521 section 4.2: client_id may be left out, for the assertion names the client.
        try:
            payload = jws.split(form.get("client_assertion", "")).payload
            subject = jws.parse_object(jws.from_b64url(payload, part="payload"), part="payload").get("sub")
        except MalformedToken:
            raise refusal("client_assertion is not a JWT") from None
        return (subject if isinstance(subject, str) else ""), ""
    return form.get("client_id", ""), form.get("client_secret", "")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise refusal("the Authorization header must be Basic here")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
        client_id, colon, secret = text.partition(":")
        if not colon:
            raise refusal("Basic credentials are the client id, a colon and the secret, in base64")
        return unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, ValueError):  # ValueError: UTF-8 that is none, before or after %-decoding
        raise refusal("the Basic credentials cannot be read") from None


async def _check_assertion(issuer: Issuer, request: Request, client: Client) -> None:
    """RFC 7523 section 3: issuer and subject are the client, the audience is this issuer."""
    from fake_idp.oauth.assertions import verify_assertion

    if request.form.get("client_assertion_type") != _JWT_BEARER:
        raise OAuthError("invalid_request", f"client_assertion_type must be {_JWT_BEARER}")
    if client.jwks is None:
        raise refusal("no keys of this client are known, so its assertion cannot be checked")
    # The token endpoint is the audience of RFC 7523 section 3; newer clients name the issuer alone
    # (draft-ietf-oauth-rfc7523bis). An endpoint's own URL is good at that endpoint (RFC 9126 section 2).
    audience = (issuer.url, issuer.token_issuer, issuer.endpoints["token"], request.url)
    try:
        claims = await verify_assertion(
            issuer, request.form.get("client_assertion", ""), keys=client.jwks, audience=audience
        )
    except OAuthError as error:
        raise refusal(error.description) from None
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        raise refusal("iss and sub of the client assertion must both be the client id")


def refusal(description: str) -> OAuthError:
    """An invalid_client (RFC 6749 section 5.2); a 401 names a scheme (RFC 9110 section 15.5.2)."""
    challenge = ("www-authenticate", 'Basic realm="fake-idp", charset="UTF-8"')
    return OAuthError("invalid_client", description, status=401, headers=[challenge])
