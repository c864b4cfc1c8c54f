"""What the endpoints keep in an issuer's state, and under which key.

================  ===========================  ====================================================
kind              key                          record
================  ===========================  ====================================================
``code``          digest of the code           an authorization code (``authorization_code``)
``refresh``       digest of the token          a refresh token, used or not
``family``        family id                    ``revoked``, and the digests of its access tokens
``access``        token digest                 an opaque access token, or one that was bound
``revoked``       token digest                 an access token that was revoked
``request``       request URI                  a pushed authorization request
``device``        digest of the device code    a device authorization (``fake_idp.devices``)
``user-code``     user code                    which device authorization it is for
``guess``         ``user-code``                wrong user codes, counted for a while
``jti``           digest of who and which id   an assertion or a DPoP proof that was used
``trusted``       issuer identifier            the keys of somebody else's issuer (``Issuer.trust``)
``session``       digest of the cookie         a browser that somebody signed in with
``login``         digest of the transaction    a login page that waits for its answer
``logout``        digest of the transaction    likewise, the question before a logout
``registration``  client id                    what a client registered, and the digest of its token
``document``      URL of the client            a client that publishes what it is, for a minute
================  ===========================  ====================================================

Secrets are kept as digests only, so that nobody can use what the state file says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fake_idp.state import Record

__all__ = ["Login", "digest", "token_digest"]


def digest(secret: str) -> str:
    """The key under which a secret is kept."""
    import hashlib  # 3 ms, which the first request pays and the start does not

    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def token_digest(token: str) -> str:
    """The key under which an access token is kept: of a JWT only what is signed counts.

    Anybody can make a second good signature out of one by ECDSA, ``(r, n - s)`` out of ``(r, s)``; the
    token that has it is the same token, and revoked with it.
    """
    signed, _, _ = token.rpartition(".")
    return digest(signed if token.count(".") == 2 else token)


@dataclass(frozen=True, kw_only=True)
class Login:
    """Somebody signed in, or a client speaks for itself; tokens are issued for it.

    Attributes:
        user: the person's name; empty when the client speaks for itself.
        subject: ``sub`` where it is not the vendor's form of the name (token exchange, assertions).
        scope: the scopes that were granted.
        audience: the API that was asked for; the issuer's usual one when None.
        auth_time: when, in seconds since the epoch.
        dated: whether the client asked for ``max_age``, so that the ID token says ``auth_time``.
        session: the same for every token of this sign-in.
        nonce: of the authorization request, for the ID token.
        claims: what the person added at the login page.
        forgery: the defect that the person chose for these tokens; empty for none.
        actor: who acts for the person (RFC 8693 section 4.1).
    """

    user: str
    subject: str = ""
    scope: tuple[str, ...] = ()
    audience: str | tuple[str, ...] | None = None
    auth_time: int = 0
    dated: bool = False
    session: str = ""
    nonce: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    forgery: str = ""
    actor: Mapping[str, Any] | None = None

    def record(self) -> Record:
        """As it is kept."""
        return asdict(self)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Login:
        """As it was kept."""
        audience = record["audience"]
        return replace(
            cls(**record),
            scope=tuple(record["scope"]),
            audience=tuple(audience) if isinstance(audience, list) else audience,
        )
