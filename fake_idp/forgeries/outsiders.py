"""Keys that are not the issuer's own honest ones: an attacker's, and such as nobody should publish."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.asymmetric import rsa

from fake_idp import random_ids
from fake_idp.algorithms import Algorithm
from fake_idp.errors import InvalidValue
from fake_idp.key import Key

__all__ = ["WEAK", "attacker", "certificate", "chain", "other_issuer", "spare", "use_enc", "weak"]


@functools.cache
def attacker(algorithm: Algorithm) -> Key:
    """The key of somebody who is not the issuer; one for the process is enough."""
    return Key("attacker", algorithm=algorithm)


@functools.cache
def other_issuer(algorithm: Algorithm) -> Key:
    """The key of another issuer, which a server may well trust, for that issuer's tokens."""
    return Key("other-issuer", algorithm=algorithm)


@functools.cache
def spare(algorithm: Algorithm) -> Key:
    """A key of the issuer that is published and not the one it signs with."""
    return Key(f"spare-{algorithm}-{random_ids.token_hex(4)}", algorithm=algorithm)


@functools.cache
def use_enc(algorithm: Algorithm, member: str) -> Key:
    """A key that is published for encryption, as ``member`` of its JWK says."""
    return Key(f"enc-{member}-{random_ids.token_hex(4)}", algorithm=algorithm)


@functools.cache
def weak(weakness: str, algorithm: Algorithm) -> Key:
    """A weak RSA key.

    Raises:
        InvalidValue: the algorithm is not RSASSA-PKCS1-v1_5.
    """
    if not algorithm.startswith("RS"):
        raise InvalidValue("sig.weak-key", 'needs an RSA key: use Issuer(algorithm="RS256")')
    make, _ = WEAK[weakness]
    return Key(f"weak-{weakness}-{random_ids.token_hex(4)}", algorithm=algorithm, private=make())


def _generated(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _roca() -> rsa.RSAPrivateKey:
    """Primes of the form k*M + (65537^a mod M), M the product of the first 126 primes (CVE-2017-15361).

    A modulus of two such primes is recognised by its residues, and can be factored. The numbers k
    and a were searched for once; there is nothing secret about a key that is made to be broken.
    """
    product = math.prod(_primes(126))
    p, q = (
        k * product + pow(65537, a, product)
        for k, a in ((9226507226287007, 588515414), (9104247013118471, 1805277657))
    )
    d = pow(65537, -1, math.lcm(p - 1, q - 1))
    return rsa.RSAPrivateNumbers(
        p,
        q,
        d,
        rsa.rsa_crt_dmp1(d, p),
        rsa.rsa_crt_dmq1(d, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(65537, p * q),
    ).private_key()


def _primes(count: int) -> list[int]:
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


WEAK: Mapping[str, tuple[Callable[[], rsa.RSAPrivateKey], Mapping[str, str]]] = {
    # RFC 7518 section 3.3 wants at least 2048 bits.
    "rsa-1024": (lambda: _generated(1024), {}),
    # With e = d = 1 the signature is the padded hash itself. No library loads such a key, so this is
    # a good one whose JWK says so.
    "e-1": (lambda: _generated(2048), {"e": "AQ"}),
    "roca": (_roca, {}),
}
"""How each kind of weak key is made, and what its JWK says otherwise."""


def certificate(key: Key, name: str) -> bytes:
    """A self-signed certificate for the key, as DER."""
    return _certificate(key, name, by=key, by_name=name)


@functools.cache
def chain(algorithm: Algorithm) -> tuple[bytes, bytes]:
    """The attacker's certificate and that of the attacker's own authority, as DER, leaf first."""
    authority = Key("authority", algorithm=algorithm)
    leaf = _certificate(attacker(algorithm), "attacker.example", by=authority, by_name="attacker's CA")
    return leaf, _certificate(authority, "attacker's CA", by=authority, by_name="attacker's CA")


def _certificate(key: Key, name: str, *, by: Key, by_name: str) -> bytes:
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding

    subject, issuer = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in (name, by_name)
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public)
        .serial_number(1 + (key is by))
        # Fixed dates, so that an RSA key has the same certificate each time.
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2050, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=key is by, path_length=None), critical=True)
    )
    digest = None if isinstance(by.private, Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(by.private, digest).public_bytes(Encoding.DER)
