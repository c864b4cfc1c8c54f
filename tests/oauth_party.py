"""The other party of the OAuth tests: an application and a browser, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

import httpx2
import jwt

from fake_idp import Issuer
from fake_idp.clients import DEFAULT_SECRET

CALLBACK = "http://127.0.0.1:9/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


# All is plain HTTP here; without it every client would read the certificates of the whole world, 30 ms.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def new_browser() -> httpx2.Client:
    """A browser without cookies."""
    return httpx2.Client(verify=_NO_CERTIFICATES, trust_env=False)


def basic(client_id: str, secret: str) -> dict[str, str]:
    """The header of RFC 6749 section 2.3.1."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def sent_back(response: httpx2.Response) -> dict[str, str]:
    """The parameters that the browser is sent to the application with."""
    assert response.status_code in (302, 303), response.text
    parts = urlsplit(response.headers["location"])
    return dict(parse_qsl(parts.query or parts.fragment, keep_blank_values=True))


@dataclass
class Party:
    """An application that signs people in with an issuer, and the browser that it sends there."""

    issuer: Issuer
    client_id: str = ""
    secret: str = ""
    redirect_uri: str = CALLBACK
    browser: httpx2.Client = field(default_factory=new_browser)

    def __post_init__(self) -> None:
        self.client_id = self.client_id or self.issuer.client_id

    @classmethod
    def confidential(cls, issuer: Issuer, browser: httpx2.Client) -> Party:
        return cls(issuer, secret=DEFAULT_SECRET, browser=browser)

    def ask(self, *, method: str = "GET", **parameters: str) -> httpx2.Response:
        """An authorization request; an empty parameter leaves one out."""
        sent = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "openid email",
            "state": "the-state",
            **PKCE,
            **parameters,
        }
        sent = {name: value for name, value in sent.items() if value}
        url = self.issuer.endpoints["authorization"]
        return self.browser.get(url, params=sent) if method == "GET" else self.browser.post(url, data=sent)

    def answer(
        self, page: httpx2.Response, *, headers: Mapping[str, str] | None = None, **fields: str
    ) -> httpx2.Response:
        """Send the page's form."""
        action = re.search(r'<form method="post" action="([^"]+)"', page.text)
        transaction = re.search(r'name="transaction" value="([^"]+)"', page.text)
        assert action, page.text
        assert transaction, page.text
        data = {"transaction": html.unescape(transaction[1]), **fields}
        return self.browser.post(page.url.join(html.unescape(action[1])), data=data, headers=headers)

    def code(self, user: str = "alice", *, fields: Mapping[str, str] | None = None, **parameters: str) -> str:
        """A code, for a sign-in at the page."""
        page = self.ask(**parameters)
        assert page.status_code == 200, page.text
        return sent_back(self.answer(page, user=user, **(fields or {})))["code"]

    def token(
        self, grant_type: str, *, headers: Mapping[str, str] | None = None, **form: str
    ) -> httpx2.Response:
        """A token request; by Basic when there is a secret."""
        if headers is None:
            headers = basic(self.client_id, self.secret) if self.secret else {}
        data = {"grant_type": grant_type, "client_id": self.client_id, **form}
        data = {name: value for name, value in data.items() if value}
        return self.browser.post(self.issuer.endpoints["token"], data=data, headers=headers)

    def redeem(self, code: str, **form: str) -> httpx2.Response:
        """A token request with a code."""
        return self.token(
            "authorization_code",
            **{"code": code, "redirect_uri": self.redirect_uri, "code_verifier": VERIFIER, **form},
        )

    def sign_in(self, user: str = "alice", **parameters: str) -> dict[str, Any]:
        """The whole way; the token response."""
        response = self.redeem(self.code(user, **parameters))
        assert response.status_code == 200, response.text
        return response.json()  # type: ignore[no-any-return]

    def refresh(self, token: str, **form: str) -> httpx2.Response:
        """A token request with a refresh token."""
        return self.token("refresh_token", refresh_token=token, **form)


def error_of(response: httpx2.Response, status: int = 400) -> str:
    """The error of RFC 6749 section 5.2, with all that every such answer has."""
    assert response.status_code == status, response.text
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    for text in (body["error"], body["error_description"]):
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", text), text
    return str(body["error"])


def refused_page(response: httpx2.Response, *words: str, status: int = 400) -> None:
    """A page that says why, and sends nobody anywhere."""
    assert response.status_code == status, response.text
    assert "location" not in response.headers
    assert response.headers["content-type"].startswith("text/html")
    for word in words:
        assert word in response.text


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, whoever signed it."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims
