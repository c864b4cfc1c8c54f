"""What a preset is: the shape of one vendor's URLs, metadata and tokens."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from fake_idp.jws import b64url

__all__ = ["DISCOVERY", "Preset", "TokenRequest", "TokenUse", "address", "email_of", "path_of", "stable_id"]

TokenUse = Literal["access", "id"]

DISCOVERY = "/.well-known/openid-configuration"
"""Where OpenID Connect Discovery 1.0 section 4 puts the metadata, below the issuer."""

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """What a token is asked to say; times are seconds since the epoch.

    Attributes:
        issuer: the issuer identifier, exactly as in ``iss``.
        client_id: the client that the token is for.
        audience: the API that an access token is for, where the vendor has such a thing.
        sub: the subject, put into ``sub`` as it is.
        use: an access token or an ID token.
        scope: the granted scopes.
        issued_at: for ``iat`` and ``auth_time``.
        expires_at: for ``exp``.
    """

    issuer: str
    client_id: str
    audience: str
    sub: str
    use: TokenUse
    scope: tuple[str, ...]
    issued_at: int
    expires_at: float


class Preset:
    """One vendor. A subclass says what the vendor does; everything here is the standards' own way.

    Attributes:
        name: how the preset is called.
        title: the vendor, for people.
        url: the issuer identifier when none is given.
        client_id: the client id when none is given.
        audience: the audience of access tokens when none is given; None where the vendor has no
            audiences, and the client stands for them.
        scope: the scopes of a token when none are given.
        default_use: which token ``mint`` makes when not told.
        key_uses: the uses of signing keys; the first is the one of ``default_use``.
        lifetime: how long a token is good, in seconds.
        jwks_path: the JWKS's path below the issuer.
        cache_control: the vendor's ``Cache-Control`` on metadata and keys, or None.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    url: ClassVar[str]
    client_id: ClassVar[str]
    audience: ClassVar[str | None] = None
    scope: ClassVar[tuple[str, ...]] = ("openid", "profile", "email")
    default_use: ClassVar[TokenUse] = "access"
    key_uses: ClassVar[tuple[str, ...]] = ("sig",)
    lifetime: ClassVar[int] = 3600
    jwks_path: ClassVar[str] = "/.well-known/jwks.json"
    cache_control: ClassVar[str | None] = None

    def new_kid(self) -> str:
        """A fresh key id in the vendor's form."""
        return b64url(secrets.token_bytes(32))

    def key_use(self, token_use: TokenUse) -> str:
        """Which of ``key_uses`` signs such a token."""
        return self.key_uses[0]

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """The JOSE header, members in the vendor's order."""
        raise NotImplementedError

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """The claims, members in the vendor's order."""
        raise NotImplementedError

    def discovery(self, url: str, *, algorithm: str) -> dict[str, Any]:
        """The discovery document of the issuer with that identifier."""
        raise NotImplementedError

    def metadata_paths(self, url: str) -> tuple[str, ...]:
        """Where that document is answered, the OpenID Connect path first."""
        return (path_of(url) + DISCOVERY,)


def address(url: str) -> str:
    """The issuer without the trailing slash, to append a path to (OpenID Connect Discovery 4.1)."""
    return url.rstrip("/")


def path_of(url: str) -> str:
    """The issuer's path without the trailing slash: ``/oauth2/default``, or nothing."""
    return urlsplit(url).path.rstrip("/")


def stable_id(prefix: str, seed: str, *, length: int, alphabet: str = _BASE62) -> str:
    """An id in a vendor's form that is the same for the same seed, in every process."""
    number = int.from_bytes(
        hashlib.sha512(f"{prefix}\0{seed}".encode("utf-8", "surrogatepass")).digest(), "big"
    )
    characters: list[str] = []
    while len(prefix) + len(characters) < length:
        number, index = divmod(number, len(alphabet))
        characters.append(alphabet[index])
    return prefix + "".join(characters)


def email_of(sub: str) -> str:
    """The subject's mail address: the subject itself where it is one."""
    return sub if "@" in sub else f"{sub}@example.com"
