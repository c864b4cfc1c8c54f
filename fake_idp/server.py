"""An ASGI application on a loopback port: in a thread for tests, or in the foreground."""

from __future__ import annotations

import importlib
import importlib.util
import socket
import sys
import threading
import types
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal

from fake_idp.app import ASGIApp
from fake_idp.errors import FakeIdpError

__all__ = ["LoopbackServer", "listen", "serve"]

HOST = "127.0.0.1"


def listen(port: int = 0) -> socket.socket:
    """Bind a listening socket on 127.0.0.1; port 0 lets the system choose.

    Raises:
        FakeIdpError: the port is taken or not allowed; the message says which.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise FakeIdpError(f"cannot listen on {HOST}:{port}: {error.strerror or error}") from None
    return listener


def serve(app: ASGIApp, listener: socket.socket, *, ready: Callable[[], object] = int) -> None:
    """Answer on the socket until the process is told to stop.

    Args:
        app: the application.
        listener: the socket.
        ready: called from a thread of its own as soon as requests are answered; an error that it
            raises ends the server, and is raised here.

    Raises:
        KeyboardInterrupt: it was interrupted; the socket is closed by then.
    """
    _leave_out_the_command_line()
    server, failures = _server(app), []
    started = server.startup

    async def startup(sockets: list[socket.socket] | None = None) -> None:
        await started(sockets=sockets)
        threading.Thread(target=call, name="fake-idp-ready", daemon=True).start()

    def call() -> None:
        try:
            ready()
        except BaseException as error:
            failures.append(error)
            server.should_exit = True

    server.startup = startup
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()
    if failures:
        raise failures[0]


class LoopbackServer:
    """An ASGI application served from a thread of this process.

    The port is bound at once, so that an issuer can be given its name before it answers; requests are
    answered between ``start`` and ``stop``, or inside a ``with`` block.
    """

    def __init__(self) -> None:
        self._listener = listen()
        self.url = f"http://{HOST}:{self._listener.getsockname()[1]}"
        self._server: Any = None
        self._thread: threading.Thread | None = None

    def start(self, app: ASGIApp) -> None:
        """Start to answer; a connection made from now on is accepted."""
        self._server = _server(app)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name="fake-idp-server", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the thread to end; twice does no harm."""
        if self._thread is not None:
            self._server.should_exit = True
            self._server.force_exit = True  # do not wait for clients that keep a connection open
            self._thread.join()
            self._thread = None
        self._listener.close()

    def __enter__(self) -> LoopbackServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def _server(app: ASGIApp) -> Any:
    from asyncio import sleep

    from uvicorn.config import Config  # 60 ms that minting does not need
    from uvicorn.server import Server

    config = Config(
        app,
        lifespan="off",
        loop=_loop(),
        http="httptools",
        ws="none",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,  # nobody is in front of it whom it could believe
        server_header=False,
        timeout_graceful_shutdown=0,  # a delay fault must not hold up Ctrl-C
    )
    server = Server(config)
    shut_down = server.shutdown

    async def shutdown(sockets: list[socket.socket] | None = None) -> None:
        await shut_down(sockets=sockets)
        # A connection closes when all is sent; a client that does not read would leave it open for ever.
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        await sleep(0)  # the transports close in the loop's next turn

    setattr(server, "shutdown", shutdown)  # noqa: B010 (mypy takes it for a method)
    return server


def _loop() -> Literal["uvloop", "asyncio"]:
    """The faster event loop, where there is one (not on Windows)."""
    return "uvloop" if importlib.util.find_spec("uvloop") is not None else "asyncio"


def _leave_out_the_command_line() -> None:
    """Import uvicorn without its command line: click, multiprocessing and the reloader take 18 ms.

    ``import uvicorn`` imports ``uvicorn.main`` for three names. A stand-in takes its place meanwhile,
    and whoever asks for one of those names afterwards gets the real one (PEP 562).
    """
    if "uvicorn" in sys.modules or importlib.util.find_spec("uvicorn") is None:
        return
    names: list[str] = []

    class StandIn(types.ModuleType):
        def __getattr__(self, name: str) -> None:
            if name.startswith("__"):  # the import system's own questions
                raise AttributeError(name)
            names.append(name)

    sys.modules["uvicorn.main"] = StandIn("uvicorn.main")
    try:
        import uvicorn
    finally:
        del sys.modules["uvicorn.main"]
    for name in {*names, "main"} & set(vars(uvicorn)):
        delattr(uvicorn, name)

    def real(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module 'uvicorn' has no attribute {name!r}")
        found = getattr(importlib.import_module("uvicorn.main"), name)
        setattr(uvicorn, name, found)
        return found

    setattr(uvicorn, "__getattr__", real)  # noqa: B010 (mypy knows that the module has none)
