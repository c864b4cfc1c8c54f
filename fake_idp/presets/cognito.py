"""Amazon Cognito: a user pool, and the OpenID tokens of an identity pool.

The shapes are those of the Amazon Cognito developer guide, and where it has none of published samples;
``sources`` names them.
"""

from __future__ import annotations

import base64
import copy
import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from fake_idp import random_ids
from fake_idp.oauth.messages import OAuthError
from fake_idp.presets.base import (
    STANDARD_SOURCES,
    Endpoint,
    Preset,
    TokenRequest,
    TokenUse,
    address,
    cite,
    google_id,
    path_of,
    stable_id,
    stable_uuid,
    standard_claims,
)
from fake_idp.users import User

__all__ = ["Cognito", "CognitoIdentity"]

_GUIDE = "https://docs.aws.amazon.com/cognito/latest/developerguide/"
_ID_TOKEN = _GUIDE + "amazon-cognito-user-pools-using-the-id-token.html"
_ACCESS_TOKEN = _GUIDE + "amazon-cognito-user-pools-using-the-access-token.html"
_FEDERATION = _GUIDE + "cognito-user-pools-identity-federation.html"
_DIGITS = "0123456789"

#: The kinds of identity provider that a user pool names after themselves; any other is OIDC.
_SOCIAL = ("Google", "Facebook", "LoginWithAmazon", "SignInWithApple")


class Cognito(Preset):
    """``https://cognito-idp.{region}.amazonaws.com/{user pool}``, or ``https://issuer-cognito-idp.``...

    The header is ``kid`` and ``alg``, without ``typ``; a ``kid`` is 44 characters of base64 with its
    ``=``. ID tokens and access tokens are signed by different keys, so the JWKS has two. An ID token
    has the client in ``aud``; an access token has it in ``client_id`` and has no ``aud``, unless one
    was asked for by ``resource``; both say which they are in ``token_use``. ``mint`` makes ID tokens,
    since an identity pool takes no other. Machines get access tokens only.
    """

    name = "cognito"
    title = "Amazon Cognito user pool"
    url = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_FakePool1"
    client_id = "1fakeidp2fakeidp3fakeidp45"
    default_use = "id"
    key_uses = ("id", "access")
    machine_scope = ("cloudwatch-mcp/read",)
    grants = ("authorization_code", "refresh_token", "client_credentials")
    pkce = "never"
    resource = "audience"
    rotates_refresh_tokens = False
    paths = {
        "jwks": "/.well-known/jwks.json",
        "authorization": "/oauth2/authorize",
        "token": "/oauth2/token",
        "userinfo": "/oauth2/userInfo",
        "revocation": "/oauth2/revoke",
        "end_session": "/logout",
    }
    #: No PKCE methods, no grant types, no introspection: AWS publishes none of them.
    metadata = {
        "authorization_endpoint": ...,
        "end_session_endpoint": ...,
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": ...,
        "jwks_uri": ...,
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": ...,
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": ...,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": ...,
    }
    sources = STANDARD_SOURCES | cite(
        (_ID_TOKEN, "header.kid header.alg"),
        (_ID_TOKEN, "sub aud iss token_use auth_time exp iat jti origin_jti event_id email_verified email"),
        (_ID_TOKEN, "cognito:username cognito:groups cognito:roles cognito:preferred_role nonce at_hash"),
        (_FEDERATION, "identities"),
        (_ACCESS_TOKEN, "client_id scope username version"),
    )
    revokes_access_tokens = False  # revocation-endpoint: "unsupported_token_type" for all but refresh tokens
    logout_redirects = ("logout_uri",)  # logout-endpoint
    domain = ""  #: The origin of the pool's domain; one that is made of the pool's id when empty.

    def new_kid(self) -> str:
        """44 characters of base64, padded."""
        return base64.b64encode(os.urandom(32)).decode("ascii")

    def key_use(self, token_use: TokenUse) -> str:
        """Each kind of token has its own key."""
        return token_use

    def endpoints(self, url: str) -> dict[Endpoint, str]:
        """The keys are the issuer's; all else is on the pool's own domain, another host."""
        keys = super().endpoints(url)["jwks"]
        domain = self.domain or _domain(url)
        return {name: domain + path for name, path in self.paths.items()} | {"jwks": keys}

    def on_domain(self, domain: str) -> Cognito:
        """With a user pool domain (CreateUserPoolDomain)."""
        preset = copy.copy(self)
        preset.domain = domain
        return preset

    def subject(self, user: User, *, issuer: str, client_id: str, use: TokenUse) -> str:
        """A UUID, in both kinds of tokens."""
        return user.sub or stable_uuid("cognito", issuer, user.name)

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """``kid`` and ``alg``, nothing else."""
        return {"kid": kid, "alg": algorithm}

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """The claims of the developer guide's samples, with their types."""
        if request.machine:
            return _of_a_machine(request) | standard_claims(request)
        said = _access(request) if request.use == "access" else _id(request)
        return said | standard_claims(request)

    def userinfo(self, request: TokenRequest) -> dict[str, Any]:
        """Every attribute is a string here, ``email_verified`` too (userinfo-endpoint.html)."""
        person = request.person
        said: dict[str, Any] = {"sub": request.sub}
        if "email" in request.scope:
            said |= {"email_verified": "false" if person.provider else "true", "email": person.email}
        if "profile" in request.scope:
            said["name"] = person.profile(("profile",))["name"]
        said["username"] = _username(person)
        own = {name: value for name, value in person.id_claims.items() if not name.startswith("cognito:")}
        said |= {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in {**person.claims, **own}.items()
        }
        return {name: value for name, value in said.items() if name not in person.without}

    def check_request(self, endpoint: Endpoint, parameters: Mapping[str, str]) -> None:
        """A client by itself may only have scopes of a resource server: ``{resource server}/{scope}``."""
        if endpoint != "token" or parameters.get("grant_type") != "client_credentials":
            return
        for scope in parameters.get("scope", "").split():
            server, _, name = scope.rpartition("/")
            if not server or not name:
                raise OAuthError("invalid_scope", "not a scope of a resource server")

    def error_body(self, error: str, description: str, *, now: float) -> dict[str, Any]:
        """The code alone: Cognito has no words for it (token-endpoint.html)."""
        return {"error": error}


class CognitoIdentity(Preset):
    """``https://cognito-identity.amazonaws.com``: what ``GetOpenIdToken`` of an identity pool returns.

    One issuer for all pools of a partition: the pool is in ``aud``, the identity in ``sub``, and
    ``amr`` says whether somebody signed in, and where. STS takes such a token (AssumeRoleWithWebIdentity).
    There are no OAuth endpoints: the token comes from an AWS API.
    """

    name = "cognito_identity"
    title = "Amazon Cognito identity pool (GetOpenIdToken)"
    url = "https://cognito-identity.amazonaws.com"
    client_id = "us-east-1:f4ce1d9e-0000-4000-8000-fa6e1d9f0001"
    algorithm = "RS512"
    default_use = "id"
    lifetime = 600  # GetOpenIdTokenForDeveloperIdentity has 900 unless told otherwise
    account = "111122223333"
    user_pool = "cognito-idp.us-east-1.amazonaws.com/us-east-1_FakePool1"
    paths = {"jwks": "/.well-known/jwks_uri"}
    #: That its document says where the keys are and RS512 is known; the rest is what every one must have.
    metadata = {
        "issuer": ...,
        "jwks_uri": ...,
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS512"],
    }
    sources = STANDARD_SOURCES | cite(
        ("https://speakerdeck.com/player/fcca686ecc42459fa57423156ce7561f slide 13", "header.kid header.typ"),
        (
            "https://speakerdeck.com/player/fcca686ecc42459fa57423156ce7561f slide 13",
            "header.alg sub aud iss",
        ),
        (
            "https://speakerdeck.com/player/fcca686ecc42459fa57423156ce7561f slide 13",
            "exp iat https://cognito-identity.amazonaws.com/identity-pool-arn",
        ),
        (_GUIDE + "iam-roles.html", "amr"),
    )

    def new_kid(self) -> str:
        """The region and a number, without anything between them: ``us-east-15``."""
        return f"us-east-1{int(random_ids.characters('0123456789', 6))}"

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """``typ`` is ``JWS``."""
        return {"kid": kid, "typ": "JWS", "alg": algorithm}

    def subject(self, user: User, *, issuer: str, client_id: str, use: TokenUse) -> str:
        """An identity id: the region and a UUID."""
        return user.sub or _region(client_id) + ":" + stable_uuid("identity", client_id, user.name)

    def machine_subject(self, client_id: str) -> str:
        """A guest: an identity that nobody signed in to."""
        return _region(client_id) + ":" + stable_uuid("guest", client_id)

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """One kind of token for both uses; a machine's is a guest's, who did not sign in."""
        pool, region = request.client_id, _region(request.client_id)
        return {
            "sub": request.sub,
            "aud": pool,
            "amr": ["unauthenticated"]
            if request.machine
            else ["authenticated", *self._logins(request.person)],
            "iss": request.issuer,
            "https://cognito-identity.amazonaws.com/identity-pool-arn": (
                f"arn:aws:cognito-identity:{region}:{self.account}:identitypool/{pool}"
            ),
            "exp": request.expires_at,
            "iat": request.issued_at,
        } | standard_claims(request)

    def _logins(self, person: User) -> list[str]:
        provider = {"Google": "accounts.google.com", "Facebook": "graph.facebook.com"}.get(person.provider)
        if provider is not None:
            return [provider, f"{provider}:{_provider_id(person)}"]
        sub = person.sub or stable_uuid("cognito", f"https://{self.user_pool}", person.name)
        return [self.user_pool, f"{self.user_pool}:CognitoSignIn:{sub}"]


def _access(request: TokenRequest) -> dict[str, Any]:
    said: dict[str, Any] = {"sub": request.sub}
    if groups := _groups(request):
        said["cognito:groups"] = groups
    said |= {"iss": request.issuer, "version": 2, "client_id": request.client_id}
    if request.audience != request.client_id:  # by ``resource``, which binds the token to an API
        said["aud"] = request.audience if isinstance(request.audience, str) else list(request.audience)
    return said | {
        "origin_jti": stable_uuid("origin", request.session),
        "event_id": stable_uuid("event", request.session),
        "token_use": "access",
        "scope": " ".join(request.scope),
        "auth_time": request.auth_time,
        "exp": request.expires_at,
        "iat": request.issued_at,
        "jti": random_ids.uuid4(),
        "username": _username(request.person),
    }


def _id(request: TokenRequest) -> dict[str, Any]:
    person = request.person
    said: dict[str, Any] = {"sub": request.sub}
    if groups := _groups(request):
        said["cognito:groups"] = groups
    if person.roles:
        said |= {"cognito:roles": list(person.roles), "cognito:preferred_role": person.roles[0]}
    said |= {
        "email_verified": not person.provider,  # an address that another provider vouches for is not
        "iss": request.issuer,
        "cognito:username": _username(person),
        "origin_jti": stable_uuid("origin", request.session),
        "aud": request.client_id,
    }
    if person.provider:
        said["identities"] = [_identity(person)]
    return said | {
        "event_id": stable_uuid("event", request.session),
        "token_use": "id",
        "auth_time": request.auth_time,
        "exp": request.expires_at,
        "iat": request.issued_at,
        "jti": random_ids.uuid4(),
        "email": person.email,
    }


def _of_a_machine(request: TokenRequest) -> dict[str, Any]:
    return {
        "sub": request.sub,
        "token_use": "access",
        "scope": " ".join(request.scope),
        "auth_time": request.auth_time,
        "iss": request.issuer,
        "exp": request.expires_at,
        "iat": request.issued_at,
        "version": 2,
        "jti": random_ids.uuid4(),
        "client_id": request.client_id,
    }


def _groups(request: TokenRequest) -> list[str]:
    """The groups; a pool puts everybody who comes from elsewhere into a group named for the provider."""
    person = request.person
    pool = path_of(request.issuer).rpartition("/")[2]
    return [*((f"{pool}_{person.provider}",) if person.provider else ()), *person.groups]


def _username(person: User) -> str:
    return f"{person.provider}_{_provider_id(person)}" if person.provider else person.name


def _identity(person: User) -> dict[str, Any]:
    """One of the ``identities``: strings all, ``primary`` and the time in milliseconds too."""
    return {
        "userId": _provider_id(person),
        "providerName": person.provider,
        "providerType": person.provider if person.provider in _SOCIAL else "OIDC",
        "issuer": None,
        "primary": "true",
        "dateCreated": stable_id("16", "created", person.name, length=13, alphabet=_DIGITS),
    }


def _provider_id(person: User) -> str:
    """Who the person is to the provider."""
    if person.provider == "Google":
        return google_id(person.name)
    return stable_id("1", person.provider, person.name, length=17, alphabet=_DIGITS)


def _region(pool: str) -> str:
    return pool.partition(":")[0]


def _domain(url: str) -> str:
    """The pool's domain, where its OAuth endpoints are: another host than the issuer's."""
    pool = path_of(url).rpartition("/")[2]
    region, _, suffix = pool.partition("_")
    if not (urlsplit(url).hostname or "").endswith(".amazonaws.com") or not suffix:
        return address(url)
    return f"https://{suffix.lower()}.auth.{region}.amazoncognito.com"
