"""The callers' AWS credentials: each caller's own, exchanged once and kept while they are good."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Hashable
from functools import partial
from typing import Any

import anyio.to_thread

from harness.reference_server.aws import Aws, AwsCredentials
from harness.reference_server.caller import Caller
from harness.reference_server.errors import AwsRefused, ExchangeRefused
from harness.reference_server.providers import Provider

__all__ = ["CallersAws", "CredentialCache"]

#: AWS's ways of saying that a signer's credentials are no longer good.
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}


class CredentialCache:
    """Credentials by person and role.

    Attributes:
        MARGIN: seconds before their expiry from which credentials are not handed out any more.
        LIMIT: how many callers are remembered; the least recently seen one goes.

    It goes by wall time, as AWS does.
    """

    MARGIN = 60.0
    LIMIT = 1000

    def __init__(self, provider: Provider, aws: Aws) -> None:
        self._provider = provider
        self._aws = aws
        self._entries: OrderedDict[Hashable, tuple[AwsCredentials, float]] = OrderedDict()
        self._exchanges: dict[Hashable, asyncio.Task[AwsCredentials]] = {}

    def key(self, caller: Caller) -> Hashable:
        """What two requests must have in common to share credentials.

        The issuer belongs to it: subjects are unique at their issuer only (RFC 7519 section 4.1.2).
        """
        return (caller.issuer, caller.subject, caller.role)

    async def get(self, caller: Caller) -> AwsCredentials:
        """The caller's credentials. However many ask at once, AWS is asked once.

        Raises:
            ExchangeRefused: if AWS does not give any. There are no others to fall back to.
        """
        key = self.key(caller)
        credentials, good_until = self._entries.get(key, (None, 0.0))
        if credentials and time.time() < good_until:
            self._entries.move_to_end(key)
            return credentials
        if key not in self._exchanges:
            exchange = asyncio.create_task(self._renew(key, caller))
            self._exchanges[key] = exchange
            exchange.add_done_callback(lambda done: self._finished(key, done))
        # Shielded: that one caller hangs up does not cancel what others wait for.
        return await asyncio.shield(self._exchanges[key])

    def discard(self, caller: Caller, credentials: AwsCredentials) -> None:
        """Forget these credentials, unless others have taken their place already."""
        if self._entries.get(self.key(caller), (None, 0.0))[0] == credentials:
            del self._entries[self.key(caller)]

    async def _renew(self, key: Hashable, caller: Caller) -> AwsCredentials:
        credentials = await self.exchange(caller)
        good_until = min(caller.expires_at, credentials.expires_at - self.MARGIN)
        self._entries[key] = (credentials, good_until)
        self._entries.move_to_end(key)
        while len(self._entries) > self.LIMIT:
            self._entries.popitem(last=False)
        return credentials

    def _finished(self, key: Hashable, exchange: asyncio.Task[AwsCredentials]) -> None:
        del self._exchanges[key]
        if not exchange.cancelled():
            exchange.exception()  # seen, even where nobody waits any more

    async def exchange(self, caller: Caller) -> AwsCredentials:
        """Exchange the caller's token, in a thread, since botocore blocks."""
        try:
            return await anyio.to_thread.run_sync(self._provider.exchange, caller, self._aws)
        except AwsRefused as refused:
            raise ExchangeRefused(refused.operation, refused.code, refused.message) from None


class CallersAws:
    """AWS as one caller may use it: every call is signed with that caller's own credentials."""

    def __init__(self, caller: Caller, credentials: CredentialCache, aws: Aws, *, region: str) -> None:
        self._caller = caller
        self._credentials = credentials
        self._aws = aws
        self._region = region

    async def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call one operation; once more with new credentials if AWS says that these have expired.

        Raises:
            ExchangeRefused: if the caller gets no credentials.
            AwsRefused: if AWS refuses the call.
        """
        credentials = await self._credentials.get(self._caller)
        try:
            return await self._call(service, operation, credentials, parameters)
        except AwsRefused as refused:
            if refused.code not in _EXPIRED:
                raise
        self._credentials.discard(self._caller, credentials)
        credentials = await self._credentials.get(self._caller)
        return await self._call(service, operation, credentials, parameters)

    async def _call(
        self, service: str, operation: str, credentials: AwsCredentials, parameters: dict[str, Any]
    ) -> dict[str, Any]:
        blocking = partial(
            self._aws.call, service, operation, region=self._region, credentials=credentials, **parameters
        )
        return await anyio.to_thread.run_sync(blocking)
