"""What tests of the issuer's endpoints share: an application and its browser, at an issuer of their own.

A module that needs other issuers too has an ``issuers`` of its own, with ``plain`` among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

# Imported by those who ask for them: other tests of this project do without httpx2.
if TYPE_CHECKING:
    import httpx2

    from fake_idp import Issuer
    from tests.oauth_party import Party


@pytest.fixture(scope="module")
def issuers() -> Iterator[dict[str, Issuer]]:
    from tests.oauth_client import by_name, served

    with served("plain") as issuers:
        yield by_name(issuers)


@pytest.fixture
def issuer(issuers: dict[str, Issuer]) -> Issuer:
    from tests.oauth_client import fresh

    return fresh(issuers["plain"])


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
