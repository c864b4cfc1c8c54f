"""Is this token good, and whose is it?"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from typing import Any

import jwt
from jwt.utils import base64url_decode

from harness.reference_server.caller import Caller
from harness.reference_server.errors import InvalidToken
from harness.reference_server.jwks import ALGORITHMS, KeyCache, PublicKey
from harness.reference_server.providers import Provider

__all__ = ["TokenVerifier"]

#: RFC 7515 section 7.1 with section 2: three parts of base64url without padding, none of them empty.
#: (PyJWT accepts padding for the sake of one load balancer.)
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
#: Larger tokens do not come from real issuers, and cost time before the signature is known to be good.
_MAX_LENGTH = 16 * 1024
#: RFC 8725 section 3.11. ``at+jwt`` is RFC 9068's; Cognito sets no type at all.
_TYPES = {None, "jwt", "at+jwt", "application/at+jwt"}

_SIGNATURES = jwt.PyJWS(algorithms=list(ALGORITHMS.values()))


class TokenVerifier:
    """Verifies the access tokens of one issuer (RFC 7519 section 7.2, RFC 8725, RFC 9068 section 4).

    One method for each thing that can be wrong; ``verify`` is their order.
    """

    #: Seconds by which the issuer's clock may run ahead of ours, for ``nbf`` and ``iat``. There is
    #: none for ``exp``: RFC 7519 section 4.1.4 refuses a token on or after it.
    LEEWAY = 60

    def __init__(self, provider: Provider, keys: KeyCache) -> None:
        self._provider = provider
        self._keys = keys

    async def verify(self, token: str) -> Caller:
        """Who calls with ``token``.

        Raises:
            InvalidToken: if the token is not good.
            RoleRefused: if it is good and gives no role that may be used.
            IssuerUnavailable: if the issuer's keys cannot be had.
        """
        header = self.read_header(token)
        key = await self._keys.find(kid=header.get("kid"), algorithm=header["alg"])
        claims = _json_object(self.check_signature(token, key, header["alg"]))
        self.check_issuer(claims)
        self.check_audience(claims)
        self.check_expiry(claims)
        self.check_start(claims)
        return Caller(
            issuer=self._provider.issuer,
            subject=self.subject(claims),
            client_id=self._provider.client_id,
            role=self._provider.role(claims),
            scopes=self._provider.scopes(claims),
            expires_at=_date(claims, "exp") or 0.0,
            token=token,
        )

    def read_header(self, token: str) -> Mapping[str, Any]:
        """The token's header, checked for everything that can be told before there is a key."""
        if len(token) > _MAX_LENGTH or not _COMPACT.fullmatch(token):
            raise InvalidToken("not a signed JWT in compact form")
        try:
            header = _json_object(base64url_decode(token.partition(".")[0]))
        except ValueError:
            raise InvalidToken("the header is not base64url") from None
        if header.get("alg") not in ALGORITHMS.values():
            raise InvalidToken("the algorithm is not one that this server accepts")
        if not isinstance(header.get("kid", ""), str):
            raise InvalidToken("the key id is not a string")
        if "crit" in header or "b64" in header:
            # RFC 7515 section 4.1.11: an extension that is not understood makes the token invalid.
            raise InvalidToken("the header has critical extensions")
        kind = header.get("typ")
        if not isinstance(kind, str | None) or (kind and kind.lower()) not in _TYPES:
            raise InvalidToken("the token is of another type")
        return header

    def check_signature(self, token: str, key: PublicKey, algorithm: str) -> bytes:
        """The token's payload, once its signature is known to be good."""
        try:
            payload = _SIGNATURES.decode(token, key, algorithms=[algorithm])
        except (jwt.InvalidTokenError, ValueError):
            raise InvalidToken("the signature is not good") from None
        return bytes(payload)

    def check_issuer(self, claims: Mapping[str, Any]) -> None:
        """``iss`` is the configured issuer, character by character."""
        if claims.get("iss") != self._provider.issuer:
            raise InvalidToken("the issuer is another")

    def check_audience(self, claims: Mapping[str, Any]) -> None:
        """The token was issued for this server, which each kind of issuer says in its own way."""
        self._provider.check_audience(claims)

    def check_expiry(self, claims: Mapping[str, Any]) -> None:
        """``exp`` is there and lies in the future."""
        expires_at = _date(claims, "exp")
        if expires_at is None:
            raise InvalidToken("the token never expires")
        if time.time() >= expires_at:
            raise InvalidToken("the token has expired")

    def check_start(self, claims: Mapping[str, Any]) -> None:
        """``nbf`` and ``iat``, where they are present, do not lie in the future."""
        latest = time.time() + self.LEEWAY
        for name in ("nbf", "iat"):
            begins_at = _date(claims, name)
            if begins_at is not None and begins_at > latest:
                raise InvalidToken(f"the token's {name} lies in the future")

    def subject(self, claims: Mapping[str, Any]) -> str:
        """``sub``, without which two people could not be told apart (RFC 9068 section 2.2)."""
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise InvalidToken("the token has no subject")
        try:
            subject.encode()
        except UnicodeEncodeError:
            raise InvalidToken("the subject is not text") from None
        return subject


def _date(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519 section 2): a JSON number, not a string of digits and not ``true``."""
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken(f"the token's {name} is not a number")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise InvalidToken(f"the token's {name} is not a date")
    return seconds


def _json_object(text: bytes) -> dict[str, Any]:
    """A JSON object whose members are unique.

    RFC 7519 section 4 lets a parser refuse duplicate members or take the last one. Refusing is what
    cannot differ from what AWS, reading the same token, takes.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InvalidToken("the token does not hold JSON") from None
    if not isinstance(value, dict):
        raise InvalidToken("the token does not hold a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate members")
    return members


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
