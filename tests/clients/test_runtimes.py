"""Programs of several runtimes find their way in a world by its variables alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_idp import Issuer
from harness.internet import Internet

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    internet = Internet()
    issuer = Issuer("okta")
    internet.serve(issuer.host, issuer.app)
    yield internet
    internet.close()


URL = "https://acme.okta.com/oauth2/default/.well-known/openid-configuration"


def output(internet: Internet, *command: str) -> str:
    program = shutil.which(command[0])
    if program is None:
        pytest.skip(f"needs {command[0]}")
    done = subprocess.run(
        [program, *command[1:]],
        env={"PATH": os.environ["PATH"], **internet.environ("runtime")},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_curl(internet: Internet) -> None:
    assert json.loads(output(internet, "curl", "-sS", URL))["jwks_uri"]


def test_wget(internet: Internet) -> None:
    assert json.loads(output(internet, "wget", "-q", "-O", "-", URL))["jwks_uri"]


def test_java(internet: Internet) -> None:
    assert output(internet, "java", str(HERE / "Runtime.java"), URL).split() == ["200", "200"]


@pytest.mark.parametrize("which", ["of npm", "of the system"])
def test_node(internet: Internet, node: str, which: str) -> None:
    binary = node if which == "of npm" else "node"
    said = json.loads(output(internet, binary, str(HERE / "runtime.cjs"), URL))
    assert said == {
        "fetch": 200,
        "fetch in plain HTTP": 200,
        "the global agent": 200,
        "an agent of its own": 200,
    }


def test_nobody_went_out(internet: Internet) -> None:
    assert [seen for seen in internet.record if not seen.allowed] == []
