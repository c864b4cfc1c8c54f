"""Callers get AWS credentials of their own: one exchange each, and never for longer than they are good."""

import asyncio
import re
import threading
import time

import pytest
import time_machine

from harness.reference_server.aws import AwsCredentials
from harness.reference_server.caller import Caller
from harness.reference_server.credentials import CallersAws, CredentialCache
from harness.reference_server.errors import AwsRefused, ExchangeRefused
from harness.reference_server.role_sessions import session_duration, session_name


class Exchange:
    """A provider whose exchange gives numbered credentials."""

    def __init__(self, *, lifetime=3600.0):
        self.lifetime = lifetime
        self.subjects = []
        self.failure = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def exchange(self, caller, aws):
        self.subjects.append(caller.subject)
        self.may_go_on.wait(5)
        if self.failure:
            raise self.failure
        return AwsCredentials(
            access_key_id=f"{caller.subject}-{len(self.subjects)}",
            secret_access_key="secret",
            expires_at=time.time() + self.lifetime,
        )


@pytest.fixture
def provider():
    return Exchange()


@pytest.fixture
def cache(provider):
    return CredentialCache(provider, None)


@pytest.fixture
def clock():
    with time_machine.travel(time.time(), tick=False) as moved:
        yield moved


def caller(subject="alice", *, issuer="https://issuer.example", role="role", expires_in=3600.0):
    return Caller(
        issuer=issuer,
        subject=subject,
        client_id="client",
        role=role,
        scopes=None,
        expires_at=time.time() + expires_in,
        token="token",
    )


def get(cache, *callers):
    async def all_at_once():
        return await asyncio.gather(*map(cache.get, callers))

    return [credentials.access_key_id for credentials in asyncio.run(all_at_once())]


def test_everybody_gets_their_own(cache):
    alice, bob = get(cache, caller("alice"), caller("bob"))
    assert (alice.partition("-")[0], bob.partition("-")[0]) == ("alice", "bob")
    assert get(cache, caller("bob"), caller("alice")) == [bob, alice]


def test_many_requests_of_one_person_at_once_are_one_exchange(cache, provider):
    assert set(get(cache, *(caller() for _ in range(100)))) == {"alice-1"}
    assert provider.subjects == ["alice"]


@pytest.mark.parametrize("other", [{"issuer": "https://other.example"}, {"role": "other"}])
def test_the_same_subject_elsewhere_is_somebody_else(cache, other):
    assert get(cache, caller()) == ["alice-1"]
    assert get(cache, caller(**other)) == ["alice-2"]


def test_credentials_are_renewed_before_they_expire(cache, provider, clock):
    assert get(cache, caller(expires_in=10_000)) == ["alice-1"]
    clock.shift(provider.lifetime - CredentialCache.MARGIN - 1)
    assert get(cache, caller()) == ["alice-1"]
    clock.shift(2)
    assert get(cache, caller()) == ["alice-2"]


def test_credentials_do_not_outlive_the_token_that_they_were_given_for(cache, clock):
    assert get(cache, caller(expires_in=300)) == ["alice-1"]
    clock.shift(301)
    assert get(cache, caller()) == ["alice-2"]


def test_a_refusal_is_not_remembered(cache, provider):
    provider.failure = AwsRefused("sts:AssumeRole", "AccessDenied", "User: arn:aws:iam::1:user/server ...")
    with pytest.raises(ExchangeRefused) as raised:
        get(cache, caller())
    assert raised.value.code == "AccessDenied"
    provider.failure = None
    assert get(cache, caller()) == ["alice-2"]


def test_only_so_many_callers_are_remembered(cache, provider, monkeypatch):
    monkeypatch.setattr(CredentialCache, "LIMIT", 2)
    get(cache, caller("alice"))
    get(cache, caller("bob"))
    get(cache, caller("alice"))
    get(cache, caller("carol"))
    get(cache, caller("alice"))
    assert provider.subjects == ["alice", "bob", "carol"]
    get(cache, caller("bob"))
    assert provider.subjects[-1] == "bob"


def test_one_who_hangs_up_does_not_cancel_the_others(cache, provider):
    async def two_wait_and_one_leaves():
        provider.may_go_on.clear()
        first, second = (asyncio.create_task(cache.get(caller())) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        provider.may_go_on.set()
        return await second

    assert asyncio.run(two_wait_and_one_leaves()).access_key_id == "alice-1"


def test_an_exchange_does_not_block_the_loop(cache, provider):
    async def something_else_meanwhile():
        provider.may_go_on.clear()
        waiting = asyncio.create_task(cache.get(caller()))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        provider.may_go_on.set()
        await waiting

    asyncio.run(something_else_meanwhile())


class ExpiringAws:
    """An AWS to which the first so many credentials have expired."""

    def __init__(self, expired, code="ExpiredToken"):
        self.expired = expired
        self.code = code
        self.signers = []

    def call(self, service, operation, *, region, credentials, **parameters):
        self.signers.append(credentials.access_key_id)
        if len(self.signers) <= self.expired:
            raise AwsRefused(f"{service}:{operation}", self.code, "")
        return {"Account": "123456789012"}


def call(cache, aws):
    return asyncio.run(
        CallersAws(caller(), cache, aws, region="us-east-1").call("sts", "get_caller_identity")
    )


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"])
def test_credentials_that_aws_calls_expired_are_renewed_once(cache, code):
    aws = ExpiringAws(1, code)
    assert call(cache, aws)
    assert aws.signers == ["alice-1", "alice-2"]
    assert call(cache, aws)
    assert aws.signers[2:] == ["alice-2"]


def test_credentials_are_not_renewed_for_ever(cache):
    aws = ExpiringAws(9)
    with pytest.raises(AwsRefused):
        call(cache, aws)
    assert len(aws.signers) == 2


def test_another_refusal_is_not_tried_again(cache):
    aws = ExpiringAws(1, "AccessDenied")
    with pytest.raises(AwsRefused):
        call(cache, aws)
    assert aws.signers == ["alice-1"]


def test_secrets_do_not_show():
    credentials = AwsCredentials(access_key_id="AKIA", secret_access_key="s3cr3t", session_token="t0k3n")
    assert "s3cr3t" not in repr(credentials)
    assert "t0k3n" not in repr(credentials)


SUBJECTS = [
    "alice",
    "alice@example.com",
    "Alice",
    "a",
    "auth0|5f7c8ec7c33c6c004bbafe82",
    "auth0-5f7c8ec7c33c6c004bbafe82",
    "x" * 64,
    "x" * 65,
    "x" * 65 + "y",
    "a b",
    "a\nb",
    "a/b",
    "élise",
    "elise",
    "☃",
    "\x00",
]


def test_session_names_are_valid_and_never_shared():
    names = [session_name(subject) for subject in SUBJECTS]
    names += [session_name(name) for name in names if name not in SUBJECTS]
    assert all(re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII) for name in names)
    assert len(set(names)) == len(names)


def test_session_names_are_readable():
    assert session_name("alice@example.com") == "alice@example.com"
    assert session_name("auth0|5f7c").startswith("auth0-5f7c=")


@pytest.mark.parametrize(("life", "seconds"), [(-5, 900), (60, 900), (1800.9, 1800), (86400, 3600)])
def test_a_role_session_is_as_long_as_the_token_lives_within_bounds(clock, life, seconds):
    assert session_duration(time.time() + life) == seconds
