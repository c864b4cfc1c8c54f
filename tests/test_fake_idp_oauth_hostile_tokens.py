"""Whatever is sent as a token, an assertion, a proof or a form: a refusal in the RFCs' form, never a 5xx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fake_idp import Issuer, jws
from fake_idp.oauth.bearer import read_access_token
from fake_idp.oauth.jwt_validation import Refused, read
from tests.fake_idp_client import ask
from tests.oauth_client import (
    EXCHANGE,
    JWT_BEARER,
    TYPE,
    Answer,
    Signer,
    basic,
    fresh,
    get,
    post,
    served,
    token,
)

_ENDPOINTS = (
    "userinfo",
    "introspection",
    "revocation",
    "end_session",
    "device_authorization",
    "device_verification",
)
_SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
claims = st.dictionaries(
    st.sampled_from(
        [
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "nbf",
            "jti",
            "client_id",
            "scope",
            "scp",
            "cnf",
            "act",
            "may_act",
            "auth_time",
            "resource",
            "azp",
        ]
    ),
    json_values,
    max_size=3,
)
headers = st.dictionaries(
    st.sampled_from(["alg", "typ", "kid", "jwk", "crit", "b64", "x5c", "jku", "cty"]), json_values, max_size=2
)


@pytest.fixture(scope="module")
def idp() -> Iterator[Issuer]:
    with served("plain") as (issuer,):
        yield fresh(issuer)


@pytest.fixture(scope="module")
def signer(idp: Issuer) -> Signer:
    signer = Signer()
    idp.trust("https://partner.example", signer.jwks)
    return signer


def is_in_form(answer: Answer) -> None:
    assert answer.status < 500, answer.body
    if answer.status >= 400 and answer.body and "json" in answer.headers["content-type"]:
        said = answer.json()
        assert set(said) == {"error", "error_description"}
        assert set(said["error_description"]) <= {chr(n) for n in range(0x20, 0x7F)} - {'"', "\\"}


def written(header: dict[str, Any], said: dict[str, Any], sign: Any) -> str:
    """As ``jws.write``, with NaN and whatever else JSON of Python's kind can have."""
    signed = ".".join(jws.b64url(json.dumps(part).encode()) for part in (header, said))
    return f"{signed}.{jws.b64url(sign(signed.encode()))}"


@_SETTINGS
@given(text=st.text(max_size=60) | st.binary(max_size=60).map(lambda data: f"{jws.b64url(data)}.e30."))
def test_any_text_is_refused_as_a_token(idp: Issuer, text: str) -> None:
    with pytest.raises(Refused):
        read_access_token(idp, text)


@_SETTINGS
@given(data=st.data())
def test_a_token_with_any_one_character_changed_is_refused(idp: Issuer, data: st.DataObject) -> None:
    honest = idp.mint(sub="alice")
    at = data.draw(st.integers(0, len(honest) - 1))
    letter = data.draw(st.sampled_from("ABCabc019-_.=+/ \n\u20ac"))
    changed = honest[:at] + letter + honest[at + 1 :]
    if changed == honest:
        assert read_access_token(idp, changed).sub == "alice"
    else:
        with pytest.raises(Refused):
            read_access_token(idp, changed)


@pytest.mark.parametrize("depth", [500, 100_000])
@pytest.mark.parametrize("shape", ["[", '{"a":'])
def test_deep_and_large_tokens_are_refused(idp: Issuer, depth: int, shape: str) -> None:
    for payload in (shape * depth, '{"sub":"' + "a" * 100_000 + '"}', '{"sub":1,"sub":2}', "[]", "1", ""):
        with pytest.raises(Refused):
            read(f"{jws.b64url(b'{}')}.{jws.b64url(payload.encode())}.")


@_SETTINGS
@given(header=headers, said=claims)
def test_any_claims_under_the_issuers_own_key_are_answered(
    idp: Issuer, header: dict[str, Any], said: dict[str, Any]
) -> None:
    draft = idp.draft("alice", token_use="access")
    value = written({**draft.header, **header}, {**draft.claims, **said}, draft.key.sign)
    is_in_form(get(idp.endpoints["userinfo"], {"authorization": f"Bearer {value}"}))
    is_in_form(post(idp.endpoints["introspection"], {"token": value}, basic(idp)))
    for kind in ("access_token", "jwt"):
        form = {"grant_type": EXCHANGE, "subject_token": value, "subject_token_type": TYPE + kind}
        is_in_form(token(idp, {**form, "actor_token": value, "actor_token_type": TYPE + kind}))
    is_in_form(post(idp.endpoints["revocation"], {"token": value}, basic(idp)))


@_SETTINGS
@given(header=headers, said=claims, typ=st.sampled_from(["JWT", "oauth-id-jag+jwt"]))
def test_any_assertion_of_a_trusted_issuer_is_answered(
    idp: Issuer, signer: Signer, header: dict[str, Any], said: dict[str, Any], typ: str
) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(signer.private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    now = int(idp.clock.now())
    usual = {"iss": "https://partner.example", "sub": "alice", "aud": idp.url, "exp": now + 60, "iat": now}
    usual |= {"client_id": idp.client_id}
    value = written({"alg": "ES256", "kid": signer.kid, "typ": typ, **header}, {**usual, **said}, sign)
    is_in_form(token(idp, {"grant_type": JWT_BEARER, "assertion": value}))
    form = {"grant_type": EXCHANGE, "subject_token": value, "subject_token_type": TYPE + "jwt"}
    is_in_form(token(idp, form))
    basic_free = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
    is_in_form(token(idp, {"grant_type": "client_credentials", "client_assertion": value, **basic_free}, {}))


@_SETTINGS
@given(
    jwk=st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg", "use", "key_ops", "d", "kid"]),
        json_values | st.sampled_from(["EC", "RSA", "OKP", "P-256", "Ed25519", "AQAB", "AQ", "sig"]),
        max_size=7,
    ),
    algorithm=st.sampled_from(["ES256", "RS256", "PS256", "EdDSA", "HS256", "none"]),
)
def test_any_key_in_a_proof_or_of_an_issuer_is_refused(
    idp: Issuer, jwk: dict[str, Any], algorithm: str
) -> None:
    said = {"htm": "POST", "htu": idp.endpoints["token"], "iat": int(idp.clock.now()), "jti": "1"}
    proof = written({"typ": "dpop+jwt", "alg": algorithm, "jwk": jwk}, said, lambda _: b"\x01" * 64)
    form = {"grant_type": "client_credentials", "scope": "cw:read"}
    assert token(idp, form, {**basic(idp), "dpop": proof}).is_refused("invalid_dpop_proof")
    idp.trust("https://odd.example", {"keys": [jwk]})
    odd = {"iss": "https://odd.example", "sub": "alice", "aud": idp.url, "exp": int(idp.clock.now()) + 60}
    assertion = written({"alg": algorithm}, odd, lambda _: b"\x01" * 64)
    assert token(idp, {"grant_type": JWT_BEARER, "assertion": assertion}).is_refused("invalid_grant")


_FIELDS = [
    "token",
    "token_type_hint",
    "client_id",
    "scope",
    "resource",
    "access_token",
    "user_code",
    "transaction",
    "decision",
    "user",
    "id_token_hint",
    "post_logout_redirect_uri",
    "state",
]
_TEXTS = st.text(max_size=12) | st.sampled_from(
    ["example-client", "alice", "BBBB-BBBB", "http://127.0.0.1/x", "http://[", "e30.e30.", "a b", "approve"]
)


@_SETTINGS
@given(
    form=st.lists(st.tuples(st.sampled_from(_FIELDS), _TEXTS), max_size=5),
    raw=st.none() | st.binary(max_size=30),
    authorization=st.none()
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
    | st.sampled_from(["Bearer x", "DPoP x", "Basic ", "Basic Og==", "Bearer " + "x" * 5000]),
)
def test_any_form_is_answered(
    idp: Issuer, form: list[tuple[str, str]], raw: bytes | None, authorization: str | None
) -> None:
    sent = {} if authorization is None else {"authorization": authorization.strip()}
    for endpoint in _ENDPOINTS:
        body = form if raw is None else raw
        encodable = [(name, value.encode("utf-8", "replace").decode()) for name, value in form]
        is_in_form(post(idp.endpoints[endpoint], body if raw is not None else encodable, sent))
        is_in_form(ask(idp.endpoints[endpoint], method="POST", headers=sent, body=raw or b""))
        is_in_form(get(idp.endpoints[endpoint], sent))
