"""What tests of the OAuth endpoints share: issuers, and an application with its browser.

Which ``issuer`` the application signs people in with is for the module to say; one that needs more
``issuers`` than a plain one has its own.
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
