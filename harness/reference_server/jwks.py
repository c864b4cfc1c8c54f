"""The issuer's keys: found by discovery, kept for a while, asked for again when it is time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWTError
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from harness.reference_server.errors import InvalidToken, IssuerUnavailable, Refused
from harness.reference_server.outbound import FetchFailed

__all__ = ["ALGORITHMS", "KeyCache", "PublicKey", "read_keys"]

#: The algorithms that are accepted, by key type and curve. RFC 8725 section 3.1: the verifier chooses,
#: never the token; and a key is used with one algorithm only.
ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256"}

PublicKey = RSAPublicKey | EllipticCurvePublicKey

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Key:
    """One verification key of the issuer."""

    kid: str | None
    algorithm: str
    public_key: PublicKey


class JsonSource(Protocol):
    """Where documents come from."""

    async def get_json(self, url: str) -> Any:
        """The JSON document at ``url``, or ``FetchFailed``."""


class KeyCache:
    """The keys of one issuer.

    Attributes:
        TTL: seconds for which keys are used unasked; a withdrawn key is refused after that.
        MAX_STALE: seconds for which the last keys serve while the issuer is down.
        BURST: requests to the issuer that tokens with unknown keys can cause at once, and
        REFILL: seconds after which they can cause one more. So a new key is picked up with the first
            token that it signed, and a flood of invented key ids is nearly free.

    All of it goes by wall time, since a machine that slept must not trust yesterday's keys.
    """

    TTL = 300.0
    MAX_STALE = 3600.0
    BURST = 5
    REFILL = 10.0

    def __init__(self, issuer: str, source: JsonSource) -> None:
        self._issuer = issuer
        self._source = source
        self._keys: tuple[Key, ...] = ()
        self._fetched_at = float("-inf")
        self._failure: Refused = IssuerUnavailable("the issuer has not been asked yet")
        self._lock = asyncio.Lock()
        self._fetches_started = 0
        self._allowance, self._allowance_at = float(self.BURST), time.time()

    async def find(self, *, kid: str | None, algorithm: str) -> PublicKey:
        """The key with which a token must have been signed.

        Args:
            kid: the token's key id; a token without one is accepted where only one key can be meant.
            algorithm: the token's algorithm, one of ``ALGORITHMS``.

        Raises:
            InvalidToken: if the issuer has no such key.
            IssuerUnavailable: if there are no keys to look among.
        """
        if self.is_due(kid=kid, algorithm=algorithm):
            await self._refresh(kid=kid, algorithm=algorithm)
        if self._age() > self.MAX_STALE:
            raise self._failure.with_traceback(None)
        found = self._matching(kid=kid, algorithm=algorithm)
        if not found:
            raise InvalidToken("the issuer has no key of this id and algorithm")
        if kid is None and len(found) > 1:
            raise InvalidToken("the token names no key, and the issuer has several")
        return found[0].public_key

    def is_due(self, *, kid: str | None, algorithm: str) -> bool:
        """Whether to ask the issuer before answering for this key."""
        return self._age() > self.TTL or not self._matching(kid=kid, algorithm=algorithm)

    def _age(self) -> float:
        age = time.time() - self._fetched_at
        return age if age >= 0 else float("inf")  # the clock was set back: the age is anyone's guess

    def _matching(self, *, kid: str | None, algorithm: str) -> list[Key]:
        return [key for key in self._keys if kid in (None, key.kid) and key.algorithm == algorithm]

    async def _refresh(self, *, kid: str | None, algorithm: str) -> None:
        """Ask the issuer, one request at a time; failing that, keep what there is."""
        started_before = self._fetches_started
        async with self._lock:
            # While this waited for the lock, others may have found the key, or asked in vain.
            asked_since = self._fetches_started > started_before
            if asked_since or not self.is_due(kid=kid, algorithm=algorithm) or not self._take_allowance():
                return
            self._fetches_started += 1
            try:
                self._keys = await self._fetch()
            except FetchFailed as problem:
                self._failure = IssuerUnavailable(f"the issuer's keys: {problem}")
                _log.warning("the issuer's keys could not be fetched: %s", problem)
            except InvalidToken as problem:
                self._failure = problem
                _log.warning("the issuer's metadata is not believed: %s", problem.reason)
            else:
                self._fetched_at = time.time()

    def _take_allowance(self) -> bool:
        now = time.time()
        refilled = max(0.0, now - self._allowance_at) / self.REFILL
        self._allowance = min(float(self.BURST), self._allowance + refilled)
        self._allowance_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    async def _fetch(self) -> tuple[Key, ...]:
        """Discovery and then the keys.

        Raises:
            FetchFailed: if the issuer does not answer, or not with such documents.
            InvalidToken: if its metadata contradicts the configuration. Asking again will not help,
                so no token is believed rather than an outage reported.
        """
        url = f"{self._issuer.removesuffix('/')}/.well-known/openid-configuration"
        try:
            metadata = await self._source.get_json(url)
        except FetchFailed as problem:
            if problem.status == 404:
                raise InvalidToken("the issuer publishes no metadata") from None
            raise
        if not isinstance(metadata, dict):
            raise FetchFailed("the metadata is not a JSON object")
        # OpenID Connect Discovery 1.0 section 4.3, RFC 8414 section 3.3: identical, or not to be used.
        if metadata.get("issuer") != self._issuer:
            raise InvalidToken("the metadata is of another issuer")
        jwks_uri = metadata.get("jwks_uri")
        if not isinstance(jwks_uri, str) or _origin(jwks_uri) != _origin(self._issuer):
            raise InvalidToken("the metadata has no jwks_uri at the issuer's own host")
        keys = tuple(read_keys(await self._source.get_json(jwks_uri)))
        if not keys:
            raise FetchFailed("the key set has no usable key")
        return keys


def _origin(url: str) -> tuple[str, str | None, int | None] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    return parts.scheme, parts.hostname, port


def read_keys(document: object) -> Iterator[Key]:
    """The usable keys of a JWK set (RFC 7517). What is odd is passed over, and spoils nothing else."""
    members = document.get("keys") if isinstance(document, dict) else None
    for member in members if isinstance(members, list) else ():
        key = _read_key(member) if isinstance(member, dict) else None
        if key:
            yield key


def _read_key(jwk: Mapping[str, Any]) -> Key | None:
    kid, kty, operations = jwk.get("kid"), jwk.get("kty"), jwk.get("key_ops", ["verify"])
    curve = jwk.get("crv") if kty == "EC" else None
    algorithm = (
        ALGORITHMS.get((kty, curve)) if isinstance(kty, str) and isinstance(curve, str | None) else None
    )
    usable = (
        algorithm is not None
        and isinstance(kid, str | None)
        and jwk.get("alg", algorithm) == algorithm
        and jwk.get("use", "sig") == "sig"  # RFC 7517 section 4.2
        and isinstance(operations, list)
        and "verify" in operations  # section 4.3
        and "d" not in jwk  # a private key that has been published is everybody's
    )
    if not usable or algorithm is None:
        return None
    try:
        public_key = (RSAAlgorithm if kty == "RSA" else ECAlgorithm).from_jwk(dict(jwk))
    except (PyJWTError, ValueError, TypeError, AttributeError):
        return None
    if isinstance(public_key, RSAPublicKey) and public_key.key_size >= 2048:  # RFC 7518 section 3.3
        return Key(kid, algorithm, public_key)
    if isinstance(public_key, EllipticCurvePublicKey):
        return Key(kid, algorithm, public_key)
    return None
