"""``aws sso login`` of the AWS CLI v2, and the SSO provider of boto3, against an Identity Center of ours."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fake_idp import Clock, Issuer
from harness.aws import Aws
from harness.aws.identity_center.sign_in import Devices, SignIn
from harness.internet import Internet

REGION = "eu-central-1"
PERMISSION_SET = "CloudWatchMCPAccess"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def cli() -> str:
    for folder in os.environ["PATH"].split(os.pathsep):
        found = shutil.which("aws", path=folder)
        if found is not None:
            said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
            if said.stdout.startswith("aws-cli/2."):
                return found
    pytest.skip("needs the AWS CLI v2")


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    internet = Internet()
    yield internet
    internet.close()


@pytest.fixture(scope="module")
def aws(internet: Internet) -> Iterator[Aws]:
    clock = Clock()
    aws = Aws(
        account_id="426510987321",
        region=REGION,
        fetch=internet.fetch,
        now=clock.now,
        new_issuer=functools.partial(Issuer, clock=clock),
    )
    address = internet.serve(aws.hosts[0], aws.app)
    for host in aws.hosts[1:]:
        internet.connect(host, address)
    yield aws
    aws.close()


@pytest.fixture(scope="module")
def start_url(aws: Aws) -> str:
    """Alice has a permission set in the account; this is where she signs in."""
    instance = aws.call("sso-admin", "create_instance")["InstanceArn"]
    aws.call("sso-admin", "update_instance", InstanceArn=instance, PermissionSetsEnabled=True)
    store = aws.call("sso-admin", "describe_instance", InstanceArn=instance)["IdentityStoreId"]
    user = aws.call(
        "identitystore",
        "create_user",
        IdentityStoreId=store,
        UserName="alice",
        DisplayName="Alice",
        Name={"GivenName": "Alice", "FamilyName": "Jones"},
    )
    made = aws.call("sso-admin", "create_permission_set", InstanceArn=instance, Name=PERMISSION_SET)
    aws.call(
        "sso-admin",
        "create_account_assignment",
        InstanceArn=instance,
        PermissionSetArn=made["PermissionSet"]["PermissionSetArn"],
        TargetId=aws.account_id,
        TargetType="AWS_ACCOUNT",
        PrincipalType="USER",
        PrincipalId=user["UserId"],
    )
    return f"https://{store}.awsapps.com/start"


@pytest.fixture
def home(tmp_path: Path, start_url: str, aws: Aws) -> Path:
    (tmp_path / ".aws").mkdir()
    role = f"sso_account_id = {aws.account_id}\nsso_role_name = {PERMISSION_SET}\n"
    at = f"sso_start_url = {start_url}\nsso_region = {REGION}\n"
    (tmp_path / ".aws/config").write_text(
        f"[profile refreshable]\nsso_session = here\n{role}"
        f"[sso-session here]\n{at}sso_registration_scopes = sso:account:access\n"
        f"[profile legacy]\n{at}{role}"
    )
    return tmp_path


@pytest.fixture
def environ(internet: Internet, home: Path) -> dict[str, str]:
    return {
        **internet.environ("client"),
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "AWS_DEFAULT_REGION": REGION,
    }


@pytest.fixture
def run(cli: str, environ: dict[str, str]) -> Run:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [cli, *arguments], env=environ, capture_output=True, text=True, timeout=50, check=False
        )

    return run


@pytest.fixture
def automatic(aws: Aws) -> Iterator[None]:
    aws.state(SignIn).automatic = "alice"
    yield
    aws.state(SignIn).automatic = None


def _cached(home: Path) -> dict[str, Any]:
    found = [json.loads(file.read_text()) for file in (home / ".aws/sso/cache").glob("*.json")]
    return next(each for each in found if "accessToken" in each)


@pytest.mark.parametrize("profile", ["refreshable", "legacy"])
@pytest.mark.usefixtures("automatic")
def test_the_cli_logs_in_calls_as_the_role_and_logs_out(run: Run, home: Path, aws: Aws, profile: str) -> None:
    login = run("sso", "login", "--no-browser", "--profile", profile)
    assert login.returncode == 0, login.stderr
    assert re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", login.stdout)
    assert ("refreshToken" in _cached(home)) == (profile == "refreshable")

    who = run("sts", "get-caller-identity", "--profile", profile, "--output", "json")
    assert who.returncode == 0, who.stderr
    arn = json.loads(who.stdout)["Arn"]
    role = rf"arn:aws:sts::{aws.account_id}:assumed-role/AWSReservedSSO_{PERMISSION_SET}_[0-9a-f]{{16}}/alice"
    assert re.fullmatch(role, arn)

    denied = run("iam", "list-users", "--profile", profile)
    assert "AccessDenied" in denied.stderr
    assert arn in denied.stderr

    token = _cached(home)["accessToken"]
    accounts = run("sso", "list-accounts", "--access-token", token, "--output", "json")
    assert json.loads(accounts.stdout)["accountList"][0]["accountId"] == aws.account_id
    logout = run("sso", "logout")
    assert logout.returncode == 0, logout.stderr
    again = run("sso", "list-accounts", "--access-token", token)
    assert "(UnauthorizedException)" in again.stderr
    assert "Session token not found or invalid" in again.stderr
    gone = run("sts", "get-caller-identity", "--profile", profile)
    assert gone.returncode != 0


def test_the_cli_waits_until_a_person_has_approved_its_code_on_the_page(
    cli: str, environ: dict[str, str], internet: Internet, aws: Aws, home: Path
) -> None:
    process = subprocess.Popen(
        [cli, "sso", "login", "--no-browser", "--profile", "refreshable"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = next(line.strip() for line in process.stdout if "user_code=" in line)
    browser = internet.http("browser")
    page = browser.get(url)
    assert page.status_code == 200
    assert "Alice (alice)" in page.text
    user = re.search(r'<option value="([^"]+)">Alice', page.text)
    code = re.search(r'name="user_code" value="([^"]+)"', page.text)
    assert user is not None
    assert code is not None
    answer = browser.post(
        url.partition("?")[0], data={"user_code": code[1], "user": user[1], "decision": "allow"}
    )
    assert "Request approved" in answer.text
    with ThreadPoolExecutor(1) as pool:
        _, errors = pool.submit(process.communicate, None, 40).result()
    assert process.returncode == 0, errors
    assert _cached(home)["region"] == REGION


def test_the_cli_ends_when_the_request_is_denied(
    cli: str, environ: dict[str, str], aws: Aws, start_url: str
) -> None:
    del start_url
    process = subprocess.Popen(
        [cli, "sso", "login", "--no-browser", "--profile", "legacy"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = next(line.strip() for line in process.stdout if "user_code=" in line)
    aws.state(Devices).deny(url.rpartition("=")[2])
    _, errors = process.communicate(timeout=40)
    assert process.returncode != 0
    assert "(AccessDeniedException)" in errors


@pytest.mark.usefixtures("automatic")
def test_boto3_uses_the_login_of_the_cli_and_refreshes_it(
    run: Run, environ: dict[str, str], home: Path, aws: Aws
) -> None:
    assert run("sso", "login", "--no-browser", "--profile", "refreshable").returncode == 0
    file = next(
        file for file in (home / ".aws/sso/cache").glob("*.json") if "refreshToken" in file.read_text()
    )
    stale = json.loads(file.read_text())
    stale["expiresAt"] = stale["expiresAt"].replace("2", "1", 1)  # a thousand years ago
    file.write_text(json.dumps(stale))
    session = "boto3.Session(profile_name='refreshable')"
    script = f"import boto3; print({session}.client('sts').get_caller_identity()['Arn'])"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("/alice")
    assert json.loads(file.read_text())["accessToken"] != stale["accessToken"]
    assert any(call.operation == "CreateToken" and call.error is None for call in aws.journal)


def test_the_start_url_is_a_page_that_asks_for_the_code(internet: Internet, start_url: str) -> None:
    browser: httpx2.Client = internet.http("browser")
    page = browser.get(start_url)
    assert page.status_code == 200
    assert 'name="user_code"' in page.text
    wrong = browser.get(start_url, params={"user_code": "<b>WRONG"})
    assert wrong.status_code == 400
    assert "&lt;b&gt;WRONG" in wrong.text
