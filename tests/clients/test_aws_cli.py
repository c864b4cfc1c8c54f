"""The AWS CLI, v1 and v2, in a world: the guide's own commands, where they are wrong, and what is right.

``make test-clients`` installs v1; v2 is the ``aws`` of the system.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from harness.shell import isolated
from harness.world import World
from tests.clients.guide_commands import COMMANDS, Command

HERE = Path(__file__).parent
V1 = HERE / ".venvs" / "awscli" / "bin" / "aws"


def binary(version: str) -> str:
    """The AWS CLI of a major version."""
    found = str(V1) if version == "v1" else shutil.which("aws", path="/usr/local/bin:/usr/bin")
    if found is None or not Path(found).exists():
        pytest.skip(f"needs the AWS CLI {version}")
    return found


class Cli:
    """The AWS CLI in a world, and what its commands have returned."""

    def __init__(self, aws: str, world: World, home: Path) -> None:
        self._aws = aws
        self.world = world
        self.kept = {"account": world.aws.account_id}
        self._environ = isolated(world, {"PATH": os.environ["PATH"]}, home=home)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._aws, *shlex.split(command.format(**self.kept))],
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    def succeed(self, command: str) -> dict[str, Any]:
        """What the command returns; by boto3 where this release of the AWS CLI is too old to have it."""
        done = self.run(command)
        if "Invalid choice" in done.stderr or "Unknown options: --" in done.stderr:
            return self._by_boto3(command)
        assert done.returncode == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stdout or "{}")
        return said

    def _by_boto3(self, command: str) -> dict[str, Any]:
        service, operation, *words = shlex.split(command.format(**self.kept))
        fields: dict[str, Any] = {}
        for word in words:
            if word.startswith("--"):
                name = "".join(part.title() for part in word.removeprefix("--").split("-"))
                fields[name] = True  # until its value comes
            else:
                fields[name] = word
        fields.pop("Region", None)
        return self.world.aws.call(service, operation.replace("-", "_"), **fields)


@pytest.fixture(scope="module", params=["v1", "v2"])
def cli(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    aws = binary(request.param)
    with World("oidc") as world:
        yield Cli(aws, world, tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_the_guide_s_command_is_taken_or_refused_as_by_aws_and_the_right_one_works(
    cli: Cli, command: Command
) -> None:
    before = cli.world.aws.journal.last
    if command.refused:
        done = cli.run(command.guide)
        assert done.returncode != 0, done.stdout
        is_known = "Invalid choice" not in done.stderr
        assert command.refused in done.stderr or not is_known
        calls = cli.world.aws.journal.calls(since=before)
        assert [call.error for call in calls] == ([command.refused] if command.is_sent and is_known else [])
    said: dict[str, Any] = {}
    for right in command.right or (command.guide,):
        said = cli.succeed(right)
    for name, path in command.keeps.items():
        cli.kept[name] = reduce(lambda value, key: value[key], path.split("."), said)
    assert cli.world.aws.journal[-1].error is None
    assert not [seen for seen in cli.world.internet.record if not seen.allowed]


def test_what_the_commands_made_is_there(cli: Cli) -> None:
    roles = cli.succeed("cognito-identity get-identity-pool-roles --identity-pool-id {identity_pool}")
    assert roles["Roles"]["authenticated"] == cli.kept["authenticated"]
    attached = cli.succeed("iam list-attached-role-policies --role-name CloudWatchMCPOIDCRole")
    assert [each["PolicyName"] for each in attached["AttachedPolicies"]] == ["CloudWatchReadOnlyAccess"]
    policies = cli.succeed(
        "sso-admin list-managed-policies-in-permission-set --instance-arn {instance} "
        "--permission-set-arn {permission_set}"
    )
    assert [each["Name"] for each in policies["AttachedManagedPolicies"]] == ["CloudWatchReadOnlyAccess"]


def by_exec(version: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", "exec", "--as", "alice", "--", binary(version), *words],
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_it_runs_in_a_world_of_harness_exec(version: str) -> None:
    done = by_exec(version, "sts", "get-caller-identity")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Arn"].endswith(":assumed-role/CloudWatchMCPRole/cloudwatch-mcp-alice")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_exit_code_and_the_refusal_are_the_cli_s_own(version: str) -> None:
    done = by_exec(version, "iam", "list-users")
    assert done.returncode == (255 if version == "v1" else 254)
    assert "An error occurred (AccessDenied) when calling the ListUsers operation" in done.stderr


def test_somebody_logs_in_by_the_profile_of_identity_center() -> None:
    script = (
        'set -e; "$0" sso login --no-browser --profile sso >&2; '
        '"$0" sts get-caller-identity --profile sso; "$0" sso logout'
    )
    done = subprocess.run(
        [sys.executable, "-m", "harness", "exec", "--provider", "identity_center", "--as", "alice", "--",
         "sh", "-c", script, binary("v2")],
        cwd=HERE.parents[1], capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    arn = json.loads(done.stdout)["Arn"]
    assert ":assumed-role/AWSReservedSSO_CloudWatchMCPAccess_" in arn
    assert arn.endswith("/alice")
