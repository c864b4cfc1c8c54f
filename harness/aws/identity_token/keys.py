"""The keys of a key set (RFC 7517), and what each of them verifies."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from harness.aws.identity_token.jws import Jws, base64url
from harness.aws.identity_token.refusal import Reason, TokenRejected

__all__ = ["accepted_algorithm", "check_signature"]

_MAX_KEYS = 100  # of each type; IAM User Guide, "Create an OIDC provider": 100 RSA and 100 EC keys
_RSA_BITS = range(2048, 8193)  # RFC 7518 section 3.3 has the lower bound, the upper one bounds the work

_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
# RFC 7518 section 3.4: each ECDSA algorithm has one curve.
_CURVES: Mapping[str, tuple[str, ec.EllipticCurve]] = {
    "ES256": ("P-256", ec.SECP256R1()),
    "ES384": ("P-384", ec.SECP384R1()),
    "ES512": ("P-521", ec.SECP521R1()),
}
_ALGORITHMS = ("RS256", "RS384", "RS512", *_CURVES)  # IAM User Guide, "Create an OIDC provider"


def accepted_algorithm(token: Jws) -> str:
    """Return the algorithm that a token names, if AWS accepts it.

    Raises:
        TokenRejected: ``ALGORITHM``.
    """
    algorithm = token.header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        raise TokenRejected(Reason.ALGORITHM, ", ".join(_ALGORITHMS))
    return algorithm


def check_signature(token: Jws, jwks: Mapping[str, Any]) -> None:
    """Check a token's signature by the keys of its issuer.

    A token without ``kid`` passes only where there is one key (OpenID Connect Core section 10.1 wants a
    ``kid`` where there are several); a key without one is not the key that a ``kid`` names. What AWS does in
    either case is not public.

    Raises:
        TokenRejected: ``ALGORITHM``, ``SIGNATURE``, or ``UNREACHABLE`` where this is no key set for AWS.
    """
    algorithm = accepted_algorithm(token)
    keys = jwks.get("keys")
    if not isinstance(keys, list):
        raise TokenRejected(Reason.UNREACHABLE, "no key set")
    keys = [key for key in keys if isinstance(key, dict)]
    if any(sum(key.get("kty") == kind for key in keys) > _MAX_KEYS for kind in ("RSA", "EC")):
        raise TokenRejected(Reason.UNREACHABLE, "too many keys")
    kid = token.header.get("kid")
    if kid is None and len(keys) > 1:
        raise TokenRejected(Reason.SIGNATURE, "no kid, and several keys")
    if not any(_verifies(key, algorithm, token) for key in keys if _suits(key, algorithm, kid)):
        raise TokenRejected(Reason.SIGNATURE, algorithm)


def _suits(key: Mapping[str, Any], algorithm: str, kid: str | None) -> bool:
    """Tell whether a published key may check this signature (RFC 7517 sections 4.1 to 4.5)."""
    operations = key.get("key_ops", ["verify"])
    return (
        key.get("kty") == ("EC" if algorithm in _CURVES else "RSA")
        and key.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    )


def _verifies(key: Mapping[str, Any], algorithm: str, token: Jws) -> bool:
    digest = _HASHES[algorithm[2:]]
    try:
        if algorithm not in _CURVES:
            public = _rsa(key["n"], key["e"])
            public.verify(token.signature, token.signed, padding.PKCS1v15(), digest)
            return True
        name, curve = _CURVES[algorithm]
        width = (curve.key_size + 7) // 8
        if key.get("crv") != name or len(token.signature) != 2 * width:
            return False  # RFC 7518 section 3.4: R and S, of fixed width
        r, s = (int.from_bytes(half, "big") for half in (token.signature[:width], token.signature[width:]))
        point = _ec(key["x"], key["y"], algorithm)
        point.verify(encode_dss_signature(r, s), token.signed, ec.ECDSA(digest))
    except (InvalidSignature, KeyError, TypeError, ValueError, TokenRejected):
        return False  # a key that cannot be read verifies nothing
    return True


@lru_cache(maxsize=256)
def _rsa(n: str, e: str) -> rsa.RSAPublicKey:
    modulus = _integer(n)
    if modulus.bit_length() not in _RSA_BITS:
        raise ValueError
    return rsa.RSAPublicNumbers(_integer(e), modulus).public_key()


@lru_cache(maxsize=256)
def _ec(x: str, y: str, algorithm: str) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicNumbers(_integer(x), _integer(y), _CURVES[algorithm][1]).public_key()


def _integer(value: Any) -> int:
    if not isinstance(value, str):
        raise TypeError
    return int.from_bytes(base64url(value), "big")
