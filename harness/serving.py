"""Run ASGI applications on loopback, each group on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import atexit
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, NamedTuple, TypeVar

import uvicorn

__all__ = ["Address", "Application", "LoopThread", "Served", "StartError"]

T = TypeVar("T")
Application = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


class Address(NamedTuple):
    """Where something listens: always loopback, always a port that the system chose."""

    host: str
    port: int


class StartError(Exception):
    """An application did not come up: its lifespan failed."""


class Served:
    """One application that is being served.

    Attributes:
        address: where it listens, in plain HTTP.
    """

    def __init__(self, address: Address, server: uvicorn.Server, task: asyncio.Task[None]) -> None:
        self.address = address
        self._server = server
        self._task = task

    def stop(self) -> None:
        """Ask it to end: no new connections, its shut-down steps, and it is gone within a second."""
        self._server.should_exit = True

    async def gone(self) -> None:
        """Wait until it has ended."""
        await asyncio.wait([self._task])


class LoopThread:
    """An event loop in a daemon thread.

    A blocking call in one application must not stop another: whatever may block is given a loop of
    its own, as if it were another process.
    """

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._served: list[Served] = []
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    def run(self, work: Coroutine[Any, Any, T], *, seconds: float = 30.0) -> T:
        """Run a coroutine on the loop and wait for its result.

        Raises:
            TimeoutError: if it takes longer than ``seconds``.
        """
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def serve(self, app: Application, *, lifespan: bool = False) -> Served:
        """Serve an application on a free loopback port.

        Args:
            app: the ASGI application.
            lifespan: whether it has start-up and shut-down steps.

        Raises:
            StartError: if its start-up fails.
        """
        served = self.run(_start(app, lifespan=lifespan))
        self._served.append(served)
        return served

    def close(self) -> None:
        """End everything that runs here, then the thread, without waiting: ``join`` does that.

        uvicorn looks up only every tenth of a second, which a suite of short worlds need not spend.
        """
        for served in self._served:
            served.stop()
        asyncio.run_coroutine_threadsafe(self._drain(), self.loop)
        atexit.register(self.join)

    def join(self, seconds: float = 5.0) -> None:
        """Wait until a thread that was closed has ended."""
        self._thread.join(seconds)
        atexit.unregister(self.join)

    async def _drain(self) -> None:
        for served in self._served:
            await served.gone()
        own = asyncio.current_task()
        rest = [task for task in asyncio.all_tasks() if task is not own]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self.loop.shutdown_default_executor()
        self.loop.stop()


async def _start(app: Application, *, lifespan: bool) -> Served:
    # Named as TCP, not left as "default": asyncio turns Nagle's delay (40 ms an answer) off only then.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    address = Address(*listener.getsockname())
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="on" if lifespan else "off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(_serve(server, listener))
    while not server.started:
        if task.done():
            raise StartError(f"{app!r} did not start: {task.exception() or 'its lifespan failed'}")
        await asyncio.sleep(0.001)
    return Served(address, server, task)


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    try:
        await server.serve(sockets=[listener])
    except SystemExit as end:  # uvicorn ends the process when a lifespan fails; a thread must not
        raise StartError("its lifespan failed") from end
    finally:
        listener.close()
