"""An application that people sign in to: it sends the browser away, and sees what it comes back with."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

from fake_idp import Issuer
from fake_idp.app import Receive, Scope, Send


@dataclass
class Tokens:
    status: int
    body: dict[str, Any]


class RelyingParty:
    """Authorization code with PKCE, as RFC 6749 and RFC 7636 have it."""

    def __init__(self, url: str) -> None:
        self.redirect_uri = f"{url}/callback"
        self.answer: dict[str, str] = {}
        self._verifier = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/callback":
            self.answer = {name: value[0] for name, value in parse_qs(scope["query_string"].decode()).items()}
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        page = (
            b"<!doctype html><title>Back</title><link rel=icon href=data:,><h1>Back at the application</h1>"
        )
        await send({"type": "http.response.body", "body": page})

    def url(self, issuer: Issuer, **parameters: str) -> str:
        """Where the browser is sent."""
        self.answer, self._verifier = {}, secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self._verifier.encode()).digest()).rstrip(b"=")
        asked = {
            "response_type": "code",
            "client_id": issuer.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
            "state": "xyz",
        }
        return f"{issuer.endpoints['authorization']}?{urlencode(asked | parameters)}"

    def tokens(self, issuer: Issuer) -> Tokens:
        """What the code that the browser brought is good for."""
        form = {
            "grant_type": "authorization_code",
            "code": self.answer["code"],
            "redirect_uri": self.redirect_uri,
            "client_id": issuer.client_id,
            "code_verifier": self._verifier,
        }
        try:
            with urllib.request.urlopen(
                issuer.endpoints["token"], urlencode(form).encode(), timeout=5
            ) as answer:
                return Tokens(answer.status, json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Tokens(error.code, json.loads(error.read()))
