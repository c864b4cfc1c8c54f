"""The front of AWS behind a real server: SDKs by an endpoint URL, and whatever else is sent to it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

import pytest

from fake_idp.server import LoopbackServer
from harness.aws import Aws
from harness.aws.app import App
from tests.aws_account import ALARM, over_http, refused, user


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Aws, str]]:
    """An AWS behind a real server on a loopback port."""
    aws = Aws(account_id="410987654321")

    async def well_known(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"keys at {scope['path']}".encode()})

    aws.publish("cognito-idp.us-east-1.amazonaws.com", "/us-east-1_Abc123/", well_known)
    with LoopbackServer() as server:
        server.start(aws.app)
        yield aws, server.url
    aws.close()


def raw(url: str, *pieces: bytes) -> bytes:
    """Everything that the server sends, until it closes the connection, to bytes as they are."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


class TestOverHttp:
    def test_a_real_client_is_served_by_its_endpoint_url(self, served: tuple[Aws, str]) -> None:
        aws, url = served
        assert over_http(url, "sts", aws.administrator).get_caller_identity()["Account"] == aws.account_id
        over_http(url, "cloudwatch", aws.administrator).put_metric_alarm(**ALARM)
        over_http(url, "logs", aws.administrator).create_log_group(logGroupName="/app")
        alarms = over_http(url, "cloudwatch", aws.administrator).describe_alarms()
        assert alarms["MetricAlarms"][0]["AlarmName"] == "high-cpu"

    def test_refusals_raise_the_same_exceptions_there(self, served: tuple[Aws, str]) -> None:
        aws, url = served
        alice = user(aws)
        refused("AccessDenied", over_http(url, "cloudwatch", alice).list_metrics)
        refused("AccessDeniedException", over_http(url, "logs", alice).describe_log_groups)
        refused("AccessDenied", over_http(url, "iam", alice).list_users)
        sts = over_http(url, "sts", alice)
        with pytest.raises(sts.exceptions.InvalidIdentityTokenException):
            sts.assume_role_with_web_identity(
                RoleArn=f"arn:aws:iam::{aws.account_id}:role/absent",
                RoleSessionName="alice",
                WebIdentityToken="garbage",
            )

    def get(self, url: str, host: str, body: bytes | None = None) -> tuple[int, bytes]:
        try:
            with urlopen(UrlRequest(url, data=body, headers={"Host": host}), timeout=5) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()

    def test_a_published_user_pool_shows_its_keys(self, served: tuple[Aws, str]) -> None:
        path = "/us-east-1_Abc123/.well-known/jwks.json"
        host = "cognito-idp.us-east-1.amazonaws.com"
        assert self.get(served[1] + path, host) == (200, f"keys at {path}".encode())
        assert self.get(served[1] + path.replace("Abc", "Xyz"), host)[0] == 404
        assert self.get(served[1] + path, "sts.amazonaws.com")[0] == 404

    def test_at_an_endpoint_url_the_path_tells_what_is_asked(self, served: tuple[Aws, str]) -> None:
        host = served[1].removeprefix("http://")
        path = "/us-east-1_Abc123/.well-known/jwks.json"
        assert self.get(served[1] + path, host) == (200, f"keys at {path}".encode())
        for path, service in (
            ("/client/register", "sso-oidc"),
            ("/token", "sso-oidc"),
            ("/federation/credentials?account_id=1&role_name=r", "sso"),
            ("/logout", "sso"),
        ):
            self.get(served[1] + path, host, b"{}")
            assert served[0].journal[-1].service == service

    def test_too_large_a_body_is_refused(self, served: tuple[Aws, str]) -> None:
        status, body = self.get(served[1], "logs.us-east-1.amazonaws.com", b"x" * (2 * 1024 * 1024 + 1))
        assert (status, json.loads(body)["__type"]) == (413, "RequestEntityTooLarge")


HEAD = (
    b"POST / HTTP/1.1\r\nHost: logs.us-east-1.amazonaws.com\r\n"
    b"X-Amz-Target: Logs_20140328.DescribeLogGroups\r\n"
)


class TestHostileHttp:
    def test_a_body_that_does_not_come_is_not_waited_for(self, served: tuple[Aws, str]) -> None:
        aws = served[0]
        with LoopbackServer() as server:
            server.start(App(aws.handle, body_seconds=0.1))
            said = raw(server.url, HEAD + b"Content-Length: 100\r\n\r\n{")
        assert said.startswith(b"HTTP/1.1 400")
        assert b"application/x-amz-json-1.1" in said
        assert b"RequestTimeout" in said
        assert aws.journal[-1].error == "RequestTimeout"

    def test_a_client_that_leaves_in_the_middle_made_no_call(self, served: tuple[Aws, str]) -> None:
        aws, url = served
        before = aws.journal.last
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        over_http(url, "sts", aws.administrator).get_caller_identity()
        assert [call.operation for call in aws.journal.calls(since=before)] == ["GetCallerIdentity"]

    @pytest.mark.parametrize(
        "sent",
        [
            HEAD + b"Content-Length: 2\r\n\r\n{}garbage\r\n\r\n",
            HEAD + b"Content-Length: x\r\n\r\n",
            HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"GET / HTTP/9.9\r\n\r\n",
            b"FOO / HTTP/1.1\r\nHost: sts.amazonaws.com\r\n\r\n",
        ],
    )
    def test_what_is_not_http_is_refused_and_the_connection_closed(
        self, served: tuple[Aws, str], sent: bytes
    ) -> None:
        said = raw(served[1], sent)
        assert b"HTTP/1.1 400" in said
        assert b"<html" not in said.lower()
        assert b"HTTP/1.1 5" not in said

    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
    @pytest.mark.parametrize(
        "host", ["sts.amazonaws.com", "logs.us-east-1.amazonaws.com", "s3.amazonaws.com", "evil.example"]
    )
    @pytest.mark.parametrize("path", ["/", "/moto-api/", "/moto-api/reset", "/_control/journal", "/%2e%2e/"])
    def test_every_method_at_every_host_is_answered_with_an_error_of_aws(
        self, served: tuple[Aws, str], method: str, host: str, path: str
    ) -> None:
        request = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        head, _, body = raw(served[1], request.encode()).partition(b"\r\n\r\n")
        assert 400 <= int(head.split(b" ")[1]) < 500
        assert b"content-type: text/xml" in head or b"content-type: application/x-amz-json-1.1" in head
        assert method == "HEAD" or b"<Code>" in body or b"__type" in body
