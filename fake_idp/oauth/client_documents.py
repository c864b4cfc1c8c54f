"""Clients whose id is the URL of what they say about themselves (OAuth Client ID Metadata Document,
draft-ietf-oauth-client-id-metadata-document).

The document is fetched by ``Issuer.fetch``. Where that is not given, only from this machine: an issuer
for tests has no business elsewhere, and whoever sends a client id must not choose whom it calls.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fake_idp.clients import Client, client_of
from fake_idp.oauth.authenticate import refusal
from fake_idp.oauth.client_metadata import checked_metadata
from fake_idp.oauth.messages import OAuthError
from fake_idp.oauth.register import details_of

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["LIMIT", "Fetch", "client"]

Fetch = Callable[[str], Awaitable[tuple[int, bytes]]]
"""Fetches a URL without following redirects; returns the status and at most ``LIMIT`` + 1 bytes."""

LIMIT = 5 * 1024
"""How long a document may be, in bytes (section 6.6 of the draft)."""

_SECONDS = 5.0
_KEPT = 60
_LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}
"""Loopback hosts and where they are; nothing is resolved, so no name can turn out to be another place."""


async def client(issuer: Issuer, client_id: str) -> Client:
    """Fetch what the client says about itself, or take what it said a minute ago.

    Raises:
        OAuthError: invalid_client: the URL, the answer or the document is not as it must be.
    """
    record = issuer.state.get("document", client_id)
    if record is not None and record["expires_at"] > issuer.clock.now():
        return client_of(record["client"])
    if (wrong := _unfit(client_id)) is not None:
        raise refusal(f"a client_id that is a URL {wrong}")
    document = _parsed(await _fetched(issuer, client_id))
    if document.get("client_id") != client_id:
        raise refusal("client_id in the client's document is not the document's URL")
    if "client_secret" in document or "client_secret_expires_at" in document:
        raise refusal("the client's document must not have a secret: everybody can read it")
    try:
        metadata = checked_metadata(issuer, {"token_endpoint_auth_method": "none"} | document)
    except OAuthError as error:
        raise refusal(f"in the client's document, {error.description}") from None
    if metadata["token_endpoint_auth_method"].startswith("client_secret_"):
        raise refusal("the client's document must not choose authentication by a secret")
    found = Client(client_id=client_id, source="document", **details_of(metadata))
    kept = {"client": asdict(found), "expires_at": issuer.clock.now() + _KEPT}
    issuer.state.put("document", client_id, kept)
    return found


def _unfit(url: str) -> str | None:
    """What keeps a URL from being a client id (section 3 of the draft); http is for loopback only."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "cannot be read"
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > 2000:
        return "must be at most 2000 ASCII characters"
    if parts.scheme != "https" and host not in _LOOPBACK:
        return "must be https"
    if not host or "@" in parts.netloc or "#" in url:
        return "must have a host, and neither a user name nor a fragment"
    if parts.path in ("", "/") or {".", ".."} & set(parts.path.split("/")):
        return "must have a path, without dots as segments"
    return None


async def _fetched(issuer: Issuer, url: str) -> bytes:
    import asyncio

    if issuer.fetch is None and urlsplit(url).hostname not in _LOOPBACK:
        raise refusal("the client's document is not on this machine, and nothing may be fetched elsewhere")
    fetch = issuer.fetch or _from_this_machine
    try:
        status, body = await asyncio.wait_for(fetch(url), _SECONDS)
    except Exception:  # whatever a fetcher of somebody else's raises, there is no document
        raise refusal("the client's document cannot be fetched") from None
    if status != 200:
        raise refusal(f"the client's document is answered with status {int(status)}; it must be 200")
    if len(body) > LIMIT:
        raise refusal(f"the client's document is longer than {LIMIT} bytes")
    return body


async def _from_this_machine(url: str) -> tuple[int, bytes]:
    import asyncio

    return await asyncio.to_thread(_get, url)


def _get(url: str) -> tuple[int, bytes]:
    import http.client

    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(_LOOPBACK[parts.hostname or ""], parts.port, timeout=_SECONDS)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"Host": parts.netloc, "Accept": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read(LIMIT + 1)
    finally:
        connection.close()


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise refusal("the client's document is not a JSON object")
    return document
