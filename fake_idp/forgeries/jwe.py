"""JWE compact serialization (RFC 7516 section 7.1), as far as forgeries need it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from fake_idp import jws
from fake_idp.algorithms import PublicKey

__all__ = ["nobody", "wrapping", "write"]

Wrap = Callable[[bytes], bytes]
"""Encrypts a content encryption key."""


def write(header: Mapping[str, Any], plaintext: bytes, wrap: Wrap) -> str:
    """Encrypt with A256GCM and a fresh key (RFC 7518 section 5.3)."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key, nonce = os.urandom(32), os.urandom(12)
    protected = jws.b64url(jws.json_bytes({**header, "enc": "A256GCM"}, what="header"))
    sealed = AESGCM(key).encrypt(nonce, plaintext, protected.encode())
    parts = (wrap(key), nonce, sealed[:-16], sealed[-16:])
    return ".".join((protected, *map(jws.b64url, parts)))


def wrapping(public: PublicKey) -> tuple[str, Wrap]:
    """How to encrypt to that key: to an RSA key with RSA-OAEP-256 (RFC 7518 section 4.3).

    To any other with ``dir``, so with a key that nobody has: the refusal has to come before that
    shows.
    """
    if not isinstance(public, rsa.RSAPublicKey):
        return "dir", lambda _: b""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    return "RSA-OAEP-256", lambda key: public.encrypt(key, oaep)


def nobody(key: bytes) -> bytes:
    """As long as a wrapped key (RFC 3394), and good for nothing."""
    return os.urandom(len(key) + 8)
