"""The reference server believes a token that is signed, current and meant for it, and no other."""

import asyncio
import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harness.reference_server.aws import AwsCredentials
from harness.reference_server.errors import InvalidToken, RoleRefused
from harness.reference_server.jwks import KeyCache
from harness.reference_server.providers.cognito import Cognito
from harness.reference_server.providers.identity_center import IdentityCenter
from harness.reference_server.providers.oidc import Oidc
from harness.reference_server.tokens import TokenVerifier

ISSUER = "https://issuer.example/a"
RESOURCE = "https://mcp.example.com/mcp"
ROLE = "arn:aws:iam::123456789012:role/Reader"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())

OIDC = Oidc(issuer=ISSUER, client_id="client", audience=RESOURCE, role_arn=ROLE, region="us-east-1")
COGNITO = Cognito(
    issuer=ISSUER,
    client_id="client",
    region="us-east-1",
    login="issuer.example/a",
    identity_pool_id="us-east-1:pool",
    resource_url=RESOURCE,
)
IDENTITY_CENTER = IdentityCenter(
    issuer=ISSUER,
    client_id="client",
    region="us-east-1",
    allowed_roles=("arn:aws:iam::123456789012:role/Read*",),
    server=AwsCredentials(access_key_id="AKIA", secret_access_key="secret"),
)


class Documents:
    """An issuer, as its two documents."""

    def __init__(self):
        rsa_jwk = jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True)
        ec_jwk = jwt.algorithms.ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True)
        self.keys = [{**rsa_jwk, "kid": "rsa"}, {**ec_jwk, "kid": "ec"}]

    async def get_json(self, url):
        if url.endswith("/openid-configuration"):
            return {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}
        return {"keys": self.keys}


def verify(token, provider=OIDC):
    return asyncio.run(TokenVerifier(provider, KeyCache(ISSUER, Documents())).verify(token))


def claims(**changes):
    now = int(time.time())
    found = {"iss": ISSUER, "aud": RESOURCE, "sub": "alice", "iat": now, "exp": now + 300, **changes}
    return {name: value for name, value in found.items() if value is not ...}


def mint(key=RSA_KEY, algorithm="RS256", kid="rsa", headers=None, **changes):
    header = {**({"kid": kid} if kid else {}), **(headers or {})}
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=header)


def signed(payload, header=None):
    """A token with a good signature and whatever content, which PyJWT would not write."""
    header = json.dumps({"alg": "RS256", "kid": "rsa"} if header is None else header).encode()
    payload = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    content = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, payload))
    signature = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(content, RSA_KEY)
    return (content + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def test_an_honest_token_names_its_caller():
    caller = verify(mint(scope="cw:read cw:write", client_id="client"))
    assert (caller.issuer, caller.subject, caller.role) == (ISSUER, "alice", ROLE)
    assert caller.scopes == {"cw:read", "cw:write"}
    assert caller.token not in repr(caller)


ACCEPTABLE = {
    "es256": lambda: mint(EC_KEY, "ES256", "ec"),
    "the only key of its algorithm": lambda: mint(EC_KEY, "ES256", None),
    "at+jwt": lambda: mint(headers={"typ": "at+jwt"}),
    "application/at+jwt": lambda: mint(headers={"typ": "application/AT+JWT"}),
    "several audiences": lambda: mint(aud=["https://other.example", RESOURCE]),
    "fractions of a second": lambda: mint(exp=time.time() + 300.5),
    "a clock that is ahead": lambda: mint(nbf=int(time.time()) + 30, iat=int(time.time()) + 30),
    "no iat": lambda: mint(iat=...),
    "an old iat": lambda: mint(iat=1),
    "okta": lambda: mint(cid="client", scp=["cw:read"]),
}


@pytest.mark.parametrize("token", ACCEPTABLE.values(), ids=ACCEPTABLE)
def test_a_token_may_look_like_this(token):
    assert verify(token()).subject == "alice"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": ...},
        {"iss": ISSUER + "/"},
        {"iss": ISSUER.upper()},
        {"iss": "https://issuer.example"},
        {"iss": [ISSUER]},
        {"aud": ...},
        {"aud": None},
        {"aud": []},
        {"aud": RESOURCE + "/"},
        {"aud": "client"},
        {"aud": [RESOURCE, 1]},
        {"aud": {RESOURCE: 1}},
        {"azp": "other"},
        {"cid": "other"},
        {"client_id": None},
        {"sub": ...},
        {"sub": ""},
        {"sub": None},
        {"sub": 1},
        {"sub": ["alice"]},
        {"sub": "\ud800"},
        {"exp": ...},
        {"exp": None},
        {"exp": True},
        {"exp": "4102444800"},
        {"exp": 10**400},
        {"exp": 0},
        {"nbf": 4102444800},
        {"nbf": "x"},
        {"nbf": None},
        {"iat": 4102444800},
        {"iat": "x"},
    ],
)
def test_a_claim_that_is_missing_or_wrong_is_refused(changes):
    with pytest.raises(InvalidToken):
        verify(signed(claims(**changes)))


def test_a_token_is_refused_at_its_expiry_and_not_before(monkeypatch):
    token = mint(exp=2_000_000_000)
    monkeypatch.setattr(time, "time", lambda: 1_999_999_999.9)
    assert verify(token).subject == "alice"
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    with pytest.raises(InvalidToken, match="expired"):
        verify(token)


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "rsa"},
        {"alg": None, "kid": "rsa"},
        {"alg": ["RS256"], "kid": "rsa"},
        {"alg": "rs256", "kid": "rsa"},
        {"alg": "RS512", "kid": "rsa"},
        {"alg": "PS256", "kid": "rsa"},
        {"alg": "HS256", "kid": "rsa"},
        {"alg": "none", "kid": "rsa"},
        {"alg": "ES256", "kid": "rsa"},
        {"alg": "RS256", "kid": 1},
        {"alg": "RS256", "kid": None},
        {"alg": "RS256", "kid": ["rsa"]},
        {"alg": "RS256", "kid": "unknown"},
        {"alg": "RS256", "kid": ""},
        {"alg": "RS256", "kid": "rsa", "crit": ["exp"], "exp": 1},
        {"alg": "RS256", "kid": "rsa", "crit": []},
        {"alg": "RS256", "kid": "rsa", "b64": False},
        {"alg": "RS256", "kid": "rsa", "typ": "logout+jwt"},
        {"alg": "RS256", "kid": "rsa", "typ": 1},
        {"alg": "RS256", "kid": "rsa", "typ": ""},
        [],
        "header",
    ],
)
def test_a_header_that_promises_something_else_is_refused(header):
    with pytest.raises(InvalidToken):
        verify(signed(claims(), header))


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"[]", b'"x"', b"null", b"1", b"\xff", b"[" * 9000, b'{"exp": NaN}', b'{"exp": 1e999}'],
)
def test_a_payload_that_is_no_json_object_is_refused(payload):
    with pytest.raises(InvalidToken):
        verify(signed(payload))


@pytest.mark.parametrize("name", ["sub", "exp", "aud", "custom:role_arn"])
def test_a_payload_that_says_a_thing_twice_is_refused(name):
    content = json.dumps({**claims(), name: claims().get(name)})
    twice = content[:-1] + f', "{name}": {json.dumps(claims().get(name))}}}'
    with pytest.raises(InvalidToken):
        verify(signed(twice.encode()))


def test_a_key_that_only_calls_itself_the_issuers_is_refused():
    with pytest.raises(InvalidToken, match="signature"):
        verify(mint(OTHER_KEY))


def test_a_key_in_the_tokens_own_header_is_not_looked_at():
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(OTHER_KEY.public_key(), as_dict=True)
    with pytest.raises(InvalidToken):
        verify(mint(OTHER_KEY, headers={"jwk": jwk, "jku": "https://evil.example/keys"}))


SPOILT = {
    "nothing": lambda token: "",
    "a dot": lambda token: ".",
    "two dots": lambda token: "..",
    "a dot at the end": lambda token: token + ".",
    "padding": lambda token: token + "=",
    "padding inside": lambda token: token.replace(".", "=.", 1),
    "an empty signature": lambda token: token.rpartition(".")[0] + ".",
    "no signature": lambda token: token.rpartition(".")[0],
    "a short signature": lambda token: token[:-4],
    "a space": lambda token: token[:20] + " " + token[20:],
    "a newline": lambda token: token + "\n",
    "another payload": lambda token: token.replace(".", ".A", 1),
    "another header": lambda token: "A" + token,
    "five parts": lambda token: token + ".x.y",
    "a huge header": lambda token: "e" * 20_000 + "." + token.partition(".")[2],
    "a header that is not base64": lambda token: "A." + token.partition(".")[2],
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_is_not_exactly_the_token_is_refused(spoil):
    with pytest.raises(InvalidToken):
        verify(spoil(mint()))


def test_bits_that_the_signature_does_not_use_must_be_zero():
    token = mint()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    changed = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]  # 256 bytes leave four bits over
    with pytest.raises(InvalidToken):
        verify(changed)


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({"token_use": "id", "aud": "client"}, True),
        ({"token_use": "id", "aud": "other"}, False),
        ({"token_use": "access", "aud": ..., "client_id": "client"}, True),
        ({"token_use": "access", "aud": ..., "client_id": "other"}, False),
        ({"token_use": "access", "aud": RESOURCE, "client_id": "client"}, True),
        ({"token_use": "access", "aud": "https://other.example", "client_id": "client"}, False),
        ({"token_use": "id", "aud": ..., "client_id": "client"}, False),
        ({"token_use": "refresh", "aud": "client"}, False),
        ({"aud": "client"}, False),
    ],
)
def test_cognito_tokens_are_told_apart_by_their_use(changes, good):
    token = signed(claims(**changes))
    if good:
        assert verify(token, COGNITO).role == ""
    else:
        with pytest.raises(InvalidToken):
            verify(token, COGNITO)


@pytest.mark.parametrize(
    "role",
    [
        ...,
        None,
        "",
        [],
        {},
        1,
        [ROLE],
        "not-an-arn",
        ROLE + "\n",
        "arn:aws:iam::123456789012:role/*",
        "arn:aws:iam::123456789012:role/Read[er]",
        "arn:aws:iam::123456789012:user/Reader",
        "arn:aws:sts::123456789012:assumed-role/Reader/alice",
        "arn:aws-cn:iam::123456789012:role/Reader",
        "arn:aws:iam::210987654321:role/Reader",
        "arn:aws:iam::123456789012:role/Admin",
        "arn:aws:iam::123456789012:role/reader",
    ],
)
def test_a_role_claim_that_is_not_one_allowed_role_gives_no_role(role):
    with pytest.raises(RoleRefused):
        verify(signed(claims(aud="client", **{"custom:role_arn": role})), IDENTITY_CENTER)


def test_an_allowed_role_is_the_callers():
    token = mint(aud="client", **{"custom:role_arn": ROLE})
    assert verify(token, IDENTITY_CENTER).role == ROLE


@pytest.mark.parametrize(
    ("changes", "scopes"),
    [
        ({}, set()),
        ({"scope": "cw:reader CW:READ"}, {"cw:reader", "CW:READ"}),
        ({"scp": ["cw:read", 1]}, {"cw:read"}),
        ({"scope": {"cw:read": True}}, set()),
        ({"scope": 1, "scp": ["cw:read"]}, set()),
    ],
)
def test_scopes_of_any_shape_are_read_or_ignored(changes, scopes):
    assert verify(mint(**changes)).scopes == scopes
