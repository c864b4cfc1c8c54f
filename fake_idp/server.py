"""An ASGI application on a loopback port: in a thread for tests, or in the foreground."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Any

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


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Answer on the socket until the process is told to stop.

    Raises:
        KeyboardInterrupt: it was interrupted; the socket is closed by then.
    """
    try:
        _server(app).run(sockets=[listener])
    finally:
        listener.close()


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
    import uvicorn  # 60 ms that minting does not need

    config = uvicorn.Config(
        app,
        lifespan="off",
        loop="asyncio",
        http="auto",
        ws="none",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=0,  # a delay fault must not hold up Ctrl-C
    )
    return uvicorn.Server(config)
