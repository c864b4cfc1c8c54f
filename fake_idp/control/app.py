"""The FastAPI application behind ``/_control`` and the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fake_idp.app import ASGIApp, Site

__all__ = ["build"]


def build(site: Site) -> ASGIApp:
    """Make the application for these issuers."""
    raise NotImplementedError
