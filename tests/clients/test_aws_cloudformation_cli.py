"""``aws cloudformation deploy`` of the AWS CLI, v1 and v2, with the project's own templates."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.aws.cloudformation import templates
from harness.world import World

V1 = Path(__file__).parent / ".venvs" / "awscli" / "bin" / "aws"

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World("oidc") as world:
        yield world


@pytest.fixture(params=["v1", "v2"])
def cli(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Cli:
    """Run a command of the AWS CLI as the account's administrator."""
    aws = str(V1) if request.param == "v1" else shutil.which("aws", path="/usr/local/bin:/usr/bin")
    if aws is None or not Path(aws).exists():
        pytest.skip(f"needs the AWS CLI {request.param}")
    key = world.aws.administrator
    environ = {
        **world.environ,
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_PAGER": "",
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [aws, *words], env=environ, capture_output=True, text=True, timeout=50, check=False
        )

    return run


def outputs(cli: Cli, stack: str) -> dict[str, str]:
    done = cli("cloudformation", "describe-stacks", "--stack-name", stack, "--output", "json")
    assert done.returncode == 0, done.stderr
    [found] = json.loads(done.stdout)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}


def deploy(cli: Cli, stack: str, file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return cli(
        "cloudformation",
        "deploy",
        *("--stack-name", stack, "--template-file", str(file), "--capabilities", "CAPABILITY_IAM"),
        *words,
    )


def test_deploy_sets_up_the_path_of_cognito_and_changes_it(cli: Cli, world: World) -> None:
    file = templates.path("cognito")
    done = deploy(cli, "cognito", file)
    assert done.returncode == 0, done.stderr
    assert "Successfully created/updated stack - cognito" in done.stdout
    environ = templates.environ(outputs(cli, "cognito"))
    pool = environ["AWS_COGNITO_USER_POOL_ID"]
    described = world.aws.call("cognito-idp", "describe_user_pool", UserPoolId=pool)["UserPool"]
    assert described["Name"] == "cognito-users"
    roles = world.aws.call(
        "cognito-identity",
        "get_identity_pool_roles",
        IdentityPoolId=environ["AWS_COGNITO_IDENTITY_POOL_ID"],
    )["Roles"]
    assert roles == {"authenticated": environ["ROLE_ARN"]}
    again = deploy(cli, "cognito", file)
    assert "No changes to deploy. Stack cognito is up to date" in again.stdout + again.stderr
    # The CLI names change sets after the second, and one without changes stays.
    for one in world.aws.call("cloudformation", "list_change_sets", StackName="cognito")["Summaries"]:
        world.aws.call("cloudformation", "delete_change_set", ChangeSetName=one["ChangeSetId"])
    changed = deploy(cli, "cognito", file, "--parameter-overrides", "CallbackUrls=https://a.example/back")
    assert changed.returncode == 0, changed.stderr
    client = world.aws.call(
        "cognito-idp",
        "describe_user_pool_client",
        UserPoolId=pool,
        ClientId=environ["AWS_COGNITO_CLIENT_ID"],
    )["UserPoolClient"]
    assert client["CallbackURLs"] == ["https://a.example/back"]
    delete(cli, "cognito")
    pools = world.aws.call("cognito-idp", "list_user_pools", MaxResults=10)["UserPools"]
    assert pool not in [one["Id"] for one in pools]


def test_deploy_sets_up_the_path_of_an_issuer_and_changes_it(cli: Cli, world: World) -> None:
    file, issuer = templates.path("oidc"), "https://issuer.example.com/tenant/"
    given = ("--parameter-overrides", f"Issuer={issuer}")
    done = deploy(cli, "oidc", file, *given, "Audience=mcp")
    assert done.returncode == 0, done.stderr
    found = outputs(cli, "oidc")
    environ = templates.environ(found)
    assert (environ["AUTH_PROVIDER"], environ["OIDC_ISSUER"], environ["OIDC_CLIENT_ID"]) == (
        "oidc",
        issuer,
        "mcp",
    )
    role = environ["AWS_CLOUDWATCH_ROLE_ARN"].rpartition("/")[2]
    document = world.aws.call("iam", "get_role", RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    assert document["Statement"][0]["Principal"] == {"Federated": found["ProviderArn"]}
    changed = deploy(cli, "oidc", file, *given, "Audience=another")
    assert changed.returncode == 0, changed.stderr
    provider = world.aws.call(
        "iam", "get_open_id_connect_provider", OpenIDConnectProviderArn=found["ProviderArn"]
    )
    assert provider["ClientIDList"] == ["another"]
    delete(cli, "oidc")
    left = world.aws.call("iam", "list_open_id_connect_providers")["OpenIDConnectProviderList"]
    assert found["ProviderArn"] not in [each["Arn"] for each in left]


def test_deploy_sets_up_the_path_of_identity_center_and_changes_it(cli: Cli, world: World) -> None:
    instance = instance_of(world)
    world.aws.call("sso-admin", "update_instance", InstanceArn=instance, PermissionSetsEnabled=True)
    file = templates.path("identity-center")
    server = f"arn:aws:iam::{world.aws.account_id}:user/administrator"
    given = ("--parameter-overrides", f"InstanceArn={instance}", f"ServerPrincipalArn={server}")
    done = deploy(cli, "center", file, *given)
    assert done.returncode == 0, done.stderr
    found = outputs(cli, "center")
    described = world.aws.call("sso-admin", "describe_application", ApplicationArn=found["ApplicationArn"])
    assert described["Name"] == "cloudwatch-mcp-server"
    changed = deploy(cli, "center", file, *given, "ApplicationName=renamed")
    assert changed.returncode == 0, changed.stderr
    described = world.aws.call("sso-admin", "describe_application", ApplicationArn=found["ApplicationArn"])
    assert described["Name"] == "renamed"
    role = templates.environ(found)["AWS_IDENTITY_CENTER_ALLOWED_ROLES"]
    assumed = cli("sts", "assume-role", "--role-arn", role, "--role-session-name", "alice")
    assert assumed.returncode == 0, assumed.stderr
    delete(cli, "center")
    assert world.aws.call("sso-admin", "list_applications", InstanceArn=instance)["Applications"] == []


def instance_of(world: World) -> str:
    found = world.aws.call("sso-admin", "list_instances")["Instances"]
    arn: str = (found[0] if found else world.aws.call("sso-admin", "create_instance"))["InstanceArn"]
    return arn


def delete(cli: Cli, stack: str) -> None:
    for command in (["delete-stack"], ["wait", "stack-delete-complete"]):
        done = cli("cloudformation", *command, "--stack-name", stack)
        assert done.returncode == 0, done.stderr


def test_deploy_says_why_it_failed(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "bucket.yaml"
    file.write_text("Resources: {Bucket: {Type: AWS::S3::Bucket}}")
    done = deploy(cli, "bucket", file)
    assert done.returncode != 0
    assert "Failed to create/update the stack" in done.stderr
    events = cli("cloudformation", "describe-stack-events", "--stack-name", "bucket", "--output", "json")
    assert "This AWS does not support the resource type AWS::S3::Bucket." in events.stdout
    assert cli("cloudformation", "delete-stack", "--stack-name", "bucket").returncode == 0


def test_deploy_without_the_capability_is_refused(cli: Cli) -> None:
    file = str(templates.path("oidc"))
    done = cli(
        "cloudformation",
        "deploy",
        *("--stack-name", "never", "--template-file", file),
        *("--parameter-overrides", "Issuer=https://issuer.example", "Audience=mcp"),
    )
    assert done.returncode != 0
    assert "InsufficientCapabilitiesException" in done.stderr
    assert "Requires capabilities : [CAPABILITY_IAM]" in done.stderr
