"""pytest fixtures: an issuer on a loopback port, ready to mint.

Nothing is imported until a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer


@pytest.fixture(scope="session")
def fake_idp_preset() -> str:
    """The preset of the ``fake_idp`` fixture, ``plain``; override it to have another vendor's tokens."""
    return "plain"


@pytest.fixture(scope="session")
def fake_idp_server(fake_idp_preset: str) -> Iterator[Issuer]:
    """The issuer behind ``fake_idp``: one for the session, served from a thread on 127.0.0.1."""
    from fake_idp.issuer import Issuer
    from fake_idp.presets import find_preset
    from fake_idp.server import LoopbackServer
    from fake_idp.store import default_url

    find_preset(fake_idp_preset)
    with LoopbackServer() as server:
        issuer = Issuer(fake_idp_preset, url=default_url(fake_idp_preset, server.url))
        server.start(issuer.app)
        yield issuer


@pytest.fixture
def fake_idp(fake_idp_server: Issuer) -> Iterator[Issuer]:
    """A fake OIDC issuer that answers over HTTP at ``fake_idp.url``.

    ``fake_idp.mint(sub="alice")`` makes an honest token, ``fake_idp.forge("sig.none")`` a hostile one.
    It comes with an empty journal, no faults and the clock at wall time; its keys stay from test to
    test, so that a test that rotates them does not cost the next one anything.
    """
    _clear(fake_idp_server)
    yield fake_idp_server
    _clear(fake_idp_server)


def _clear(issuer: Issuer) -> None:
    issuer.faults.clear()
    issuer.journal.clear()
    issuer.clock.reset()
