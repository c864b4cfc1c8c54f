"""The manual of the emulated AWS: executed, and as the code has it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.aws import Aws
from harness.aws.backend import ask
from harness.aws.cloudformation import templates
from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.services import SERVICES, Service
from harness.aws.wire import Protocol
from tests.aws_errors.manual import MANUAL, renewed, shares_of

TEXT = MANUAL.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
SHELL = [text for language, text in BLOCKS if language == "sh"]
PYTHON = [text for language, text in BLOCKS if language == "python"]
TESTS = {named[1]: text for text in PYTHON if (named := re.match(r"# (test_\w+\.py)\n", text))}
ADDRESS = "http://127.0.0.1:4599"
COMMANDS = [line for text in SHELL for line in text.splitlines() if line.startswith("harness exec")]

Run = Callable[[str], str]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    # The AWS CLI of the system comes first: another one may need an environment of its own.
    path = [str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", os.environ["PATH"]]
    return {**os.environ, "PATH": os.pathsep.join(path), "HOME": str(tmp_path)}


@pytest.fixture
def run(tmp_path: Path, environ: dict[str, str]) -> Run:
    for name, text in TESTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def run(script: str) -> str:
        command = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=55, check=False
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_a_world_work_as_written(run: Run, environ: dict[str, str], command: str) -> None:
    found = shutil.which("aws", path=environ["PATH"]) or "false"
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    if not version.startswith("aws-cli/2."):
        pytest.skip("needs the AWS CLI v2")
    said = run(command)
    assert '"Arn"' in said or '"Metrics"' in said or '"OutputKey"' in said


def test_the_server_answers_what_is_asked_of_it(run: Run, environ: dict[str, str], tmp_path: Path) -> None:
    (command,) = [text for text in SHELL if text.startswith("harness aws serve")]
    words = command.replace("4599", "0").split()
    asked = [line for text in SHELL if ADDRESS in text for line in text.splitlines()]
    with subprocess.Popen(
        words, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            exports = [line for line in iter(lambda: next(lines), "\n") if line.startswith("export ")]
            (address,) = re.findall(r"AWS_ENDPOINT_URL=(http://127\.0\.0\.1:\d+)", "".join(exports))
            who = run(
                "".join(exports)
                + "python -c 'import boto3; print(boto3.client(\"sts\").get_caller_identity())'"
            )
            answers = [run(line.replace(ADDRESS, address)) for line in asked]
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
    assert "arn:aws:iam::123456789012:user/administrator" in who
    assert len(answers) == 5
    assert '"GetCallerIdentity"' in answers[0]
    assert not [answer for answer in answers if '"error":"' in answer.replace(" ", "")]


def test_the_tests_pass_as_written(run: Run) -> None:
    said = run(f"python -m pytest -q -p no:cacheprovider {' '.join(TESTS)}")
    assert f"{sum(text.count('def test_') for text in TESTS.values())} passed" in said


@pytest.mark.parametrize("text", [text for text in PYTHON if text not in TESTS.values()])
def test_the_python_works_as_written(run: Run, text: str) -> None:
    run(f"python -W error - <<'END'\n{text}END")


def test_what_is_generated_in_it_is_as_the_code_has_it() -> None:
    assert renewed(TEXT) == TEXT, "renew it: python -m tests.aws_errors"


@pytest.mark.parametrize(
    "service", [each for each in SERVICES.values() if each.moto], ids=lambda each: each.name
)
def test_moto_has_what_it_is_said_to_have_and_no_more(service: Service) -> None:
    aws = Aws()
    _, by_moto, refused = shares_of(service)
    for operation in (*by_moto, *refused):
        call = Context(
            aws=aws,
            service=service.name,
            operation=operation,
            region="us-east-1",
            now=aws.now(),
            caller=None,
            protocol=Protocol.QUERY,
            request=None,
        )
        try:
            ask(call, {})
        except AwsError as error:
            code = error.code
        else:
            code = ""
        assert (code == "NotImplemented") == (operation in refused), operation
    aws.close()


def test_every_service_is_in_it_and_every_block_is_executed() -> None:
    assert {f"`{name}`" for name in SERVICES} <= set(re.findall(r"`[\w-]+`", TEXT))
    assert set(templates.names()) == {"cognito", "identity-center", "oidc"}
    executed = [
        text for text in SHELL if text.startswith(("harness exec", "harness aws serve")) or ADDRESS in text
    ]
    assert len(executed) + len(PYTHON) == len(BLOCKS)
