"""The pocket internet: real hostnames, TLS and a proxy, and nothing that leaves the machine."""

from __future__ import annotations

import atexit
import functools
import shutil
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import httpx2

from harness.internet.authority import Authority
from harness.internet.fetching import Fetcher
from harness.internet.proxy import ProxyServer, normal
from harness.internet.record import Connection
from harness.internet.variables import variables, write_files
from harness.serving import Address, Application, LoopThread, Served

__all__ = ["Connection", "Internet"]


class Internet:
    """Names, and the local services behind them.

    A client joins by trusting ``ca_file`` and by using a door (a proxy URL) of its own; ``environ`` is
    that as the variables which programs read.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pocket-internet-"))
        self._authority = Authority(self.folder)
        self._names: dict[str, Address] = {}
        self._unplugged: set[str] = set()
        self._served: list[Served] = []
        self._doors: dict[str, str] = {}
        self._clients: list[httpx2.Client] = []
        self._record: list[Connection] = []
        self._aws = Fetcher(self, "aws")
        self._loop = _network_loop()
        self._proxy = ProxyServer(self, self._authority)
        self._loop.run(self._proxy.start())

    @property
    def ca_file(self) -> Path:
        """The PEM file of the authority that vouches for every host here."""
        return self._authority.file

    @property
    def record(self) -> Sequence[Connection]:
        """Every connection that was tried, in order, allowed or refused."""
        return tuple(self._record)

    def serve(self, host: str, app: Application) -> Address:
        """Serve an application under a name, or a pattern of names such as ``*.amazonaws.com``."""
        served = self._loop.serve(app)
        self._served.append(served)
        self.connect(host, served.address)
        return served.address

    def connect(self, host: str, address: Address) -> None:
        """Put a service that already listens, anybody's, behind a name or a pattern of names."""
        self._names[normal(host)] = address

    def unplug(self, host: str) -> None:
        """Make a host unreachable: new connections get 502 from the proxy, open ones are cut."""
        self._unplugged.add(normal(host))
        self._loop.loop.call_soon_threadsafe(self._proxy.drop, normal(host))

    def plug(self, host: str) -> None:
        """Make an unplugged host reachable again."""
        self._unplugged.discard(normal(host))

    def door(self, caller: str) -> str:
        """The proxy URL of one caller; the record tells callers apart by their doors."""
        if caller not in self._doors:
            host, port = self._loop.run(self._proxy.door(caller))
            self._doors[caller] = f"http://{host}:{port}"
        return self._doors[caller]

    def environ(self, caller: str, *, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment variables by which a program joins.

        Args:
            caller: whose door it comes through.
            inherited: the environment that they will be added to, if there is one.
        """
        return variables(self.door(caller), ca_file=self.ca_file, folder=self._files, inherited=inherited)

    @functools.cached_property
    def _files(self) -> Path:
        write_files(self.folder, self.ca_file)
        return self.folder

    def http(self, caller: str = "client", *, timeout: float = 10.0) -> httpx2.Client:
        """An HTTP client that is in this world; it is closed with it."""
        client = httpx2.Client(
            proxy=self.door(caller), verify=self.client_context, timeout=timeout, trust_env=False
        )
        self._clients.append(client)
        return client

    @functools.cached_property
    def client_context(self) -> ssl.SSLContext:
        """A TLS context that trusts this world's authority only."""
        return self._authority.client_context()

    def fetch(self, url: str) -> tuple[int, bytes]:
        """Get a document as AWS does: without following redirects, within five seconds.

        Returns:
            The HTTP status and the body.

        Raises:
            OSError: if it is no https URL, the host cannot be reached, is too slow, or sends more than 4 MiB.
        """
        return self._aws.fetch(url)

    def thumbprint(self, host: str) -> str:
        """The SHA-1, in hexadecimal, of the last certificate that a host of this world shows.

        AWS compares it with the thumbprints of an OpenID Connect provider when it does not trust the
        authority; see ``harness.aws.Aws``.

        Raises:
            OSError: if there is no such host.
        """
        name = normal(host)
        if not self.knows(name):
            raise OSError(f"{name} is not part of this world")
        return self._loop.run(self._thumbprint(name))

    async def _thumbprint(self, host: str) -> str:
        return self._authority.thumbprint(host)  # on the loop, where certificates are made

    # What the proxy asks.

    def knows(self, host: str) -> bool:
        """Whether the name is part of the world."""
        return self._match(host) is not None

    def locate(self, host: str) -> Address | None:
        """The service behind a name, ``None`` if there is none or it is unplugged."""
        return None if host in self._unplugged else self._match(host)

    def note(self, connection: Connection) -> None:
        """Record an attempt."""
        self._record.append(connection)

    def _match(self, host: str) -> Address | None:
        exact = self._names.get(host)
        if exact is not None:
            return exact
        return next((to for name, to in self._names.items() if "*" in name and fnmatchcase(host, name)), None)

    def close(self) -> None:
        """End every service and connection, and remove every file."""
        self._aws.close()
        for client in self._clients:
            client.close()
        for served in self._served:
            served.stop()
        self._loop.run(self._proxy.close())
        shutil.rmtree(self.folder, ignore_errors=True)


@functools.cache
def _network_loop() -> LoopThread:
    """The loop of every internet in this process: none of what runs on it may block."""
    loop = LoopThread("pocket-internet")
    atexit.register(loop.join)
    atexit.register(loop.close)  # runs first: the last in is the first out
    return loop
