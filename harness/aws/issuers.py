"""Who signs the tokens of the issuers that AWS itself runs.

User pools, identity pools and IAM Identity Center are OpenID Connect issuers. This package makes no tokens;
whoever builds an ``Aws`` gives it what does (``fake_idp.Issuer`` fits), and without it the operations that
need one refuse with ``NotImplemented``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from harness.aws.app import AsgiApp
from harness.aws.errors import AwsError

__all__ = ["Issuer", "NewIssuer", "no_issuers"]


class Issuer(Protocol):
    """An issuer: a name, keys and tokens, and an application that publishes what others need.

    ``fake_idp.Issuer`` has these and more; ``users`` and ``clients`` are its stores, ``sign_ins`` its refresh
    tokens.
    """

    url: str
    client_id: str
    audience: Any
    users: Any
    clients: Any
    sign_ins: Any

    def set_domain(self, domain: str) -> None:
        """Let the endpoints of a user pool's domain be at that origin; ``app`` is a new one."""
        ...

    @property
    def app(self) -> AsgiApp:
        """ASGI application of its documents and its pages."""
        ...

    def jwks(self) -> dict[str, Any]:
        """Its public keys, a JWK Set (RFC 7517 section 5)."""
        ...

    @property
    def draft(self) -> Callable[..., Any]:
        """What ``mint`` would sign: an object with ``claims``."""
        ...

    @property
    def mint(self) -> Callable[..., str]:
        """Signs a token: a subject and options in, a JWS in compact serialization out."""
        ...


NewIssuer = Callable[..., Issuer]
"""Makes an issuer: ``new("cognito", url=..., client_id=...)``.

The presets asked for are ``cognito`` (a user pool), ``cognito_identity`` and ``identity_center``.
"""


def no_issuers(preset: str, **_: Mapping[str, Any]) -> Issuer:
    """Refuse: this AWS was built without a maker of issuers.

    Raises:
        AwsError: ``NotImplemented``.
    """
    raise AwsError("NotImplemented", f"This AWS was built without issuers, so it has no {preset}.")
