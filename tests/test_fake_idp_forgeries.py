"""The catalogue of forgeries: what is in it, how it is asked for, and what some of them are made of."""

from __future__ import annotations

import base64
import contextlib
import json
import zlib
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_idp import FORGERIES, InvalidValue, Issuer, UnknownName, jws
from fake_idp.algorithms import ALGORITHMS, Algorithm
from fake_idp.forgeries import find_forgery, forge, publish
from fake_idp.forgeries.emsa import MALFORMATIONS, encode, raw_sign
from fake_idp.key import Key

NAMES = [name for forgery in FORGERIES.values() for name in forgery.names]

# The rows of the attack catalogue that are about tokens.
CATALOGUE = {
    "enc": "segments json-serialization padding noncanonical-bits junk dup-claim payload-shape surrogate "
    "deep-nesting oversize nested-jwt jwe",
    "sig": "none alg-shape corrupt wrong-key hs-confusion hs-weak alg-not-listed ecdsa-zero ecdsa-encoding "
    "ecdsa-high-s rsa-padding weak-key",
    "hdr": "jwk jku-x5u kid-injection kid-type crit b64 typ-id-token typ-forms",
    "time": "exp-past exp-edge leeway-cap exp-missing exp-float nbf iat mid-session skew",
    "clm": "iss iss-near iss-mixup aud aud-list resource client-id token-use sub sub-session-name scope "
    "scope-type",
}

# Likewise, but what is wrong is as much in the JWKS as in the token.
OTHERS = {"hdr.kid-unknown", "jwks.kid-absent", "jwks.use-enc"}


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer("plain")


@pytest.fixture(scope="module")
def by_curve() -> Issuer:
    return Issuer("plain", algorithm="ES256")


def header_of(token: str) -> dict[str, Any]:
    return jws.parse_object(jws.from_b64url(token.partition(".")[0], part="header"), part="header")


def claims_of(token: str) -> dict[str, Any]:
    return jws.parse_object(jws.from_b64url(jws.split(token).payload, part="payload"), part="payload")


# The catalogue


def test_every_row_of_the_attack_catalogue_that_is_about_tokens_is_a_forgery() -> None:
    rows = {f"{group}.{name}" for group, names in CATALOGUE.items() for name in names.split()}
    assert set(FORGERIES) == rows | OTHERS
    assert len(rows) == 53


def test_every_forgery_has_a_title_and_a_source_of_one_line() -> None:
    for forgery in FORGERIES.values():
        assert forgery.title
        assert forgery.source
        assert "\n" not in forgery.title + forgery.source
        assert all(each.says for each in forgery.parameters.values())
    titles = [forgery.title for forgery in FORGERIES.values()]
    assert len(set(titles)) == len(titles)


def test_the_variants_that_a_row_names_are_there() -> None:
    assert {"sub", "exp", "aud", "role", "header-alg", "header-kid"} == set(
        FORGERIES["enc.dup-claim"].variants
    )
    assert {"jwe", "pbes2", "zip-bomb", "zip-on-jws"} == set(FORGERIES["enc.jwe"].variants)
    assert {"missing", "null", "list", "lowercase", "unknown"} == set(FORGERIES["sig.alg-shape"].variants)
    assert {"RS512", "PS256", "ES384", "EdDSA"} == set(FORGERIES["sig.alg-not-listed"].variants)
    assert len(FORGERIES["sig.ecdsa-zero"].variants) == 16
    assert len(FORGERIES["sig.rsa-padding"].variants) >= 12


def test_an_id_alone_means_its_first_variant() -> None:
    draft = Issuer("plain").draft()
    assert forge("sig.none", draft) == forge("sig.none[none]", draft)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("sig.nome", "sig.none"),
        ("sig.none[Nome]", "sig.none[None]"),
        ("clm.audi", "clm.aud"),
        ("time.exp-missing[]", "time.exp-missing"),
    ],
)
def test_an_unknown_forgery_is_answered_with_the_nearest_one(issuer: Issuer, name: str, nearest: str) -> None:
    with pytest.raises(UnknownName) as caught:
        issuer.forge(name)
    assert caught.value.nearest == nearest


@given(name=st.text())
def test_no_name_of_a_forgery_causes_anything_but_an_unknown_name(name: str) -> None:
    if name not in NAMES:
        with pytest.raises(UnknownName):
            find_forgery(name)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("time.exp-past", {"secs": 1}), "parameter 'secs': time.exp-past has seconds"),
        (("sig.none", {"seconds": 1}), "parameter 'seconds': sig.none has none"),
        (("time.exp-past", {"seconds": "1"}), "seconds: must be a finite number"),
        (("time.exp-past", {"seconds": float("nan")}), "seconds: must be a finite number"),
        (("time.exp-past", {"seconds": True}), "seconds: must be a finite number"),
        (("hdr.jku-x5u", {"canary": 1}), "canary: must be a text"),
        (("enc.oversize", {"size": 10**12}), "size: must be a number from 1 to 100000000"),
        (("clm.token-use", {}), 'token_use: only Cognito has this claim: use Issuer("cognito")'),
        (("sig.ecdsa-zero", {}), 'sig.ecdsa-zero: needs an ECDSA key: use Issuer(algorithm="ES256")'),
        (("time.exp-missing", {"without": ["exp"]}), "exp: the honest token does not carry this claim"),
        (("clm.iss-near", {"claims": {"iss": 1}}), "iss: the honest token does not carry it as a text"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line_that_helps(
    issuer: Issuer, call: tuple[str, dict[str, Any]], says: str
) -> None:
    name, options = call
    with pytest.raises(InvalidValue) as caught:
        issuer.forge(name, **options)
    assert str(caught.value).startswith(says)


def test_a_claim_that_is_not_there_cannot_be_left_out() -> None:
    with pytest.raises(InvalidValue, match="aud"):
        Issuer("cognito").forge("clm.aud[missing]", token_use="access")


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=6) | st.just("http://[x"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=60, deadline=None)
@given(
    claims=st.dictionaries(st.sampled_from(["iss", "aud", "sub", "exp", "iat", "scope", "client_id"]), _JSON),
    without=st.sets(st.sampled_from(["iss", "aud", "sub", "exp", "iat"])),
    headers=st.dictionaries(st.sampled_from(["alg", "kid", "typ"]), _JSON),
)
def test_no_honest_token_however_odd_causes_anything_but_a_refusal(
    claims: dict[str, Any], without: set[str], headers: dict[str, Any]
) -> None:
    for name in NAMES:
        with contextlib.suppress(InvalidValue):
            assert isinstance(ODD.forge(name, claims=claims, without=without, headers=headers), str)


ODD = Issuer("plain", algorithm="ES256")


def test_a_forgery_is_described_as_json_has_it() -> None:
    described = json.loads(json.dumps([forgery.described() for forgery in FORGERIES.values()]))
    (row,) = (each for each in described if each["id"] == "sig.weak-key")
    assert row["variants"][0] == {
        "name": "sig.weak-key[rsa-1024]",
        "expect": "refuse",
        "fails": "key",
        "changes": ["header.kid", "signature"],
        "publishes": True,
    }
    (row,) = (each for each in described if each["id"] == "time.exp-past")
    assert list(row["parameters"]) == ["seconds"]


# Parameters


def test_parameters_say_how_far_and_where_to() -> None:
    issuer = Issuer("plain")
    issuer.clock.freeze(1_800_000_000)
    assert claims_of(issuer.forge("time.exp-past", seconds=90))["exp"] == 1_799_999_910
    assert claims_of(issuer.forge("time.exp-edge[inside-leeway]", leeway=30))["exp"] == 1_799_999_971
    assert claims_of(issuer.forge("time.mid-session", seconds=5))["exp"] == 1_800_000_005
    assert claims_of(issuer.forge("clm.iss", other="https://b.example"))["iss"] == "https://b.example"
    canary = "https://canary.example/keys"
    for name in ("hdr.jku-x5u[jku]", "hdr.jku-x5u[x5u]", "hdr.kid-injection[url]"):
        assert canary in header_of(issuer.forge(name, canary=canary)).values()


def test_options_of_mint_are_options_of_forge_too() -> None:
    token = Issuer("plain").forge("sig.alg-shape[lowercase]", "bob", claims={"a": 1}, expires_in=60)
    claims = claims_of(token)
    assert (claims["sub"], claims["a"], claims["exp"] - claims["iat"]) == ("bob", 1, 60)


# Signatures


def test_none_with_the_genuine_signature_keeps_a_signature(issuer: Issuer) -> None:
    assert jws.split(issuer.forge("sig.none")).signature == ""
    assert len(jws.split(issuer.forge("sig.none[signed]")).signature) == 342


@pytest.mark.parametrize("algorithm", [each for each in ALGORITHMS if each.startswith("RS")])
def test_the_right_encoding_by_hand_is_what_the_library_signs(algorithm: Algorithm) -> None:
    key = Key("one", algorithm=algorithm)
    numbers = key.private.private_numbers()  # type: ignore[union-attr]
    by_hand = raw_sign(encode(b"message", algorithm, 256), numbers.public_numbers.n, numbers.d)  # type: ignore[union-attr]
    assert by_hand == key.sign(b"message")


def test_every_malformed_encoding_is_another_one_of_the_right_size() -> None:
    made = {name: make(b"message", "sha256", 256) for name, make in MALFORMATIONS.items()}
    assert {len(encoded) for encoded in made.values()} == {256}
    assert len({encode(b"message", "RS256", 256), *made.values()}) == len(made) + 1


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512"])
def test_a_high_s_is_the_larger_one_and_good(algorithm: Algorithm) -> None:
    issuer = Issuer("plain", algorithm=algorithm)
    key = jwt.PyJWK(issuer.keys.current.public_jwk())
    for _ in range(4):
        token = issuer.forge("sig.ecdsa-high-s")
        jwt.decode(token, key, algorithms=[algorithm], audience=issuer.audience)
        signature = jws.from_b64url(jws.split(token).signature, part="signature")
        half = len(signature) // 2
        top = {"ES256": 2**255, "ES384": 2**383, "ES512": 2**520}[algorithm]
        assert int.from_bytes(signature[half:], "big") >= top - top // 2**16


def test_a_der_signature_is_the_genuine_one_in_another_form(by_curve: Issuer) -> None:
    header, payload, signature = by_curve.forge("sig.ecdsa-encoding[der]").split(".")
    from cryptography.hazmat.primitives.asymmetric import ec

    public: Any = by_curve.keys.current.public
    public.verify(
        jws.from_b64url(signature, part="s"), f"{header}.{payload}".encode(), ec.ECDSA(hashes.SHA256())
    )


@pytest.mark.parametrize("name", ["sig.weak-key[rsa-1024]", "sig.weak-key[roca]", "sig.weak-key[e-1]"])
def test_a_weak_key_is_published_once_and_vouches_for_its_token(name: str) -> None:
    issuer = Issuer("plain")
    key = publish(name, issuer.keys)
    assert key is publish(name, issuer.keys)
    assert key is not None
    header = header_of(issuer.forge(name))
    (jwk,) = [jwk for jwk in issuer.keys.jwks()["keys"] if jwk["kid"] == header["kid"]]
    n, e = (int.from_bytes(jws.from_b64url(jwk[part], part=part), "big") for part in ("n", "e"))
    assert n.bit_length() == (1024 if "1024" in name else 2048)
    assert e == (1 if "e-1" in name else 65537)
    head, payload, signature = issuer.forge(name).split(".")
    opened = pow(int.from_bytes(jws.from_b64url(signature, part="s"), "big"), e, n)
    size = n.bit_length() // 8
    assert opened.to_bytes(size, "big") == encode(f"{head}.{payload}".encode(), "RS256", size)
    assert issuer.keys.current is not key
    issuer.keys.retire(key.kid)
    publish(name, issuer.keys)
    assert [jwk["kid"] for jwk in issuer.keys.jwks()["keys"]].count(key.kid) == 1


def test_a_key_of_another_algorithm_is_published_where_the_issuer_s_own_cannot_sign_with_it() -> None:
    issuer = Issuer("plain")
    assert publish("sig.alg-not-listed[PS256]", issuer.keys) is None
    other = publish("sig.alg-not-listed[EdDSA]", issuer.keys)
    assert other is not None
    for name in ("PS256", "EdDSA"):
        token = issuer.forge(f"sig.alg-not-listed[{name}]")
        key = jwt.PyJWK(next(k for k in issuer.keys.jwks()["keys"] if k["kid"] == header_of(token)["kid"]))
        raw: Any = key.key
        assert jwt.decode(token, raw, algorithms=[name], audience=issuer.audience)["sub"] == "alice"


# Headers


def test_an_unknown_key_id_is_never_the_same_twice_and_looks_like_the_vendor_s() -> None:
    issuer = Issuer("cognito")
    kids = {header_of(issuer.forge("hdr.kid-unknown"))["kid"] for _ in range(5)}
    assert len(kids) == 5
    assert {len(kid) for kid in kids} == {44}


def test_the_key_that_a_token_brings_vouches_for_it(issuer: Issuer) -> None:
    for name in ("hdr.jwk[same-kid]", "hdr.jwk[no-kid]"):
        token = issuer.forge(name)
        jwk = header_of(token)["jwk"]
        assert jwt.decode(token, jwt.PyJWK(jwk), algorithms=["RS256"], audience=issuer.audience)


@pytest.mark.parametrize("algorithm", ["RS256", "ES384", "EdDSA"])
def test_the_chain_that_a_token_brings_is_a_chain_and_vouches_for_it(algorithm: Algorithm) -> None:
    issuer = Issuer("plain", algorithm=algorithm)
    token = issuer.forge("hdr.jku-x5u[x5c]")
    leaf, authority = (
        x509.load_der_x509_certificate(base64.b64decode(each)) for each in header_of(token)["x5c"]
    )
    leaf.verify_directly_issued_by(authority)
    authority.verify_directly_issued_by(authority)
    key: Any = leaf.public_key()
    assert jwt.decode(token, key, algorithms=[algorithm], audience=issuer.audience)
    thumbprint = header_of(issuer.forge("hdr.jku-x5u[x5t#S256]"))["x5t#S256"]
    assert jws.from_b64url(thumbprint, part="x5t") == leaf.fingerprint(hashes.SHA256())


# Encoding


def test_a_jwe_opens_with_the_issuer_s_key_and_holds_the_honest_claims(issuer: Issuer) -> None:
    for name in ("enc.jwe[jwe]", "enc.jwe[zip-bomb]"):
        header, wrapped, nonce, sealed, tag = issuer.forge(name).split(".")
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        private: Any = issuer.keys.current.private
        key = private.decrypt(jws.from_b64url(wrapped, part="key"), oaep)
        text = jws.from_b64url(sealed, part="text") + jws.from_b64url(tag, part="tag")
        opened = AESGCM(key).decrypt(jws.from_b64url(nonce, part="iv"), text, header.encode())
        if name == "enc.jwe[jwe]":
            assert json.loads(opened)["sub"] == "alice"
        else:
            assert len(opened) < 100_000
            assert len(zlib.decompress(opened, wbits=-15)) == 50_000_000


def test_a_token_asks_for_a_thousand_million_rounds_of_pbes2_unless_told_otherwise(issuer: Issuer) -> None:
    assert header_of(issuer.forge("enc.jwe[pbes2]"))["p2c"] == 10**9
    assert header_of(issuer.forge("enc.jwe[pbes2]", iterations=5))["p2c"] == 5


def test_the_json_serializations_hold_the_honest_segments(issuer: Issuer) -> None:
    draft = issuer.draft()
    honest = jws.split(draft.sign())
    flat = json.loads(forge("enc.json-serialization[flattened]", draft))
    assert (flat["protected"], flat["payload"], flat["signature"]) == honest
    general = json.loads(forge("enc.json-serialization[general]", draft))
    assert general["signatures"] == [{"protected": honest.header, "signature": honest.signature}]


def test_segments_are_the_honest_ones_with_some_missing_or_too_many(issuer: Issuer) -> None:
    draft = issuer.draft()
    honest = draft.sign()
    for variant in FORGERIES["enc.segments"].variants:
        forged = forge(f"enc.segments[{variant}]", draft)
        assert set(forged.split(".")) <= {*honest.split("."), ""}
        assert forged != honest


def test_a_member_that_is_there_twice_has_the_hostile_value_first(issuer: Issuer) -> None:
    def pairs(token: str, segment: int) -> list[tuple[str, Any]]:
        text = jws.from_b64url(token.split(".")[segment], part="segment")
        found: list[tuple[str, Any]] = json.loads(text, object_pairs_hook=lambda pairs: pairs)
        return found

    subs = [value for name, value in pairs(issuer.forge("enc.dup-claim[sub]"), 1) if name == "sub"]
    assert subs == ["mallory", "alice"]
    algorithms = [
        value for name, value in pairs(issuer.forge("enc.dup-claim[header-alg]"), 0) if name == "alg"
    ]
    assert algorithms == ["none", "RS256"]
    token = issuer.forge("enc.dup-claim[role]", claim="groups", claims={"groups": ["ops"]})
    assert [value for name, value in pairs(token, 1) if name == "groups"] == [["admin"], ["ops"]]


# Claims


@pytest.mark.parametrize(
    "url", ["https://idp.example.com", "https://acme.auth0.com/", "http://127.0.0.1:9000/x"]
)
def test_every_issuer_that_is_nearly_right_is_another_and_looks_like_it(url: str) -> None:
    issuer = Issuer("plain", url=url)
    near = [claims_of(issuer.forge(name))["iss"] for name in FORGERIES["clm.iss-near"].names[1:]]
    assert len({url, *near}) == len(near) + 1
    assert all(abs(len(each) - len(url)) <= len("@attacker.example") for each in near)


def test_a_scope_keeps_the_vendor_s_type() -> None:
    assert claims_of(Issuer("plain").forge("clm.scope[prefix]"))["scope"] == "openider profileer emailer"
    assert claims_of(Issuer("okta").forge("clm.scope[prefix]"))["scp"] == ["cw:reader"]
    assert claims_of(Issuer("okta").forge("clm.scope-type[other-type]"))["scp"] == "cw:read"
    assert claims_of(Issuer("plain").forge("clm.scope-type[other-name]"))["scp"] == "openid profile email"


def test_an_id_token_in_place_of_an_access_token_is_what_the_vendor_makes() -> None:
    issuer = Issuer("cognito")
    assert claims_of(issuer.forge("hdr.typ-id-token", token_use="access"))["token_use"] == "id"
    assert claims_of(issuer.forge("clm.token-use[refresh]"))["token_use"] == "refresh"
    assert "client_id" in claims_of(issuer.forge("clm.token-use[refresh]"))
