"""The pages that a person sees, and the headers that keep each of them to itself.

A page is one document: its style sheet and its script, if it has one, are written into it and named by
their hashes in the Content-Security-Policy. Nothing else is loaded, and nothing else can run.

The forms of ``login.html`` and ``device.html`` send ``transaction``, ``decision`` (``approve`` or ``deny``)
and who signs in: ``user``, or ``other`` when no ``user`` was chosen; ``login.html`` also ``claims`` (JSON)
and ``failure``, ``device.html`` also ``user_code``.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from fake_idp.oauth.messages import Response

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["WARNING", "render"]

WARNING = "For tests only: anybody can sign in here as anybody, and it signs whatever it is asked to."
"""On every page."""

_ELSEWHERE = frozenset({"login.html", "logout.html"})
"""The pages with a form that is answered by sending the browser to the client. Chromium holds ``form-action``
against such redirects too (Content Security Policy Level 3 section 6.4.1), so these pages have none."""


def render(
    template: str, *, status: int = 200, headers: Sequence[tuple[str, str]] = (), **context: Any
) -> Response:
    """Answer with a page.

    Args:
        template: a file of ``templates``; those of the console have a script.
        status: the HTTP status.
        headers: more headers.
        context: what the template shows. Everything is escaped, whoever wrote it.
    """
    page = _environment().get_template(template).render(context)
    return Response(
        status=status,
        headers=(
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", _policy(template)),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            # Not no-referrer: browsers would send "Origin: null" with our own forms (Fetch section 3.2),
            # and nobody could tell them from a hostile page's.
            ("referrer-policy", "same-origin"),
            *headers,
        ),
        body=page.encode("utf-8", "replace"),
    )


@functools.cache
def _policy(template: str) -> str:
    directives = [
        "default-src 'none'",
        f"style-src '{_hash(_text('style.css'))}'",
        "img-src data:",  # the icon
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    if template.startswith("console"):
        directives += [f"script-src '{_hash(_text('console.js'))}'", "connect-src 'self'"]
    if template not in _ELSEWHERE:
        directives.append("form-action 'self'")
    return "; ".join(directives)


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # 40 ms, for those who want a page
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("fake_idp.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {
        "warning": WARNING,
        # Our own files: the only text that is not escaped.
        "style": Markup(_text("style.css")),  # noqa: S704
        "script": Markup(_text("console.js")),  # noqa: S704
    }
    return environment


@functools.cache
def _text(name: str) -> str:
    return resources.files("fake_idp.pages").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
