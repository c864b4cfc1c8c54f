"""Who calls is settled before the MCP SDK sees the request.

One ASGI middleware around ``/mcp``, whatever the method. The SDK has a bearer middleware of its own;
this server needs what that one lacks: no ``error`` where no credential came, ``scope`` in challenges
(python-sdk#3103), 503 when the issuer is down, and 400 for two credentials.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.reference_server.caller import Caller
from harness.reference_server.challenges import Challenges
from harness.reference_server.errors import InvalidToken, MalformedRequest, MissingCredential, Refused
from harness.reference_server.tokens import TokenVerifier

__all__ = ["Authentication", "bearer_token", "caller_of", "refuse"]

#: RFC 6750 section 2.1, with the scheme in any case (RFC 9110 section 11.1).
_BEARER = re.compile(r"bearer [A-Za-z0-9._~+/-]+=*", re.IGNORECASE)

_log = logging.getLogger(__name__)


class Authentication:
    """Lets requests with a good token through to ``app``, and answers the others itself."""

    def __init__(self, app: ASGIApp, verifier: TokenVerifier, challenges: Challenges) -> None:
        self._app = app
        self._verifier = verifier
        self._challenges = challenges

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            caller = await self._verifier.verify(bearer_token(scope["headers"]))
        except Refused as refused:
            _log.info("%s refused with %d: %s", scope["method"], refused.status, refused.reason)
            await self._challenges.response(refused)(scope, receive, send)
            return
        request = {**scope, "user": _sdk_user(caller), "state": {"caller": caller}}
        await self._app(request, receive, _Refusable(self._challenges, request, receive, send))


class _Refusable:
    """The ``send`` of a request whose handler may yet turn the answer into a refusal."""

    def __init__(self, challenges: Challenges, scope: Scope, receive: Receive, send: Send) -> None:
        self._challenges = challenges
        self._scope = scope
        self._receive = receive
        self._send = send

    async def __call__(self, message: Message) -> None:
        refused = self._scope["state"].get("refused")
        if refused is None:
            await self._send(message)
        elif message["type"] == "http.response.start":
            await self._challenges.response(refused)(self._scope, self._receive, self._send)


def caller_of(request: Request) -> Caller:
    """Who sent this request."""
    caller: Caller = request.state.caller
    return caller


def refuse(request: Request, refused: Refused) -> None:
    """Answer this request with a refusal instead of what its handler returns."""
    _log.info("%s refused with %d: %s", caller_of(request).pseudonym, refused.status, refused.reason)
    request.state.refused = refused


def bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The token of the one ``Authorization`` header; no other place is looked at (RFC 9700 section 4.3.2).

    Raises:
        MalformedRequest: if there are two credentials, since which one counts must not depend on order.
        MissingCredential: if there is none, or one of another scheme.
        InvalidToken: if what follows ``Bearer`` is not a token.
    """
    values = [value.decode("latin-1") for name, value in headers if name.lower() == b"authorization"]
    if not values:
        raise MissingCredential("there is no Authorization header")
    if len(values) > 1:
        raise MalformedRequest("there are several Authorization headers")
    scheme = re.split(r"[\s,]", values[0], maxsplit=1)[0]
    if scheme.lower() != "bearer":
        raise MissingCredential("the Authorization header has another scheme")
    if "," in values[0]:
        raise MalformedRequest("there are several credentials in one Authorization header")
    if not _BEARER.fullmatch(values[0]):
        raise InvalidToken("what follows Bearer is not a token")
    return values[0].partition(" ")[2]


def _sdk_user(caller: Caller) -> AuthenticatedUser:
    """The caller in the SDK's terms, by which it binds sessions to people: client, issuer and subject.

    The token itself and its scopes stay here: the SDK has no use for them.
    """
    return AuthenticatedUser(
        AccessToken(
            token="",
            client_id=caller.client_id,
            scopes=[],
            expires_at=int(caller.expires_at),
            subject=caller.subject,
            claims={"iss": caller.issuer},
        )
    )
