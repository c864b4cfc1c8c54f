"""The AWS SDK for JavaScript v3 in a world: an honest token becomes credentials, a forged one does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.shell import isolated
from harness.world import World

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SCRIPT = str(HERE / "aws_sdk.mjs")

Exchange = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", params=["cognito", "oidc"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with World(request.param) as world:
        world.publish_metric("Requests")
        yield world


@pytest.fixture
def exchange(world: World, node: str, tmp_path: Path) -> Exchange:
    def exchange(token: str) -> dict[str, Any]:
        done = subprocess.run(
            [node, SCRIPT, json.dumps({"token": token})],
            env=isolated(world, {"PATH": os.environ["PATH"]}, home=tmp_path),
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    return exchange


def test_an_honest_token_reads_cloudwatch(world: World, exchange: Exchange) -> None:
    said = exchange(world.mint("alice"))
    assert said["arn"].startswith(f"arn:aws:sts::{world.aws.account_id}:assumed-role/CloudWatchMCPRole/")
    assert said["metrics"] == ["Requests"]
    assert world.aws.journal[-1].operation == "ListMetrics"
    assert not [seen for seen in world.internet.record if not seen.allowed]


@pytest.mark.parametrize(
    "forgery", ["sig.none", "sig.wrong-key", "sig.corrupt", "sig.hs-confusion", "time.exp-past"]
)
def test_a_forged_token_is_refused_with_aws_s_code(world: World, exchange: Exchange, forgery: str) -> None:
    said = exchange(world.forge(forgery))
    expired = forgery == "time.exp-past"
    on_cognito = ("NotAuthorizedException", 400)
    on_sts = ("ExpiredTokenException" if expired else "InvalidIdentityTokenException", 400)
    assert (said["error"], said["status"]) == (on_cognito if world.provider == "cognito" else on_sts)
    assert world.aws.journal[-1].decision == "deny"


def test_it_runs_in_a_world_of_harness_exec(node: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness", "exec", "--provider", "cognito", "--", node, SCRIPT, "{}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ":assumed-role/CloudWatchMCPRole/" in json.loads(done.stdout)["arn"]
