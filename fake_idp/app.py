"""Issuers over HTTP: a thin ASGI application in front of the endpoints.

It imports nothing but the standard library; an endpoint's code is imported when it is first asked
for, and so is the control plane. It has no 5xx of its own: what it answers with one is a fault that
somebody asked for.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from fake_idp.errors import InvalidValue
from fake_idp.journal import Request as Seen
from fake_idp.journal import redact_headers, redact_query
from fake_idp.oauth.messages import OAuthError, Request, Response, json_response

if TYPE_CHECKING:
    from fake_idp.faults import Fault
    from fake_idp.issuer import Issuer
    from fake_idp.presets.base import Endpoint

__all__ = ["ASGIApp", "IssuerApp", "Receive", "Scope", "Send", "Site"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Handler = Callable[["Issuer", Request], Awaitable[Response]]

_READ, _WRITE, _BOTH = ("GET", "HEAD"), ("POST",), ("GET", "HEAD", "POST")

#: Which methods an endpoint takes, and the module whose ``handle`` answers.
_ENDPOINTS: dict[Endpoint, tuple[tuple[str, ...], str]] = {
    "discovery": (_READ, "metadata"),
    "jwks": (_READ, "metadata"),
    "authorization": (_BOTH, "authorize"),
    "token": (_WRITE, "token"),
    "userinfo": (_BOTH, "userinfo"),
    "introspection": (_WRITE, "introspect"),
    "revocation": (_WRITE, "revoke"),
    "end_session": (_BOTH, "logout"),
    "registration": (_WRITE, "register"),
    "device_authorization": (_WRITE, "device"),
    "device_verification": (_BOTH, "device_page"),
    "pushed_authorization_request": (_WRITE, "par"),
}

_BODY_LIMIT = 1_000_000

#: The control plane and the console. All other paths are the issuers' own, so that a client that looks
#: for metadata where there is none is told so, whoever it is, and finds itself in the journal.
_CONTROL = re.compile(r"/(?:$|(?:_control|_?console)(?:/|$))")


class Site:
    """Several issuers at one address, told apart by their paths.

    Args:
        issuers: the issuers.
        before: called with the issuer before each of its answers, for instance to look whether
            another process has rotated its keys.
        control: whether the console and the control plane answer too (``fake_idp.control``).
        control_token: what lets a caller who is not on this machine use them.

    Raises:
        InvalidValue: two issuers have the same name, or claim the same path.
    """

    def __init__(
        self,
        issuers: Iterable[Issuer],
        *,
        before: Callable[[Issuer], None] | None = None,
        control: bool = False,
        control_token: str | None = None,
    ) -> None:
        self.issuers = tuple(issuers)
        self.control_token = control_token
        self._before = before
        self._control: ASGIApp | None = None
        self._has_control = control
        self._handlers: dict[str, Handler] = {}
        self._routes: dict[str, tuple[Issuer, Endpoint]] = {}
        for issuer in self.issuers:
            issuer.neighbours = self.issuers
            for path, endpoint in issuer.routes.items():
                other, _ = self._routes.setdefault(unquote(path), (issuer, endpoint))
                if other is not issuer:
                    raise InvalidValue(f"issuer {issuer.url!r}", f"{path} is {other.url!r}'s already")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request (or the server's start and stop)."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
        elif (found := self._routes.get(scope["path"])) is not None:
            await self._answer(*found, scope, receive, send)
        elif self._has_control and _CONTROL.match(scope["path"]):
            await self._controlled(scope, receive, send)
        else:
            known = ", ".join(sorted(self._routes))
            answer = _error("not_found", f"served here: {known}", status=404)
            for issuer in self.issuers:
                issuer.journal.add(_seen(scope, None, answer.status, time=issuer.clock.now()))
            await _send(send, answer, head=scope["method"] == "HEAD")

    async def _answer(
        self, issuer: Issuer, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send
    ) -> None:
        methods, module = _ENDPOINTS[endpoint]
        fault: Fault | None = None
        if scope["method"] not in methods:
            allowed = ", ".join(methods)
            answer = _error("method_not_allowed", f"use {allowed}", status=405, headers=[("allow", allowed)])
        else:
            fault = issuer.faults.take(endpoint)
            answer = self._broken(fault) or await self._handled(issuer, endpoint, module, scope, receive)
        # Written down before the answer leaves, so that whoever has the answer finds it in the journal.
        issuer.journal.add(_seen(scope, endpoint, answer.status, time=issuer.clock.now()))
        if fault is not None and fault.delay:
            import asyncio  # costs more than the rest of this package; the server has it already

            await asyncio.sleep(fault.delay)
        await _send(send, answer, head=scope["method"] == "HEAD")

    def _broken(self, fault: Fault | None) -> Response | None:
        if fault is not None and fault.body is not None:
            headers = (("content-type", "application/json"),)
            return Response(status=fault.status or 200, headers=headers, body=fault.body)
        if fault is not None and fault.status is not None:
            return _error("fault", "this answer was asked for", status=fault.status)
        return None

    async def _handled(
        self, issuer: Issuer, endpoint: Endpoint, module: str, scope: Scope, receive: Receive
    ) -> Response:
        if self._before is not None:
            self._before(issuer)
        handle = self._handlers.get(module)
        if handle is None:
            found = importlib.import_module(f"fake_idp.oauth.{module}")
            handle = self._handlers[module] = cast("Handler", found.handle)
        try:
            return await handle(issuer, await _request(issuer, endpoint, scope, receive))
        except OAuthError as error:
            body = issuer.preset.error_body(error.error, error.description, now=issuer.clock.now())
            headers = (("cache-control", "no-store"), *error.headers)
            return json_response(body, status=error.status, headers=headers)

    async def _controlled(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._control is None:
            from fake_idp.control.app import build  # FastAPI: 300 ms, for those who want it

            self._control = build(self)
        if self._before is not None:
            for issuer in self.issuers:
                self._before(issuer)
        await self._control(scope, receive, send)


class IssuerApp(Site):
    """One issuer at its real paths, the path of its identifier included."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__((issuer,))


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _request(issuer: Issuer, endpoint: Endpoint, scope: Scope, receive: Receive) -> Request:
    body = b""
    if scope["method"] == "POST":
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > _BODY_LIMIT:
                raise OAuthError("invalid_request", "the body is too large", status=413)
    url = issuer.discovery_url if endpoint == "discovery" else issuer.endpoints[endpoint]
    return Request(
        endpoint=endpoint,
        method=scope["method"],
        url=url,
        path=scope["path"],
        query_string=scope["query_string"].decode("latin-1"),
        headers=[
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]
        ],
        body=body,
    )


async def _send(send: Send, answer: Response, *, head: bool) -> None:
    headers, body = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers], answer.body
    if answer.status in (204, 304):  # no content by definition (RFC 9110 section 6.4.1)
        body, headers = b"", []
    else:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


def _seen(scope: Scope, endpoint: str | None, status: int, *, time: float) -> Seen:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Seen(
        time=time,
        method=scope["method"],
        path=scope["path"],
        query=redact_query(scope["query_string"].decode("latin-1")),
        headers=redact_headers(headers),
        endpoint=endpoint,
        status=status,
    )


def _error(code: str, description: str, *, status: int, headers: Iterable[tuple[str, str]] = ()) -> Response:
    return json_response(
        {"error": code, "error_description": description}, status=status, headers=tuple(headers)
    )
