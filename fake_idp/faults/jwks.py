"""Faults of the JWK Set as a document: it arrives well, and it says something wrong."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from fake_idp import random_ids
from fake_idp.errors import InvalidValue
from fake_idp.faults.kinds import Effect, Order, Parameter, fault, write_json
from fake_idp.key import Key
from fake_idp.oauth.messages import Response

__all__: list[str] = []

Jwk = dict[str, Any]
Jwks = dict[str, Any]

#: Algorithms of one key type: RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2.
_FAMILY: dict[object, tuple[str, str]] = {
    "RSA": ("RS256", "PS512"),
    "EC": ("ES256", "ES512"),
    "OKP": ("EdDSA", "Ed448"),
}
_KID = Parameter(type="text", title="the key that it happens to; the one that signs when left out")
_jwks = functools.partial(fault, endpoints=("jwks",))


def _document(change: Callable[[Jwks], Jwks]) -> Callable[[Response], Response]:
    def apply(answer: Response) -> Response:
        if answer.status != 200:
            return answer
        return replace(answer, body=write_json(change(json.loads(answer.body))))

    return apply


def _every_key(change: Callable[[Jwk], Jwk]) -> Effect:
    return Effect(
        change=_document(lambda jwks: jwks | {"keys": [change(dict(each)) for each in jwks["keys"]]})
    )


def _one_key(kid: str, change: Callable[[Jwk], list[Any]], *, key: Key | None = None) -> Effect:
    """One key becomes what ``change`` makes of it; the others stay."""

    def apply(jwks: Jwks) -> Jwks:
        keys: list[Any] = []
        for each in jwks["keys"]:
            keys += change(dict(each)) if each.get("kid") == kid else [each]
        return jwks | {"keys": keys}

    return Effect(change=_document(apply), key=key)


def _added(*keys: Jwk) -> Effect:
    """More keys, before the others: whoever takes the first one takes one of these."""
    return Effect(change=_document(lambda jwks: jwks | {"keys": [*keys, *jwks["keys"]]}))


def _target(order: Order) -> Key:
    """The key that the fault is about; it must be published."""
    ring = order.issuer.keys
    published = [jwk.get("kid") for jwk in order.issuer.jwks()["keys"]]
    if "kid" in order.options:
        key = ring.get(order.options["kid"])
    else:  # the one that signs; where a vendor keeps that one to itself, the other one that signs
        signing = [ring.current, *(held.key for held in ring.held if held.state == "current")]
        key = next((each for each in signing if each.kid in published), ring.current)
    if key.kid not in published:
        raise InvalidValue(f"key {key.kid!r}", "is not published")
    return key


def _shaped(order: Order, key: Key) -> Jwk:
    """A key's JWK with the vendor's members."""
    return order.issuer.preset.jwk(key, url=order.issuer.url)


@_jwks(
    "jwks.duplicate-kid",
    title="two keys with one id",
    source="RFC 7517 section 4.5: different keys should have different ids",
    variants=("foreign-first", "foreign-last"),
    kid=_KID,
)
def _duplicate_kid(order: Order) -> Effect:
    target = _target(order)
    foreign = Key(target.kid, algorithm=target.algorithm)
    if order.variant == "foreign-first":
        return _one_key(target.kid, lambda jwk: [_shaped(order, foreign), jwk], key=foreign)
    return _one_key(target.kid, lambda jwk: [jwk, _shaped(order, foreign)], key=foreign)


@_jwks(
    "jwks.kid-reuse",
    title="another key under an id that is known already",
    source="RFC 7517 section 4.5; a cache that goes by the id alone keeps the old key",
    kid=_KID,
)
def _kid_reuse(order: Order) -> Effect:
    target = _target(order)
    foreign = Key(target.kid, algorithm=target.algorithm)
    return _one_key(target.kid, lambda jwk: [_shaped(order, foreign)], key=foreign)


@_jwks("jwks.withdrawn", title="a key that signs is not published", source="RFC 9700 section 4.1", kid=_KID)
def _withdrawn(order: Order) -> Effect:
    target = _target(order)
    return _one_key(target.kid, lambda jwk: [], key=target)


@_jwks(
    "jwks.private-key",
    title="the private key is published with the public one",
    source="RFC 7517 section 9.2; Project Wycheproof, MixedKeySet",
    kid=_KID,
)
def _private_key(order: Order) -> Effect:
    target = _target(order)
    return _one_key(target.kid, lambda jwk: [target.jwk(private=True) | jwk], key=target)


@_jwks(
    "jwks.oct-key",
    title="a symmetric key is published",
    source="RFC 7518 section 6.4; Project Wycheproof, MixedKeySet",
)
def _oct_key(order: Order) -> Effect:
    secret = random_ids.token_urlsafe(32)
    return _added({"kty": "oct", "kid": "shared", "alg": "HS256", "use": "sig", "k": secret})


@_jwks(
    "jwks.foreign-members",
    title="members and keys that a verifier does not know, and has to pass over",
    source="RFC 7517 sections 4 and 5: unknown members and key types must be ignored",
    variants=("key-type", "curve", "key-member", "set-member"),
)
def _foreign_members(order: Order) -> Effect:
    more = {"x-fake": {"a": [None, 1.5, True]}, "exp": "never"}
    if order.variant == "key-member":
        return _every_key(lambda jwk: jwk | more)
    if order.variant == "set-member":
        return Effect(change=_document(lambda jwks: more | jwks | {"issuer": None}))
    if order.variant == "curve":
        return _added({"kty": "EC", "crv": "P-1", "kid": "p1", "use": "sig", "x": "AQ", "y": "AQ"})
    return _added({"kty": "FAKE", "kid": "fake", "use": "sig", "alg": "FAKE256", "fake": "AQ"})


@_jwks(
    "jwks.kid-absent",
    title="keys without an id",
    source="RFC 7517 section 4.5: it is optional; OpenID conformance suite, kid-absent",
    variants=("published", "many"),
)
def _kid_absent(order: Order) -> Effect:
    foreign = Key("", algorithm=order.issuer.keys.current.algorithm)
    many = order.variant == "many"

    def change(jwks: Jwks) -> Jwks:
        keys = [_shaped(order, foreign), *jwks["keys"]] if many else jwks["keys"]
        return jwks | {
            "keys": [{name: value for name, value in jwk.items() if name != "kid"} for jwk in keys]
        }

    return Effect(change=_document(change), key=foreign if many else None)


@_jwks(
    "jwks.use-enc",
    title="keys for encryption only",
    source="RFC 7517 sections 4.2 and 4.3; Project Wycheproof, rejectWrongUse and rejectWrongKeyOps",
    variants=("use", "key-ops", "both"),
)
def _use_enc(order: Order) -> Effect:
    def change(jwk: Jwk) -> Jwk:
        jwk.pop("use", None)
        said: Jwk = {} if order.variant == "key-ops" else {"use": "enc"}
        return jwk | said | ({} if order.variant == "use" else {"key_ops": ["encrypt", "wrapKey"]})

    return _every_key(change)


@_jwks(
    "jwks.wrong-alg",
    title="keys for another algorithm than the one that they sign with",
    source="RFC 7517 section 4.4; RFC 8725 section 3.1",
    variants=("other-family", "same-family", "symmetric", "unknown"),
)
def _wrong_alg(order: Order) -> Effect:
    def change(jwk: Jwk) -> Jwk:
        family = _FAMILY.get(jwk.get("kty"), ("FAKE256", "FAKE512"))
        others = {
            "other-family": _FAMILY["EC" if jwk.get("kty") == "RSA" else "RSA"],
            "same-family": family,
            "symmetric": ("HS256",),
            "unknown": ("FAKE256",),
        }[order.variant]
        return jwk | {"alg": next(other for other in others if other != jwk.get("alg"))}

    return _every_key(change)


@_jwks(
    "jwks.weak-key",
    title="an RSA key that anybody can sign with, under the right id",
    source="RFC 7518 section 3.3 asks for 2048 bits; NIST SP 800-56B section 6.2 for an exponent over 65536",
    variants=("rsa-1024", "exponent-1"),
    kid=_KID,
)
def _weak_key(order: Order) -> Effect:
    target = _target(order)
    if order.variant == "exponent-1":
        weak: Key = _ExponentOne(target.kid, algorithm="RS256")
    else:
        small = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - the point of it
        weak = Key(target.kid, algorithm="RS256", private=small)
    return _one_key(target.kid, lambda jwk: [_shaped(order, weak)], key=weak)


def _number(jwk: Jwk) -> str:
    """The member with the key itself."""
    return "n" if jwk.get("kty") == "RSA" else "x"


_MALFORMED_KEYS: dict[str, Callable[[Jwk], Any]] = {
    "base64": lambda jwk: jwk | {_number(jwk): "!not base64url!"},
    "missing": lambda jwk: {name: value for name, value in jwk.items() if name != _number(jwk)},
    "empty": lambda jwk: jwk | {_number(jwk): ""},
    "number": lambda jwk: jwk | {_number(jwk): 65537},
    "null": lambda jwk: jwk | {_number(jwk): None},
    "off-curve": lambda jwk: jwk | {"x": "AQ", "y": "AQ", "n": "AQ"},
    "no-kty": lambda jwk: {name: value for name, value in jwk.items() if name != "kty"},
    "kid-number": lambda jwk: jwk | {"kid": 1},
    "key-text": lambda jwk: str(jwk["kid"]),
    "key-null": lambda jwk: None,
}
_MALFORMED_SETS: dict[str, Callable[[Jwks], Jwks]] = {
    "keys-object": lambda jwks: {"keys": {str(index): jwk for index, jwk in enumerate(jwks["keys"])}},
    "keys-missing": lambda jwks: {},
    "keys-null": lambda jwks: {"keys": None},
}


@_jwks(
    "jwks.malformed",
    title="JSON, but not a JWK or not a JWK Set",
    source="RFC 7517 sections 4 and 5; RFC 7518 section 6",
    variants=(*_MALFORMED_KEYS, *_MALFORMED_SETS),
    kid=_KID,
)
def _malformed(order: Order) -> Effect:
    if (whole := _MALFORMED_SETS.get(order.variant)) is not None:
        return Effect(change=_document(whole))
    spoil = _MALFORMED_KEYS[order.variant]
    return _one_key(_target(order).kid, lambda jwk: [spoil(jwk)])


@_jwks(
    "jwks.many-keys",
    title="thousands of keys, the right ones last",
    source="CWE-400",
    count=Parameter(type="integer", title="how many are added", default=5000, minimum=1, maximum=100_000),
)
def _many_keys(order: Order) -> Effect:
    # One key under many ids will do: whoever reads them cannot know.
    like = Key("", algorithm=order.issuer.keys.current.algorithm)

    def change(jwks: Jwks) -> Jwks:
        filler = _shaped(order, like)
        added = [filler | {"kid": f"filler-{number}"} for number in range(order.options["count"])]
        return jwks | {"keys": [*added, *jwks["keys"]]}

    return Effect(change=_document(change))


_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017 section 9.2, note 1


class _ExponentOne(Key):
    """An RSA key whose public exponent is 1: what is signed is its own signature (RFC 8017 section 5.2)."""

    def sign(self, message: bytes) -> bytes:
        """EMSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 9.2), and nothing after it."""
        private: Any = self.private
        size = int(private.key_size + 7) // 8
        digest_info = _SHA256_INFO + hashlib.sha256(message).digest()
        return b"\0\1" + b"\xff" * (size - len(digest_info) - 3) + b"\0" + digest_info

    def public_jwk(self) -> Jwk:
        """With ``e`` 1."""
        return super().public_jwk() | {"e": "AQ"}
