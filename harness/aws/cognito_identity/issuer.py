"""The issuer ``https://cognito-identity.amazonaws.com``, whose tokens an identity takes to STS.

One signs for all identity pools: the pool is in ``aud``, the identity in ``sub`` (Cognito Developer Guide,
"IAM roles", "Set up a trust policy").
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.aws.app import Receive, Send
from harness.aws.cognito_identity.pools import SERVICE, IdentityPool
from harness.aws.issuers import Issuer, no_issuers

if TYPE_CHECKING:
    from harness.aws.front import Aws

__all__ = ["TAGS_CLAIM", "URL", "IdentityPoolIssuer"]

URL = f"https://{SERVICE}"
TAGS_CLAIM = "https://aws.amazon.com/tags"  # IAM User Guide, "Passing session tags using OIDC"
_ARN_CLAIM = f"{URL}/identity-pool-arn"


class IdentityPoolIssuer:
    """The issuer of one account's identity pools; its keys are made when it first signs or is first asked.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._issuer: Issuer | None = None
        self._published = False
        self._lock = threading.Lock()

    def publish(self, aws: Aws) -> None:
        """Let its documents answer under its name, once; an AWS without issuers has none."""
        with self._lock:
            if self._published or aws.new_issuer is no_issuers:
                return
            self._published = True

        async def documents(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
            issuer = await asyncio.to_thread(self._open, aws)
            await issuer.app(scope, receive, send)

        aws.publish(SERVICE, "/.well-known/", documents)

    def jwks(self) -> dict[str, Any]:
        """Return its public keys, a JWK Set; an empty one while it has never signed."""
        return {"keys": []} if self._issuer is None else self._issuer.jwks()

    def mint(
        self,
        aws: Aws,
        pool: IdentityPool,
        identity_id: str,
        *,
        methods: Sequence[str],
        expires_in: float,
        tags: Mapping[str, str],
    ) -> str:
        """Sign a token of an identity.

        Args:
            aws: the account.
            pool: the pool of the identity.
            identity_id: the identity.
            methods: how it authenticated, for ``amr``.
            expires_in: seconds.
            tags: session tags; the trust policy of a role must allow ``sts:TagSession`` for them.

        Raises:
            AwsError: ``NotImplemented``, of an AWS without issuers.
        """
        claims: dict[str, Any] = {"amr": list(methods), _ARN_CLAIM: pool.arn}
        if tags:
            claims[TAGS_CLAIM] = {"principal_tags": {key: [value] for key, value in tags.items()}}
        return self._open(aws).mint(sub=identity_id, client_id=pool.id, expires_in=expires_in, claims=claims)

    def _open(self, aws: Aws) -> Issuer:
        with self._lock:
            if self._issuer is None:
                self._issuer = aws.new_issuer("cognito_identity", url=URL)
            return self._issuer
