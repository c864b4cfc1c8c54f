"""What a preset is: the shape of one vendor's URLs, metadata, tokens and refusals."""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import urlsplit

from fake_idp import random_ids
from fake_idp.jws import b64url
from fake_idp.users import User

if TYPE_CHECKING:
    from fake_idp.key import Key

__all__ = [
    "DISCOVERY",
    "ENDPOINTS",
    "GRANTS",
    "OAUTH_METADATA",
    "OPENID_SCOPES",
    "STANDARD_SOURCES",
    "Endpoint",
    "Preset",
    "TokenRequest",
    "TokenUse",
    "address",
    "cite",
    "google_id",
    "path_of",
    "stable_id",
    "stable_uuid",
    "standard_claims",
    "words",
]

TokenUse = Literal["access", "id"]

Endpoint = Literal[
    "discovery",
    "jwks",
    "authorization",
    "token",
    "userinfo",
    "introspection",
    "revocation",
    "end_session",
    "registration",
    "device_authorization",
    "device_verification",
    "pushed_authorization_request",
]
"""What an issuer can answer; the names are those of the metadata (RFC 8414 section 2), less ``_endpoint``."""

ENDPOINTS: tuple[Endpoint, ...] = get_args(Endpoint)

GRANTS = {
    "authorization_code": "RFC 6749 section 4.1",
    "refresh_token": "RFC 6749 section 6",
    "client_credentials": "RFC 6749 section 4.4",
    "password": "RFC 6749 section 4.3",
    "urn:ietf:params:oauth:grant-type:device_code": "RFC 8628",
    "urn:ietf:params:oauth:grant-type:token-exchange": "RFC 8693",
    "urn:ietf:params:oauth:grant-type:jwt-bearer": "RFC 7523",
}
"""The grant types that this issuer knows, and where each is defined."""

MEMBERS: dict[str, Endpoint] = {
    f"{endpoint}_endpoint": endpoint
    for endpoint in ENDPOINTS
    if endpoint not in ("discovery", "jwks", "device_verification")
} | {"jwks_uri": "jwks"}
"""The members of the metadata that say where an endpoint is (RFC 8414 section 2)."""

OPENID_SCOPES = frozenset(("openid", "profile", "email", "address", "phone", "offline_access"))
"""The scopes of OpenID Connect Core 1.0 sections 5.4 and 11, which speak of a person."""

DISCOVERY = "/.well-known/openid-configuration"
"""Where OpenID Connect Discovery 1.0 section 4 puts the metadata, below the issuer."""

OAUTH_METADATA = "/.well-known/oauth-authorization-server"
"""Where RFC 8414 section 3.1 puts it, between the host and the issuer's path."""

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """What a token is asked to say; times are seconds since the epoch.

    Attributes:
        issuer: the issuer identifier, exactly as in ``iss``.
        client_id: the client that the token is for.
        audience: the API that an access token is for, where the vendor has such a thing.
        sub: the subject, put into ``sub`` as it is.
        user: the person; for a machine's token, nobody (``User("")``).
        use: an access token or an ID token.
        scope: the granted scopes.
        issued_at: for ``iat``.
        expires_at: for ``exp``.
        auth_time: when the person signed in.
        session: the same for every token of one sign-in, refreshes included.
        grant: the grant type that the token comes from.
        nonce: what the client sent to find again in the ID token.
        access_token: the access token that an ID token comes with, for ``at_hash``.
        confirmation: the value of ``cnf`` (RFC 7800), when the token is bound to a key.
        actor: the value of ``act`` (RFC 8693 section 4.1), when somebody acts for the subject.
        algorithm: what it is going to be signed with, for ``at_hash``.
    """

    issuer: str
    client_id: str
    audience: str | tuple[str, ...]
    sub: str
    user: User
    use: TokenUse
    scope: tuple[str, ...]
    issued_at: int
    expires_at: float
    auth_time: int
    session: str
    grant: str = "authorization_code"
    nonce: str | None = None
    access_token: str | None = None
    confirmation: Mapping[str, Any] | None = None
    actor: Mapping[str, Any] | None = None
    algorithm: str = "RS256"

    @property
    def machine(self) -> bool:
        """Whether the client speaks for itself, without a person."""
        return self.grant == "client_credentials"

    @property
    def person(self) -> User:
        """The user; for somebody whom the issuer has no user for, one with the subject as the name."""
        return self.user if self.user.name else replace(self.user, name=self.sub)

    @property
    def openid_scope(self) -> tuple[str, ...]:
        """The scopes that decide what an ID token says of the person: all, when none was asked for."""
        return self.scope if "openid" in self.scope else ("openid", "profile", "email")


class Preset:
    """One vendor. A subclass says what the vendor does; everything here is the standards' own way.

    Attributes:
        name: how the preset is called.
        title: the vendor, for people.
        url: the issuer identifier when none is given.
        client_id: the client id when none is given.
        audience: the audience of access tokens when none is given; None where the vendor has no
            audiences, and the client stands for them.
        scope: the scopes of a token when none are given.
        default_use: which token ``mint`` makes when not told.
        key_uses: the uses of signing keys; the first is the one of ``default_use``.
        algorithm: what the vendor signs with, when not told otherwise.
        lifetime: how long an access token is good, in seconds.
        id_lifetime: how long an ID token is good, in seconds; as ``lifetime`` when None.
        publishes: the uses of the keys in the JWKS; every one when empty.
        machine_scope: the scopes of a machine's token when none are given that a machine can have.
        cache_control: the vendor's ``Cache-Control`` on metadata and keys, or None.
        grants: the grant types that the vendor has, of ``GRANTS``.
        access_tokens: whether access tokens are JWTs or opaque to everybody but the issuer.
        opaque_without_audience: whether a person's access token is opaque unless an audience was asked
            for.
        pkce: whether every client must use PKCE, or only those without a secret (OAuth 2.1
            section 7.6), or nobody has to.
        resource: what the vendor does with ``resource`` (RFC 8707): it becomes the audience, it is
            ignored, or it is refused, in the words of ``check_request``.
        audience_parameter: whether ``audience`` chooses the audience, as Auth0 has it.
        iss_parameter: whether the authorization response names the issuer (RFC 9207).
        rotates_refresh_tokens: whether a refresh gives a new refresh token and ends the old one.
        renews_refresh_tokens: whether a refresh gives a new refresh token and leaves the old one good.
        dpop: whether the vendor binds tokens to a key (RFC 9449).
        revokes_access_tokens: whether the revocation endpoint takes access tokens too (RFC 7009
            section 2: refresh tokens it must take).
        logout_redirects: the parameters of the end session endpoint that say where to go afterwards,
            the usual one first.
        asks_before_logout: whether somebody is asked who was not named by ``id_token_hint``.
        client_id_documents: whether a client may be a URL (OAuth Client ID Metadata Document).
        manages_registrations: whether a client that registered can read, change and withdraw what it
            registered (RFC 7592).
        paths: where each endpoint is, below the issuer.
        oauth_metadata: whether the metadata is also where RFC 8414 section 3.1 has it.
        metadata: the members of the discovery document in the vendor's order. What the issuer itself
            decides (``issuer`` and where endpoints are) is filled in.
        left_out: members of the vendor's document that are not in this one, and why not.
        hidden: endpoints and grants that the vendor has and its metadata do not name, and where they are
            documented.
        sources: for each claim, and for each header member as ``header.kid``, where its shape comes from.
    """

    name: str
    title: str
    url: str
    client_id: str
    audience: str | None = None
    scope: tuple[str, ...] = ("openid", "profile", "email")
    default_use: TokenUse = "access"
    key_uses: tuple[str, ...] = ("sig",)
    algorithm: str = "RS256"
    publishes: tuple[str, ...] = ()
    machine_scope: tuple[str, ...] = ()
    lifetime: int = 3600
    id_lifetime: int | None = None
    cache_control: str | None = None
    grants: tuple[str, ...] = ()
    access_tokens: Literal["jwt", "opaque"] = "jwt"
    opaque_without_audience: bool = False
    pkce: Literal["all", "public", "never"] = "public"
    resource: Literal["audience", "ignored", "refused"] = "ignored"
    audience_parameter: bool = False
    iss_parameter: bool = False
    rotates_refresh_tokens: bool = True
    renews_refresh_tokens: bool = False
    dpop: bool = False
    revokes_access_tokens: bool = True
    logout_redirects: tuple[str, ...] = ("post_logout_redirect_uri",)
    asks_before_logout: bool = False
    client_id_documents: bool = False
    manages_registrations: bool = False
    oauth_metadata: bool = False
    paths: Mapping[Endpoint, str] = {"jwks": "/.well-known/jwks.json"}
    metadata: Mapping[str, Any] = {}
    left_out: Mapping[str, str] = {}
    hidden: Mapping[str, str] = {}
    sources: Mapping[str, str] = {}

    def new_kid(self) -> str:
        """A fresh key id in the vendor's form."""
        return random_ids.token_urlsafe(32)

    def key_use(self, token_use: TokenUse) -> str:
        """Which of ``key_uses`` signs such a token."""
        return self.key_uses[0]

    def lifetime_of(self, use: TokenUse) -> int:
        """How long a token of that use is good, in seconds."""
        return self.lifetime if use == "access" or self.id_lifetime is None else self.id_lifetime

    def token_issuer(self, url: str) -> str:
        """What ``iss`` is in the tokens of the issuer with that identifier."""
        return url

    def endpoints(self, url: str) -> dict[Endpoint, str]:
        """Where the issuer with that identifier answers: every endpoint that the vendor has.

        What is not in here, the issuer does not serve, and ``discovery`` does not name. Under the
        vendor's own name the URLs are the vendor's, other hosts included; under any other name they
        are all below the issuer, so that several issuers can live at one address.
        """
        base = address(url)
        return {endpoint: base + path for endpoint, path in self.paths.items()}

    def on_domain(self, domain: str) -> Preset:
        """The same vendor for a customer who has a domain there; most vendors have no such thing."""
        return self

    def metadata_urls(self, url: str) -> tuple[str, ...]:
        """Where the discovery document is answered, the OpenID Connect place first."""
        base, path = address(url), path_of(url)
        places = [base + DISCOVERY]
        if self.oauth_metadata:
            places.append(base.removesuffix(path) + OAUTH_METADATA + path)
        return tuple(places)

    def discovery(self, url: str, *, algorithm: str) -> dict[str, Any]:
        """The discovery document of the issuer with that identifier, less what the vendor omits."""
        at = self.endpoints(url)
        document: dict[str, Any] = {}
        for name, value in self.metadata.items():
            if name == "issuer":
                document[name] = url
            elif name not in MEMBERS:
                document[name] = copy.deepcopy(value)
            elif MEMBERS[name] in at:
                document[name] = at[MEMBERS[name]]
        signed = "id_token_signing_alg_values_supported"
        if signed in document:
            own = (algorithm if each == self.algorithm else each for each in document[signed])
            document[signed] = list(dict.fromkeys(own))
        return document

    def jwk(self, key: Key, *, url: str) -> dict[str, Any]:
        """One key of the JWKS, with the members that the vendor publishes (RFC 7517 section 4)."""
        return key.public_jwk()

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """The JOSE header, members in the vendor's order."""
        raise NotImplementedError

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """The claims, members in the vendor's order; the user's own claims are added afterwards."""
        raise NotImplementedError

    def subject(self, user: User, *, issuer: str, client_id: str, use: TokenUse) -> str:
        """What ``sub`` is for a person who signs in, in the vendor's form."""
        return user.sub or user.name

    def machine_subject(self, client_id: str) -> str:
        """What ``sub`` is when a client speaks for itself (RFC 9068 section 2.2: the client)."""
        return client_id

    def userinfo(self, request: TokenRequest) -> dict[str, Any]:
        """The answer of the userinfo endpoint (OpenID Connect Core 1.0 section 5.3.2)."""
        return {"sub": request.sub, **request.user.profile(request.scope), **request.user.claims}

    def token_response(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of the token endpoint (RFC 6749 section 5.1), with what the vendor adds."""
        return dict(answer)

    def check_request(self, endpoint: Endpoint, parameters: Mapping[str, str]) -> None:
        """Refuse what the vendor refuses and the standard would let pass.

        Raises:
            OAuthError: with the vendor's code and words.
        """

    def error_body(self, error: str, description: str, *, now: float) -> dict[str, Any]:
        """The body of an error answer, in the vendor's shape (RFC 6749 section 5.2 by default)."""
        return {"error": error, "error_description": description}


def address(url: str) -> str:
    """The issuer without the trailing slash, to append a path to (OpenID Connect Discovery 4.1)."""
    return url.rstrip("/")


def path_of(url: str) -> str:
    """The issuer's path without the trailing slash: ``/oauth2/default``, or nothing."""
    return urlsplit(url).path.rstrip("/")


@functools.lru_cache(maxsize=1024)
def stable_id(prefix: str, *seed: str, length: int, alphabet: str = _BASE62) -> str:
    """An id in a vendor's form that is the same for the same seed, in every process."""
    import hashlib

    number = int.from_bytes(hashlib.sha512(_bytes("\0".join((prefix, *seed)))).digest(), "big")
    characters: list[str] = []
    while len(prefix) + len(characters) < length:
        number, index = divmod(number, len(alphabet))
        characters.append(alphabet[index])
    return prefix + "".join(characters)


def stable_uuid(*seed: str) -> str:
    """A UUID that is the same for the same seed, in every process."""
    import hashlib

    return random_ids.as_uuid(hashlib.sha256(_bytes("\0".join(seed))).digest()[:16])


def words(text: str) -> list[str]:
    """A list of words that has spaces between them, to keep long lists legible."""
    return text.split()


def google_id(name: str) -> str:
    """The Google account of a person: 21 digits, the same wherever they sign in with Google."""
    return stable_id("1", "google", name, length=21, alphabet="0123456789")


def cite(*sources: tuple[str, str]) -> dict[str, str]:
    """Sources by name, from pairs of a source and the names that it has, with spaces between them."""
    return {name: source for source, names in sources for name in names.split()}


STANDARD_SOURCES = cite(
    ("OpenID Connect Core 1.0 section 2", "nonce"),
    ("OpenID Connect Core 1.0 section 3.1.3.6", "at_hash"),
    ("RFC 7800 section 3.1", "cnf"),
    ("RFC 8693 section 4.1", "act"),
)
"""The claims of ``standard_claims``, which are the same everywhere."""


def standard_claims(request: TokenRequest, *, at_hash: bool = True) -> dict[str, Any]:
    """The claims that answer to something in the request, and are not there without it.

    Args:
        request: the request.
        at_hash: whether the vendor has ``at_hash`` in ID tokens of the token endpoint, where OpenID
            Connect Core 1.0 section 3.1.3.6 makes it optional.
    """
    said: dict[str, Any] = {}
    if request.use == "id" and request.nonce is not None:
        said["nonce"] = request.nonce
    if at_hash and request.use == "id" and request.access_token is not None:
        said["at_hash"] = _half_hash(request.access_token, request.algorithm)
    if request.confirmation is not None:
        said["cnf"] = dict(request.confirmation)
    if request.actor is not None:
        said["act"] = dict(request.actor)
    return said


def _half_hash(text: str, algorithm: str) -> str:
    """The left half of the hash that goes with the algorithm (EdDSA's is SHA-512, RFC 8032 section 5.1)."""
    name = "sha512" if algorithm == "EdDSA" else f"sha{algorithm[2:]}"
    import hashlib

    hashed = hashlib.new(name, _bytes(text)).digest()
    return b64url(hashed[: len(hashed) // 2])


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
