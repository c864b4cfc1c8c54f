"""``harness exec``: any command inside a world."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.shell import environment, isolated
from harness.world import World

ROOT = Path(__file__).parents[1]
EXEC = [sys.executable, "-m", "harness", "exec"]


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EXEC, *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


SCRIPT = """
import boto3, json, os, sys, urllib.request
sts = boto3.client("sts")
metadata = json.load(urllib.request.urlopen(sys.argv[1] + "/.well-known/openid-configuration"))
print(json.dumps({
    "arn": sts.get_caller_identity()["Arn"],
    "environ": dict(os.environ),
    "metadata": metadata["issuer"],
}))
sys.exit(7)
"""


@pytest.mark.parametrize("provider", ["identity_center", "cognito", "oidc"])
def test_what_the_developer_has_of_aws_is_neither_read_nor_passed_on(provider: str, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("this is no configuration of AWS")
    done = run(
        *("--provider", provider, "--", sys.executable, "-c", "import os; print(dict(os.environ))"),
        AWS_PROFILE="absent",
        AWS_SESSION_TOKEN="REAL-token",
        AWS_WEB_IDENTITY_TOKEN_FILE="/REAL/file",
        AWS_CONFIG_FILE=str(config),
        AWS_CONTAINER_CREDENTIALS_FULL_URI="http://127.0.0.1/REAL",
        AWS_ENDPOINT_URL_STS="https://REAL.invalid",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "REAL" not in done.stdout
    assert str(config) not in done.stdout


@pytest.mark.parametrize("provider", ["identity_center", "cognito", "oidc"])
def test_a_person_has_credentials_by_the_provider_path(provider: str, tmp_path: Path) -> None:
    with World(provider) as world:
        inherited = {
            "PATH": os.environ["PATH"],
            "AWS_PROFILE": "absent",
            "AWS_SESSION_TOKEN": "stale",
            "ALL_PROXY": "http://192.0.2.1",
            "https_proxy": "http://192.0.2.1",
            "NODE_OPTIONS": "--no-warnings",
        }
        environ = isolated(world, inherited, person="alice", home=tmp_path)
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, world.issuer.url],
            env=environ,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 7, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        assert f"{world.aws.account_id}:assumed-role/" in said["arn"]
        assert said["metadata"] == world.issuer.url
        assert "AWS_PROFILE" not in said["environ"]
        assert said["environ"]["HOME"] == str(tmp_path)
        assert said["environ"]["NODE_OPTIONS"].startswith("--no-warnings --require=")
        assert {call.operation for call in world.aws.journal} >= {world.setup.assume, "GetCallerIdentity"}
        assert not [seen for seen in world.internet.record if not seen.allowed]


def test_what_up_prints_is_what_exec_gives(tmp_path: Path) -> None:
    with World("oidc") as world:
        printed, given = environment(world), isolated(world, {}, home=tmp_path)
        assert {*printed, "HOME"} == set(given)
        differing = {name for name in printed if printed[name] != given[name]}
        assert differing <= {"TOKEN"}  # minted anew


def test_the_command_s_exit_code_is_its_own_and_nothing_else_is_printed() -> None:
    done = run("--provider", "cognito", "--", "sh", "-c", "echo $AWS_REGION; echo said >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "us-east-1\n", "said\n")


def test_without_a_command_it_is_the_shell_of_the_person() -> None:
    done = run(SHELL=shutil.which("true") or "")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--", "nosuch-command"], 127, "harness: no command 'nosuch-command' to run"),
        (["--provider", "cognitoo", "--", "true"], 2, "did you mean 'cognito'?"),
        (["--as", "", "--", "true"], 2, "--as takes the name of a person"),
        (["--target", "nowhere:create", "--", "true"], 2, "target 'nowhere:create'"),
    ],
)
def test_a_wrong_word_gets_one_line(arguments: list[str], code: int, said: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (code, "", 1)
    assert said in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_passed_on_and_the_command_decides(number: signal.Signals) -> None:
    script = (
        f"import signal, sys, time; signal.signal({int(number)}, lambda *_: sys.exit(9)); "
        "print(1, flush=True); time.sleep(50)"
    )
    with subprocess.Popen(
        [*EXEC, "--", sys.executable, "-c", script], cwd=ROOT, text=True, stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        process.send_signal(number)
        assert process.wait(timeout=20) == 9


def test_a_command_that_a_signal_ended_has_the_exit_code_of_a_shell() -> None:
    assert run("--", "sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM
