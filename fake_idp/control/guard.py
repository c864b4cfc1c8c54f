"""Who may use the control plane and the console: this machine, or whoever has the token.

The danger is not the person at the keyboard but a web page open in the person's browser, which can
reach every port of this machine. What tells a page from a program:

* ``Host`` is the name that the page was loaded by. After DNS rebinding it is the attacker's.
* ``Origin`` is the page itself, on every request of another site that is not a plain GET.
* ``Sec-Fetch-Site`` says in a browser whether the page is of this site (Fetch Metadata).
* A page of another site can send a form or plain text unasked, but JSON only after a preflight
  (Fetch Standard, CORS-safelisted request-header), which is never answered here.

Nothing that a proxy adds is believed; that it is there at all shows that the caller may be elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from fake_idp.app import ASGIApp, Receive, Scope, Send
from fake_idp.oauth.messages import Response, json_response

__all__ = ["COOKIE", "Guard"]

COOKIE = "fake-idp-control"
"""The cookie that a browser gets for the token, so that it is in no address and no script sees it."""

_LOOPBACK_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
_FORM = "application/x-www-form-urlencoded"
_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")  # RFC 9110 section 9.2.1
_PROXIED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_HEADERS = {
    b"x-fake-idp": b"for tests only",
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"same-origin",  # with no-referrer a form of ours would come with Origin: null
    b"x-content-type-options": b"nosniff",
}


class _Refused(Exception):
    def __init__(self, description: str, *, status: int = 403, error: str = "forbidden") -> None:
        super().__init__(description)
        self.answer = json_response({"error": error, "error_description": description}, status=status)


@dataclass(frozen=True)
class _Headers:
    """A request's headers; what is there twice is nobody's honest request."""

    raw: list[tuple[bytes, bytes]]

    def one(self, name: str) -> str | None:
        found = [value.decode("latin-1") for key, value in self.raw if key.lower() == name.encode()]
        if len(found) > 1:
            raise _Refused(f"the header {name} is there {len(found)} times; send it once")
        return found[0] if found else None


class Guard:
    """Let the right callers through to ``app``, and refuse all others with a sentence.

    Args:
        app: the control plane and the console.
        token: what lets a caller in who is not on this machine; nobody when None.
    """

    def __init__(self, app: ASGIApp, *, token: str | None = None) -> None:
        self._app = app
        self._token = token or None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer it."""
        if scope["type"] != "http":  # nothing here speaks WebSocket
            await send({"type": "websocket.close", "code": 1008})
            return
        send = _marked(send)
        try:
            headers = _Headers(list(scope["headers"]))
            if (answer := self._exchange(scope, headers)) is None:
                self._check_caller(scope, headers)
                _check_content(scope, headers)
        except _Refused as refusal:
            answer = refusal.answer
        if answer is not None:
            await _send(send, answer)
            return
        await self._app(scope, receive, send)

    def _check_caller(self, scope: Scope, headers: _Headers) -> None:
        schemes: tuple[str, ...] = ("http", "https")  # TLS may end before us
        if not self._has_token(headers):
            schemes = (scope.get("scheme", "http"),)  # https://localhost is another server here
            if not _is_loopback(scope.get("client")):
                raise _Refused(f"you are not on this machine; {self._how}")
            if any(headers.one(name) is not None for name in _PROXIED):
                raise _Refused(f"a proxy passed this on, so you may be anywhere; {self._how}")
            host = headers.one("host") or ""
            if not _LOOPBACK_HOST.fullmatch(host.lower()):
                raise _Refused(f"the Host header is not this machine's; use 127.0.0.1, or {self._how}")
        _check_page(headers, schemes=schemes)

    @property
    def _how(self) -> str:
        if self._token is None:
            return "only this machine may use the control plane"
        return "send the control token, as Authorization: Bearer, or once as ?token="

    def _has_token(self, headers: _Headers) -> bool:
        """Whether the caller has the token; a wrong one is refused wherever it comes from."""
        given = headers.one("authorization")
        if given is not None:
            scheme, _, token = given.partition(" ")
            if self._token is None or scheme.lower() != "bearer" or not _same(token.strip(), self._token):
                raise _Refused("the Authorization header does not have the control token")
            return True
        cookies = _cookies(headers.one("cookie") or "")
        return self._token is not None and any(_same(value, _cookie_of(self._token)) for value in cookies)

    def _exchange(self, scope: Scope, headers: _Headers) -> Response | None:
        """Change ``?token=`` for the cookie, and send the browser to the same page without it."""
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in pairs if name == "token"]
        if not given or scope["method"] != "GET":
            return None
        if self._token is None or len(given) != 1 or not _same(given[0], self._token):
            raise _Refused("the address does not have the control token; see what serve printed")
        _check_page(headers, schemes=("http", "https"))
        rest = urlencode([pair for pair in pairs if pair[0] != "token"])
        # One slash: two would lead to another host (RFC 3986 section 4.2).
        path = "/" + quote(scope["path"].lstrip("/\\"), safe="/")
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        cookie = f"{COOKIE}={_cookie_of(self._token)}; Path=/; HttpOnly; SameSite=Strict{secure}"
        location = f"{path}?{rest}" if rest else path
        return Response(status=303, headers=(("location", location), ("set-cookie", cookie)))


def _check_content(scope: Scope, headers: _Headers) -> None:
    """Refuse a request that changes something and that any page could send.

    A form is for the console, where each form carries a secret of this process (``fake_idp.console``).
    """
    media_type = (headers.one("content-type") or "").partition(";")[0].strip().lower()
    if scope["method"] in _SAFE or media_type == "application/json":
        return
    if scope["method"] == "DELETE" and not media_type:  # always preflighted, and curl sends it so
        return
    if media_type != _FORM or scope["path"].startswith("/_control"):
        raise _Refused(
            "say Content-Type: application/json, and send JSON", status=415, error="unsupported_media_type"
        )


def _check_page(headers: _Headers, *, schemes: tuple[str, ...]) -> None:
    """Refuse a request that a page of another site makes; one of no page has neither header."""
    host, origin, site = (headers.one(name) for name in ("host", "origin", "sec-fetch-site"))
    if host is None:
        raise _Refused("the Host header is missing")
    if origin is not None and _normal(origin) not in {_normal(f"{scheme}://{host}") for scheme in schemes}:
        raise _Refused("a page of another origin sent this; use the console, or a program")
    # same-site is another port of this machine, or another subdomain: somebody else's page too.
    if site is not None and site.lower() not in ("same-origin", "none"):
        raise _Refused("a page of another site sent this; open the address yourself")


def _normal(origin: str) -> str:
    """An origin without its scheme's own port, as browsers write it (RFC 6454 section 6.2)."""
    scheme, _, host = origin.lower().partition("://")
    return f"{scheme}://{host.removesuffix({'http': ':80', 'https': ':443'}.get(scheme, ''))}"


def _is_loopback(client: Any) -> bool:
    try:
        address = ipaddress.ip_address(client[0])
    except (TypeError, ValueError, IndexError):  # a Unix socket, or nobody knows
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), right.encode())


def _cookie_of(token: str) -> str:
    """Not the token itself: cookies go to every port of a host."""
    return hashlib.sha256(f"fake-idp-control\0{token}".encode()).hexdigest()


def _cookies(header: str) -> list[str]:
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return [value for name, _, value in pairs if name == COOKIE]


def _marked(send: Send) -> Send:
    """Every answer says what this is, is kept by nobody, and is shown in nobody's frame."""

    async def marked(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            there = {name.lower() for name, _ in headers}
            headers += [(name, value) for name, value in _HEADERS.items() if name not in there]
            message = {**message, "headers": headers}
        await send(message)

    return marked


async def _send(send: Send, answer: Response) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
