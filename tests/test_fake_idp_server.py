from __future__ import annotations

import gc
import socket
import warnings
from typing import Any

from fake_idp.server import LoopbackServer


def test_a_client_that_does_not_read_leaves_nothing_open_when_the_server_stops() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 30_000_000})

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with LoopbackServer() as server:
            server.start(app)
            with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert client.recv(8) == b"HTTP/1.1"
                server.stop()
        gc.collect()
    assert [str(each.message) for each in seen if each.category is ResourceWarning] == []
