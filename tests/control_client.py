"""Calls of the control plane, and of the issuer behind it, as tests make them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from fake_idp import Issuer

__all__ = ["Call", "Refused", "caller", "get", "published", "token_endpoint"]

Call = Callable[..., Any]


class Refused(AssertionError):
    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem}")
        self.status = status
        self.problem = problem


def caller(address: str) -> Call:
    """Call an operation; what is passed by name is its JSON body."""

    def call(operation: str, *, method: str = "", **body: Any) -> Any:
        method = method or ("POST" if body else "GET")
        data = json.dumps(body).encode() if method in ("POST", "PATCH") else None
        request = urllib.request.Request(
            f"{address}/_control/{operation}",
            data=data,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, json.load(error)) from None

    return call


def get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def published(issuer: Issuer) -> list[str]:
    """The key ids of the JWKS as a client reads it."""
    return [key["kid"] for key in json.loads(get(issuer.jwks_url)[1])["keys"]]


def token_endpoint(issuer: Issuer, **fields: str) -> tuple[int, Any]:
    data = urlencode({"client_id": issuer.client_id, **fields}).encode()
    try:
        with urllib.request.urlopen(issuer.endpoints["token"], data=data, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
