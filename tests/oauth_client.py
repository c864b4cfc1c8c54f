"""A client of the issuer over HTTP, with the means to be a bad one; its JWTs are made by PyJWT."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from fake_idp import Issuer, Preset
from fake_idp.app import Site
from fake_idp.clients import DEFAULT_SECRET
from fake_idp.server import LoopbackServer
from tests.fake_idp_client import Answer, Headers, ask

Form = Mapping[str, str] | Sequence[tuple[str, str]] | bytes

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TYPE = "urn:ietf:params:oauth:token-type:"


@contextlib.contextmanager
def served(*presets: str | Preset, **options: Any) -> Iterator[list[Issuer]]:
    """Issuers of these presets at one address; the first is at its root, the others each at a path."""
    with LoopbackServer() as server:
        urls = [server.url, *(f"{server.url}/{number}" for number in range(1, len(presets)))]
        issuers = [
            Issuer(preset, **{"url": url, "algorithm": "ES256", **options})
            for preset, url in zip(presets, urls, strict=True)
        ]
        server.start(Site(issuers))
        yield issuers


def by_name(issuers: Sequence[Issuer]) -> dict[str, Issuer]:
    """The issuers by the names of their presets."""
    return {issuer.preset.name: issuer for issuer in issuers}


def fresh(issuer: Issuer) -> Issuer:
    """The issuer with nothing in its state, by wall time: a server costs a test 200 ms, this nothing."""
    issuer.state.clear()
    issuer.clock.reset()
    issuer.journal.clear()
    issuer.auto_login = None
    return issuer


def get(url: str, headers: Headers = ()) -> Answer:
    return ask(url, headers=headers)


def post(url: str, form: Form, headers: Headers = ()) -> Answer:
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    kind = ("content-type", "application/x-www-form-urlencoded")
    given = list(headers.items() if isinstance(headers, Mapping) else headers)
    return ask(url, method="POST", headers=[kind, *given], body=body)


def basic(issuer: Issuer) -> dict[str, str]:
    """The default client, authenticated."""
    credentials = base64.b64encode(f"{issuer.client_id}:{DEFAULT_SECRET}".encode()).decode()
    return {"authorization": f"Basic {credentials}"}


def token(issuer: Issuer, form: Mapping[str, str], headers: Headers | None = None) -> Answer:
    """Ask the token endpoint, as the default client unless told otherwise."""
    return post(issuer.endpoints["token"], form, basic(issuer) if headers is None else headers)


def device_tokens(issuer: Issuer, headers: Headers = (), **form: str) -> dict[str, Any]:
    """Tokens for alice by the device grant, to the default client without its secret."""
    issuer.devices.script(user="alice")
    started = post(issuer.endpoints["device_authorization"], {"client_id": issuer.client_id, **form})
    code = started.json()["device_code"]
    polled = {"grant_type": DEVICE, "device_code": code, "client_id": issuer.client_id}
    answer = token(issuer, polled, headers)
    assert answer.status == 200, answer.body
    return dict(answer.json())


class Signer:
    """Somebody with a key."""

    def __init__(self, algorithm: str = "ES256", *, bits: int = 2048) -> None:
        self.algorithm = algorithm
        self.kid = secrets.token_urlsafe(6)
        self.private: Any
        if algorithm[:2] in ("RS", "PS"):
            self.private = rsa.generate_private_key(65537, bits)
        elif algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
            self.private = ec.generate_private_key(curves[algorithm])

    @property
    def jwk(self) -> dict[str, Any]:
        maker = jwt.get_algorithm_by_name(self.algorithm)
        found = maker.to_jwk(self.private.public_key(), as_dict=True)
        return {name: value for name, value in found.items() if name != "key_ops"}

    @property
    def private_jwk(self) -> dict[str, Any]:
        return dict(jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private, as_dict=True))

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [{**self.jwk, "kid": self.kid, "alg": self.algorithm, "use": "sig"}]}

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        members = {"kid": self.kid, **header}
        chosen = {name: value for name, value in members.items() if value is not None}
        return jwt.encode(dict(claims), self.private, self.algorithm, headers=chosen)

    def assertion(self, issuer: Issuer, **claims: Any) -> str:
        """An assertion that is good for the issuer, but for what ``claims`` say; None leaves one out."""
        header = claims.pop("header", {})
        now = int(issuer.clock.now())
        usual = {"sub": "alice", "aud": issuer.url, "exp": now + 60, "iat": now, "jti": secrets.token_hex(8)}
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return self.sign(said, **header)

    def proof(self, issuer: Issuer, method: str, url: str, token: str | None = None, **claims: Any) -> str:
        """A DPoP proof that is good, but for what ``claims`` and ``header`` say; None leaves one out."""
        header = {"typ": "dpop+jwt", "jwk": self.jwk, "kid": None, **claims.pop("header", {})}
        usual = {"jti": secrets.token_hex(8), "htm": method, "htu": url, "iat": int(issuer.clock.now())}
        if token is not None:
            usual["ath"] = half(token)
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return self.sign(said, **header)


def other_signature(token: str) -> str:
    """The same JWT by ES256 with its other good signature: ``(r, n - s)`` for ``(r, s)``."""
    signed, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    other = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    return f"{signed}.{base64.urlsafe_b64encode(other).rstrip(b'=').decode()}"


def half(text: str) -> str:
    """The SHA-256 hash in base64url, as ``ath`` has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
