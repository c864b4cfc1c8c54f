"""An Amazon Cognito user pool.

Sources, in the Amazon Cognito developer guide (https://docs.aws.amazon.com/cognito/latest/developerguide/):
amazon-cognito-user-pools-using-the-id-token, amazon-cognito-user-pools-using-the-access-token,
federation-endpoints; and a discovery document as read from AWS, openiddict/openiddict-core#1586.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from typing import Any
from urllib.parse import urlsplit

from fake_idp.presets.base import Preset, TokenRequest, TokenUse, address, email_of, path_of

__all__ = ["Cognito"]


class Cognito(Preset):
    """``https://cognito-idp.{region}.amazonaws.com/{user pool}``.

    The header is ``kid`` and ``alg``, without ``typ``; a ``kid`` is 44 characters of base64 with its
    ``=``. ID tokens and access tokens are signed by different keys, so the JWKS has two. An ID token
    has the client in ``aud``; an access token has it in ``client_id`` and has no ``aud``; both say
    which they are in ``token_use``. ``mint`` makes ID tokens, since an identity pool takes no other.
    """

    name = "cognito"
    title = "Amazon Cognito user pool"
    url = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_FakePool1"
    client_id = "1fakeidp2fakeidp3fakeidp45"
    default_use = "id"
    key_uses = ("id", "access")
    revokes_access_tokens = False  # revocation-endpoint: "unsupported_token_type" for all but refresh tokens
    logout_redirects = ("logout_uri",)  # logout-endpoint

    def new_kid(self) -> str:
        """44 characters of base64, padded."""
        return base64.b64encode(secrets.token_bytes(32)).decode("ascii")

    def key_use(self, token_use: TokenUse) -> str:
        """Each kind of token has its own key."""
        return token_use

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """``kid`` and ``alg``, nothing else."""
        return {"kid": kid, "alg": algorithm}

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """``cognito:groups`` is there only for a user who is in one: pass it to ``mint`` as a claim."""
        session = {"origin_jti": str(uuid.uuid4()), "event_id": str(uuid.uuid4())}
        times = {
            "auth_time": request.issued_at,
            "exp": request.expires_at,
            "iat": request.issued_at,
            "jti": str(uuid.uuid4()),
        }
        if request.use == "access":
            return {
                "sub": request.sub,
                "iss": request.issuer,
                "version": 2,
                "client_id": request.client_id,
                **session,
                "token_use": "access",
                "scope": " ".join(request.scope),
                **times,
                "username": request.sub,
            }
        return {
            "sub": request.sub,
            "email_verified": True,
            "iss": request.issuer,
            "cognito:username": request.sub,
            "origin_jti": session["origin_jti"],
            "aud": request.client_id,
            "event_id": session["event_id"],
            "token_use": "id",
            **times,
            "email": email_of(request.sub),
        }

    def discovery(self, url: str, *, algorithm: str) -> dict[str, Any]:
        """No PKCE methods, no grant types, no introspection: AWS publishes none of them."""
        oauth = _domain(url)
        return {
            "authorization_endpoint": f"{oauth}/oauth2/authorize",
            "end_session_endpoint": f"{oauth}/logout",
            "id_token_signing_alg_values_supported": [algorithm],
            "issuer": url,
            "jwks_uri": self.endpoints(url)["jwks"],
            "response_types_supported": ["code", "token"],
            "revocation_endpoint": f"{oauth}/oauth2/revoke",
            "scopes_supported": ["openid", "email", "phone", "profile"],
            "subject_types_supported": ["public"],
            "token_endpoint": f"{oauth}/oauth2/token",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "userinfo_endpoint": f"{oauth}/oauth2/userInfo",
        }


def _domain(url: str) -> str:
    """The pool's domain, where its OAuth endpoints are: another host than the issuer's."""
    host = urlsplit(url).hostname or ""
    if not host.endswith(".amazonaws.com"):
        return address(url)
    pool = path_of(url).rpartition("/")[2]
    region, _, suffix = pool.partition("_")
    return f"https://{suffix.lower()}.auth.{region}.amazoncognito.com"
