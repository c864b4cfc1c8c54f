"""Whether a key of ours made a signature; the counterpart of ``algorithms.signer``."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from fake_idp.algorithms import field_bytes, hash_of
from fake_idp.keys import Key

__all__ = ["verifies"]


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
