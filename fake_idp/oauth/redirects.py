"""Redirect URIs: which may be registered at all, and how an answer is sent to one.

The answer goes into the query (RFC 6749 section 4.1.2), into the fragment (OAuth 2.0 Multiple Response
Type Encoding Practices section 2.1) or into a form that the browser posts (OAuth 2.0 Form Post Response
Mode).
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit

from fake_idp.oauth.messages import Response

__all__ = ["MODES", "send", "unregistrable", "unsafe"]

MODES = ("query", "fragment", "form_post")
"""The response modes that there are here; the metadata say which of them a vendor has."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_DANGEROUS = frozenset(("javascript", "data", "vbscript", "file", "blob", "about", "ftp", "ws", "wss"))

_SCRIPT = "document.forms[0].submit()"
_SCRIPT_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()


def unsafe(uri: str) -> str | None:
    """What keeps a browser from being sent to a URI, whoever asks for it; None when nothing does.

    RFC 6749 section 3.1.2: it is absolute and has no fragment.
    """
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018 (raises on a port that is none)
    except ValueError:
        return "cannot be read as a URI"
    plain = uri.isascii() and uri.isprintable() and not any(mark in uri for mark in ' "<>\\^`{|}')
    found = {
        "must be a URI of at most 2000 characters": not plain or len(uri) > 2000,
        "must be absolute, with a scheme": not parts.scheme or not (parts.netloc or parts.path),
        "must not have a fragment": "#" in uri,
        "must not have a scheme that a browser takes for something else": parts.scheme in _DANGEROUS,
        "must have a host, and no user name before it": parts.scheme in ("http", "https")
        and (not parts.hostname or "@" in parts.netloc),
    }
    return next((what for what, is_so in found.items() if is_so), None)


def unregistrable(uri: str) -> str | None:
    """What keeps a client from registering a URI; None when nothing does.

    RFC 8252 sections 7 and 8.4: ``https``, ``http`` to a loopback address, or an application's own scheme.
    """
    wrong = unsafe(uri)
    if wrong is None and uri.lower().startswith("http:") and urlsplit(uri).hostname not in _LOOPBACK:
        return "must be https, unless it is a loopback address"
    return wrong


def send(
    uri: str,
    mode: str,
    parameters: Mapping[str, str],
    *,
    status: int = 302,
    headers: Sequence[tuple[str, str]] = (),
) -> Response:
    """Send the browser to a redirect URI with the answer.

    Args:
        uri: where; what its query has stays (RFC 6749 section 3.1.2).
        mode: one of ``MODES``.
        parameters: the answer.
        status: 302, or 303 when a form was posted (RFC 9700 section 4.12: never 307).
        headers: more headers.
    """
    common = (("cache-control", "no-store"), ("referrer-policy", "no-referrer"), *headers)
    if mode == "form_post":
        return Response(headers=(*_FORM_HEADERS, *common), body=_form(uri, parameters))
    mark = "#" if mode == "fragment" else "&" if "?" in uri else "?"
    location = f"{uri}{mark}{urlencode(parameters)}"
    return Response(status=status, headers=(("location", location), *common))


_FORM_HEADERS = (
    ("content-type", "text/html; charset=utf-8"),
    # Without form-action: the form is for the client, wherever that is.
    ("content-security-policy", f"default-src 'none'; script-src 'sha256-{_SCRIPT_HASH}'; base-uri 'none'"),
    ("x-content-type-options", "nosniff"),
)


def _form(uri: str, parameters: Mapping[str, str]) -> bytes:
    fields = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">\n'
        for name, value in parameters.items()
    )
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Back to the application</title>\n'
        f'<form method="post" action="{html.escape(uri)}">\n{fields}'
        f"<noscript><button>Continue</button></noscript>\n</form>\n<script>{_SCRIPT}</script>\n</html>\n"
    ).encode()
