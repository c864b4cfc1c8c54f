"""A token before it is signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fake_idp import jws
from fake_idp.errors import InvalidValue
from fake_idp.key import Key

__all__ = ["Draft"]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What an honest token is going to say, and the key that is going to sign it.

    ``mint`` signs a draft as it is; a forgery changes one thing about it first. So a forged token
    and the honest one from the same draft differ in that one thing only.

    Attributes:
        header: the JOSE header.
        claims: the claims.
        key: the signing key.
        now: the issuer's time when the draft was made, in whole seconds since the epoch.
    """

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key: Key
    now: int

    def sign(self) -> str:
        """Return the compact JWS.

        Raises:
            InvalidValue: a header member or a claim has no JSON form.
        """
        return jws.write(self.header, self.claims, self.key.sign)

    def write(
        self,
        *,
        header: bytes | None = None,
        payload: bytes | None = None,
        sign: Callable[[bytes], bytes] | None = None,
    ) -> str:
        """Return the compact JWS with these bytes, or this signature, in place of the draft's own.

        Raises:
            InvalidValue: a header member or a claim has no JSON form.
        """
        return jws.seal(
            self.header_bytes() if header is None else header,
            self.payload_bytes() if payload is None else payload,
            sign or self.key.sign,
        )

    def header_bytes(self) -> bytes:
        """The JOSE header as JSON."""
        return jws.json_bytes(self.header, what="header")

    def payload_bytes(self) -> bytes:
        """The claims as JSON."""
        return jws.json_bytes(self.claims, what="claim")

    def with_header(self, **members: Any) -> Draft:
        """The same draft with these header members added or replaced, in place."""
        return replace(self, header={**self.header, **members})

    def with_claims(self, members: Mapping[str, Any]) -> Draft:
        """The same draft with these claims added or replaced, in place."""
        return replace(self, claims={**self.claims, **members})

    def without_header(self, *names: str) -> Draft:
        """The same draft without these header members."""
        return replace(self, header={name: value for name, value in self.header.items() if name not in names})

    def without(self, *names: str) -> Draft:
        """The same draft without these claims."""
        return replace(self, claims={name: value for name, value in self.claims.items() if name not in names})

    def dropping(self, name: str) -> Draft:
        """The same draft without that claim.

        Raises:
            InvalidValue: it does not carry it, so nothing would change.
        """
        if name not in self.claims:
            raise InvalidValue(name, "the honest token does not carry this claim, so it cannot be left out")
        return self.without(name)
