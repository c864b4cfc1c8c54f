"""Dynamic client registration (RFC 7591), open to everybody, and what a client may do afterwards.

Where the preset has it, the answer names a place to read, change and withdraw the registration
(RFC 7592): the same endpoint with the client in the query, and a token that is good there alone. That
token is kept as a digest, and is the same until the client is withdrawn.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fake_idp import random_ids
from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.oauth.client_metadata import checked_metadata
from fake_idp.oauth.messages import NO_STORE, OAuthError, Request, Response, json_response
from fake_idp.oauth.records import digest

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer
    from fake_idp.state import Record

__all__ = ["details_of", "handle"]

_KIND = "registration"


async def handle(issuer: Issuer, request: Request) -> Response:
    """Register a client, or read, change or withdraw a registration."""
    if request.method == "POST":
        return _register(issuer, request)
    if not issuer.preset.manages_registrations:
        raise OAuthError("method_not_allowed", "use POST", status=405, headers=[("allow", "POST")])
    client_id, record, token = _authorized(issuer, request)
    return _MANAGED[request.method](issuer, request, client_id, record, token)


def _register(issuer: Issuer, request: Request) -> Response:
    """Answer with everything that is known about the new client (RFC 7591 section 3.2.1)."""
    given = _metadata_of(request)
    issuer.preset.check_request("registration", {})
    metadata = checked_metadata(issuer, given)
    with issuer.state.transaction():
        client_id, secret = random_ids.token_urlsafe(16), _secret_for(metadata)
        _add(issuer, client_id, secret, metadata)
        token = random_ids.token_urlsafe(32) if issuer.preset.manages_registrations else ""
        record = {"token": digest(token), "issued_at": int(issuer.clock.now()), "metadata": metadata}
        if token:
            issuer.state.put(_KIND, client_id, record)
    return json_response(_described(issuer, client_id, record, token), status=201, headers=NO_STORE)


def _read(issuer: Issuer, request: Request, client_id: str, record: Record, token: str) -> Response:
    """RFC 7592 section 2.1."""
    return json_response(_described(issuer, client_id, record, token), headers=NO_STORE)


def _change(issuer: Issuer, request: Request, client_id: str, record: Record, token: str) -> Response:
    """RFC 7592 section 2.2: what is sent takes the place of what was there, and what is not is gone."""
    given = _metadata_of(request)
    secret = issuer.clients.get(client_id).client_secret
    if given.get("client_id") != client_id:
        raise OAuthError("invalid_client_metadata", "client_id must be there, and be the client's")
    if "client_secret" in given and given["client_secret"] != secret:
        raise OAuthError("invalid_client_metadata", "client_secret, where it is there, must be the client's")
    for name in ("registration_access_token", "registration_client_uri", *_ISSUERS_OWN):
        if name in given:
            raise OAuthError("invalid_client_metadata", f"{name} is for the issuer to say")
    metadata = checked_metadata(issuer, given)
    with issuer.state.transaction():
        _add(issuer, client_id, _secret_for(metadata, secret), metadata)
        record |= {"metadata": metadata}
        issuer.state.put(_KIND, client_id, record)
    return json_response(_described(issuer, client_id, record, token), headers=NO_STORE)


def _withdraw(issuer: Issuer, request: Request, client_id: str, record: Record, token: str) -> Response:
    """RFC 7592 section 2.3; the access tokens end too, and no one else can use the rest."""
    state = issuer.state
    with state.transaction():
        issuer.clients.remove(client_id)
        state.delete(_KIND, client_id)
        for key, access in state.items("access"):
            if access["client_id"] == client_id:
                state.put("revoked", key, {"expires_at": access["expires_at"]})
    return Response(status=204, headers=NO_STORE)


_MANAGED: dict[str, Callable[[Issuer, Request, str, Record, str], Response]] = {
    "GET": _read,
    "PUT": _change,
    "DELETE": _withdraw,
}
_ISSUERS_OWN = ("client_id_issued_at", "client_secret_expires_at")


def _authorized(issuer: Issuer, request: Request) -> tuple[str, Record, str]:
    """The client that the request is about and may be about, its record, and the token.

    Raises:
        OAuthError: invalid_token; for a client that there is no more too (RFC 7592 section 2.1).
    """
    client_id = request.query.get("client_id", "")
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    token = token.strip()
    record = issuer.state.get(_KIND, client_id)
    known = record["token"] if record is not None else ""
    good = scheme.lower() == "bearer" and hmac.compare_digest(digest(token), known)
    try:  # whoever took its place under that id is no client of this token's
        good = good and issuer.clients.get(client_id).source == "registered"
    except UnknownName:
        good = False
    if record is None or not good:
        attributes = ', error="invalid_token"' if token else ""  # RFC 6750 section 3.1
        challenge = ("www-authenticate", f'Bearer realm="fake-idp"{attributes}')
        raise OAuthError(
            "invalid_token",
            "the registration access token is not this client's",
            status=401,
            headers=[challenge],
        )
    return client_id, record, token


def _metadata_of(request: Request) -> dict[str, Any]:
    media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise OAuthError("invalid_client_metadata", "the body must be application/json")
    return request.json


def _secret_for(metadata: Mapping[str, Any], had: str = "") -> str:
    if not metadata["token_endpoint_auth_method"].startswith("client_secret_"):
        return ""
    return had or random_ids.token_urlsafe(32)


def _add(issuer: Issuer, client_id: str, secret: str, metadata: Mapping[str, Any]) -> None:
    details = details_of(metadata)
    try:
        issuer.clients.add(client_id, client_secret=secret, source="registered", **details)
    except InvalidValue as error:
        raise OAuthError("invalid_client_metadata", f"a value cannot be used: it {error.reason}") from None


def _described(issuer: Issuer, client_id: str, record: Record, token: str) -> dict[str, Any]:
    """RFC 7591 section 3.2.1 and RFC 7592 section 3."""
    said: dict[str, Any] = {
        "client_id": client_id,
        "client_id_issued_at": record["issued_at"],
        **record["metadata"],
    }
    if secret := issuer.clients.get(client_id).client_secret:
        said |= {"client_secret": secret, "client_secret_expires_at": 0}
    if token:
        place = f"{issuer.endpoints['registration']}?{urlencode({'client_id': client_id})}"
        said |= {"registration_access_token": token, "registration_client_uri": place}
    return said


def details_of(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata as the attributes of a ``Client``."""
    return {
        "client_name": metadata.get("client_name", ""),
        "redirect_uris": tuple(metadata.get("redirect_uris", ())),
        "token_endpoint_auth_methods": (metadata["token_endpoint_auth_method"],),
        "grant_types": tuple(metadata["grant_types"]),
        "jwks": metadata.get("jwks"),
        "post_logout_redirect_uris": tuple(metadata.get("post_logout_redirect_uris", ())),
    }
