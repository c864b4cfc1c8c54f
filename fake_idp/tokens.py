"""A token before it is signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fake_idp import jws
from fake_idp.keys import Key

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

    def with_header(self, **members: Any) -> Draft:
        """The same draft with these header members added or replaced, in place."""
        return replace(self, header={**self.header, **members})

    def with_claims(self, members: Mapping[str, Any]) -> Draft:
        """The same draft with these claims added or replaced, in place."""
        return replace(self, claims={**self.claims, **members})

    def without(self, *names: str) -> Draft:
        """The same draft without these claims."""
        return replace(self, claims={name: value for name, value in self.claims.items() if name not in names})
