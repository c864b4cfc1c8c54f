"""The key ring: what is signed with, what is published, what is withdrawn."""

from __future__ import annotations

import json
import threading
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws as second_opinion
from joserfc.jwk import KeySet
from joserfc.jwk import import_key as joserfc_key

from fake_idp import InvalidValue, Issuer, Key, KeyRing, UnknownName, key_pool
from fake_idp.algorithms import ALGORITHMS, Algorithm


def published(issuer: Issuer) -> list[str]:
    return [key["kid"] for key in issuer.keys.jwks()["keys"]]


def kid_of(token: str) -> str:
    kid: str = jwt.get_unverified_header(token)["kid"]
    return kid


def test_after_a_rotation_with_overlap_both_keys_are_published_and_the_new_one_signs() -> None:
    issuer = Issuer("okta", algorithm="ES256")
    old = issuer.keys.current
    new = issuer.keys.rotate()
    assert published(issuer) == [old.kid, new.kid]
    assert kid_of(issuer.mint()) == new.kid == issuer.keys.current.kid


def test_after_a_hard_rotation_only_the_new_key_is_published() -> None:
    issuer = Issuer("okta", algorithm="ES256")
    first = issuer.keys.current
    issuer.keys.rotate()
    new = issuer.keys.rotate(overlap=False)
    assert published(issuer) == [new.kid]
    assert first in issuer.keys.retired


def test_a_retired_key_is_not_published_and_can_still_sign_on_demand() -> None:
    issuer = Issuer("okta", algorithm="ES256")
    old = issuer.keys.current
    issuer.keys.rotate()
    issuer.keys.retire(old.kid)
    assert old.kid not in published(issuer)
    assert kid_of(issuer.mint(key=old.kid)) == old.kid
    assert kid_of(issuer.mint(key=old)) == old.kid


def test_an_announced_key_is_published_before_it_signs() -> None:
    issuer = Issuer("okta", algorithm="ES256")
    old = issuer.keys.current
    coming = issuer.keys.announce()
    assert published(issuer) == [old.kid, coming.kid]
    assert kid_of(issuer.mint()) == old.kid
    assert issuer.keys.rotate() is coming


def test_the_signing_key_cannot_be_retired() -> None:
    issuer = Issuer("okta", algorithm="ES256")
    with pytest.raises(InvalidValue, match="rotate first"):
        issuer.keys.retire(issuer.keys.current.kid)


def test_an_unknown_key_is_named() -> None:
    issuer = Issuer("okta", algorithm="ES256")
    for call in (issuer.keys.retire, issuer.keys.get, lambda kid: issuer.mint(key=kid)):
        with pytest.raises(UnknownName, match="unknown key 'nobody'"):
            call("nobody")


def test_a_rotation_of_a_user_pool_rotates_both_of_its_keys() -> None:
    issuer = Issuer("cognito", algorithm="ES256")
    before = {issuer.keys.signing(use).kid for use in ("id", "access")}
    issuer.keys.rotate(overlap=False)
    assert len(published(issuer)) == 2
    assert not before & set(published(issuer))


def ring(**options: Any) -> KeyRing:
    names = iter(f"k{number}" for number in range(1, 100))
    return KeyRing(new_kid=lambda: next(names), **{"algorithm": "ES256", **options})


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated via RFC 9864")  # joserfc's opinion of the name
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_two_libraries_verify_what_is_signed_with_each_algorithm(algorithm: Algorithm) -> None:
    issuer = Issuer("plain", algorithm=algorithm)
    token = issuer.mint(sub="alice")
    jwks = issuer.keys.jwks()
    key = jwt.PyJWKSet.from_dict(jwks)[kid_of(token)]
    assert jwt.decode(token, key, algorithms=[algorithm], audience=issuer.audience)["sub"] == "alice"
    checked = second_opinion.deserialize_compact(
        token,
        KeySet.import_key_set(jwks),
        algorithms=[algorithm],  # type: ignore[arg-type]
    )
    assert json.loads(checked.payload)["sub"] == "alice"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_jwk_has_no_private_member_unless_asked(algorithm: Algorithm) -> None:
    private = {"d", "p", "q", "dp", "dq", "qi", "k"}
    key = Key("one", algorithm=algorithm)
    jwk = key.public_jwk()
    assert not set(jwk) & private
    assert (jwk["use"], jwk["alg"], jwk["kid"]) == ("sig", algorithm, "one")
    assert "d" in set(key.jwk(private=True)) & private
    assert {**key.jwk(private=True), **jwk}.keys() - jwk.keys() == key.jwk(private=True).keys() & private


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_survives_a_round_trip_through_pem_and_through_a_jwk(algorithm: Algorithm) -> None:
    key = Key("one", algorithm=algorithm)
    by_pem = Key.from_pem(key.pem(), kid="one", algorithm=algorithm)
    by_jwk = Key.from_jwk(key.jwk(private=True))
    assert by_pem.public_jwk() == by_jwk.public_jwk() == key.public_jwk()
    assert by_jwk.pem() == by_pem.pem() == key.pem()


def test_a_key_of_an_rsa_jwk_without_its_primes_is_found_all_the_same() -> None:
    key = Key("one")
    jwk = {name: value for name, value in key.jwk(private=True).items() if name in ("kty", "n", "e", "d")}
    again = Key.from_jwk(jwk, algorithm="PS512")
    assert again.public_jwk()["n"] == key.public_jwk()["n"]
    assert again.kid == again.thumbprint == key.thumbprint


def test_without_a_named_algorithm_a_key_has_the_natural_one_of_its_kind() -> None:
    for algorithm, natural in (("PS384", "RS256"), ("ES384", "ES384"), ("EdDSA", "EdDSA")):
        assert Key.from_pem(Key("one", algorithm=algorithm).pem(), kid="one").algorithm == natural  # type: ignore[arg-type]


@pytest.mark.parametrize("algorithm", ["RS256", "ES384", "EdDSA"])
def test_a_thumbprint_is_as_joserfc_makes_it(algorithm: Algorithm) -> None:
    key = Key("one", algorithm=algorithm)
    assert key.thumbprint == joserfc_key(key.public_jwk()).thumbprint()  # type: ignore[arg-type]


def test_the_thumbprint_of_the_rfc_s_own_key() -> None:
    # RFC 8037 appendix A.1 and A.3.
    jwk = {
        "kty": "OKP",
        "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    }
    key = Key.from_jwk(jwk)
    assert key.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    # Appendix A.4: the signature is deterministic.
    signature = key.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc")
    assert signature.hex().startswith("860c98d2297f3060a33f42739672d61b")


@pytest.mark.parametrize(
    "pem", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "é"]
)
def test_what_is_no_private_key_is_refused_without_being_repeated(pem: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Key.from_pem(pem, kid="one")
    assert str(caught.value) == "key 'one': is not an unencrypted PEM private key"


def test_a_jwk_that_is_no_private_key_is_refused_without_being_repeated() -> None:
    good = Key("one", algorithm="ES256").jwk(private=True)
    for bad in (
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        Key("one", algorithm="EdDSA").public_jwk(),
        good | {"crv": "P-384"},
        good | {"crv": "secp256k1"},
        good | {"x": "AA"},
        good | {"d": 1},
        good | {"d": "A" * 100_000},
        good | {"d": "+/=="},
        {"kty": "RSA", "n": "AQ", "e": "AQ", "d": "AQ"},
    ):
        with pytest.raises(InvalidValue, match=r"key.*is not a private JWK") as caught:
            Key.from_jwk(bad)
        assert good["d"] not in str(caught.value)


_JSON = st.recursive(st.none() | st.integers() | st.text(max_size=8), st.lists, max_leaves=3)


@settings(max_examples=100)
@given(
    jwk=st.dictionaries(st.sampled_from(["kty", "crv", "kid", "alg", "n", "e", "d", "x", "y", "p"]), _JSON)
)
def test_no_jwk_causes_anything_but_a_refusal(jwk: dict[str, Any]) -> None:
    with pytest.raises((InvalidValue, UnknownName)):
        Key.from_jwk(jwk)


def test_a_key_that_the_algorithm_does_not_take_is_refused() -> None:
    pem = Key("one", algorithm="ES256").pem()
    for algorithm in ("ES384", "RS256", "EdDSA"):
        with pytest.raises(InvalidValue, match=f"of a kind that {algorithm} does not take"):
            Key.from_pem(pem, kid="one", algorithm=algorithm)  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="did you mean 'RS256'"):
        Key("one", algorithm="RS25")  # type: ignore[arg-type]


def test_no_two_keys_of_the_process_are_the_same() -> None:
    numbers = {key_pool.take().public_key().public_numbers().n for _ in range(4)}
    assert len(numbers) == 4


def test_an_issuer_starts_and_rotates_without_making_a_key() -> None:
    issuer = Issuer("cognito")
    issuer.keys.rotate()
    assert all(held.key._private is None for held in issuer.keys.held)


def test_a_key_used_first_by_several_threads_is_one_key() -> None:
    key, seen = Key("one", algorithm="ES512"), set()
    threads = [threading.Thread(target=lambda: seen.add(key.private)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 1


def test_a_rotation_may_change_the_algorithm_for_good() -> None:
    keys = ring(algorithm="RS256")
    assert keys.rotate(algorithm="ES384").algorithm == "ES384" == keys.algorithm
    assert [jwk["alg"] for jwk in keys.jwks()["keys"]] == ["RS256", "ES384"]
    assert keys.rotate().algorithm == "ES384"
    with pytest.raises(UnknownName):
        keys.rotate(algorithm="ES385")  # type: ignore[arg-type]


def test_each_use_may_have_an_algorithm_of_its_own_and_rotate_on_its_own() -> None:
    keys = ring(uses=("id", "access"), algorithm={"id": "ES256", "access": "EdDSA"})
    assert (keys.signing("id").algorithm, keys.signing("access").algorithm) == ("ES256", "EdDSA")
    before = keys.signing("id")
    assert keys.rotate(use="access").algorithm == "EdDSA"
    assert keys.signing("id") is before
    with pytest.raises(UnknownName, match="key use"):
        keys.rotate(use="sig")


def test_what_is_announced_cannot_be_asked_for_otherwise() -> None:
    keys = ring()
    coming = keys.announce()
    with pytest.raises(InvalidValue, match="rotate first"):
        keys.rotate(algorithm="EdDSA")
    assert keys.rotate(algorithm="ES256") is coming


def test_a_key_id_may_be_used_again_for_another_key() -> None:
    keys = ring()
    old = keys.current
    new = keys.rotate(overlap=False, kid=old.kid)
    assert (new.kid, [jwk["kid"] for jwk in keys.jwks()["keys"]]) == ("k1", ["k1"])
    assert new.public_jwk() != old.public_jwk()
    assert keys.get("k1") is new


def test_with_overlap_the_same_id_is_published_twice_until_the_old_key_is_retired() -> None:
    keys = ring()
    keys.rotate(kid="k1")
    assert [jwk["kid"] for jwk in keys.jwks()["keys"]] == ["k1", "k1"]
    keys.retire("k1")
    assert keys.published == (keys.current,)


def test_one_id_is_not_given_to_the_keys_of_several_uses() -> None:
    keys = ring(uses=("id", "access"))
    with pytest.raises(InvalidValue, match="give the use too: id or access"):
        keys.rotate(kid="same")
    assert keys.rotate(kid="same", use="access") is keys.get("same") is keys.signing("access")


def test_a_retired_key_can_be_published_again() -> None:
    keys = ring()
    keys.rotate(overlap=False)
    keys.reinstate("k1")
    assert [key.kid for key in keys.published] == ["k1", "k2"]
    assert keys.current.kid == "k2"
    with pytest.raises(InvalidValue, match="published already"):
        keys.reinstate("k1")


def test_a_key_made_elsewhere_is_published_or_signs_as_it_is_told() -> None:
    keys = ring()
    keys.add(Key("mine", algorithm="EdDSA"))
    assert keys.current.kid == "k1"
    keys.add(Key("better", algorithm="EdDSA"), state="current")
    assert keys.current.kid == "better"
    assert [key.kid for key in keys.published] == ["k1", "mine", "better"]
    assert [held.state for held in keys.held] == ["previous", "previous", "current"]


def test_a_published_jwk_may_say_something_else_than_the_key() -> None:
    keys = ring()
    keys.amend("k1", {"use": "enc", "kid": None, "x5t": "made up"})
    (jwk,) = keys.jwks()["keys"]
    assert (jwk["use"], jwk["x5t"], "kid" in jwk) == ("enc", "made up", False)
    keys.amend("k1", {})
    assert keys.jwks()["keys"] == [keys.current.public_jwk()]
    with pytest.raises(InvalidValue):
        keys.amend("k1", {"use": {1, 2}})


def test_foreign_jwks_are_published_as_they_are() -> None:
    keys = ring()
    foreign = {"kty": "PQC", "kid": "future", "x": [1, None]}
    keys.include(foreign)
    assert keys.jwks()["keys"][1:] == [foreign]
    keys.include()
    assert len(keys.jwks()["keys"]) == 1


def test_the_written_jwks_is_kept_for_a_version_and_follows_every_change() -> None:
    keys = ring()
    seen = set()
    for change in (
        lambda: None,
        keys.announce,
        keys.rotate,
        lambda: keys.retire("k1"),
        lambda: keys.reinstate("k1"),
        lambda: keys.amend("k1", {"use": "enc"}),
        lambda: keys.add(Key("mine", algorithm="EdDSA")),
        lambda: keys.include({"kty": "oct"}),
        lambda: keys.restore(keys.held[:1]),
    ):
        version = keys.version
        change()
        assert change.__name__ in ("<lambda>", "rotate") or keys.version > version
        seen.add(keys.version)
    assert len(seen) == 9


def test_an_rsa_key_of_another_size_is_taken_too() -> None:
    private = rsa.generate_private_key(public_exponent=3, key_size=1024)
    key = Key("small", private=private)
    assert key.public_jwk()["e"] == "Aw"
    assert len(key.sign(b"x")) == 128
