"""The pages on which people sign in: for a device, and at the authorization endpoint of ``sso-oidc``.

They answer on AWS's host names: ``device.sso.REGION.amazonaws.com``, the start URL, and
``oidc.REGION.amazonaws.com/authorize``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from harness.aws.errors import AwsError
from harness.aws.identity_center.records import Instance
from harness.aws.identity_center.sign_in import markup
from harness.aws.identity_center.sign_in.authorization import Authorization, authorization_of
from harness.aws.identity_center.sign_in.waiting import Device, Devices, SignIn

if TYPE_CHECKING:
    from harness.aws.app import AsgiApp, Receive, Send
    from harness.aws.front import Aws

__all__ = ["publish", "withdraw"]

_MAX_BODY = 64 * 1024  # bytes
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A request of a browser: its method, and the fields of its query or form."""

    method: str
    fields: Mapping[str, str]
    is_foreign: bool


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int = 200
    body: str = ""
    kind: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=lambda: _HEADERS)


_Page = Callable[[_Asked], _Answer]

_FOREIGN = _Answer(status=403, body=markup.message("Refused", "Another site sent this form."))


def publish(aws: Aws, instance: Instance) -> None:
    """Let the pages of an instance answer."""
    for (host, prefix), page in _places(aws, instance).items():
        aws.publish(host, prefix, _app(page))


def withdraw(aws: Aws, instance: Instance) -> None:
    """Undo ``publish``."""
    for host, prefix in _places(aws, instance):
        aws.withdraw(host, prefix)


def _places(aws: Aws, instance: Instance) -> dict[tuple[str, str], _Page]:
    def device(asked: _Asked) -> _Answer:
        return _device(aws, instance, asked)

    def authorize(asked: _Asked) -> _Answer:
        return _authorize(aws, instance, asked)

    return {
        (f"device.sso.{instance.region}.amazonaws.com", "/"): device,
        (urlsplit(instance.start_url).hostname or "", "/"): device,
        (f"oidc.{instance.region}.amazonaws.com", "/authorize"): authorize,
    }


def _device(aws: Aws, instance: Instance, asked: _Asked) -> _Answer:
    """Ask for the code of a device, then who signs in for it."""
    code, devices = asked.fields.get("user_code", ""), aws.state(Devices)
    if not code:
        return _Answer(body=markup.ask_code("?"))
    device = devices.waiting(code, now=aws.now())
    if device is None or device.instance is not instance:
        return _Answer(status=400, body=markup.ask_code("?", wrong=code[:20]))
    if asked.method == "POST":
        return _FOREIGN if asked.is_foreign else _settle(devices, device, asked)
    users = list(instance.store.users.values())
    hidden, name = {"user_code": device.user_code}, device.client_name
    body = markup.ask_user("?", client=name, users=users, hidden=hidden, code=device.user_code)
    return _Answer(body=body)


def _settle(devices: Devices, device: Device, asked: _Asked) -> _Answer:
    """Sign the chosen user in, or refuse."""
    if asked.fields.get("decision") == "deny":
        devices.settle(device, None)
        return _Answer(body=markup.message("Request denied", "You can close this page."))
    user = device.instance.store.users.get(asked.fields.get("user", ""))
    if user is None:
        return _Answer(status=400, body=markup.message("Who signs in?", "There is no such user."))
    devices.settle(device, user)
    return _Answer(body=markup.message("Request approved", "You can close this page."))


def _authorize(aws: Aws, instance: Instance, asked: _Asked) -> _Answer:
    """Ask who signs in, and send the browser back with a code (RFC 6749 section 4.1)."""
    try:
        authorization = authorization_of(aws, instance, asked.fields)
    except AwsError as error:
        headers = {"x-amzn-errortype": error.code, "cache-control": "no-store"}
        body = json.dumps(error.members)
        return _Answer(status=error.status, body=body, kind="application/json", headers=headers)
    automatic = aws.state(SignIn).automatic
    if automatic is not None:
        return _redirect(authorization, authorization.decide(aws, instance.store.named(automatic)))
    if asked.method != "POST":
        return _Answer(
            body=markup.ask_user(
                "/authorize",
                client=authorization.client_name,
                users=list(instance.store.users.values()),
                hidden=asked.fields,
            )
        )
    if asked.is_foreign:
        return _FOREIGN
    allowed = asked.fields.get("decision") == "allow"
    user = instance.store.users.get(asked.fields.get("user", "")) if allowed else None
    return _redirect(authorization, authorization.decide(aws, user))


def _redirect(authorization: Authorization, answer: Mapping[str, str]) -> _Answer:
    uri = quote(authorization.redirect_uri, safe="%/:=&?~+!$,;'@()*[]")  # nothing that ends a header
    location = f"{uri}{'&' if '?' in uri else '?'}{urlencode(answer)}"
    return _Answer(status=302, headers={"location": location, "cache-control": "no-store"})


def _app(page: _Page) -> AsgiApp:
    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            answer = _Answer(status=413, body=markup.message("Refused", "The form is too large."))
        elif scope["method"] not in {"GET", "HEAD", "POST"}:
            answer = _Answer(status=405, headers={"allow": "GET, POST"})
        else:
            answer = await asyncio.to_thread(page, _asked(scope, body))
        content = answer.body.encode("utf-8", "replace")
        headers = {**answer.headers, "content-type": answer.kind, "content-length": str(len(content))}
        raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})

    return app


def _asked(scope: MutableMapping[str, Any], body: bytes) -> _Asked:
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    text = body if scope["method"] == "POST" else scope["query_string"]
    fields = dict(parse_qsl(text.decode("latin-1"), keep_blank_values=True))
    origin = headers.get(b"origin")  # "null" from a page that hides where it is from
    return _Asked(
        method=scope["method"],
        fields=fields,
        is_foreign=origin is not None and origin.rpartition("//")[2] != headers.get(b"host", ""),
    )


async def _body(receive: Receive) -> bytes | None:
    """Read the body; None when it is too large. Of a client that went away there is no more to read."""
    body, more = bytearray(), True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
        if len(body) > _MAX_BODY:
            return None
    return bytes(body)
