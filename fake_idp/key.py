"""One signing key, and the forms in which it is written down."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from fake_idp import algorithms, key_pool
from fake_idp.algorithms import CURVES, Algorithm, PrivateKey, PublicKey
from fake_idp.errors import InvalidValue, MalformedToken
from fake_idp.jws import b64url, from_b64url

__all__ = ["Key"]

_LONGEST = 4096  # base64url characters of one number in a JWK: an RSA key of 24,000 bits


class Key:
    """One signing key, for one algorithm: RSA-2048 for RS and PS, the curve that ES names, Ed25519.

    The private key is made at its first use, since an RSA key costs tens of milliseconds and many
    issuers live and die without signing anything.

    Args:
        kid: the key id.
        algorithm: what it signs with.
        private: the private key; made at its first use when left out.

    Raises:
        UnknownName: there is no such algorithm.
        InvalidValue: the algorithm does not take such a key.
    """

    def __init__(
        self, kid: str, *, algorithm: Algorithm = "RS256", private: PrivateKey | None = None
    ) -> None:
        self.kid = kid
        self.algorithm = algorithms.check(algorithm)
        if private is not None and not algorithms.takes(algorithm, private):
            raise InvalidValue(f"key {kid!r}", f"is of a kind that {algorithm} does not take")
        self._private = private
        self._lock = threading.Lock()
        self._signer = None if private is None else algorithms.signer(algorithm, private)

    def __repr__(self) -> str:
        return f"Key({self.kid!r}, algorithm={self.algorithm!r})"

    @classmethod
    def from_pem(cls, pem: str, *, kid: str, algorithm: Algorithm | None = None) -> Key:
        """Load an unencrypted private key in PEM.

        Args:
            pem: the PEM text.
            kid: the key id, which PEM does not have.
            algorithm: which PEM does not have either; when left out RS256 for an RSA key, and the
                curve's own for any other.

        Raises:
            InvalidValue: it is no such key, or one that the algorithm does not take.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization  # costs as much as all else here

        try:
            # Our own file: the full consistency check costs 30 ms a key and guards against nothing here.
            private = serialization.load_pem_private_key(
                pem.encode(), None, unsafe_skip_rsa_key_validation=True
            )
        except (ValueError, TypeError, UnicodeEncodeError, UnsupportedAlgorithm):
            raise InvalidValue(f"key {kid!r}", "is not an unencrypted PEM private key") from None
        if not isinstance(private, PrivateKey) or (natural := algorithms.natural(private)) is None:
            raise InvalidValue(f"key {kid!r}", "is neither RSA nor P-256, P-384, P-521 or Ed25519")
        return cls(kid, algorithm=algorithm or natural, private=private)

    @classmethod
    def from_jwk(
        cls, jwk: Mapping[str, Any], *, kid: str | None = None, algorithm: Algorithm | None = None
    ) -> Key:
        """Load a private key from a JWK (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2).

        Args:
            jwk: the JWK, with its private members.
            kid: the key id; when left out the JWK's own, or else its thumbprint.
            algorithm: when left out the JWK's own ``alg``, or else as ``from_pem`` has it.

        Raises:
            UnknownName: its ``alg`` is none that an issuer signs with.
            InvalidValue: it is no such key, or one that the algorithm does not take.
        """
        found = jwk.get("kid") if kid is None else kid
        name = f"key {found!r}" if isinstance(found, str) else "key"
        try:
            private = _private_of(jwk)
        except (KeyError, ValueError, TypeError, AttributeError, MalformedToken):
            raise InvalidValue(name, "is not a private JWK: RSA, P-256, P-384, P-521 or Ed25519") from None
        chosen = algorithm or jwk.get("alg") or algorithms.natural(private) or ""
        key = cls("", algorithm=algorithms.check(str(chosen)), private=private)
        key.kid = found if isinstance(found, str) else key.thumbprint
        return key

    @property
    def private(self) -> PrivateKey:
        """The private key, made now if it was not yet."""
        if (private := self._private) is not None:
            return private
        with self._lock:
            if self._private is None:
                self._private = _generate(self.algorithm)
                self._signer = algorithms.signer(self.algorithm, self._private)
            return self._private

    @property
    def public(self) -> PublicKey:
        """The public key."""
        return self.private.public_key()

    def release(self) -> None:
        """Give the private key up, if it was ever made; a new one takes its place if it is used again."""
        with self._lock:
            private, self._private, self._signer = self._private, None, None
        if isinstance(private, rsa.RSAPrivateKey):
            key_pool.give_back(private)

    def sign(self, message: bytes) -> bytes:
        """Sign as RFC 7518 sections 3.3 to 3.5 or RFC 8037 section 3.1 has it."""
        while (signer := self._signer) is None:
            _ = self.private
        return signer(message)

    def pem(self) -> str:
        """The private key as unencrypted PKCS #8."""
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
        """The public key as a JWK (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2)."""
        kty, members = self._members()
        return {"kty": kty, "alg": self.algorithm, "kid": self.kid, "use": "sig", **members}

    def jwk(self, *, private: bool = False) -> dict[str, Any]:
        """The key as a JWK; with its private members (RFC 7518 sections 6.2.2 and 6.3.2) if asked for."""
        return self.public_jwk() | (_private_members(self.private) if private else {})

    @property
    def thumbprint(self) -> str:
        """The SHA-256 thumbprint of the public key (RFC 7638 section 3), in base64url."""
        import hashlib
        import json

        kty, members = self._members()
        required = json.dumps({"kty": kty, **members}, separators=(",", ":"), sort_keys=True)
        return b64url(hashlib.sha256(required.encode()).digest())

    def _members(self) -> tuple[str, dict[str, str]]:
        """``kty``, and the other members that a public key cannot be without."""
        public = self.public
        if isinstance(public, rsa.RSAPublicKey):
            numbers = public.public_numbers()
            return "RSA", {"e": _b64_integer(numbers.e), "n": _b64_integer(numbers.n)}
        if isinstance(public, ed25519.Ed25519PublicKey):
            return "OKP", {"crv": "Ed25519", "x": b64url(public.public_bytes_raw())}
        point, size = public.public_numbers(), algorithms.field_bytes(public.curve)
        return "EC", {
            "crv": CURVES[self.algorithm][0],
            "x": _b64_integer(point.x, size),
            "y": _b64_integer(point.y, size),
        }


def _generate(algorithm: Algorithm) -> PrivateKey:
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm][1])
    return key_pool.take()


def _private_members(private: PrivateKey) -> dict[str, str]:
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return {"d": b64url(private.private_bytes_raw())}
    if isinstance(private, ec.EllipticCurvePrivateKey):
        size = algorithms.field_bytes(private.curve)
        return {"d": _b64_integer(private.private_numbers().private_value, size)}
    numbers = private.private_numbers()
    named = {"d": "d", "p": "p", "q": "q", "dp": "dmp1", "dq": "dmq1", "qi": "iqmp"}
    return {name: _b64_integer(getattr(numbers, attribute)) for name, attribute in named.items()}


def _private_of(jwk: Mapping[str, Any]) -> PrivateKey:
    """Read a private JWK; KeyError, ValueError, TypeError or MalformedToken when it is none."""

    def data(name: str) -> bytes:
        if len(jwk[name]) > _LONGEST:
            raise ValueError(name)
        return from_b64url(jwk[name], part=name)

    def number(name: str) -> int:
        return int.from_bytes(data(name), "big")

    if jwk["kty"] == "OKP" and jwk["crv"] == "Ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(data("d"))
    if jwk["kty"] == "EC":
        (curve,) = (curve for name, curve in CURVES.values() if name == jwk["crv"])
        point = ec.EllipticCurvePublicNumbers(number("x"), number("y"), curve)
        return ec.EllipticCurvePrivateNumbers(number("d"), point).private_key()
    if jwk["kty"] != "RSA":
        raise ValueError(jwk["kty"])
    n, e, d = number("n"), number("e"), number("d")
    p, q = (number("p"), number("q")) if "p" in jwk else rsa.rsa_recover_prime_factors(n, e, d)
    return rsa.RSAPrivateNumbers(
        p,
        q,
        d,
        rsa.rsa_crt_dmp1(d, p),
        rsa.rsa_crt_dmq1(d, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(e, n),
    ).private_key()


def _b64_integer(number: int, size: int | None = None) -> str:
    return b64url(number.to_bytes((number.bit_length() + 7) // 8 if size is None else size, "big"))
