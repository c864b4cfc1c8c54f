"""Issuers that answer over HTTP, and the Node in which other people's clients run.

``make test-clients`` installs what is needed here from npm, into ``node_modules`` beside this file.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_idp import PRESETS, Issuer
from fake_idp.app import Site
from fake_idp.clients import DEFAULT_SECRET
from fake_idp.presets import loopback_url
from fake_idp.server import LoopbackServer

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
CALLBACK = "http://127.0.0.1:1/callback"  # nobody listens there: the code is read from the redirect

Node = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def node() -> str:
    binary = MODULES / ".bin" / "node"
    if not binary.exists():
        pytest.skip("needs Node and npm packages: run `make test-clients`")
    return str(binary)


@pytest.fixture(scope="session")
def run_node(node: str) -> Node:
    """Run a script beside this file with an object as its only argument; it prints one back."""

    def run(script: str, **given: Any) -> dict[str, Any]:
        done = subprocess.run(
            [node, str(HERE / script), json.dumps(given)],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, f"{script}: {done.stderr or done.stdout}"
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    return run


@pytest.fixture(scope="session")
def issuers() -> Iterator[dict[str, Issuer]]:
    """An issuer of each preset at one address; alice signs in without a page."""
    with LoopbackServer() as server:
        made = {
            name: Issuer(name, url=loopback_url(PRESETS[name], server.url), auto_login="alice")
            for name in PRESETS
        }
        server.start(Site(made.values()))
        yield made


@pytest.fixture
def plain(issuers: dict[str, Issuer]) -> Issuer:
    issuers["plain"].journal.clear()
    return issuers["plain"]


@pytest.fixture
def client_of() -> Callable[[Issuer], dict[str, Any]]:
    """The issuer's default client, as a client library is told of it."""
    return lambda issuer: {
        "issuer": issuer.url,
        "client_id": issuer.client_id,
        "client_secret": DEFAULT_SECRET,
        "redirect_uri": CALLBACK,
    }
