"""Plain records of an HTTP request and its response, and the names of AWS's protocols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

__all__ = ["Protocol", "Request", "Response"]


class Protocol(Enum):
    """A wire protocol of AWS; the value is the content type of its answers."""

    QUERY = "text/xml"
    JSON_1_0 = "application/x-amz-json-1.0"
    JSON_1_1 = "application/x-amz-json-1.1"
    REST_JSON = "application/json"
    CBOR = "application/cbor"


@dataclass(frozen=True, kw_only=True)
class Request:
    """An HTTP request as it reaches AWS, TLS taken off.

    Attributes:
        method: in upper case.
        host: the Host header, with a port if it had one.
        path: as sent, percent-encoded.
        query: the query string as sent, without ``?``.
        headers: names in lower case; repeated headers joined by commas.
        body: the raw body.
        address: the IP address that it came from; a caller in this process has this machine's.
    """

    method: str = "POST"
    host: str
    path: str = "/"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    address: str = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Response:
    """An HTTP response: status code, headers with names in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
