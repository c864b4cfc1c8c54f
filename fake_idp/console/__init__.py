"""The console: an issuer's keys, tokens, journal, faults, clock and people, in a browser.

It is made of pages and forms that the server writes. What changes something is a POST, answered by a
redirect to the page that shows the change; the script only copies text and keeps the journal fresh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import APIRouter

    from fake_idp.app import Site

__all__ = ["console_router"]


def console_router(site: Site) -> APIRouter:
    """The routes of the console: ``/``, and what is below ``/console/``.

    Who may use them is not decided here but in front (``fake_idp.control``).
    """
    from fastapi import APIRouter

    from fake_idp.console import clock, faults, journal, overview, people, tokens
    from fake_idp.console.frame import Frame

    router = APIRouter(include_in_schema=False)
    frame = Frame(site)
    for theme in (overview, tokens, journal, faults, clock, people):
        theme.add_routes(router, frame)
    return router
