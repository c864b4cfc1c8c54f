"""The harness in pytest: a world, its parts as fixtures, and the server under test as an option.

    def test_bob_is_himself(world):
        world.call(world.mint("bob")).is_accepted()

Another server is driven with ``--mcp-target module:factory``, or by overriding the ``target`` fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fake_idp import Issuer
    from harness.aws import Aws
    from harness.target import Target
    from harness.world import World

# What these fixtures import is heavy (moto, the AWS SDK), so it is imported when one is used.


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("mcp-auth-harness", "scenarios of authentication")
    group.addoption("--mcp-target", default=None, metavar="MODULE:FACTORY", help="the server under test")
    group.addoption("--mcp-provider", default=None, metavar="PATH", help="identity_center, cognito or oidc")
    group.addoption("--mcp-wire", default=None, metavar="REVISION", help="the MCP revision, e.g. 2025-11-25")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target:
    """The server under test: --mcp-target, else the reference server. Override it to name yours."""
    from harness.errors import UsageError
    from harness.target import REFERENCE_SERVER, Target

    try:
        return Target(request.config.getoption("--mcp-target") or REFERENCE_SERVER)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture
def provider(request: pytest.FixtureRequest) -> str:
    """The provider path of `world`: --mcp-provider, else oidc. Override or parametrize it."""
    return request.config.getoption("--mcp-provider") or "oidc"


@pytest.fixture
def wire(request: pytest.FixtureRequest) -> str:
    """The MCP revision that `world` speaks: --mcp-wire, else 2026-07-28. Override or parametrize it."""
    return request.config.getoption("--mcp-wire") or "2026-07-28"


@pytest.fixture
def world(provider: str, wire: str, target: Target) -> Iterator[World]:
    """A world of its own for this test: an internet, an issuer, an AWS account, a server under test."""
    from harness.world import World

    with World(provider, target=target, wire=wire) as made:
        yield made


@pytest.fixture
def issuer(world: World) -> Issuer:
    """The world's OIDC issuer: mint, forge, keys, faults, journal."""
    return world.issuer


@pytest.fixture
def aws(request: pytest.FixtureRequest) -> Iterator[Aws]:
    """An AWS account of its own for this test, the world's where the test has a world; no socket is needed.

    `aws.boto3()` is a session of its administrator, `aws.client("iam")` a client that does not retry,
    `aws.journal` has every call, `aws.faults` breaks some.
    """
    if "world" in request.fixturenames:
        yield request.getfixturevalue("world").aws
        return
    from harness.emulator import EmulatedAws

    made = EmulatedAws()
    yield made
    made.close()


@pytest.fixture
def aws_url(aws: Aws) -> Iterator[str]:
    """The address of `aws` on this machine, for clients that need one: their endpoint URL."""
    from fake_idp.server import LoopbackServer

    with LoopbackServer() as server:
        server.start(aws.app)
        yield server.url
