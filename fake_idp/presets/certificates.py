"""The self-signed certificates that some vendors publish with their keys (RFC 7517 section 4.7)."""

from __future__ import annotations

import base64
import functools
import hashlib
from typing import TYPE_CHECKING

from fake_idp.jws import b64url

if TYPE_CHECKING:
    from fake_idp.key import Key

__all__ = ["x5c", "x5t"]


def x5c(key: Key, common_name: str) -> str:
    """A certificate of the key, signed by itself: the one member of ``x5c``, base64 of its DER."""
    return base64.b64encode(_der(key, common_name)).decode("ascii")


def x5t(key: Key, common_name: str) -> str:
    """The SHA-1 thumbprint of that certificate (RFC 7517 section 4.8)."""
    return b64url(hashlib.sha1(_der(key, common_name)).digest())  # noqa: S324 (the RFC's)


@functools.lru_cache(maxsize=256)
def _der(key: Key, common_name: str) -> bytes:
    """Always the same for an RSA key, whose signatures have no randomness in them."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])
    serial = int.from_bytes(hashlib.sha256(key.kid.encode("utf-8", "surrogatepass")).digest()[:8], "big") | 1
    built = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public,
        serial_number=serial,
        not_valid_before=datetime(2025, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(2038, 1, 1, tzinfo=UTC),
    )
    pure = isinstance(key.private, ed25519.Ed25519PrivateKey)  # it hashes by itself (RFC 8410 section 3)
    return built.sign(key.private, None if pure else hashes.SHA256()).public_bytes(serialization.Encoding.DER)
