"""Requests at the authorization endpoint: of public clients, and of applications."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.aws.identity_center.directory.store import User
from harness.aws.identity_center.records import Instance
from harness.aws.identity_center.sign_in.clients import AUTHORIZATION_CODE, Clients
from harness.aws.identity_center.sign_in.refusals import refusal
from harness.aws.identity_center.sign_in.waiting import CODE_LIFETIME, Code, Codes

if TYPE_CHECKING:
    from harness.aws.front import Aws

__all__ = ["Authorization", "authorization_of"]

_CHALLENGE = re.compile(r"[\w-]{43}", re.ASCII)  # RFC 7636 section 4.2: a SHA-256 digest in base64url


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """A request for an authorization code that is in order.

    Attributes:
        instance: where one signs in.
        client_id: of the client, or the ARN of the application.
        client_name: for people to read.
        redirect_uri: where the browser goes afterwards.
        state: what goes with it; empty for nothing.
        scopes: what the client gets.
        challenge: of RFC 7636.
    """

    instance: Instance
    client_id: str
    client_name: str
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    challenge: str

    def decide(self, aws: Aws, user: User | None) -> dict[str, str]:
        """Return what goes back: a code for a user, or that nobody signs in (RFC 6749 section 4.1.2)."""
        state = {"state": self.state} if self.state else {}
        if user is None:
            return {"error": "access_denied", **state}
        code = Code(
            instance=self.instance,
            user_id=user.id,
            client_id=self.client_id,
            redirect_uri=self.redirect_uri,
            scopes=self.scopes,
            challenge=self.challenge,
            expires=aws.now() + CODE_LIFETIME,
        )
        return {"code": aws.state(Codes).issue(code), **state}


def authorization_of(aws: Aws, instance: Instance, fields: Mapping[str, str]) -> Authorization:
    """Return the authorization that a browser asks for.

    Nothing goes back to a redirect URI here, even where RFC 6749 section 4.1.2.1 would allow it: AWS shows
    the error itself.

    Raises:
        AwsError: ``InvalidClientException``; ``UnauthorizedClientException``, for a client without the
            grant; ``InvalidRedirectUriException``; ``InvalidRequestException``, without a challenge of PKCE
            or for another response than ``code``; ``InvalidScopeException``.
    """
    client_id, uri = fields.get("client_id", ""), fields.get("redirect_uri", "")
    client = aws.state(Clients).find(client_id, region=instance.region, now=aws.now())
    application = instance.applications.get(client_id)
    if client is not None and instance.answers_to(client.issuer_url):
        name, scopes = client.name, client.scopes
        may, redirects = AUTHORIZATION_CODE in client.grants, client.redirects_to(uri)
    elif application is not None:
        name, scopes = application.name, tuple(application.scopes)
        grant = application.grants.get(AUTHORIZATION_CODE, {}).get("AuthorizationCode", {})
        may = application.is_enabled and AUTHORIZATION_CODE in application.grants
        redirects = uri in grant.get("RedirectUris", [])
    else:
        raise refusal("InvalidClientException", "The client is not registered.")
    if not may:
        raise refusal("UnauthorizedClientException", "The client may not use authorization codes.")
    if not redirects:
        raise refusal("InvalidRedirectUriException", "The redirect_uri is not registered for the client.")
    if fields.get("response_type") != "code":
        raise refusal("InvalidRequestException", "The response_type must be code.")
    challenge = fields.get("code_challenge", "")
    if fields.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise refusal("InvalidRequestException", "PKCE with S256 is required.")
    wanted = tuple(fields.get("scopes", "").replace(",", " ").split())
    if not set(wanted) <= set(scopes):
        raise refusal("InvalidScopeException", "A scope is not registered for the client.")
    return Authorization(
        instance=instance,
        client_id=client_id,
        client_name=name,
        redirect_uri=uri,
        state=fields.get("state", ""),
        scopes=scopes,
        challenge=challenge,
    )
