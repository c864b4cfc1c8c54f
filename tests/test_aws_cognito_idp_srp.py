"""SRP by a client written from the published protocol: RFC 5054, and what amazon-cognito-identity-js does.

pycognito 2024.5.1 was run against the same server by hand; it is no dependency of this project.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws.cognito_idp import srp
from tests.aws_account import refused
from tests.aws_user_pool import PASSWORD, Pool

# RFC 3526 section 4, the same 3072-bit prime: 2^3072 - 2^3008 - 1 + 2^64 * (floor(2^2942 pi) + 1690314).
PI_BITS = 2942


def prime() -> int:
    return 2**3072 - 2**3008 - 1 + 2**64 * (floor_of_pi(PI_BITS) + 1690314)


def floor_of_pi(bits: int) -> int:
    """floor(2^bits * pi) by Machin's formula."""
    one = 1 << (bits + 64)

    def arctan(x: int) -> int:
        total = term = one // x
        n, sign = 3, -1
        while term:
            term //= x * x
            total += sign * (term // n)
            n, sign = n + 2, -sign
        return total

    return (4 * (4 * arctan(5) - arctan(239))) >> 64


N = prime()


def padded(number: int) -> str:
    text = f"{number:x}"
    text = text if len(text) % 2 == 0 else f"0{text}"
    return f"00{text}" if text[0] in "89abcdef" else text


def digest(text: str) -> int:
    return int(hashlib.sha256(bytes.fromhex(text)).hexdigest(), 16)


class SrpClient:
    def __init__(self, pool_id: str) -> None:
        self.pool_name = pool_id.split("_")[1]
        self.a = secrets.randbelow(2**1024)
        self.public = f"{pow(2, self.a, N):x}"

    def key(self, username: str, password: str, salt: str, server: str) -> bytes:
        b = int(server, 16)
        u = digest(padded(int(self.public, 16)) + padded(b))
        inner = hashlib.sha256(f"{self.pool_name}{username}:{password}".encode()).hexdigest()
        x = digest(padded(int(salt, 16)) + inner)
        k = digest(padded(N) + "02")
        shared = pow(b - k * pow(2, x, N), self.a + u * x, N)
        return HKDF(
            algorithm=SHA256(),
            length=16,
            salt=bytes.fromhex(padded(u)),
            info=b"Caldera Derived Key",
        ).derive(bytes.fromhex(padded(shared)))

    def answer(self, asked: dict[str, str], password: str, timestamp: str) -> dict[str, str]:
        username = asked["USER_ID_FOR_SRP"]
        key = self.key(username, password, asked["SALT"], asked["SRP_B"])
        block = base64.b64decode(asked["SECRET_BLOCK"], validate=True)
        signed = f"{self.pool_name}{username}".encode() + block + timestamp.encode()
        proof = hmac.new(key, signed, hashlib.sha256).digest()
        return {
            "USERNAME": username,
            "PASSWORD_CLAIM_SECRET_BLOCK": asked["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(proof).decode(),
            "TIMESTAMP": timestamp,
        }


def stamp(now: float) -> str:
    when = datetime.fromtimestamp(now, UTC)
    return f"{when:%a %b} {when.day} {when:%H:%M:%S} UTC {when.year}"


def sign_in(
    pool: Pool, client: str, name: str = "alice", password: str = PASSWORD, **changed: str
) -> dict[str, Any]:
    srp_client = SrpClient(pool.id)
    asked = pool.start(client, "USER_SRP_AUTH", USERNAME=name, SRP_A=srp_client.public)
    assert asked["ChallengeName"] == "PASSWORD_VERIFIER"
    responses = srp_client.answer(asked["ChallengeParameters"], password, stamp(pool.clock.now()))
    answer: dict[str, Any] = pool.idp.respond_to_auth_challenge(
        ClientId=client, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses={**responses, **changed}
    )
    return answer


@pytest.fixture
def pool() -> Pool:
    made = Pool()
    made.user("alice")
    return made


def test_a_client_that_knows_the_password_is_signed_in(pool: Pool) -> None:
    result = sign_in(pool, pool.client())["AuthenticationResult"]
    assert pool.claims(result["AccessToken"])["username"] == "alice"


def test_an_address_stands_for_the_user_name(pool: Pool) -> None:
    pool = Pool(UsernameAttributes=["email"])
    sub = pool.user("alice@example.com")
    result = sign_in(pool, pool.client(), "alice@example.com")["AuthenticationResult"]
    assert pool.claims(result["AccessToken"])["username"] == sub


def test_a_client_that_does_not_is_refused_and_has_to_begin_again(pool: Pool) -> None:
    client = pool.client()
    message = refused("NotAuthorizedException", sign_in, pool, client, password="Wrong-9-wrong")
    assert message == "Incorrect username or password."


@pytest.mark.parametrize(
    "changed",
    [
        {"PASSWORD_CLAIM_SIGNATURE": base64.b64encode(bytes(32)).decode()},
        {"TIMESTAMP": "Tue Nov 24 10:00:00 UTC 2020"},
        {"USERNAME": "bob"},
        {"PASSWORD_CLAIM_SECRET_BLOCK": base64.b64encode(bytes(96)).decode()},
    ],
)
def test_nothing_of_the_proof_can_be_changed(pool: Pool, changed: dict[str, str]) -> None:
    pool.user("bob")
    refused("NotAuthorizedException", sign_in, pool, pool.client(), **changed)


@pytest.mark.parametrize("timestamp", ["yesterday", "2026-11-24T10:00:00Z", "Tue Nov 03 10:00:00 UTC 2026"])
def test_the_timestamp_has_java_s_form(pool: Pool, timestamp: str) -> None:
    message = refused("InvalidParameterException", sign_in, pool, pool.client(), TIMESTAMP=timestamp)
    assert "EEE MMM d HH:mm:ss z yyyy" in message


def test_a_proof_is_good_once(pool: Pool) -> None:
    client, srp_client = pool.client(), SrpClient(pool.id)
    asked = pool.start(client, "USER_SRP_AUTH", USERNAME="alice", SRP_A=srp_client.public)
    responses = srp_client.answer(asked["ChallengeParameters"], PASSWORD, stamp(pool.clock.now()))
    answer = pool.idp.respond_to_auth_challenge
    call = {"ClientId": client, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": responses}
    assert answer(**call)["AuthenticationResult"]
    refused("NotAuthorizedException", answer, **call)


@pytest.mark.parametrize("public", ["0", f"{N:x}", f"{2 * N:x}", "xyz", "-1", "f" * 2000])
def test_values_that_give_the_secret_away_are_refused(pool: Pool, public: str) -> None:
    refused(
        "InvalidParameterException",
        pool.start,
        pool.client(),
        "USER_SRP_AUTH",
        USERNAME="alice",
        SRP_A=public,
    )


def test_a_name_that_nobody_has_looks_like_any_other(pool: Pool) -> None:
    client = pool.client(PreventUserExistenceErrors="ENABLED")
    message = refused("NotAuthorizedException", sign_in, pool, client, "nobody")
    assert message == "Incorrect username or password."
    refused("UserNotFoundException", sign_in, pool, pool.client(), "nobody")


def test_a_temporary_password_leads_to_the_next_challenge(pool: Pool) -> None:
    pool.user("bob", permanent=False)
    assert sign_in(pool, pool.client(), "bob")["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


@settings(max_examples=15, deadline=None)
@given(username=st.text(min_size=1, max_size=20), password=st.text(max_size=20), other=st.text(max_size=20))
def test_the_proof_holds_for_the_same_password_only(username: str, password: str, other: str) -> None:
    client = SrpClient("us-east-1_AbCdEfGhI")
    exchange = srp.begin("AbCdEfGhI", username, password, client.public)
    assert exchange is not None
    key = client.key(username, other, exchange.salt, exchange.public)
    assert (key == exchange.key) == (password == other)
