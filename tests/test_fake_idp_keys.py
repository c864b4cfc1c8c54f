"""The key ring: what is signed with, what is published, what is withdrawn."""

from __future__ import annotations

import jwt
import pytest

from fake_idp import InvalidValue, Issuer, Key, UnknownName, keypool


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


def test_a_jwk_has_no_private_member() -> None:
    for algorithm in ("RS256", "ES256"):
        (jwk,) = Issuer("plain", algorithm=algorithm).keys.jwks()["keys"]
        assert not set(jwk) & {"d", "p", "q", "dp", "dq", "qi", "k"}
        assert jwk["use"] == "sig"
        assert jwk["alg"] == algorithm


def test_a_key_survives_a_round_trip_through_pem() -> None:
    for algorithm in ("RS256", "ES256"):
        key = Key("one", algorithm=algorithm)
        again = Key.from_pem(key.pem(), kid="one")
        assert again.public_jwk() == key.public_jwk()


@pytest.mark.parametrize(
    "pem", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "é"]
)
def test_what_is_no_private_key_is_refused_without_being_repeated(pem: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Key.from_pem(pem, kid="one")
    assert str(caught.value) == "key 'one': is not an unencrypted PEM private key"


def test_no_two_keys_of_the_process_are_the_same() -> None:
    numbers = {keypool.take().public_key().public_numbers().n for _ in range(4)}
    assert len(numbers) == 4
