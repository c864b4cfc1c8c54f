"""Signing keys, and the ring of them that an issuer publishes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from fake_idp import keypool
from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.jws import b64url

__all__ = ["ALGORITHMS", "Algorithm", "Held", "Key", "KeyRing", "KeyState", "PrivateKey"]

Algorithm = Literal["RS256", "ES256"]
ALGORITHMS: tuple[Algorithm, ...] = ("RS256", "ES256")
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
KeyState = Literal["next", "current", "previous", "retired"]

_P256_BYTES = 32


class Key:
    """One signing key: RSA-2048 for ``RS256``, P-256 for ``ES256`` (RFC 7518 section 3.1).

    The private key is made at its first use, since an RSA key costs tens of milliseconds and many
    issuers live and die without signing anything.
    """

    def __init__(
        self, kid: str, *, algorithm: Algorithm = "RS256", private: PrivateKey | None = None
    ) -> None:
        self.kid = kid
        self.algorithm: Algorithm = algorithm
        self._private = private
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Key({self.kid!r}, algorithm={self.algorithm!r})"

    @classmethod
    def from_pem(cls, pem: str, *, kid: str) -> Key:
        """Load an unencrypted PKCS #8 private key.

        Raises:
            InvalidValue: it is no such key, or neither RSA nor P-256.
        """
        from cryptography.hazmat.primitives import serialization  # costs as much as all else here

        try:
            # Our own file: the full consistency check costs 30 ms a key and guards against nothing here.
            private = serialization.load_pem_private_key(
                pem.encode(), None, unsafe_skip_rsa_key_validation=True
            )
        except (ValueError, TypeError, UnicodeEncodeError):
            raise InvalidValue(f"key {kid!r}", "is not an unencrypted PEM private key") from None
        if isinstance(private, rsa.RSAPrivateKey):
            return cls(kid, algorithm="RS256", private=private)
        if isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP256R1):
            return cls(kid, algorithm="ES256", private=private)
        raise InvalidValue(f"key {kid!r}", "is neither RSA nor P-256")

    @property
    def private(self) -> PrivateKey:
        """The private key, made now if it was not yet."""
        with self._lock:
            if self._private is None:
                self._private = (
                    keypool.take() if self.algorithm == "RS256" else ec.generate_private_key(ec.SECP256R1())
                )
            return self._private

    @property
    def public(self) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
        """The public key."""
        return self.private.public_key()

    def release(self) -> None:
        """Give the private key up, if it was ever made; a new one takes its place if it is used again."""
        with self._lock:
            private, self._private = self._private, None
        if isinstance(private, rsa.RSAPrivateKey):
            keypool.give_back(private)

    def sign(self, message: bytes) -> bytes:
        """Sign as RFC 7518 section 3.3 (RS256) or 3.4 (ES256: r and s, 32 bytes each) has it."""
        private = self.private
        if isinstance(private, rsa.RSAPrivateKey):
            return private.sign(message, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")

    def pem(self) -> str:
        """The private key as unencrypted PKCS #8, for the state folder."""
        from cryptography.hazmat.primitives import serialization

        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii")

    def public_bytes(self, *, pem: bool = True, pkcs1: bool = False) -> bytes:
        """The public key as SubjectPublicKeyInfo or, for RSA only, PKCS #1; as PEM or DER."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self.public.public_bytes(
            Encoding.PEM if pem else Encoding.DER,
            PublicFormat.PKCS1 if pkcs1 else PublicFormat.SubjectPublicKeyInfo,
        )

    def public_jwk(self) -> dict[str, Any]:
        """The public key as a JWK (RFC 7517 section 4, RFC 7518 section 6)."""
        public = self.public
        if isinstance(public, rsa.RSAPublicKey):
            numbers = public.public_numbers()
            return {
                "kty": "RSA",
                "alg": self.algorithm,
                "kid": self.kid,
                "use": "sig",
                "e": _b64_integer(numbers.e),
                "n": _b64_integer(numbers.n),
            }
        point = public.public_numbers()
        return {
            "kty": "EC",
            "alg": self.algorithm,
            "kid": self.kid,
            "use": "sig",
            "crv": "P-256",
            "x": b64url(point.x.to_bytes(_P256_BYTES, "big")),
            "y": b64url(point.y.to_bytes(_P256_BYTES, "big")),
        }


@dataclass(frozen=True, kw_only=True)
class Held:
    """A key in a ring.

    Attributes:
        key: the key.
        use: which tokens it signs, one of the ring's uses.
        state: ``next`` is published but does not sign yet, ``current`` signs, ``previous`` is still
            published, ``retired`` is not published any more.
    """

    key: Key
    use: str
    state: KeyState


class KeyRing:
    """The keys of one issuer: what it signs with, what it publishes, what it has withdrawn.

    Most issuers sign everything with one key. A Cognito user pool signs ID tokens and access tokens
    with different ones, so a ring has ``uses`` and a current key for each.

    Args:
        new_kid: makes a key id in the vendor's form.
        uses: the names of the uses; the first is the one that ``current`` speaks of.
        algorithm: of the keys that this ring makes.
        held: the keys to begin with; made afresh when left out.
    """

    def __init__(
        self,
        *,
        new_kid: Callable[[], str],
        uses: Sequence[str] = ("sig",),
        algorithm: Algorithm = "RS256",
        held: Iterable[Held] = (),
    ) -> None:
        if algorithm not in ALGORITHMS:
            raise UnknownName("algorithm", algorithm, ALGORITHMS)
        self.uses = tuple(uses)
        self.algorithm: Algorithm = algorithm
        self._new_kid = new_kid
        self._lock = threading.RLock()
        self._held: list[Held] = list(held)
        for use in self.uses:
            if not self._find(use, "current"):
                self._held.append(Held(key=self._make(), use=use, state="current"))

    @property
    def current(self) -> Key:
        """The key that signs now (for a ring with several uses: for the first of them)."""
        return self.signing(self.uses[0])

    @property
    def held(self) -> tuple[Held, ...]:
        """Every key with its use and state, oldest first."""
        with self._lock:
            return tuple(self._held)

    @property
    def version(self) -> object:
        """What is another object after every change."""
        return self.held

    @property
    def published(self) -> tuple[Key, ...]:
        """The keys in the JWKS, oldest first."""
        return tuple(held.key for held in self.held if held.state != "retired")

    @property
    def retired(self) -> tuple[Key, ...]:
        """The keys that were withdrawn, oldest first. ``mint(key=...)`` still takes them."""
        return tuple(held.key for held in self.held if held.state == "retired")

    def signing(self, use: str) -> Key:
        """The key that signs tokens of that use now."""
        with self._lock:
            for held in self._held:
                if held.use == use and held.state == "current":
                    return held.key
        raise UnknownName("key use", use, self.uses)

    def get(self, kid: str) -> Key:
        """Find a key by its id, retired ones included.

        Raises:
            UnknownName: no key of this ring has that id.
        """
        for held in self.held:
            if held.key.kid == kid:
                return held.key
        raise UnknownName("key", kid, (held.key.kid for held in self.held))

    def announce(self) -> Key:
        """Publish the next keys without signing with them yet, as Okta does before it rotates."""
        with self._lock:
            for use in self.uses:
                if not self._find(use, "next"):
                    self._held.append(Held(key=self._make(), use=use, state="next"))
            return self._find(self.uses[0], "next")[0].key

    def rotate(self, overlap: bool = True) -> Key:
        """Sign with new keys from now on: the announced ones if there are any.

        Args:
            overlap: keep publishing the old keys, so that tokens in flight stay good. When False the
                old keys are withdrawn at once, with everything they signed.

        Returns:
            The new current key.
        """
        with self._lock:
            self.announce()
            become: dict[KeyState, KeyState] = {
                "next": "current",
                "current": "previous" if overlap else "retired",
            }
            if not overlap:
                become["previous"] = "retired"
            self._held = [replace(held, state=become.get(held.state, held.state)) for held in self._held]
            return self.current

    def retire(self, kid: str) -> None:
        """Withdraw a key from the JWKS.

        Raises:
            UnknownName: no key of this ring has that id.
            InvalidValue: it is signing; rotate first.
        """
        with self._lock:
            self.get(kid)
            if any(held.key.kid == kid and held.state == "current" for held in self._held):
                raise InvalidValue(f"key {kid!r}", "is signing, so it cannot be retired; rotate first")
            self._held = [
                replace(held, state="retired") if held.key.kid == kid else held for held in self._held
            ]

    def restore(self, held: Iterable[Held]) -> None:
        """Take over these keys in place of the present ones, for instance as another process saved them."""
        held = list(held)
        with self._lock:
            self._held = held

    def release(self) -> None:
        """Give up every key: the issuer is at its end. Its RSA keys go to issuers yet to come.

        Those publish them under new key ids, so a token of this ring is no good there.
        """
        with self._lock:
            for held in self._held:
                held.key.release()
            self._held = []

    def jwks(self) -> dict[str, Any]:
        """The JWK Set of the published keys (RFC 7517 section 5)."""
        return {"keys": [key.public_jwk() for key in self.published]}

    def _make(self) -> Key:
        if self.algorithm == "RS256":
            keypool.prepare()
        return Key(self._new_kid(), algorithm=self.algorithm)

    def _find(self, use: str, state: KeyState) -> list[Held]:
        return [held for held in self._held if held.use == use and held.state == state]


def _b64_integer(number: int) -> str:
    return b64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))
