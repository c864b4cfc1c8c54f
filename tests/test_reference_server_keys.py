"""The reference server follows the issuer's keys, and does not depend on the issuer for every token."""

import asyncio
import time

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from werkzeug import Response

from harness.reference_server.errors import InvalidToken, IssuerUnavailable
from harness.reference_server.jwks import KeyCache, read_keys
from harness.reference_server.outbound import MAX_BYTES, Fetcher, FetchFailed
from harness.reference_server.settings import Network

ISSUER = "https://issuer.example/a"


def jwk(kid, **changes):
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return {**jwt.algorithms.ECAlgorithm.to_jwk(public, as_dict=True), "kid": kid, **changes}


class Issuer:
    """An issuer that counts who asks."""

    def __init__(self, *kids):
        self.keys = [jwk(kid) for kid in kids]
        self.metadata = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}
        self.key_set = None
        self.failure = None
        self.fetches = 0
        self.at_once = 0
        self.most_at_once = 0

    async def get_json(self, url):
        if url == f"{ISSUER}/.well-known/openid-configuration":
            self.fetches += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if self.failure:
            raise self.failure
        if url == f"{ISSUER}/.well-known/openid-configuration":
            return self.metadata
        assert url == f"{ISSUER}/keys"
        return {"keys": self.keys} if self.key_set is None else self.key_set


@pytest.fixture
def issuer():
    return Issuer("one")


@pytest.fixture
def cache(issuer):
    return KeyCache(ISSUER, issuer)


@pytest.fixture
def clock():
    with time_machine.travel(time.time(), tick=False) as moved:
        yield moved


def find(cache, *kids):
    async def all_at_once():
        return await asyncio.gather(
            *(cache.find(kid=kid, algorithm="ES256") for kid in kids), return_exceptions=True
        )

    found = asyncio.run(all_at_once())
    for result in found:
        if isinstance(result, Exception) and len(kids) == 1:
            raise result
    return found


def test_a_known_key_is_found_without_asking_again(cache, issuer):
    for _ in range(10):
        assert find(cache, "one")
    assert issuer.fetches == 1


def test_many_at_once_ask_once(cache, issuer):
    assert all(find(cache, *["one"] * 50))
    assert (issuer.fetches, issuer.most_at_once) == (1, 1)


def test_a_new_key_is_found_with_the_first_token_that_it_signed(cache, issuer):
    find(cache, "one")
    issuer.keys.append(jwk("two"))
    assert find(cache, "two")
    assert issuer.fetches == 2


def test_a_withdrawn_key_is_refused_when_the_keys_are_asked_for_again(cache, issuer, clock):
    find(cache, "one")
    issuer.keys = [jwk("two")]
    assert find(cache, "one")
    clock.shift(KeyCache.TTL + 1)
    with pytest.raises(InvalidToken):
        find(cache, "one")


def test_a_replaced_key_of_the_same_id_is_followed(cache, issuer, clock):
    (old,) = find(cache, "one")
    issuer.keys = [jwk("one")]
    clock.shift(KeyCache.TTL + 1)
    (new,) = find(cache, "one")
    assert new != old


def test_invented_key_ids_cost_a_few_requests(cache, issuer, clock):
    find(cache, "one")
    refused = find(cache, *(f"invented-{number}" for number in range(50)))
    assert all(isinstance(result, InvalidToken) for result in refused)
    for number in range(50):
        with pytest.raises(InvalidToken):
            find(cache, f"invented-{number}")
    assert issuer.fetches <= KeyCache.BURST
    assert find(cache, "one")


def test_after_a_flood_a_new_key_is_found_again(cache, issuer, clock):
    find(cache, "one", *(f"invented-{number}" for number in range(50)))
    issuer.keys.append(jwk("two"))
    clock.shift(KeyCache.REFILL + 1)
    assert find(cache, "two")


def test_the_last_keys_serve_while_the_issuer_is_down_but_not_for_ever(cache, issuer, clock):
    find(cache, "one")
    issuer.failure = FetchFailed("down")
    clock.shift(KeyCache.TTL + 1)
    assert find(cache, "one")
    with pytest.raises(InvalidToken):
        find(cache, "unknown")
    clock.shift(KeyCache.MAX_STALE)
    with pytest.raises(IssuerUnavailable) as raised:
        find(cache, "one")
    assert raised.value.retry_after > 0


def test_without_any_keys_nobody_passes_until_the_issuer_is_back(cache, issuer):
    issuer.failure = FetchFailed("down")
    with pytest.raises(IssuerUnavailable):
        find(cache, "one")
    issuer.failure = None
    assert find(cache, "one")


def test_an_outage_is_not_made_worse(cache, issuer, clock):
    issuer.failure = FetchFailed("down")
    find(cache, *["one"] * 50)
    for _ in range(50):
        with pytest.raises(IssuerUnavailable):
            find(cache, "one")
    assert issuer.fetches <= KeyCache.BURST


def test_a_clock_that_was_set_back_makes_the_keys_old(cache, issuer, clock):
    find(cache, "one")
    clock.shift(-3600)
    assert find(cache, "one")
    assert issuer.fetches == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": ISSUER + "/"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": "http://issuer.example/keys"},
        {"jwks_uri": "https://other.example/keys"},
        {"jwks_uri": "https://issuer.example:8443/keys"},
        {"jwks_uri": "file:///etc/keys"},
        {"jwks_uri": "https://[::1"},
        {"jwks_uri": ["https://issuer.example/keys"]},
    ],
)
def test_metadata_that_contradicts_the_configuration_is_not_believed(cache, issuer, changes):
    issuer.metadata = {**issuer.metadata, **changes}
    with pytest.raises(InvalidToken):
        find(cache, "one")


def test_an_issuer_without_metadata_is_not_believed(cache, issuer):
    issuer.failure = FetchFailed("status 404", status=404)
    with pytest.raises(InvalidToken):
        find(cache, "one")


@pytest.mark.parametrize(
    "document", [[], None, "keys", {}, {"keys": []}, {"keys": {}}, {"keys": [1, None, {}]}]
)
def test_garbage_for_keys_is_an_outage(cache, issuer, document):
    issuer.key_set = document
    issuer.key_set = [] if document is None else document
    with pytest.raises(IssuerUnavailable):
        find(cache, "one")


@pytest.mark.parametrize("metadata", [[], None, "metadata", 1])
def test_garbage_for_metadata_is_an_outage(cache, issuer, metadata):
    issuer.metadata = metadata
    with pytest.raises(IssuerUnavailable):
        find(cache, "one")


def rsa_jwk(size, **changes):
    key = rsa.generate_private_key(public_exponent=65537, key_size=size)
    return {**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "rsa", **changes}


def private_jwk():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {**jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True), "kid": "private"}


ODD_KEYS = {
    "for encryption": lambda: jwk("odd", use="enc"),
    "not for verifying": lambda: jwk("odd", key_ops=["encrypt"]),
    "operations that are no list": lambda: jwk("odd", key_ops="verify"),
    "of another algorithm": lambda: jwk("odd", alg="ES384"),
    "of another curve": lambda: jwk("odd", crv="P-384"),
    "a curve that is no string": lambda: jwk("odd", crv=["P-256"]),
    "a type that is no string": lambda: jwk("odd", kty=["EC"]),
    "an id that is no string": lambda: jwk(1),
    "a point off the curve": lambda: jwk("odd", x="AA" * 21 + "A"),
    "a coordinate that is no string": lambda: jwk("odd", x=1),
    "a coordinate that is missing": lambda: {"kty": "EC", "crv": "P-256", "kid": "odd"},
    "a private key": private_jwk,
    "a short key": lambda: rsa_jwk(1024),
    "an even exponent": lambda: rsa_jwk(2048, e="Ag"),
    "a modulus that is no number": lambda: rsa_jwk(2048, n="!"),
    "a shared secret": lambda: {"kty": "oct", "k": "c2VjcmV0", "kid": "odd", "alg": "HS256"},
    "an unknown type": lambda: {"kty": "AKP", "kid": "odd"},
}


@pytest.mark.parametrize("odd", ODD_KEYS.values(), ids=ODD_KEYS)
def test_an_odd_key_is_passed_over_and_spoils_nothing(odd):
    assert [key.kid for key in read_keys({"keys": [odd(), jwk("good")]})] == ["good"]


def get(httpserver, path="/document"):
    async def fetch():
        fetcher = Fetcher(httpserver.url_for("/"), Network())
        try:
            return await fetcher.get_json(httpserver.url_for(path))
        finally:
            await fetcher.close()

    return asyncio.run(fetch())


def test_a_document_is_fetched(httpserver):
    httpserver.expect_request("/document").respond_with_json({"keys": []})
    assert get(httpserver) == {"keys": []}


ANSWERS = {
    "an error": Response("{}", status=503),
    "a redirect": Response(status=302, headers={"Location": "/elsewhere"}),
    "html": Response("<html>"),
    "nothing": Response(""),
    "not text": Response(b"\xff\xfe\xfd"),
    "deeply nested": Response("[" * 100_000),
    "too much": Response(b" " * (MAX_BYTES + 1)),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_what_is_not_a_json_document_is_no_answer(httpserver, answer):
    httpserver.expect_request("/document").respond_with_response(answer)
    httpserver.expect_request("/elsewhere").respond_with_json({})
    with pytest.raises(FetchFailed):
        get(httpserver)
    assert [request.path for request, _ in httpserver.log] == ["/document"]


def test_a_host_that_is_not_there_is_no_answer(httpserver):
    async def fetch():
        fetcher = Fetcher("http://127.0.0.1:1", Network())
        try:
            await fetcher.get_json("http://127.0.0.1:1/document")
        finally:
            await fetcher.close()

    with pytest.raises(FetchFailed, match="no answer"):
        asyncio.run(fetch())
