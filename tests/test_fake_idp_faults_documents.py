"""Faults of the two documents: what they say that is wrong, and what real clients make of it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from joserfc.jwk import JWKRegistry

from fake_idp import PRESETS, InvalidValue, Issuer, Key
from fake_idp.algorithms import Algorithm
from fake_idp.faults.catalogue import FAULTS
from fake_idp.jws import from_b64url
from fake_idp.oauth.messages import Response
from fake_idp.server import LoopbackServer


@pytest.fixture(scope="module")
def served() -> Iterator[dict[str, Issuer]]:
    """One issuer with an RSA key, and one with a P-256 key."""
    with LoopbackServer() as rsa, LoopbackServer() as ec:
        issuers = {
            "RS256": Issuer("plain", url=rsa.url, algorithm="RS256"),
            "ES256": Issuer("plain", url=ec.url, algorithm="ES256"),
        }
        rsa.start(issuers["RS256"].app)
        ec.start(issuers["ES256"].app)
        yield issuers


@pytest.fixture(params=["RS256", "ES256"])
def issuer(served: dict[str, Issuer], request: pytest.FixtureRequest) -> Issuer:
    served[request.param].faults.clear()
    return served[request.param]


@pytest.fixture
def rsa(served: dict[str, Issuer]) -> Issuer:
    served["RS256"].faults.clear()
    return served["RS256"]


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as response:
        return json.load(response)


def broken(issuer: Issuer, name: str, **options: Any) -> Any:
    """The document of an endpoint with that fault."""
    endpoint = "jwks" if name.startswith("jwks.") else "discovery"
    issuer.faults.add(endpoint, name, times=1, **options)
    return get(issuer.jwks_url if endpoint == "jwks" else issuer.discovery_url)


def is_verified(issuer: Issuer, token: str) -> bool:
    """Whether PyJWT, which fetches the keys for it, accepts the token."""
    client = jwt.PyJWKClient(issuer.jwks_url)
    try:
        key = client.get_signing_key_from_jwt(token)
        jwt.decode(token, key, algorithms=["RS256", "ES256"], options={"verify_aud": False})
    except jwt.PyJWTError:
        return False
    return True


def test_a_reused_kid_changes_whose_tokens_are_good(issuer: Issuer) -> None:
    honest = issuer.mint()
    assert is_verified(issuer, honest)
    fault = issuer.faults.add("jwks", "jwks.kid-reuse")
    assert fault.key is not None
    other = issuer.mint(key=fault.key)
    assert jwt.get_unverified_header(other)["kid"] == jwt.get_unverified_header(honest)["kid"]
    assert is_verified(issuer, other)
    assert not is_verified(issuer, honest)
    issuer.faults.clear()
    assert is_verified(issuer, honest)
    assert not is_verified(issuer, other)


@pytest.mark.parametrize("variant", ["foreign-first", "foreign-last"])
def test_a_duplicate_kid_has_two_keys(issuer: Issuer, variant: str) -> None:
    honest = get(issuer.jwks_url)["keys"]
    fault = issuer.faults.add("jwks", f"jwks.duplicate-kid[{variant}]", times=1)
    assert fault.key is not None
    keys = get(issuer.jwks_url)["keys"]
    assert keys == (
        [fault.key.public_jwk(), *honest] if variant == "foreign-first" else [*honest, fault.key.public_jwk()]
    )
    assert {key["kid"] for key in keys} == {issuer.keys.current.kid}


def test_a_withdrawn_key_verifies_nothing_while_it_signs(issuer: Issuer) -> None:
    token = issuer.mint()
    issuer.faults.add("jwks", "jwks.withdrawn")
    assert get(issuer.jwks_url) == {"keys": []}
    assert not is_verified(issuer, token)


def test_only_the_chosen_key_is_withdrawn(rsa: Issuer) -> None:
    next_key = rsa.keys.announce()
    document = broken(rsa, "jwks.withdrawn", kid=next_key.kid)
    assert [key["kid"] for key in document["keys"]] == [rsa.keys.current.kid]
    rsa.keys.retire(next_key.kid)
    with pytest.raises(InvalidValue, match="is not published"):
        rsa.faults.add("jwks", "jwks.withdrawn", kid=next_key.kid)


def test_a_published_private_key_signs_what_the_issuers_does(issuer: Issuer) -> None:
    (jwk,) = broken(issuer, "jwks.private-key")["keys"]
    imported: Any = JWKRegistry.import_key(jwk)
    assert imported.is_private
    stolen = jwt.PyJWK({name: value for name, value in jwk.items() if name != "d"})
    token = jwt.encode({"sub": "mallory"}, imported.private_key, algorithm=jwk["alg"])
    assert jwt.decode(token, stolen, algorithms=[jwk["alg"]])["sub"] == "mallory"


def test_a_published_symmetric_key_stands_beside_the_right_one(issuer: Issuer) -> None:
    shared, *others = broken(issuer, "jwks.oct-key")["keys"]
    assert JWKRegistry.import_key(shared).key_type == "oct"
    assert others == get(issuer.jwks_url)["keys"]
    assert is_verified(issuer, issuer.mint())


@pytest.mark.parametrize("variant", FAULTS["jwks.foreign-members"].variants)
def test_a_client_passes_over_what_it_does_not_know(issuer: Issuer, variant: str) -> None:
    honest = get(issuer.jwks_url)
    issuer.faults.add("jwks", f"jwks.foreign-members[{variant}]")
    assert get(issuer.jwks_url) != honest
    assert is_verified(issuer, issuer.mint())


def test_keys_without_an_id(issuer: Issuer) -> None:
    (honest,) = get(issuer.jwks_url)["keys"]
    (only,) = broken(issuer, "jwks.kid-absent")["keys"]
    assert only == {name: value for name, value in honest.items() if name != "kid"}
    many = broken(issuer, "jwks.kid-absent[many]")["keys"]
    assert len(many) == 2
    assert many[1] == only
    assert not any("kid" in key for key in many)


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        ("use", {"use": "enc"}),
        ("key-ops", {"key_ops": ["encrypt", "wrapKey"]}),
        ("both", {"use": "enc", "key_ops": ["encrypt", "wrapKey"]}),
    ],
)
def test_keys_for_encryption(issuer: Issuer, variant: str, said: dict[str, Any]) -> None:
    (honest,) = get(issuer.jwks_url)["keys"]
    (key,) = broken(issuer, f"jwks.use-enc[{variant}]")["keys"]
    assert key == {name: value for name, value in honest.items() if name != "use"} | said


@pytest.mark.parametrize("variant", FAULTS["jwks.wrong-alg"].variants)
def test_keys_for_another_algorithm(issuer: Issuer, variant: str) -> None:
    (honest,) = get(issuer.jwks_url)["keys"]
    (key,) = broken(issuer, f"jwks.wrong-alg[{variant}]")["keys"]
    assert key["alg"] != honest["alg"]
    assert key | {"alg": honest["alg"]} == honest
    same_family = key["alg"][:2] in (("RS", "PS") if key["kty"] == "RSA" else ("ES",))
    assert same_family == (variant == "same-family")


def test_a_short_rsa_key_signs(issuer: Issuer) -> None:
    fault = issuer.faults.add("jwks", "jwks.weak-key[rsa-1024]")
    (key,) = get(issuer.jwks_url)["keys"]
    assert len(from_b64url(key["n"], part="n")) == 128
    assert key["kid"] == issuer.keys.current.kid
    token = issuer.mint(key=fault.key)
    number = int.from_bytes(from_b64url(token.split(".")[2], part="signature"), "big")
    padded = pow(number, 65537, int.from_bytes(from_b64url(key["n"], part="n"), "big"))
    assert padded.to_bytes(128, "big").startswith(b"\0\1\xff")


def test_with_an_exponent_of_1_anybody_signs(issuer: Issuer) -> None:
    fault = issuer.faults.add("jwks", "jwks.weak-key[exponent-1]", times=1)
    (key,) = get(issuer.jwks_url)["keys"]
    assert from_b64url(key["e"], part="e") == b"\1"
    token = issuer.mint(key=fault.key)
    assert isinstance(fault.key, Key)
    # What an honest verifier with a real key finds after its exponentiation, a client of this key reads.
    same_message = Key("x", private=fault.key.private).sign(token.rpartition(".")[0].encode())
    numbers = fault.key.private.public_key().public_numbers()
    opened = pow(int.from_bytes(same_message, "big"), numbers.e, numbers.n)
    assert opened == int.from_bytes(from_b64url(token.split(".")[2], part="signature"), "big")


@pytest.mark.parametrize("variant", FAULTS["jwks.malformed"].variants)
def test_malformed_keys_verify_nothing(issuer: Issuer, variant: str) -> None:
    token = issuer.mint()
    document = broken(issuer, f"jwks.malformed[{variant}]")
    assert document != get(issuer.jwks_url)
    try:
        found = jwt.PyJWKSet.from_dict(document)[issuer.keys.current.kid]
        jwt.decode(token, found, algorithms=["RS256", "ES256"], options={"verify_aud": False})
    except (jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError, Warning):
        return
    pytest.fail("it was accepted")


def test_thousands_of_keys_have_the_right_one_at_the_end(issuer: Issuer) -> None:
    (honest,) = get(issuer.jwks_url)["keys"]
    keys = broken(issuer, "jwks.many-keys")["keys"]
    assert len(keys) == 5001
    assert keys[-1] == honest
    assert len({key["kid"] for key in keys}) == 5001


def test_a_document_follows_a_rotation_while_it_is_faulty(rsa: Issuer) -> None:
    rsa.faults.add("jwks", "jwks.use-enc")
    before = get(rsa.jwks_url)
    rsa.keys.rotate()
    after = get(rsa.jwks_url)
    assert len(after["keys"]) == len(before["keys"]) + 1
    assert {key["use"] for key in after["keys"]} == {"enc"}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_vendors_keys_keep_the_vendors_members(preset: str) -> None:
    issuer = Issuer(preset)
    honest = Response(body=json.dumps(issuer.jwks()).encode())
    for name in ("jwks.kid-reuse", "jwks.withdrawn", "jwks.private-key", "jwks.weak-key[exponent-1]"):
        fault = issuer.faults.add("jwks", name)
        assert fault.effect.change is not None
        before, after = json.loads(honest.body)["keys"], json.loads(fault.effect.change(honest).body)["keys"]
        changed = [jwk for jwk in after if jwk not in before]
        assert len(changed) == (0 if name == "jwks.withdrawn" else 1)
        assert all(set(jwk) >= set(before[0]) for jwk in changed)
        assert len(after) == len(before) - (name == "jwks.withdrawn")


@pytest.mark.parametrize("algorithm", ["PS256", "ES384", "ES512", "EdDSA"])
def test_keys_of_every_algorithm_can_have_every_fault(algorithm: Algorithm) -> None:
    issuer = Issuer("plain", algorithm=algorithm)
    honest = Response(body=json.dumps(issuer.keys.jwks()).encode())
    for kind in FAULTS.values():
        for name in kind.names if kind.endpoints == ("jwks",) else ():
            fault = issuer.faults.add("jwks", name)
            assert fault.effect.change is not None
            broken = json.loads(fault.effect.change(honest).body)
            assert broken != json.loads(honest.body)
            assert fault.key is None or issuer.mint(key=fault.key)
            if name == "jwks.private-key":
                assert broken["keys"] == [issuer.keys.current.jwk(private=True)]


@pytest.mark.parametrize("name", [name for id_ in FAULTS if id_[:4] == "jwks" for name in FAULTS[id_].names])
def test_a_set_that_is_odd_already_can_have_any_fault_too(rsa: Issuer, name: str) -> None:
    kid = rsa.keys.current.kid
    odd = [{}, {"kty": "FAKE", "kid": 1}, {"kid": kid}, {"kid": kid, "kty": None, "alg": "none"}]
    change = rsa.faults.add("jwks", name).effect.change
    assert change is not None
    answer = Response(body=json.dumps({"keys": odd}).encode())
    assert isinstance(json.loads(change(answer).body), dict)
    refused = Response(status=400, body=b"not JSON")
    assert change(refused) == refused


# Discovery


@pytest.mark.parametrize("variant", FAULTS["disc.issuer-mismatch"].variants)
def test_another_issuers_metadata(issuer: Issuer, variant: str) -> None:
    honest = get(issuer.discovery_url)
    document = broken(issuer, f"disc.issuer-mismatch[{variant}]")
    assert document.get("issuer") != issuer.url
    assert document | {"issuer": issuer.url} == honest


def test_the_metadata_of_an_issuer_by_name(issuer: Issuer) -> None:
    document = broken(issuer, "disc.issuer-mismatch", value="https://evil.example")
    assert document["issuer"] == "https://evil.example"


@pytest.mark.parametrize(
    ("variant", "uri"),
    [
        ("missing", None),
        ("other-host", "https://attacker.example/.well-known/jwks.json"),
        ("link-local", "http://169.254.169.254/latest/meta-data/"),
        ("file", "file:///etc/hostname"),
        ("relative", "/.well-known/jwks.json"),
        ("number", 1),
    ],
)
def test_keys_from_where_they_must_not_come(issuer: Issuer, variant: str, uri: Any) -> None:
    honest = get(issuer.discovery_url)
    document = broken(issuer, f"disc.jwks-uri[{variant}]")
    assert document.get("jwks_uri") == uri
    assert document | {"jwks_uri": honest["jwks_uri"]} == honest
    assert broken(issuer, "disc.jwks-uri", location="http://x.example/")["jwks_uri"] == "http://x.example/"


def test_keys_over_http_where_the_issuer_is_https(rsa: Issuer) -> None:
    issuer = Issuer("plain", url="https://idp.example.com", keys=rsa.keys)
    fault = issuer.faults.add("discovery", "disc.jwks-uri[http]")
    endpoints = issuer.faults.add("discovery", "disc.endpoints[http]")
    with LoopbackServer() as server:
        server.start(issuer.app)
        address = server.url + "/.well-known/openid-configuration"
        assert get(address)["jwks_uri"] == "http://idp.example.com/.well-known/jwks.json"
        issuer.faults.clear()
        issuer.faults.add("discovery", endpoints.name)
        assert get(address)["token_endpoint"].startswith("http://idp.example.com/")
    assert fault.name == "disc.jwks-uri[http]"


def test_every_endpoint_at_another_host_or_none_at_all(issuer: Issuer) -> None:
    honest = get(issuer.discovery_url)
    moved = broken(issuer, "disc.endpoints")
    names = [name for name in honest if name.endswith("_endpoint")]
    assert "token_endpoint" in names
    for name in names:
        assert moved[name] == honest[name].replace(issuer.url, "https://attacker.example")
    assert moved["jwks_uri"] == honest["jwks_uri"]
    assert broken(issuer, "disc.endpoints[missing]") == {
        name: value for name, value in honest.items() if name not in names
    }


def test_one_member_of_the_metadata(issuer: Issuer) -> None:
    honest = get(issuer.discovery_url)
    changed = broken(issuer, "disc.member", member="response_types_supported", value=["token"])
    assert changed == honest | {"response_types_supported": ["token"]}
    nothing = broken(issuer, "disc.member", member="scopes_supported", value=None)
    assert nothing == honest | {"scopes_supported": None}
    omitted = broken(issuer, "disc.omit", member="code_challenge_methods_supported")
    assert omitted == {
        name: value for name, value in honest.items() if name != "code_challenge_methods_supported"
    }
