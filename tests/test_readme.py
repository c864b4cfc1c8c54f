"""The README, executed."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.scenario import load

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SHELL = [text for language, text in BLOCKS if language == "sh"]
PYTHON = [text for language, text in BLOCKS if language == "python"]
STAYING = ("harness up", "harness aws serve", "fake-idp serve")


@pytest.fixture
def shell(tmp_path):
    for text in PYTHON:
        if named := re.match(r"# (\w+\.py)\n", text):
            (tmp_path / named[1]).write_text(text, encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    (tmp_path / "state").mkdir(mode=0o700)
    environ = {**os.environ, "PATH": path, "FAKE_IDP_STATE": str(tmp_path / "state"), "HOME": str(tmp_path)}

    def run(script: str, **more: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path, env={**environ, **more}, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    run.environ, run.folder = environ, tmp_path  # type: ignore[attr-defined]
    return run


@pytest.mark.parametrize("text", [text for text in SHELL if not text.startswith(STAYING)])
def test_the_commands_work_as_written(shell, text):
    assert shell(text).strip()


def _start(shell, command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command.split(), cwd=shell.folder, env=shell.environ, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=10)
    assert "Traceback" not in "".join(said)


def test_harness_up_prints_what_works_when_pasted(shell):
    (command,) = [text for text in SHELL if text.startswith("harness up")]
    process = _start(shell, command)
    try:
        script = ""
        for line in process.stdout:
            if line.startswith("aws "):
                break
            script += line
        answers = shell(
            f'{script}\npython -c \'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])\''
        )
        who = json.loads(answers.splitlines()[0])["result"]["structuredContent"]["arn"]
        assert ":assumed-role/CloudWatchMCPRole/" in who
        assert answers.splitlines()[-1].startswith("arn:aws:iam::")
    finally:
        _end(process)


def test_harness_aws_serve_prints_what_works_when_pasted(shell):
    (command,) = [text for text in SHELL if text.startswith("harness aws serve")]
    process = _start(shell, command)
    try:
        script = ""
        for line in process.stdout:
            if line.startswith("aws "):
                break
            script += line
        said = shell(
            f'{script}\npython -c \'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])\''
        )
        assert said.splitlines()[-1].endswith(":user/administrator")
    finally:
        _end(process)


def test_a_token_minted_in_one_shell_is_vouched_for_by_the_issuer_in_another(shell):
    (command,) = [text for text in SHELL if text.startswith("fake-idp serve")]
    process = _start(shell, command)
    try:
        found = ""
        for line in process.stdout:
            if found := next(iter(re.findall(r"http://\S+/v1/keys", line)), ""):
                break
        (mint,) = [text for text in SHELL if text.startswith("fake-idp mint")]
        shell(mint)
        shell(
            "python -c \"import jwt, sys; token = open('token').read().strip();"
            f" key = jwt.PyJWKClient('{found}').get_signing_key_from_jwt(token);"
            " jwt.decode(token, key, algorithms=['RS256'], options={'verify_aud': False})\""
        )
        assert found
    finally:
        _end(process)


@pytest.mark.parametrize("text", [text for text in PYTHON if not text.startswith("# test_")])
def test_the_python_works_as_written(shell, text):
    (shell.folder / "example.py").write_text(text, encoding="utf-8")
    shell("python -W error example.py")


def test_the_two_commands_are_the_makefiles():
    for command in re.findall(r"^    (make \w+)", README, re.MULTILINE):
        done = subprocess.run([*command.split(), "-n"], cwd=ROOT, capture_output=True, text=True, check=True)
        assert "harness run" in done.stdout or "pytest" in done.stdout


def test_the_matrix_shows_the_scenarios_that_there_are():
    matrix = re.search(r"^    scenario .*?\n\n", README, re.MULTILINE | re.DOTALL)
    assert matrix, "the README has no matrix"
    shown = [line.split()[0] for line in matrix[0].splitlines()[1:] if line.strip()]
    assert shown == [entry.id for entry in load()]
