"""A real Chromium, headless, and the pages it is shown.

Whatever a test does, its page may not log an error, load anything from elsewhere, or break its own
Content-Security-Policy; ``page`` looks at the end.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from fake_idp import Issuer
from fake_idp.app import Site
from fake_idp.server import LoopbackServer
from tests.browser.checks import DESKTOP
from tests.browser.relying_party import RelyingParty

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Error, Page, Request

_ARGUMENTS = (
    "--no-sandbox",  # CI runs as root in a container
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


# Not for the session: while Playwright is at work this thread has a running event loop, in which other
# tests could not start their own.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("needs Chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def look() -> dict[str, Any]:
    """The browser's settings, for ``@pytest.mark.parametrize("look", ...)``: width, colours, no script."""
    return {}


@pytest.fixture(scope="package")
def usual_page(chromium: Browser) -> Iterator[Page]:
    """For every test with the usual look: a window of its own takes a quarter of a second to open."""
    with chromium.new_context(viewport=DESKTOP) as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        yield context.new_page()


@pytest.fixture
def clean_page(chromium: Browser, usual_page: Page, look: dict[str, Any]) -> Iterator[Page]:
    """A page without cookies, pages behind it, or anything that a test did to it."""
    if look:
        with chromium.new_context(viewport=DESKTOP, **look) as context:
            yield context.new_page()
        return
    for other in usual_page.context.pages:
        if other is not usual_page:
            other.close()
    usual_page.context.clear_cookies()
    usual_page.set_viewport_size(DESKTOP)
    usual_page.emulate_media(color_scheme="light")
    yield usual_page


@pytest.fixture
def page(clean_page: Page) -> Iterator[Page]:
    page = clean_page
    page.set_default_timeout(5000)
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # What Chromium says about a page that is answered with a 4xx, which some tests ask for.
        if (
            message.type in ("error", "warning")
            and "the server responded with a status of 4" not in message.text
        ):
            complaints.append(message.text)

    def asked(request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None) or request.resource_type not in _LOADED:
            complaints.append(f"{request.resource_type} {request.url}")

    def failed(error: Error) -> None:
        complaints.append(str(error))

    def opened(dialog: Dialog) -> None:
        complaints.append(f"dialog {dialog.message}")
        dialog.dismiss()

    listeners: dict[Any, Any] = {"console": heard, "pageerror": failed, "dialog": opened, "request": asked}
    for event, listener in listeners.items():
        page.on(event, listener)
    yield page
    page.goto("about:blank")  # what the last page still has to say is heard
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    assert complaints == []


_LOADED = ("document", "fetch", "image")  # an image is the icon, which is in the page itself


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """Two issuers with a console, served; ``site.address`` is where."""
    with LoopbackServer() as server:
        issuers = (
            Issuer("plain", url=server.url, algorithm="ES256"),
            Issuer("okta", url=f"{server.url}/oauth2/default", algorithm="ES256"),
        )
        served = Site(issuers, control=True)
        server.start(served)
        yield served


@pytest.fixture
def issuer(site: Site) -> Issuer:
    """The plain issuer as it was at first, but for its keys."""
    for each in site.issuers:
        each.state.clear()
        each.faults.clear()
        each.journal.clear()
        each.clock.reset()
    return site.issuers[0]


@pytest.fixture(scope="package")
def relying_party() -> Iterator[RelyingParty]:
    with LoopbackServer() as server:
        party = RelyingParty(server.url)
        server.start(party)
        yield party
