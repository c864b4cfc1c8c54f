"""Whether a key made a signature, and whether it is fit to; the counterpart of ``algorithms.signer``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from fake_idp.algorithms import field_bytes, hash_of
from fake_idp.errors import MalformedToken
from fake_idp.jws import from_b64url
from fake_idp.key import Key

__all__ = ["is_weak", "verifies"]

_SMALL_PRIMES = tuple(number for number in range(3, 168) if all(number % less for less in range(2, number)))


def verifies(key: Key, message: bytes, signature: bytes) -> bool:
    """Check a signature with the key's own algorithm, whatever a header says (RFC 8725 section 3.1)."""
    public = key.public
    try:
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, message)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            size = field_bytes(public.curve)
            if len(signature) != 2 * size:  # RFC 7518 section 3.4
                return False
            r, s = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))
            public.verify(encode_dss_signature(r, s), message, ec.ECDSA(hash_of(key.algorithm)))
        else:
            digest = hash_of(key.algorithm)
            scheme = (
                padding.PKCS1v15()
                if key.algorithm.startswith("RS")
                else padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
            )
            public.verify(signature, message, scheme, digest)
    except InvalidSignature:
        return False
    return True


def is_weak(jwk: Mapping[str, Any]) -> bool:
    """Whether it is an RSA key that nobody should trust: short, or made so that it can be factored.

    RFC 7518 section 3.3 asks for 2048 bits. An exponent of 1 protects nothing. The moduli of
    CVE-2017-15361 are powers of 65537 modulo every small prime (Nemec and others, "The Return of
    Coppersmith's Attack", section 3.1), and nearly no others are.
    """
    if jwk.get("kty") != "RSA":
        return False
    try:
        n, e = (int.from_bytes(from_b64url(jwk[name], part=name), "big") for name in ("n", "e"))
    except (KeyError, TypeError, AttributeError, MalformedToken):
        return True
    return n.bit_length() < 2048 or e < 3 or all(n % p in _powers_of_65537(p) for p in _SMALL_PRIMES)


@functools.cache
def _powers_of_65537(prime: int) -> frozenset[int]:
    return frozenset(pow(65537, power, prime) for power in range(prime))
