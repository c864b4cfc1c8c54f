"""The certificate authority of one world, made afresh with it."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import trustme

__all__ = ["Authority"]


class Authority:
    """A certificate authority, and a certificate for any host that is asked for.

    Attributes:
        file: the authority's certificate as a PEM file, for a client to trust.
    """

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA(organization_name="mcp-auth-harness, for tests only")
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._thumbprints: dict[str, str] = {}
        self.file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def server_context(self, host: str) -> ssl.SSLContext:
        """The TLS context with which ``host`` proves who it is."""
        context = self._contexts.get(host)
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            issued = self._ca.issue_cert(host)
            issued.configure_cert(context)
            last = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[-1].bytes().decode("ascii"))
            self._thumbprints[host] = hashlib.sha1(last, usedforsecurity=False).hexdigest()
            self._contexts[host] = context
        return context

    def thumbprint(self, host: str) -> str:
        """SHA-1, in hexadecimal, of the last certificate of the chain that ``host`` shows."""
        self.server_context(host)
        return self._thumbprints[host]

    def client_context(self) -> ssl.SSLContext:
        """A TLS context that trusts this authority and no other."""
        return ssl.create_default_context(cafile=str(self.file))
