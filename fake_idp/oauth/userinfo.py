"""What the issuer knows of a person (OpenID Connect Core 1.0 section 5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_idp.oauth.bearer import AccessToken, challenge, verify
from fake_idp.oauth.dpop import confirmation
from fake_idp.oauth.messages import NO_STORE, OAuthError, Request, Response, json_response

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["handle"]


async def handle(issuer: Issuer, request: Request) -> Response:
    """Answer with the claims of whoever the access token speaks of.

    Raises:
        OAuthError: as RFC 6750 section 3.1 and RFC 9449 section 7.1 have it.
    """
    if "access_token" in request.query:  # RFC 9700 section 4.3.2: URLs end up in logs
        raise _invalid_request(issuer, "an access token must not be in the URL")
    scheme, token = _credentials(issuer, request)
    if token is None:  # RFC 6750 section 3.1: no error for a request without credentials
        return Response(status=401, headers=(*NO_STORE, *challenge(issuer)))
    access = await verify(issuer, token)
    await _check_possession(issuer, request, scheme, token, access)
    if "openid" not in access.scope:
        raise OAuthError(
            "insufficient_scope",
            "the access token needs the scope openid",
            status=403,
            headers=challenge(issuer, error="insufficient_scope", scope="openid"),
        )
    return json_response(issuer.preset.userinfo(access.request(issuer)), headers=NO_STORE)


def _credentials(issuer: Issuer, request: Request) -> tuple[str, str | None]:
    """The scheme in lower case, and the token: from the header or a form's body (RFC 6750 section 2)."""
    authorization = request.header("authorization")
    a_form = "x-www-form-urlencoded" in (request.header("content-type") or "").lower()
    posted = request.form.get("access_token") if request.method == "POST" and a_form else None
    if authorization is None:
        return "bearer", posted
    if posted is not None:
        raise _invalid_request(issuer, "an access token must be sent in one way only")
    scheme, _, token = authorization.partition(" ")
    taken = ("bearer", "dpop") if issuer.preset.dpop else ("bearer",)
    if scheme.lower() not in taken:
        return "bearer", None
    if not token.strip():
        raise _invalid_request(issuer, "the access token is missing")
    return scheme.lower(), token.strip()


async def _check_possession(
    issuer: Issuer, request: Request, scheme: str, token: str, access: AccessToken
) -> None:
    """A bound token comes with a proof by its key, an unbound one as a bearer token (RFC 9449 section 7)."""
    if scheme == "bearer" and (access.jkt is None or not issuer.preset.dpop):
        return
    if scheme == "bearer":
        raise _invalid_token(issuer, "the token is bound to a key: use the scheme DPoP and a proof")
    try:
        found = await confirmation(issuer, request, access_token=token)
    except OAuthError as error:
        said = challenge(issuer, "DPoP", error=error.error, error_description=error.description)
        raise OAuthError(error.error, error.description, status=401, headers=said) from None
    if found is None:
        raise _invalid_token(issuer, "there is no DPoP proof")
    if found["jkt"] != access.jkt:
        raise _invalid_token(issuer, "the token is not bound to the key of the proof")


def _invalid_request(issuer: Issuer, description: str) -> OAuthError:
    said = challenge(issuer, error="invalid_request", error_description=description)
    return OAuthError("invalid_request", description, headers=said)


def _invalid_token(issuer: Issuer, description: str) -> OAuthError:
    said = challenge(issuer, "DPoP", error="invalid_token", error_description=description)
    return OAuthError("invalid_token", description, status=401, headers=said)
