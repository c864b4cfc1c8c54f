"""The manual of ``fake_idp``, executed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fake_idp import PRESETS
from fake_idp.faults.catalogue import FAULTS

MANUAL = (Path(__file__).parents[1] / "fake_idp" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
SHELL = [text for language, text in BLOCKS if language == "sh"]
FILES = {named[1]: text for _, text in BLOCKS if (named := re.match(r"# (\w+\.\w+)\n", text))}
ADDRESS = "http://127.0.0.1:9000"

Run = Callable[[str], str]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(tmp_path), "FAKE_IDP_STATE": str(tmp_path / "state")}


@pytest.fixture
def run(tmp_path: Path, environ: dict[str, str]) -> Run:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def run(script: str) -> str:
        command = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=50, check=False
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


@pytest.mark.parametrize("text", [text for text in SHELL if "serve" not in text and ADDRESS not in text])
def test_the_commands_work_as_written(run: Run, text: str) -> None:
    assert run(text).strip()


def test_the_server_answers_what_is_asked_of_it(run: Run, environ: dict[str, str], tmp_path: Path) -> None:
    (command,) = [text for text in SHELL if text.startswith("fake-idp serve")]
    words = command.replace("9000", "0").split()
    with subprocess.Popen(
        words, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            address = ""
            for line in process.stdout:
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    address = found[0]
                    break
            asked = [line for text in SHELL if ADDRESS in text for line in text.splitlines()]
            answers = [run(line.replace(ADDRESS, address)) for line in asked]
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=10)
    assert len(answers) >= 6
    assert not [answer for answer in answers if '"error"' in answer]
    assert f'"{address}/oauth2/default"' in answers[0]
    assert "access_token" in answers[1]


def test_the_tests_pass_as_written(run: Run) -> None:
    assert "4 passed" in run("python -m pytest -q -p no:cacheprovider test_tokens.py")


def test_the_python_works_as_written(run: Run) -> None:
    (text,) = [text for language, text in BLOCKS if language == "python" and not text.startswith("# test_")]
    run(f"python -W error - <<'END'\n{text}END")


def test_every_vendor_and_every_fault_is_in_it() -> None:
    named = set(re.findall(r"`([a-z0-9_.-]+)`", MANUAL))
    assert set(PRESETS) <= named
    assert set(FAULTS) <= named
