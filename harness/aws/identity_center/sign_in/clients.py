"""Public clients of Identity Center, such as the AWS CLI: they register themselves, whoever they are."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.aws.context import Context
from harness.aws.identity_center.center import center
from harness.aws.identity_center.records import new_client_id
from harness.aws.identity_center.sign_in.refusals import refusal

__all__ = [
    "AUTHORIZATION_CODE",
    "DEVICE_CODE",
    "REFRESH_TOKEN",
    "Client",
    "Clients",
    "authenticate",
    "register_client",
]

AUTHORIZATION_CODE = "authorization_code"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant
_GRANTS = (AUTHORIZATION_CODE, DEVICE_CODE, REFRESH_TOKEN)
_LIFETIME = 90 * 24 * 3600  # seconds that a registration lasts, as the AWS CLI sees it
_SCOPE = re.compile(r"\w{1,50}(?::\w{1,50}){0,2}", re.ASCII)
_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|\[::1\])(?::\d{1,5})?(?:/[^\s#]*)?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Client:
    """A registered client.

    Attributes:
        id, secret: by which it is known.
        name: for people to read.
        region: where it is registered; elsewhere it is not known.
        grants, scopes, redirect_uris: what it may use.
        issuer_url: of the instance that people sign in at; empty where only a device authorization tells.
        expires: until when, in seconds since the epoch.
    """

    id: str
    secret: str = field(repr=False)
    name: str
    region: str
    grants: tuple[str, ...]
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    issuer_url: str
    expires: float

    def redirects_to(self, uri: str) -> bool:
        """Tell whether a redirect URI is registered; the port of a loopback address is free.

        Source: RFC 8252 section 7.3.
        """
        return _portless(uri) in {_portless(registered) for registered in self.redirect_uris} and bool(
            _LOOPBACK.fullmatch(uri)
        )


class Clients:
    """The clients that registered themselves. Safe to use from several threads."""

    def __init__(self) -> None:
        self._by_id: dict[str, Client] = {}
        self._lock = threading.Lock()

    def add(self, client: Client) -> None:
        """Take a client in."""
        with self._lock:
            self._by_id[client.id] = client

    def find(self, number: str, *, region: str, now: float) -> Client | None:
        """Return a client by its id; None for one that is not known in the region, or has expired."""
        found = self._by_id.get(number)
        return found if found is not None and found.region == region and found.expires > now else None


def register_client(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Register a public client for 90 days.

    Without grant types it may use device codes and refresh tokens.

    Raises:
        AwsError: ``InvalidClientMetadataException``, for another type than ``public``;
            ``InvalidScopeException``; ``UnsupportedGrantTypeException``; ``InvalidRedirectUriException``,
            for what is no loopback address; ``InvalidRequestException``, for authorization codes without a
            redirect URI or the issuer URL of an instance.
    """
    if fields["clientType"] != "public":
        raise refusal("InvalidClientMetadataException", "Only the client type public is supported.")
    grants = tuple(fields.get("grantTypes", (DEVICE_CODE, REFRESH_TOKEN)))
    if not set(grants) <= set(_GRANTS):
        raise refusal("UnsupportedGrantTypeException", "A grant type is not supported.")
    scopes, uris = tuple(fields.get("scopes", ())), tuple(fields.get("redirectUris", ()))
    if not all(map(_SCOPE.fullmatch, scopes)):
        raise refusal("InvalidScopeException", "A scope is invalid.")
    if not all(map(_LOOPBACK.fullmatch, uris)):
        raise refusal("InvalidRedirectUriException", "A redirect URI must be http on a loopback address.")
    issuer_url = fields.get("issuerUrl", "")
    if AUTHORIZATION_CODE in grants and not (uris and issuer_url):
        raise refusal("InvalidRequestException", "Authorization codes need redirectUris and an issuerUrl.")
    if issuer_url and center(call).by_url(issuer_url, call.region) is None:
        raise refusal("InvalidRequestException", "The issuerUrl is of no instance in this region.")
    client = Client(
        id=new_client_id(call.region),
        secret=secrets.token_urlsafe(96),
        name=fields["clientName"],
        region=call.region,
        grants=grants,
        scopes=scopes,
        redirect_uris=uris,
        issuer_url=issuer_url,
        expires=call.now + _LIFETIME,
    )
    call.aws.state(Clients).add(client)
    host = f"https://oidc.{call.region}.amazonaws.com"
    return {
        "clientId": client.id,
        "clientSecret": client.secret,
        "clientIdIssuedAt": int(call.now),
        "clientSecretExpiresAt": int(client.expires),
        "authorizationEndpoint": f"{host}/authorize",
        "tokenEndpoint": f"{host}/token",
    }


def authenticate(call: Context, fields: Mapping[str, Any]) -> Client:
    """Return the client of a call.

    Raises:
        AwsError: ``InvalidClientException``.
    """
    client = call.aws.state(Clients).find(fields["clientId"], region=call.region, now=call.now)
    given = fields["clientSecret"].encode("utf-8", "replace")
    if client is None or not secrets.compare_digest(client.secret.encode(), given):
        raise refusal("InvalidClientException", "The client is not registered, or its secret is wrong.")
    return client


def _portless(uri: str) -> str:
    return re.sub(r"(?<=\d|\]):\d{1,5}(?=/|$)", "", uri, count=1)
