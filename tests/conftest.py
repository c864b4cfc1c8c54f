"""What tests share: for the OAuth endpoints issuers, and an application with its browser; the command line.

Which ``issuer`` the application signs people in with is for the module to say; one that needs more
``issuers`` than a plain one has its own.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Imported by those who ask for them: other tests of this project do without httpx2.
if TYPE_CHECKING:
    import httpx2

    from fake_idp import Issuer
    from tests.aws_identity_pool import Cloud
    from tests.oauth_party import Party


@pytest.fixture(scope="module")
def issuers() -> Iterator[dict[str, Issuer]]:
    from tests.oauth_client import by_name, served

    with served("plain") as issuers:
        yield by_name(issuers)


@pytest.fixture
def browser() -> Iterator[httpx2.Client]:
    from tests.oauth_party import new_browser

    with new_browser() as browser:
        yield browser


@pytest.fixture
def party(issuer: Issuer, browser: httpx2.Client) -> Party:
    """A public client."""
    from tests.oauth_party import Party

    return Party(issuer, browser=browser)


@pytest.fixture
def confidential(issuer: Issuer, browser: httpx2.Client) -> Party:
    from tests.oauth_party import Party

    return Party.confidential(issuer, browser)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of this test's commands."""
    folder = tmp_path / "state"
    monkeypatch.setenv("FAKE_IDP_STATE", str(folder))
    return folder


@pytest.fixture
def run(
    state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """``fake-idp`` in this process: exit code, standard output, standard error."""
    from fake_idp.cli import main

    def run(*args: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        try:
            code = main(args)
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        return (code, *capsys.readouterr())

    return run


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account whose identity pool takes the people of a user pool and no guests."""
    import time_machine

    from tests.aws_identity_pool import START, Cloud

    with time_machine.travel(START, tick=False) as time:
        yield Cloud(time)


@pytest.fixture
def open_cloud(cloud: Cloud) -> Cloud:
    """An account whose identity pool takes guests."""
    cloud.pool = cloud.create_pool(guests=True)
    cloud.role("Member", "authenticated")
    cloud.role("Guest", "unauthenticated", policy="arn:aws:iam::aws:policy/AdministratorAccess")
    cloud.set_roles(authenticated="Member", unauthenticated="Guest")
    return cloud
