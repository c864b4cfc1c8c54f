"""The signature algorithms of JWS: which key each takes, and how it signs.

RFC 7518 section 3 (RS, PS and ES, with SHA-256, 384 and 512) and RFC 8037 section 3.1 (EdDSA, here
with Ed25519). HMAC is not among them: an issuer that shares a secret with its verifiers is no OIDC
provider, and the forgeries that misuse HMAC write it themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from fake_idp.errors import UnknownName

__all__ = [
    "ALGORITHMS",
    "CURVES",
    "Algorithm",
    "PrivateKey",
    "PublicKey",
    "check",
    "field_bytes",
    "hash_of",
    "natural",
    "signer",
    "takes",
]

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

CURVES: dict[str, tuple[str, ec.EllipticCurve]] = {
    "ES256": ("P-256", ec.SECP256R1()),
    "ES384": ("P-384", ec.SECP384R1()),
    "ES512": ("P-521", ec.SECP521R1()),
}
"""The curve of each ECDSA algorithm, with its name in a JWK (RFC 7518 sections 3.4 and 6.2.1.1)."""

_HASHES: dict[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}


def check(algorithm: str) -> Algorithm:
    """Return the algorithm.

    Raises:
        UnknownName: there is none of that name here.
    """
    for known in ALGORITHMS:
        if known == algorithm:
            return known
    raise UnknownName("algorithm", algorithm, ALGORITHMS)


def natural(private: PrivateKey) -> Algorithm | None:
    """The algorithm of a key that nobody named one for; None when no algorithm takes it."""
    return next((algorithm for algorithm in ALGORITHMS if takes(algorithm, private)), None)


def takes(algorithm: Algorithm, private: PrivateKey) -> bool:
    """Whether the algorithm signs with such a key."""
    if isinstance(private, rsa.RSAPrivateKey):
        return algorithm[:2] in ("RS", "PS")
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return algorithm in CURVES and private.curve.name == CURVES[algorithm][1].name
    return algorithm == "EdDSA"


def hash_of(algorithm: Algorithm) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    """The hash of an RS, PS or ES algorithm."""
    return _HASHES[algorithm[2:]]


def field_bytes(curve: ec.EllipticCurve) -> int:
    """How many bytes a coordinate takes, and each half of a signature."""
    return (curve.key_size + 7) // 8


def signer(algorithm: Algorithm, private: PrivateKey) -> Callable[[bytes], bytes]:
    """Return what signs with that key, with everything prepared that does not depend on the message."""
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign
    digest = hash_of(algorithm)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        sign_ec, ecdsa, size = private.sign, ec.ECDSA(digest), field_bytes(private.curve)

        def sign(message: bytes) -> bytes:
            r, s = decode_dss_signature(sign_ec(message, ecdsa))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")  # RFC 7518 section 3.4

        return sign
    sign_rsa = private.sign
    # RFC 7518 section 3.5: MGF1 with the same hash, a salt as long as the hash.
    scheme = (
        padding.PKCS1v15()
        if algorithm.startswith("RS")
        else padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
    )
    return lambda message: sign_rsa(message, scheme, digest)
