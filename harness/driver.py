"""How a scenario speaks to a target: MCP over streamable HTTP, on either wire, byte by byte.

Written on plain HTTP and not on the SDK's client, since a scenario must be able to send what a
well-behaved client never would and to see the status, the headers and the body as they came.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx2

from harness.answer import Answer
from harness.errors import Mismatch, no_such

__all__ = ["WIRES", "Driver", "Session"]

#: The MCP revisions that are spoken: the stateless one and the one with sessions.
WIRES = ("2026-07-28", "2025-11-25")

_CLIENT = {"name": "mcp-auth-harness", "version": "1"}
_SECONDS = 20.0

Headers = Sequence[tuple[str, str]]


class Driver:
    """A client of one MCP endpoint.

    Attributes:
        answers: every answer so far, in order.
    """

    def __init__(
        self,
        http: httpx2.Client,
        url: str,
        *,
        wire: str = WIRES[0],
        aws_calls: Callable[[int], tuple[Any, ...]],
    ) -> None:
        if wire not in WIRES:
            raise no_such("wire", wire, WIRES)
        self.url = url
        self.wire = wire
        self.answers: list[Answer] = []
        self._http = http
        self._aws_calls = aws_calls
        self._id = 0

    def open(self, token: str | None, *, headers: Headers = ()) -> Session:
        """Begin a conversation; on the stateless wire nothing is sent yet."""
        session = Session(self, token, headers)
        if self.wire == "2025-11-25":
            session.initialize()
        return session

    def call(
        self,
        token: str | None,
        tool: str = "whoami",
        arguments: Mapping[str, Any] | None = None,
        *,
        headers: Headers = (),
    ) -> Answer:
        """Call one tool in a conversation of its own and return the answer that decided.

        Where the conversation is refused at its first message (2025-11-25), that is the answer.
        """
        session = self.open(token, headers=headers)
        if session.refusal is not None:
            return session.refusal
        return session.call(tool, arguments)

    def send(
        self,
        method: str,
        *,
        url: str | None = None,
        headers: Headers = (),
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Send one HTTP request as it is given and return the answer, whatever it is."""
        before = len(self._aws_calls(0))
        start = time.perf_counter()
        try:
            with self._http.stream(
                method, url or self.url, headers=list(headers), json=body, timeout=_SECONDS
            ) as got:
                # A GET that is accepted is a stream which the server keeps open: its first piece will do.
                stream = got.headers.get("content-type", "").startswith("text/event-stream")
                content = next(got.iter_bytes(), b"") if method == "GET" and stream else got.read()
                status, fields = got.status_code, got.headers
        except httpx2.TimeoutException as error:
            raise Mismatch(expected=f"an answer within {_SECONDS:.0f} s", observed="none") from error
        except httpx2.TransportError as error:
            raise Mismatch(expected="an HTTP answer", observed=f"{type(error).__name__}: {error}") from error
        answer = Answer(
            status=status,
            headers={name.lower(): value for name, value in fields.items()},
            body=content.decode("utf-8", "replace"),
            seconds=time.perf_counter() - start,
            aws_calls=self._aws_calls(before),
        )
        self.answers.append(answer)
        return answer

    def request(self, method: str, params: Mapping[str, Any], *, headers: Headers) -> Answer:
        """Send one JSON-RPC request."""
        self._id += 1
        return self._post({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}, headers)

    def notify(self, method: str, *, headers: Headers) -> Answer:
        """Send one JSON-RPC notification."""
        return self._post({"jsonrpc": "2.0", "method": method}, headers)

    def _post(self, body: Mapping[str, Any], headers: Headers) -> Answer:
        accept = ("Accept", "application/json, text/event-stream")
        return self.send("POST", headers=[accept, *headers], body=body)


class Session:
    """One conversation. The token may change in its course, as it does in a long-lived client.

    Attributes:
        token: the credential that the next message carries.
        refusal: the answer by which the server refused to begin, ``None`` if it did not.
    """

    def __init__(self, driver: Driver, token: str | None, headers: Headers) -> None:
        self.token = token
        self.refusal: Answer | None = None
        self._driver = driver
        self._headers = tuple(headers)
        self._id: str | None = None

    @property
    def credential(self) -> Headers:
        """The Authorization header, if there is a token."""
        return [] if self.token is None else [("Authorization", f"Bearer {self.token}")]

    def initialize(self) -> None:
        """The hand-shake of 2025-11-25: ``initialize``, then ``notifications/initialized``."""
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": _CLIENT}
        answer = self._driver.request("initialize", hello, headers=[*self.credential, *self._headers])
        if answer.status != 200 or not answer.result:
            self.refusal = answer
            return
        self._id = answer.headers.get("mcp-session-id")
        self._driver.notify("notifications/initialized", headers=self._fields())

    def call(self, tool: str = "whoami", arguments: Mapping[str, Any] | None = None) -> Answer:
        """Call a tool."""
        params: dict[str, Any] = {"name": tool, "arguments": dict(arguments or {})}
        headers = self._fields()
        if self._driver.wire == "2026-07-28":
            params["_meta"] = {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": _CLIENT,
                "io.modelcontextprotocol/clientCapabilities": {},
            }
            headers += [("Mcp-Method", "tools/call"), ("Mcp-Name", tool)]
        return self._driver.request("tools/call", params, headers=headers)

    def _fields(self) -> list[tuple[str, str]]:
        session = [] if self._id is None else [("Mcp-Session-Id", self._id)]
        return [*self.credential, *self._headers, ("MCP-Protocol-Version", self._driver.wire), *session]
