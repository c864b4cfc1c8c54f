"""``harness aws serve``, as a person uses it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest

from fake_idp import Issuer
from fake_idp.server import LoopbackServer
from tests.test_harness_emulator import trusting

ROOT = Path(__file__).parents[1]
SERVE = [sys.executable, "-m", "harness", "aws", "serve", "--port", "0"]


@contextmanager
def serving(*options: str) -> Iterator[dict[str, Any]]:
    with subprocess.Popen(
        [*SERVE, "--json", *options], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert said == "ended\n"


class Served:
    """The account at an endpoint, as ``trusting`` calls it."""

    def __init__(self, said: dict[str, Any]) -> None:
        self._said = said

    def call(self, service: str, operation: str, **fields: Any) -> Any:
        environ = self._said["environment"]
        client = boto3.client(
            service,
            endpoint_url=self._said["endpoint"],
            region_name=environ["AWS_REGION"],
            aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        )
        return getattr(client, operation)(**fields)


def test_it_serves_one_account_and_trusts_the_issuer_that_a_flag_names() -> None:
    with LoopbackServer() as server:
        okta = Issuer("okta", url="https://acme.okta.example/oauth2/default")
        server.start(okta.app)
        options = ("--account", "123123123123", "--region", "eu-west-1")
        with serving(*options, "--trust", f"https://acme.okta.example={server.url}") as said:
            assert (said["account"], said["region"]) == ("123123123123", "eu-west-1")
            served: Any = Served(said)
            arn = trusting(served, okta)
            answer = served.call(
                "sts",
                "assume_role_with_web_identity",
                RoleArn=arn,
                RoleSessionName="bob",
                WebIdentityToken=okta.mint("bob"),
            )
            assert answer["Provider"].endswith("oidc-provider/acme.okta.example/oauth2/default")
            seen = httpx2.get(f"{said['control']}/journal?service=sts", trust_env=False).json()["calls"]
            assert [call["operation"] for call in seen] == ["AssumeRoleWithWebIdentity"]


def test_with_an_internet_it_answers_by_its_own_names() -> None:
    with serving("--internet") as said:
        environ = said["environment"]
        assert "AWS_ENDPOINT_URL" not in environ
        script = (
            "import boto3, urllib.request\n"
            "print(boto3.client('sts').get_caller_identity()['Account'])\n"
            "urllib.request.urlopen('https://example.com')\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={"PATH": os.environ["PATH"], **environ},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.stdout == f"{said['account']}\n"
        assert "Host outside the world" in done.stderr


def test_it_prints_what_to_paste() -> None:
    with subprocess.Popen(
        SERVE, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(10)]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    variables = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines if "export" in line)
    assert set(variables) == {
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    }
    assert "for tests only" in lines[0]
    pasted = "".join(line for line in lines if line.startswith(("export ", "for ", "unset ")))
    mine = {
        "PATH": os.environ["PATH"],
        "AWS_SESSION_TOKEN": "REAL",
        "AWS_ENDPOINT_URL_STS": "REAL",
        "ALL_PROXY": "a",
    }
    env = subprocess.run(
        ["sh", "-c", f"{pasted}env"], env=mine, capture_output=True, text=True, timeout=30, check=True
    )
    assert "REAL" not in env.stdout
    assert "ALL_PROXY=a" in env.stdout  # nothing goes by a proxy here


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--account", "12"], "--account: an AWS account id is 12 digits, not '12'"),
        (["--trust", "http://127.0.0.1:9000"], "give it a name: https://NAME=http://127.0.0.1:9000"),
        (["--port", "x"], "'x' is not a port"),
    ],
)
def test_a_wrong_word_gets_one_line_and_exit_2(options: list[str], said: str) -> None:
    done = subprocess.run(
        [*SERVE, *options], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert (len(done.stderr.splitlines()), done.stdout) == (1, "")
