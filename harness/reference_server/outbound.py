"""The way to the issuer: GET of a JSON document, within bounds."""

from __future__ import annotations

import asyncio
import functools
import json
import ssl
from typing import Any

import httpx2

from harness.reference_server.settings import Network

__all__ = ["FetchFailed", "Fetcher"]

#: An issuer that needs longer is down. STS gives an issuer the same five seconds.
TIMEOUT = 5.0
#: Some thousand keys. A real set has a handful.
MAX_BYTES = 1 << 20


class FetchFailed(Exception):
    """There was no usable answer.

    Attributes:
        status: the HTTP status, ``None`` where there was none.
    """

    def __init__(self, problem: str, *, status: int | None = None) -> None:
        super().__init__(problem)
        self.status = status


class Fetcher:
    """Gets JSON documents from one host.

    Nothing is taken from the process: no proxy variables, no ``.netrc``. No redirect is followed,
    since an issuer that could send this server elsewhere could send it to its own network.
    """

    def __init__(self, host_url: str, network: Network) -> None:
        """``host_url`` is any URL of the host; it decides about the proxy."""
        self._proxy = network.proxy_for(host_url)
        self._ca_file = network.ca_file

    @functools.cached_property
    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            proxy=self._proxy,
            verify=ssl.create_default_context(cafile=self._ca_file),
            trust_env=False,
            follow_redirects=False,
            timeout=TIMEOUT,
        )

    async def get_json(self, url: str) -> Any:
        """The JSON document at ``url``.

        Raises:
            FetchFailed: if it does not come with status 200, in time, in size, and as JSON.
        """
        try:
            async with asyncio.timeout(TIMEOUT):
                return json.loads(await self._get(url))
        except TimeoutError:
            raise FetchFailed("no answer in time") from None
        except httpx2.HTTPError as error:
            raise FetchFailed(f"no answer ({type(error).__name__})") from None
        except (ValueError, RecursionError):
            raise FetchFailed("the answer is not JSON") from None

    async def _get(self, url: str) -> bytes:
        body = bytearray()
        async with self._client.stream("GET", url, headers={"Accept": "application/json"}) as response:
            if response.status_code != 200:
                raise FetchFailed(f"status {response.status_code}", status=response.status_code)
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise FetchFailed(f"the answer is larger than {MAX_BYTES} bytes")
        return bytes(body)

    async def close(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            await self._client.aclose()
