"""The server's side of SRP as Cognito speaks it.

SRP-6a (RFC 2945, RFC 5054) in the 3072-bit group of RFC 5054 appendix A with SHA-256. What Cognito adds is
read from its public clients (amazon-cognito-identity-js, ``AuthenticationHelper``): numbers are hashed as the
bytes of a signed integer, the identity is the pool's name before the user's, and the proof is an HMAC under a
key that HKDF derives (``Caldera Derived Key``).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

__all__ = ["Exchange", "begin", "proves"]

_N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33"
    "A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864"
    "D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2"
    "08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
_G = 2
_INFO = b"Caldera Derived Key\x01"
_HEX = frozenset("0123456789abcdefABCDEF")


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One exchange, as the server keeps it.

    Attributes:
        salt: hexadecimal, for the client.
        public: the server's value ``B``, hexadecimal, for the client.
        key: what the client's proof has to be made with.
    """

    salt: str
    public: str
    key: bytes = field(repr=False)


def begin(pool_name: str, username: str, password: str, client_public: str) -> Exchange | None:
    """Begin an exchange; None for a client's value ``A`` that is no number, or that SRP forbids.

    Args:
        pool_name: what follows the region in the pool's id.
        username: the user name that the client is going to use.
        password: the user's.
        client_public: ``A``, hexadecimal.
    """
    if not client_public or len(client_public) > 1024 or not _HEX.issuperset(client_public):
        return None
    public_a = int(client_public, 16)
    if public_a % _N == 0:  # RFC 5054 section 2.5.4: the secret would be known to everybody
        return None
    salt = secrets.token_bytes(16)
    x = _number(
        _hash(_bytes(int.from_bytes(salt, "big")) + _hash(f"{pool_name}{username}:{password}".encode()))
    )
    k = _number(_hash(_bytes(_N) + bytes([_G])))
    verifier = pow(_G, x, _N)
    while True:
        private = secrets.randbits(256)
        public_b = (k * verifier + pow(_G, private, _N)) % _N
        u = _number(_hash(_bytes(public_a) + _bytes(public_b)))
        if public_b and u:
            break
    secret = pow(public_a * pow(verifier, u, _N), private, _N)
    extracted = hmac.new(_bytes(u), _bytes(secret), hashlib.sha256).digest()
    key = hmac.new(extracted, _INFO, hashlib.sha256).digest()[:16]
    return Exchange(salt=salt.hex(), public=f"{public_b:x}", key=key)


def proves(
    exchange: Exchange, *, pool_name: str, username: str, block: str, timestamp: str, proof: str
) -> bool:
    """Whether a client's proof shows that it knows the password.

    Args:
        exchange: as ``begin`` gave it.
        pool_name: as for ``begin``.
        username: as for ``begin``.
        block: the secret block, base64, as the client was given it.
        timestamp: the time that the client signed, its text.
        proof: the client's HMAC, base64.
    """
    message = f"{pool_name}{username}".encode() + base64.b64decode(block) + timestamp.encode()
    made = base64.b64encode(hmac.new(exchange.key, message, hashlib.sha256).digest())
    return hmac.compare_digest(made, proof.encode())


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _bytes(number: int) -> bytes:
    """As a signed integer has them: a zero first where the highest bit is set."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")
