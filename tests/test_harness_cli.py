"""The command ``harness``, as a person types it."""

import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness.scenario import EVERY_PATH, load

ROOT = Path(__file__).parents[1]
HARNESS = [sys.executable, "-m", "harness"]
COMMANDS = ("run", "list", "show", "up", "exec", "aws serve")


def harness(*arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HARNESS, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command):
    done = harness(*command.split(), "--help")
    assert done.returncode == 0
    assert f"example: harness {command}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "sig.nome"], "no scenario 'sig.nome'; did you mean 'sig.none'?"),
        (["show", "jwks.rotate-hrad"], "did you mean 'jwks.rotate-hard'?"),
        (["run", "--provider", "cognitoo"], "no provider path 'cognitoo'; did you mean 'cognito'?"),
        (["run", "--wire", "2025-11-24"], "did you mean '2025-11-25'?"),
        (["run", "--target", "nowhere:create"], "target 'nowhere:create': No module named 'nowhere'"),
        (["run", "clm.token-use", "--provider", "oidc"], "clm.token-use is not run on oidc"),
        (["run", "sig.none", "--report", "/dev/null/x"], "--report /dev/null/x"),
        (["list", "--theme", "tmie"], "no theme 'tmie'; did you mean 'time'?"),
        (["up", "--provider", "okta"], "no provider path 'okta'"),
        (["rnu"], "harness: no command 'rnu'; did you mean 'run'?"),
        (["aws", "srve"], "harness aws: no command 'srve'; did you mean 'serve'?"),
        (
            ["exec", "--porvider=oidc", "--", "true"],
            "harness exec: no option '--porvider'; did you mean '--provider'?",
        ),
        (["aws", "serve", "--region", "us east"], "'us east' is not a region, such as us-east-1"),
        (["aws", "serve", "--trust", "http://127.0.0.1:9"], "AWS takes issuers by https only"),
        (["aws", "serve", "--account", "12"], "an AWS account id is 12 digits, not '12'"),
        ([], "required"),
    ],
)
def test_a_wrong_word_gets_one_line_that_names_it_and_exit_2(arguments, said):
    done = harness(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_list_is_readable_by_a_program():
    listed = json.loads(harness("list", "--json").stdout)
    assert [entry["id"] for entry in listed] == [entry.id for entry in load()]


def test_show_explains_a_scenario_to_somebody_who_has_never_seen_it():
    shown = harness("show", "jwks.rotate-hard").stdout
    for part in ("a withdrawn key stops working", "RFC 7517", "stolen", "harness run jwks.rotate-hard"):
        assert part in shown


def test_a_run_shows_the_matrix_and_writes_its_reports(tmp_path):
    done = harness("run", "sig.none", "tr.honest", "--report", str(tmp_path / "new" / "report"))
    assert (done.returncode, done.stderr) == (0, "")
    row = next(line for line in done.stdout.splitlines() if line.startswith("sig.none"))
    assert row.count("✓") == len(EVERY_PATH)
    assert "9 pass in" in done.stdout
    report = json.loads((tmp_path / "new/report/report.json").read_text(encoding="utf-8"))
    assert report["version"] == 1
    assert report["summary"] == {"pass": 9, "fail": 0, "error": 0, "skip": 0, "divergence": 0}
    members = {"id", "case", "provider", "wire", "verdict", "expected", "observed", "seconds", "replay"}
    assert all(set(result) == members for result in report["results"])
    suite = ET.parse(tmp_path / "new/report/junit.xml").getroot().find("testsuite")
    assert suite is not None
    assert suite.get("tests") == "9"
    assert {name.get("name") for name in suite.iter("property")} >= members | {"source"}


def test_a_case_can_be_chosen_by_its_parameter():
    done = harness("run", "aws.trust[deny]", "--provider", "oidc")
    assert done.returncode == 0
    assert "1 pass in" in done.stdout


def test_a_broken_target_fails_with_a_command_that_shows_it_again():
    mutant = "tests.mutants.signature_unchecked:create_app"
    done = harness("run", "sig.wrong-key", "--provider", "oidc", "--target", mutant)
    assert done.returncode == 1
    again = next(line for line in done.stdout.splitlines() if line.strip().startswith("again"))
    command = again.partition("again")[2].strip()
    repeated = subprocess.run(
        command.replace("harness ", f"{sys.executable} -m harness ", 1),
        shell=True, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert repeated.returncode == 1
    assert "FAIL  sig.wrong-key  on oidc" in repeated.stdout


def test_a_target_that_does_not_start_is_a_fail_and_not_an_error_of_the_harness():
    done = harness("run", "sig.none", "--provider", "oidc", "--target", "tests.test_world:_refuses")
    assert done.returncode == 1
    assert "OIDC_ISSUER is not to my taste" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_colour_is_only_for_a_terminal():
    assert "\x1b" not in harness("run", "sig.none", "--provider", "oidc").stdout


def _lines_until(process: subprocess.Popen[str], mark: str) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if mark in line:
            break
    return lines


@pytest.mark.parametrize("mark", ["what must hold", "aws.role-deleted"])
def test_an_interrupted_run_says_so_and_ends_at_once(mark):
    with subprocess.Popen(
        [*HARNESS, "run"], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        _lines_until(process, mark)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said


def test_up_prints_what_to_paste_and_what_it_prints_works(tmp_path):
    with subprocess.Popen(
        [*HARNESS, "up", "--provider", "cognito"], cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        try:
            script = "".join(_lines_until(process, "# And AWS itself"))
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            done = subprocess.run(
                ["bash", "-c", f"{script}env | grep REAL"],
                env={
                    **os.environ, "PATH": path, "AWS_PROFILE": "REAL", "AWS_SESSION_TOKEN": "REAL",
                    "AWS_ENDPOINT_URL_STS": "https://REAL.invalid", "ALL_PROXY": "http://REAL.invalid",
                },
                capture_output=True, text=True, timeout=30, check=False,
            )  # fmt: skip
        finally:
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert done.returncode == 1, done.stderr  # grep has found nothing
    answer = done.stdout.splitlines()[0]
    assert json.loads(answer)["result"]["structuredContent"]["arn"].startswith("arn:aws:sts::")
