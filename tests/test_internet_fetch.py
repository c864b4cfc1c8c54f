"""What AWS gets of the pocket internet, and how."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from harness.internet import Internet
from harness.serving import Address

URL = "https://idp.example/keys"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
def internet() -> Iterator[Internet]:
    internet = Internet()
    yield internet
    internet.close()


class Script:
    """A server that answers each connection with the same bytes for every request, and may then hang up."""

    def __init__(self, answer: bytes, *, hang_up: bool) -> None:
        self._answer, self._hang_up = answer, hang_up
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address(*self._listener.getsockname()[:2])
        self.requests: list[bytes] = []
        self.hung_up = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            while request := connection.recv(65536):
                self.requests.append(request)
                connection.sendall(self._answer)
                if self._hang_up:
                    break
            connection.close()
            self.hung_up.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def script(request: pytest.FixtureRequest, internet: Internet) -> Iterator[Script]:
    answer, hang_up = request.param
    script = Script(answer, hang_up=hang_up)
    internet.connect("idp.example", script.address)
    yield script
    internet.close()  # so that its connections end
    script.close()


def test_it_is_bounded_and_follows_nothing(internet: Internet, httpserver: HTTPServer) -> None:
    internet.connect("idp.example", Address(httpserver.host, httpserver.port))
    httpserver.expect_request("/moved").respond_with_data("", 302, {"Location": "https://acme.okta.com/"})
    httpserver.expect_request("/large").respond_with_data(b"x" * (5 * 1024 * 1024))
    assert internet.fetch("https://idp.example/moved")[0] == 302
    with pytest.raises(OSError, match="larger"):
        internet.fetch("https://idp.example/large")


@pytest.mark.parametrize(
    "url",
    [
        "https://outside.example/",
        "https://idp.example:8443/",
        "http://idp.example/",
        "file:///etc/passwd",
        "https://idp.example/a b\r\nX: y",
        "https://",
        "https://[",
        "https://idp.example:port/",
        "",
    ],
)
def test_what_is_not_of_this_world_cannot_be_had(internet: Internet, url: str) -> None:
    internet.connect("idp.example", Address("127.0.0.1", 9))
    with pytest.raises(OSError, match=r"."):
        internet.fetch(url)


@pytest.mark.parametrize("script", [(WHOLE, False)], indirect=True, ids=["kept"])
def test_a_connection_is_kept_and_recorded_once(internet: Internet, script: Script) -> None:
    assert [internet.fetch(URL) for _ in range(3)] == [(200, b"{}")] * 3
    assert [str(each) for each in internet.record] == ["aws -> idp.example:443"]
    assert all(request.startswith(b"GET /keys HTTP/1.1\r\n") for request in script.requests)
    assert all(b"\r\nHost: idp.example\r\n" in request for request in script.requests)
    internet.unplug("idp.example")
    with pytest.raises(OSError, match="cannot be reached"):
        internet.fetch(URL)
    assert str(internet.record[-1]) == "aws -> idp.example:443 (refused)"
    internet.plug("idp.example")
    assert internet.fetch(URL) == (200, b"{}")


@pytest.mark.parametrize("script", [(WHOLE, True)], indirect=True, ids=["closed"])
def test_a_connection_that_the_host_has_closed_is_not_used_again(internet: Internet, script: Script) -> None:
    for number in range(1, 4):
        assert internet.fetch(URL) == (200, b"{}")
        assert script.hung_up.wait(5)
        script.hung_up.clear()
        assert len(script.requests) == number


@pytest.mark.parametrize(
    "script",
    [
        (b"", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", True),
        (b"\x16\x03\x01\x02\x00\x01", True),
        (b"HTTP/1.1 two hundred\r\n\r\n", True),
    ],
    indirect=True,
    ids=["nothing", "half", "bad-chunk", "tls", "bad-status"],
)
def test_what_is_no_whole_answer_is_none(internet: Internet, script: Script) -> None:
    with pytest.raises(OSError, match=r"."):
        internet.fetch(URL)
    assert len(script.requests) == 1
