"""Issuers over HTTP: a thin ASGI application in front of the endpoints.

It imports nothing but the standard library; an endpoint's code is imported when it is first asked
for, and so is the control plane. It has no 5xx of its own: what it answers with one is a fault that
somebody asked for. Metadata and keys are written once and sent until the keys change.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import unquote

from fake_idp.asgi import (
    SHARED,
    SHARED_HEAD,
    ASGIApp,
    Head,
    Receive,
    Scope,
    Send,
    error,
    head_of,
    is_preflight,
    make_request,
    preflight,
    read_body,
    send_response,
)
from fake_idp.errors import InvalidValue, StateError, UnknownName
from fake_idp.faults import FOLLOWED
from fake_idp.oauth.messages import OAuthError, Request, Response, json_response

if TYPE_CHECKING:
    from fake_idp.faults import Fault
    from fake_idp.issuer import Issuer
    from fake_idp.presets.base import Endpoint

__all__ = ["ASGIApp", "IssuerApp", "Receive", "Scope", "Send", "Site"]

Handler = Callable[["Issuer", Request], Awaitable[Response]]

_READ, _WRITE, _BOTH = ("GET", "HEAD"), ("POST",), ("GET", "HEAD", "POST")
_WITH_BODY = ("POST", "PUT")


class _Kind(NamedTuple):
    """What all endpoints of one name have in common.

    Attributes:
        methods: which ones it takes.
        module: whose ``handle`` answers, below ``fake_idp.oauth``.
        shared: the headers that let pages of other origins read the answer: where a client's code
            asks, and nowhere that a person sees or a resource server asks.
        lasting: whether the answer is the same until the keys change.
    """

    methods: tuple[str, ...]
    module: str
    shared: Head = ()
    lasting: bool = False


_ENDPOINTS: dict[Endpoint, _Kind] = {
    "discovery": _Kind(_READ, "metadata", shared=SHARED, lasting=True),
    "jwks": _Kind(_READ, "metadata", shared=SHARED, lasting=True),
    "authorization": _Kind(_BOTH, "authorize"),
    "token": _Kind(_WRITE, "token", shared=SHARED_HEAD),
    "userinfo": _Kind(_BOTH, "userinfo", shared=SHARED_HEAD),
    "introspection": _Kind(_WRITE, "introspect"),
    "revocation": _Kind(_WRITE, "revoke", shared=SHARED_HEAD),
    "end_session": _Kind(_BOTH, "logout"),
    "registration": _Kind(("POST", "GET", "PUT", "DELETE"), "register", shared=SHARED_HEAD),
    "device_authorization": _Kind(_WRITE, "device", shared=SHARED_HEAD),
    "device_verification": _Kind(_BOTH, "device_page"),
    "pushed_authorization_request": _Kind(_WRITE, "par", shared=SHARED_HEAD),
}


_Written = tuple[object, dict[str, Any], dict[str, Any]]


class _Route:
    """One path of one issuer.

    Attributes:
        written: what is sent there while the keys stay as they are: their version, and ASGI's two
            messages. One attribute, replaced whole, since several threads may serve one issuer.
    """

    __slots__ = ("endpoint", "issuer", "kind", "path", "url", "written")

    def __init__(self, issuer: Issuer, endpoint: Endpoint, path: str) -> None:
        self.issuer, self.endpoint, self.path = issuer, endpoint, path
        self.url = issuer.discovery_url if endpoint == "discovery" else issuer.endpoints[endpoint]
        self.kind = _ENDPOINTS[endpoint]
        self.written: _Written = (None, {}, {})


_NO_BODY = {"type": "http.response.body", "body": b""}

#: The control plane and the console. All other paths are the issuers' own, so that a client that looks
#: for metadata where there is none is told so, whoever it is, and finds itself in the journal.
_CONTROL = re.compile(r"/(?:$|(?:_control|console)(?:/|$))")


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
        self._routes: dict[str, _Route] = {}
        for issuer in self.issuers:
            issuer.neighbours = self.issuers
            for path, endpoint in issuer.routes.items():
                route = _Route(issuer, endpoint, unquote(path))
                other = self._routes.setdefault(route.path, route)
                if other.issuer is not issuer:
                    raise InvalidValue(f"issuer {issuer.url!r}", f"{path} is {other.issuer.url!r}'s already")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request (or the server's start and stop)."""
        if scope["type"] != "http":
            await _not_http(scope, receive, send)
        elif (route := self._routes.get(scope["path"])) is None:
            await self._elsewhere(scope, receive, send)
        elif route.kind.lasting and scope["method"] in _READ and not route.issuer.faults:
            issuer = route.issuer
            if self._before is not None:
                self._before(issuer)
            version, start, body = route.written
            if version != issuer.keys_version:
                _, start, body = await self._write(route, scope)
            issuer.journal.note(
                issuer.clock.now(),
                scope["method"],
                route.path,
                scope["query_string"],
                scope["headers"],
                route.endpoint,
                start["status"],
            )
            await send(start)
            await send(body if scope["method"] == "GET" else _NO_BODY)
        else:
            await self._answer(route, scope, receive, send)

    async def _write(self, route: _Route, scope: Scope) -> _Written:
        """Write an answer that lasts."""
        version = route.issuer.keys_version  # read first: what changes meanwhile is written the next time
        answer = await self._handled(route, {**scope, "method": "GET"}, b"")
        head = (*head_of(answer, route.kind.shared), (b"content-length", b"%d" % len(answer.body)))
        route.written = (
            version if answer.status == 200 else None,
            {"type": "http.response.start", "status": answer.status, "headers": head},
            {"type": "http.response.body", "body": answer.body},
        )
        return route.written

    async def _answer(self, route: _Route, scope: Scope, receive: Receive, send: Send) -> None:
        issuer, endpoint, kind = route.issuer, route.endpoint, route.kind
        fault: Fault | None = None
        body: bytes | None = b""
        if kind.shared and is_preflight(scope):
            answer = preflight(kind.methods)
        elif scope["method"] not in kind.methods:
            allowed = ", ".join(kind.methods)
            answer = error("method_not_allowed", f"use {allowed}", status=405, headers=[("allow", allowed)])
        else:
            try:
                if scope["method"] in _WITH_BODY and (body := await read_body(receive)) is None:
                    return
            except OAuthError as refused:
                answer = self._refused(issuer, refused)
            else:
                if issuer.faults and scope["query_string"] != FOLLOWED:
                    fault = issuer.faults.take(endpoint)
                answer = await self._faulty(route, fault, scope, body or b"")
        # Written down before the answer leaves, so that whoever has the answer finds it in the journal.
        issuer.journal.note(
            issuer.clock.now(),
            scope["method"],
            route.path,
            scope["query_string"],
            scope["headers"],
            endpoint,
            0 if fault is not None and fault.effect.drop else answer.status,
            body or b"",
            "" if fault is None else fault.name,
        )
        head = scope["method"] == "HEAD"
        if fault is None:
            await send_response(send, answer, head=head, more=kind.shared)
            return
        from fake_idp.faults.delivery import deliver

        headers = head_of(answer, kind.shared)
        await deliver(
            fault,
            status=answer.status,
            headers=headers,
            body=answer.body,
            head=head,
            receive=receive,
            send=send,
        )

    async def _faulty(self, route: _Route, fault: Fault | None, scope: Scope, body: bytes) -> Response:
        """What the endpoint answers, or what a fault makes of it."""
        if fault is None:
            return await self._handled(route, scope, body)
        effect = fault.effect
        if effect.drop == "before":
            return Response()
        answer = effect.answer or await self._handled(route, scope, body)
        return answer if effect.change is None else effect.change(answer)

    async def _handled(self, route: _Route, scope: Scope, body: bytes) -> Response:
        issuer, module = route.issuer, route.kind.module
        if self._before is not None:
            self._before(issuer)
        handle = self._handlers.get(module)
        if handle is None:
            found = importlib.import_module(f"fake_idp.oauth.{module}")
            handle = self._handlers[module] = cast("Handler", found.handle)
        try:
            return await handle(issuer, make_request(scope, route.endpoint, route.url, body))
        except OAuthError as refused:
            return self._refused(issuer, refused)
        except StateError:  # the message has a path of this machine
            return self._refused(
                issuer, OAuthError("temporarily_unavailable", "the state file cannot be used", status=503)
            )
        except (InvalidValue, UnknownName):  # what cannot be signed was asked for by this request
            return self._refused(issuer, OAuthError("invalid_request", "a value cannot be used"))
        except RecursionError:  # JSON that can just be read, and is too deep to be copied or written
            return self._refused(issuer, OAuthError("invalid_request", "a value is nested too deeply"))

    @staticmethod
    def _refused(issuer: Issuer, refused: OAuthError) -> Response:
        body = issuer.preset.error_body(refused.error, refused.description, now=issuer.clock.now())
        headers = (("cache-control", "no-store"), *refused.headers)
        return json_response(body, status=refused.status, headers=headers)

    async def _elsewhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at a path that is no issuer's."""
        path = scope["path"]
        if not path.startswith("/") and "://" in path:  # absolute-form (RFC 9112 section 3.2.2)
            path = "/" + path.partition("://")[2].partition("/")[2]
            await self({**scope, "path": path}, receive, send)
        elif self._has_control and _CONTROL.match(path):
            await self._controlled(scope, receive, send)
        else:
            known = ", ".join(sorted(self._routes))
            answer = error("not_found", f"served here: {known}", status=404)
            self._unknown(scope, 404)
            await send_response(send, answer, head=scope["method"] == "HEAD")

    def _unknown(self, scope: Scope, status: int) -> None:
        """Write down a request for a path that is nobody's: every issuer's journal has it."""
        for issuer in self.issuers:
            issuer.journal.note(
                issuer.clock.now(),
                scope["method"],
                scope["path"],
                scope["query_string"],
                scope["headers"],
                None,
                status,
            )

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


async def _not_http(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "lifespan":
        await send({"type": "websocket.close", "code": 1000})
        return
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
