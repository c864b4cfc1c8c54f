"""pytest fixtures: issuers on loopback ports, ready to mint.

Nothing is imported until a test asks for a fixture.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer
    from fake_idp.presets import Preset

__all__ = [
    "MakeIssuer",
    "fake_idp",
    "fake_idp_options",
    "fake_idp_preset",
    "fake_idp_server",
    "make_fake_idp",
]


class MakeIssuer(Protocol):
    """What ``make_fake_idp`` is."""

    def __call__(
        self, preset: str | Preset = "plain", *, url: str | None = None, control: bool = False, **options: Any
    ) -> Issuer:
        """Serve another issuer until the test ends.

        Args:
            preset: a vendor by name, or a preset of your own.
            url: its name, where that is not the address that it answers at.
            control: whether its address has the console and the control plane too.
            options: as for ``Issuer``.
        """


@pytest.fixture(scope="session")
def fake_idp_preset() -> str | Preset:
    """The preset of ``fake_idp``: ``plain``. Override it to have another vendor's tokens.

    A name (``fake-idp presets`` lists them), a TOML file, ``module:Class``, or a ``Preset``.
    """
    return "plain"


@pytest.fixture(scope="session")
def fake_idp_options() -> Mapping[str, Any]:
    """More of ``fake_idp``, by the arguments of ``Issuer``: none. Override it to set some.

    For example ``{"audience": "https://api.example.com", "algorithm": "ES256", "auto_login": "alice"}``.
    """
    return {}


@pytest.fixture(scope="session")
def fake_idp_server(fake_idp_preset: str | Preset, fake_idp_options: Mapping[str, Any]) -> Iterator[Issuer]:
    """The issuer behind ``fake_idp``: one for the session, served from a thread on 127.0.0.1.

    Other session fixtures may use it to configure an application once; what a test does to it is
    undone only for tests that use ``fake_idp``.
    """
    with _served(fake_idp_preset, **fake_idp_options) as issuer:
        yield issuer


@pytest.fixture
def fake_idp(fake_idp_server: Issuer) -> Iterator[Issuer]:
    """A fake OIDC issuer that answers over HTTP at ``fake_idp.url``, as new for every test.

    ``fake_idp.mint("alice")`` makes an honest token and ``fake_idp.forge("sig.none")`` a hostile one;
    ``fake_idp.keys.rotate()``, ``fake_idp.faults.add(...)``, ``fake_idp.clock.advance(...)`` and
    ``fake_idp.users.add(...)`` change it; ``fake_idp.journal.wait_for(...)`` says what it was asked, and
    an ``async`` test awaits ``fake_idp.journal.wait_for_async(...)``. Whatever a test has done is undone
    after it. The keys are the same in every test, so that an application may cache them.
    """
    issuer = fake_idp_server
    held, version, rest = issuer.keys.held, issuer.keys.version, (issuer.auto_login, issuer.lax)
    issuer.reset()
    yield issuer
    issuer.reset()
    issuer.auto_login, issuer.lax = rest
    if issuer.keys.version != version:
        issuer.keys.include()
        issuer.keys.restore(held)


@pytest.fixture
def make_fake_idp() -> Iterator[MakeIssuer]:
    """Make more issuers, each at an address of its own: ``make_fake_idp("okta", audience="api://x")``.

    They end with the test. ``control=True`` gives one the console and the control plane, which the
    issuers of these fixtures do not have otherwise: a test has them in Python.
    """
    with contextlib.ExitStack() as stack:

        def make(
            preset: str | Preset = "plain", *, url: str | None = None, control: bool = False, **options: Any
        ) -> Issuer:
            return stack.enter_context(_served(preset, url=url, control=control, **options))

        yield make


@contextlib.contextmanager
def _served(
    preset: str | Preset, *, url: str | None = None, control: bool = False, **options: Any
) -> Iterator[Issuer]:
    from fake_idp.app import Site
    from fake_idp.issuer import Issuer
    from fake_idp.presets import find_preset, loopback_url
    from fake_idp.server import LoopbackServer

    shape = find_preset(preset) if isinstance(preset, str) else preset
    with LoopbackServer() as server:
        issuer = Issuer(shape, url=loopback_url(shape, server.url) if url is None else url, **options)
        server.start(Site([issuer], control=control))
        yield issuer
        if "keys" not in options:
            issuer.keys.release()
