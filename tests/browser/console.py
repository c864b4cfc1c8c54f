"""Steps that the tests of the console share."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from fake_idp import Issuer

PAGES = ("/", "/console/tokens", "/console/journal", "/console/faults", "/console/clock", "/console/people")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"


def root(issuer: Issuer) -> str:
    return issuer.url.partition("/oauth2")[0]


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return bytes(answer.read())


def published(issuer: Issuer) -> list[str]:
    return [key["kid"] for key in json.loads(fetch(issuer.jwks_url))["keys"]]


def noted(page: Page, text: str) -> None:
    expect(page.get_by_role("status")).to_contain_text(text)


def workbench(page: Page, issuer: Issuer, **fields: str) -> str:
    """Make a token with these fields filled in, and return it as it is shown."""
    page.goto(f"{root(issuer)}/console/tokens")
    making = page.locator("section", has_text="Make one")
    for name, value in fields.items():
        field = making.locator(f"[name={name}]")
        if name in ("forgery", "issuer", "use"):
            field.select_option(value)
        else:
            field.fill(value)
    making.get_by_role("button", name="Make the token").click()
    return page.locator("#made").inner_text().replace("\n", "")
