"""The applications that may ask for tokens (RFC 7591 section 2 has the words)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from fake_idp import random_ids
from fake_idp.attributes import checked, checked_name, restored
from fake_idp.errors import UnknownName
from fake_idp.state import State

__all__ = ["DEFAULT_SECRET", "Client", "Clients", "client_of"]

DEFAULT_SECRET = "fake-idp-secret"  # noqa: S105 (documented, and the same for everybody)
"""The secret of an issuer's default client."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class Client:
    """One application.

    Attributes:
        client_id: its id.
        client_secret: its secret; empty for a public client.
        client_name: what the login page calls it.
        redirect_uris: where the browser may be sent back to, compared as strings (RFC 9700 section
            2.1), but for the port of a loopback address (RFC 8252 section 7.3).
        token_endpoint_auth_methods: how it may authenticate; ``none`` is a public client.
        grant_types: the grants that it may use; every grant of the issuer when empty.
        scope: the scopes that it may have; any when empty.
        jwks: its public keys, for ``private_key_jwt``.
        any_loopback: whether every ``http`` loopback URI is one of its redirect URIs.
        post_logout_redirect_uris: where the browser may be sent after logout.
        source: ``default``, ``added``, ``registered`` (RFC 7591) or ``document`` (a client id that is
            a URL).
        claims: claims of this client's own tokens (client credentials).
        lifetimes: how long its tokens are good, in seconds, by ``access``, ``id`` and ``refresh``; as long as
            the issuer's are where it does not say.
    """

    client_id: str
    client_secret: str = ""
    client_name: str = ""
    redirect_uris: tuple[str, ...] = ()
    token_endpoint_auth_methods: tuple[str, ...] = ("none",)
    grant_types: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    jwks: Mapping[str, Any] | None = None
    any_loopback: bool = False
    post_logout_redirect_uris: tuple[str, ...] = ()
    source: str = "added"
    claims: Mapping[str, Any] | None = None
    lifetimes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def public(self) -> bool:
        """Whether it may do without authentication."""
        return "none" in self.token_endpoint_auth_methods

    def lifetime(self, kind: str, usual: int) -> int:
        """How long a token of the client is good, in seconds; ``usual`` is the issuer's own."""
        own = self.lifetimes.get(kind)
        return own if isinstance(own, int) and own > 0 else usual

    def allows_redirect(self, uri: str) -> bool:
        """Whether the browser may be sent there."""
        if uri in self.redirect_uris or (self.any_loopback and _loopback(uri) is not None):
            return True
        wanted = _loopback(uri)
        return wanted is not None and wanted in {_loopback(known) for known in self.redirect_uris}


class Clients:
    """The applications of one issuer, in its state; the default one is always there."""

    def __init__(self, state: State, *, default: str) -> None:
        self._state = state
        self._default = Client(
            client_id=default,
            client_secret=DEFAULT_SECRET,
            client_name="the default client",
            token_endpoint_auth_methods=("none", "client_secret_basic", "client_secret_post"),
            any_loopback=True,
            source="default",
        )

    def __iter__(self) -> Iterator[Client]:
        added = {key: client_of(record) for key, record in self._state.items("client")}
        return iter(({self._default.client_id: self._default} | added).values())

    def add(self, client_id: str | None = None, **details: Any) -> Client:
        """Add an application, or replace one; ``details`` are the attributes of ``Client``.

        A client with a secret authenticates by ``client_secret_basic`` or ``client_secret_post``
        unless told otherwise. ``scope`` may be a string with spaces, as in RFC 7591 section 2.

        Raises:
            UnknownName: ``Client`` has no such attribute.
            InvalidValue: a value has another type, or is too large.
        """
        if isinstance(scope := details.get("scope"), str):
            details["scope"] = scope.split()
        given = checked(Client, "client", details)
        name = random_ids.token_urlsafe(16) if client_id is None else checked_name("client id", client_id)
        client = Client(client_id=name, **given)
        if client.client_secret and "token_endpoint_auth_methods" not in given:
            methods = ("client_secret_basic", "client_secret_post")
            client = replace(client, token_endpoint_auth_methods=methods)
        self._state.put("client", client.client_id, asdict(client))
        return client

    def get(self, client_id: str) -> Client:
        """Find an application.

        Raises:
            UnknownName: there is none of that id.
        """
        if (record := self._state.get("client", client_id)) is not None:
            return client_of(record)
        if client_id == self._default.client_id:
            return self._default
        raise UnknownName("client", client_id, (client.client_id for client in self))

    def remove(self, client_id: str) -> None:
        """Take an application away (the default one becomes what it was).

        Raises:
            UnknownName: there is none of that id.
        """
        self.get(client_id)
        self._state.delete("client", client_id)


def client_of(record: Mapping[str, Any]) -> Client:
    """A client as it was kept."""
    return Client(**restored(record))


def _loopback(uri: str) -> tuple[str, str, str] | None:
    """A loopback redirect URI less its port, or None for any other (RFC 8252 section 7.3)."""
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018 (raises on a port that is none)
    except ValueError:
        return None
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK or parts.fragment or "@" in parts.netloc:
        return None
    return parts.hostname, parts.path, parts.query
