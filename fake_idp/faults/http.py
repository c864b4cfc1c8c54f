"""Faults that any endpoint can have: of the answer, of its transport, of its coding."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from fake_idp.faults import FOLLOWED
from fake_idp.faults.kinds import Effect, Order, Parameter, fault, write_json
from fake_idp.oauth.messages import Response, json_response

__all__ = ["ELSEWHERE", "LINK_LOCAL", "with_header"]

ELSEWHERE = "https://attacker.example"
"""The host of somebody else (RFC 2606 section 3: nobody's)."""

LINK_LOCAL = "http://169.254.169.254/latest/meta-data/"
"""What a request forged by way of a server is after: a cloud's metadata service."""

_MILLION = 1_000_000
_BLOCK = b" " * _MILLION
_MEGABYTES = Parameter(
    type="number", title="millions of bytes of white space", default=50, minimum=0.001, maximum=1000
)


def with_header(answer: Response, name: str, value: str) -> Response:
    """The answer with that header, in place of one of the same name."""
    others = tuple(header for header in answer.headers if header[0] != name)
    return replace(answer, headers=(*others, (name, value)))


@fault(
    "http.answer",
    title="an answer of your own",
    source="RFC 9110 section 15",
    status=Parameter(type="integer", title="HTTP status", minimum=200, maximum=599),
    headers=Parameter(type="headers", title="more headers"),
    body=Parameter(type="bytes", title="the body, sent as it is"),
    json=Parameter(type="json", title="the body, as JSON"),
)
def _answer(order: Order) -> Effect:
    given = order.options
    headers = [(name.lower(), value) for name, value in given.get("headers", {}).items()]
    status = given.get("status", 200)
    if "json" in given:
        body = write_json(given["json"])
    elif "body" in given:
        body = given["body"]
        body = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    elif "status" in given:
        told = {"error": "fault", "error_description": "this answer was asked for"}
        return Effect(answer=json_response(told, status=status, headers=headers))
    elif headers:
        return Effect(change=lambda answer: _with_headers(answer, headers))
    else:
        return Effect()
    if not any(name == "content-type" for name, _ in headers):
        headers.insert(0, ("content-type", "application/json"))
    return Effect(answer=Response(status=status, headers=tuple(headers), body=body))


@fault(
    "http.delay",
    title="the right answer, late",
    source="RFC 9110 section 9.2.2; AWS STS gives an identity provider 5 seconds",
)
def _delay(order: Order) -> Effect:
    return Effect()


@fault(
    "http.drip",
    title="the right answer, a few bytes at a time",
    source="CWE-400; a read timeout counts from the last byte, so it never comes",
    chunks=Parameter(
        type="integer", title="in how many pieces the body comes", default=10, minimum=1, maximum=100_000
    ),
    pause=Parameter(type="number", title="seconds between two pieces", default=0.5, maximum=3600),
    bytes_per_second=Parameter(
        type="number", title="in place of chunks and pause", minimum=0.01, maximum=1_000_000_000
    ),
)
def _drip(order: Order) -> Effect:
    given = order.options
    return Effect(chunks=given["chunks"], pause=given["pause"], rate=given.get("bytes_per_second"))


@fault(
    "http.truncate",
    title="half an answer: the connection is closed early, or the body simply ends",
    source="RFC 9112 section 8, incomplete messages",
    variants=("dropped", "clean"),
    keep=Parameter(type="integer", title="bytes of the body that come; half of them when left out"),
)
def _truncate(order: Order) -> Effect:
    keep: int | None = order.options.get("keep")
    if order.variant == "dropped":
        return Effect(cut=-1 if keep is None else keep)
    return Effect(
        change=lambda answer: replace(
            answer, body=answer.body[: len(answer.body) // 2 if keep is None else keep]
        )
    )


@fault(
    "http.drop",
    title="the connection is closed without an answer",
    source="RFC 9110 section 9.2.2: after, the request has been carried out and the client cannot know",
    variants=("before", "after"),
)
def _drop(order: Order) -> Effect:
    return Effect(drop="after" if order.variant == "after" else "before")


@fault(
    "http.redirect",
    title="the answer is elsewhere",
    source="RFC 9110 section 15.4; GHSA-9v7f-9g4p-ffgj, GHSA-993g-76c3-p5m4",
    variants=("same-host", "other-host", "link-local", "file"),
    status=Parameter(type="integer", title="HTTP status", default=302, choices=(301, 302, 303, 307, 308)),
    location=Parameter(type="text", title="where, in place of the variant's own"),
)
def _redirect(order: Order) -> Effect:
    issuer, endpoint = order.issuer, order.endpoint
    url = issuer.discovery_url if endpoint == "discovery" else issuer.endpoints[endpoint]
    path = urlsplit(url).path or "/"
    usual = {
        # The issuer answers it honestly there, so following it is not a loop.
        "same-host": f"{path}?{FOLLOWED.decode()}",
        "other-host": f"{ELSEWHERE}{path}",
        "link-local": LINK_LOCAL,
        "file": "file:///etc/hostname",
    }[order.variant]
    location = order.options.get("location", usual)
    return Effect(answer=Response(status=order.options["status"], headers=(("location", location),)))


_GARBAGE: dict[str, bytes] = {
    "html": b"<!doctype html><title>502 Bad Gateway</title><h1>Bad Gateway</h1>",
    "empty": b"",
    "null": b"null",
    "list": b"[]",
    "object": b"{}",
    "no-keys": b'{"keys":[]}',
    "string": b'"keys"',
    "not-utf-8": b'{"keys":"\xff\xfe\xc3"}',
    "random": bytes(range(255, -1, -1)) * 4,
    "deep": b"[" * 200_000,
    "number": b'{"keys":' + b"9" * 5000 + b"}",
}
_RECODED: dict[str, Callable[[bytes], bytes]] = {
    "bom": lambda body: b"\xef\xbb\xbf" + body,
    "utf-16": lambda body: body.decode("latin-1").encode("utf-16"),
    "trailing": lambda body: body + b"}",
}


@fault(
    "http.garbage",
    title="a body that is not what it should be, with status 200",
    source="RFC 8259 sections 2, 8.1 and 9; raw JSON errors leak from PyJWT 2.15.1 for html and empty",
    variants=(*_GARBAGE, *_RECODED),
)
def _garbage(order: Order) -> Effect:
    if (recode := _RECODED.get(order.variant)) is not None:
        return Effect(change=lambda answer: replace(answer, body=recode(answer.body)))
    media_type = "text/html" if order.variant == "html" else "application/json"
    return Effect(answer=Response(headers=(("content-type", media_type),), body=_GARBAGE[order.variant]))


@fault(
    "http.content-type",
    title="the right body, labelled as something else",
    source="RFC 9110 section 8.3; RFC 7517 section 8.5.2",
    value=Parameter(type="text", title="the media type", default="text/html; charset=utf-8"),
)
def _content_type(order: Order) -> Effect:
    return Effect(change=lambda answer: with_header(answer, "content-type", order.options["value"]))


@fault(
    "http.encoding",
    title="a content coding that nobody asked for, that is none, or that is a bomb",
    source="RFC 9110 section 8.4; CWE-409",
    variants=("bomb", "gzip", "not-gzip", "unknown"),
    megabytes=_MEGABYTES,
)
def _encoding(order: Order) -> Effect:
    blocks = {"bomb": max(1, round(order.options["megabytes"])), "gzip": 0}.get(order.variant)
    coding = "x-fake" if order.variant == "unknown" else "gzip"

    def change(answer: Response) -> Response:
        body = answer.body if blocks is None else _gzip(answer.body, blocks)
        return with_header(replace(answer, body=body), "content-encoding", coding)

    return Effect(change=change)


@fault(
    "http.oversize",
    title="the right document and megabytes of white space after it",
    source="CWE-400; RFC 8259 section 2 allows it",
    megabytes=_MEGABYTES,
)
def _oversize(order: Order) -> Effect:
    return Effect(pad=round(order.options["megabytes"] * _MILLION))


def _with_headers(answer: Response, headers: list[tuple[str, str]]) -> Response:
    for name, value in headers:
        answer = with_header(answer, name, value)
    return answer


def _gzip(body: bytes, blocks: int) -> bytes:
    """The body and so many million spaces in one gzip member (RFC 1952), without compressing each anew."""
    deflate: Any = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = deflate.compress(body) + deflate.flush(zlib.Z_FULL_FLUSH)
    block = deflate.compress(_BLOCK) + deflate.flush(zlib.Z_FULL_FLUSH)  # refers to nothing before it
    check = zlib.crc32(body)
    for _ in range(blocks):
        check = zlib.crc32(_BLOCK, check)
    size = (len(body) + blocks * _MILLION) % 2**32
    header = bytes.fromhex("1f8b08000000000002ff")
    trailer = check.to_bytes(4, "little") + size.to_bytes(4, "little")
    end: bytes = deflate.flush(zlib.Z_FINISH)
    return b"".join((header, start, block * blocks, end, trailer))
