"""An emulated AWS with issuers, without worlds and without sockets; the fixture `aws`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fake_idp import Issuer
from fake_idp.server import LoopbackServer
from harness.aws import Aws, Credentials
from harness.emulator import EmulatedAws, TrustError, fetching
from harness.emulator.fetching import Trusted
from tests.aws_account import over_http, refused


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def trusting(aws: Aws, issuer: Issuer, *, role: str = "reader", audience: str | None = None) -> str:
    """The ARN of a role for whoever has a token of the issuer, for its default audience or another."""
    audience = audience or issuer.audience
    name = issuer.url.removeprefix("https://")
    provider = aws.call("iam", "create_open_id_connect_provider", Url=issuer.url, ClientIDList=[audience])
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{name}:aud": audience}},
    }
    made = aws.call(
        "iam",
        "create_role",
        RoleName=role,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    arn: str = made["Role"]["Arn"]
    return arn


def exchange(aws: Aws, arn: str, token: str) -> str:
    sts = aws.boto3().client("sts")
    answer = sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="bob", WebIdentityToken=token)
    found = answer["Credentials"]
    mine = Credentials(
        access_key_id=found["AccessKeyId"],
        secret_access_key=found["SecretAccessKey"],
        session_token=found["SessionToken"],
    )
    who: str = aws.boto3(mine).client("sts").get_caller_identity()["Arn"]
    return who


@pytest.mark.usefixtures("no_sockets")
def test_an_issuer_that_was_added_is_reached_without_a_socket(aws: EmulatedAws) -> None:
    okta = aws.add_issuer(Issuer("okta"))
    arn = trusting(aws, okta)
    assert exchange(aws, arn, okta.mint("bob")).endswith(":assumed-role/reader/bob")
    assert [seen.endpoint for seen in okta.journal] == ["discovery", "jwks"]
    refused("InvalidIdentityToken", exchange, aws, arn, okta.forge("sig.wrong-key"))


@pytest.mark.usefixtures("no_sockets")
def test_issuers_at_one_host_are_reached_each(aws: EmulatedAws) -> None:
    clock = aws.clock
    tenants = [aws.add_issuer(Issuer(preset, clock=clock)) for preset in ("okta_org", "okta", "cognito")]
    for number, issuer in enumerate(tenants):
        arn = trusting(aws, issuer, role=f"reader{number}", audience=issuer.client_id)
        assert exchange(aws, arn, issuer.mint("bob", token_use="id")).endswith(f"/reader{number}/bob")


@pytest.mark.usefixtures("no_sockets")
def test_an_issuer_that_was_not_added_cannot_be_reached(aws: EmulatedAws) -> None:
    okta = Issuer("okta")
    arn = trusting(aws, okta)
    message = refused("InvalidIdentityToken", exchange, aws, arn, okta.mint("bob"))
    assert message.startswith("Couldn't retrieve verification key from your identity provider")
    assert not okta.journal


@pytest.mark.parametrize(
    "fault", ["http.drop[before]", "http.drop[after]", "http.truncate", "http.garbage", "http.redirect"]
)
def test_an_issuer_s_faults_are_aws_s_troubles(aws: EmulatedAws, fault: str) -> None:
    okta = aws.add_issuer(Issuer("okta"))
    arn = trusting(aws, okta)
    okta.faults.add("jwks", fault)
    refused("InvalidIdentityToken", exchange, aws, arn, okta.mint("bob"))
    okta.faults.clear()
    assert exchange(aws, arn, okta.mint("bob"))


def test_it_is_asked_from_a_thread_that_runs_an_event_loop(aws: EmulatedAws) -> None:
    okta = aws.add_issuer(Issuer("okta"))
    arn = trusting(aws, okta)

    async def ask() -> str:
        return exchange(aws, arn, okta.mint("bob"))

    assert asyncio.run(ask())


def test_its_clock_moves_alone(aws: EmulatedAws) -> None:
    okta = aws.add_issuer(Issuer("okta"))
    arn = trusting(aws, okta)
    token = okta.mint("bob", expires_in=60)
    aws.clock.advance(60 + 301)
    # The signature of the SDK is by this machine's clock, and fifteen minutes are allowed.
    refused("ExpiredTokenException", exchange, aws, arn, token)


def test_a_trusted_issuer_is_reached_at_its_address_by_its_name() -> None:
    with LoopbackServer() as server:
        okta = Issuer("okta", url="https://acme.okta.example/oauth2/default")
        server.start(okta.app)
        aws = EmulatedAws(trust=[f"https://acme.okta.example={server.url}"])
        arn = trusting(aws, okta)
        assert exchange(aws, arn, okta.mint("bob"))
        assert okta.journal[0].headers["host"] == "acme.okta.example"
        aws.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://127.0.0.1:9000", "give it a name: https://NAME=http://127.0.0.1:9000"),
        ("https://a.example=http://10.0.0.1", "an address of this machine"),
        ("https://a.example=http://127.0.0.1:1/x", "the address has no path"),
        ("a.example", "neither"),
        ("https://a.example/?q", "neither"),
        ("https://u@a.example", "neither"),
        ("https://a.example:x", "neither"),
        ("", "neither"),
    ],
)
def test_an_issuer_that_is_written_otherwise_is_refused(text: str, said: str) -> None:
    with pytest.raises(TrustError, match=said):
        EmulatedAws(trust=[text])


def test_only_the_trusted_host_is_asked() -> None:
    aws = EmulatedAws(trust=["https://a.example=http://127.0.0.1:9"])
    for url in ("https://b.example/", "https://a.example:8443/", "http://a.example/"):
        with pytest.raises(OSError, match="knows no issuer"):
            aws.fetch(url)
    with pytest.raises(ConnectionRefusedError):
        aws.fetch("https://a.example/")
    aws.close()


def test_aws_s_own_issuers_are_reached(aws: EmulatedAws) -> None:
    pool = aws.new_issuer("cognito", url="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Abc123")
    aws.publish("cognito-idp.us-east-1.amazonaws.com", "/us-east-1_Abc123/", pool.app)
    status, body = aws.fetch(f"{pool.url}/.well-known/jwks.json")
    assert (status, json.loads(body)) == (200, pool.jwks())


def test_a_reset_leaves_the_administrator_and_the_key(aws: EmulatedAws) -> None:
    boto3 = aws.boto3()
    boto3.client("iam").create_user(UserName="alice")
    boto3.client("logs").create_log_group(logGroupName="/app")
    aws.faults.add("logs:*", "throttling")
    aws.clock.advance(60)
    aws.reset()
    assert [user.name for user in boto3.resource("iam").users.all()] == ["administrator"]
    assert boto3.client("logs").describe_log_groups()["logGroups"] == []
    assert {call.service for call in aws.journal} == {"iam", "logs"}


def test_a_session_has_resources_waiters_and_paginators(aws: EmulatedAws) -> None:
    boto3 = aws.boto3(region="eu-west-1")
    boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(_ANYBODY))
    boto3.client("iam").get_waiter("role_exists").wait(RoleName="r")
    pages = boto3.client("logs").get_paginator("describe_log_groups").paginate()
    assert [page["logGroups"] for page in pages] == [[]]
    assert boto3.resource("cloudwatch").meta.client.meta.region_name == "eu-west-1"
    assert aws.journal[-1].region == "eu-west-1"


_ANYBODY: Any = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def test_a_session_is_blind_to_the_environment(aws: EmulatedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_PROFILE", "absent")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    assert aws.boto3().client("sts").get_caller_identity()["Account"] == aws.account_id


def test_the_fixture_has_an_address_where_one_is_asked_for(aws: EmulatedAws, aws_url: str) -> None:
    sts = over_http(aws_url, "sts", aws.administrator)
    assert sts.get_caller_identity()["Account"] == aws.account_id


def test_the_fixture_is_the_world_s_account_where_there_is_a_world(aws: Aws, world: Any) -> None:
    assert aws is world.aws
    assert not isinstance(aws, EmulatedAws)


def test_two_of_them_share_nothing(aws: EmulatedAws) -> None:
    other = EmulatedAws()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        other.boto3(aws.administrator).client("sts").get_caller_identity()
    other.close()


def test_an_issuer_that_trickles_is_given_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_SECONDS", 0.5)
    sent: list[bytes] = []

    def trickle(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            while len(sent) < 100:
                connection.sendall(b" ")
                sent.append(b" ")
                stopped.wait(0.1)

    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=trickle, args=(listener,), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(OSError, match=r"hung up|reset"):
            fetching.get("https://a.example/keys", Trusted.parse(f"https://a.example={address}"))
        stopped.set()
        thread.join()
    assert len(sent) < 100
