"""What every page of the console has in common."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from fake_idp import random_ids
from fake_idp.app import Site
from fake_idp.errors import FakeIdpError, InvalidValue, UnknownName
from fake_idp.issuer import Issuer
from fake_idp.pages import render

__all__ = ["Form", "Frame", "Note", "Refused", "json_object", "number", "words"]

Form = Mapping[str, str]
"""The fields of a form that were filled in."""

Note = str
"""What was done, for the page that follows."""

_PAGES = {
    "/": "Overview",
    "/console/tokens": "Tokens",
    "/console/journal": "Journal",
    "/console/faults": "Faults",
    "/console/clock": "Clock",
    "/console/people": "People",
}
_BODY_LIMIT = 1_000_000
_NOTES = 100


class Refused(FakeIdpError):
    """A form that did not come from a page of this console."""


class Frame:
    """The issuers, the navigation, and the way of every form.

    Args:
        site: whose console it is.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self._csrf = random_ids.token_urlsafe(24)
        self._notes: dict[str, Note] = {}

    def issuer(self, name: str | None) -> Issuer:
        """Find an issuer by its identifier; the first one when there is no name.

        Raises:
            UnknownName: there is none of that name.
        """
        for issuer in self.site.issuers:
            if name in (None, "", issuer.url):
                return issuer
        raise UnknownName("issuer", name or "", (issuer.url for issuer in self.site.issuers))

    def page(
        self, request: Request, template: str, *, status: int = 200, error: str = "", **context: Any
    ) -> Response:
        """Answer with a page of the console; ``context`` is what is special about it."""
        answer = render(
            f"console_{template}.html",
            status=status,
            pages=_PAGES,
            here=request.url.path,
            issuers=self.site.issuers,
            csrf=self._csrf,
            note=self._notes.pop(request.query_params.get("note", ""), ""),
            error=error,
            address=str(request.base_url).rstrip("/"),
            **context,
        )
        return Response(content=answer.body, status_code=answer.status, headers=dict(answer.headers))

    async def form(self, request: Request) -> Form:
        """Read a form of this console.

        Raises:
            Refused: it lacks the secret that every form of this console has.
            InvalidValue: it cannot be read, or is too large.
        """
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _BODY_LIMIT:
                raise InvalidValue("form", "is too large")
        try:
            fields = dict(parse_qsl(body.decode(), errors="strict", max_num_fields=100))
        except ValueError:
            raise InvalidValue("form", "cannot be read") from None
        if not hmac.compare_digest(fields.pop("csrf", "").encode(), self._csrf.encode()):
            raise Refused("the form is of another console, or of this one's last life; send it from here")
        return {name: value for name, value in fields.items() if value.strip()}

    async def change(
        self,
        request: Request,
        act: Callable[[Form], Note],
        show: Callable[..., Response],
        *,
        back: str,
    ) -> Response:
        """Do what a form asks for, then send the browser to the page that shows it.

        Args:
            request: the POST.
            act: does it, and says in a sentence what it did.
            show: shows the page again with ``status`` and ``error``, where it could not be done.
            back: the path to go on to.
        """
        try:
            form = await self.form(request)
            note = act(form)
        except FakeIdpError as error:
            return show(request, status=403 if isinstance(error, Refused) else 400, error=str(error))
        key = random_ids.token_urlsafe(6)
        while len(self._notes) >= _NOTES:
            del self._notes[next(iter(self._notes))]
        self._notes[key] = note
        query = {"note": key} | ({"issuer": form["issuer"]} if "issuer" in form else {})
        return RedirectResponse(f"{back}?{urlencode(query)}", status_code=303)


def json_object(text: str | None, field: str) -> dict[str, Any]:
    """What somebody typed into a field for a JSON object; nothing is an empty one.

    Raises:
        InvalidValue: it is something else.
    """
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        raise InvalidValue(field, 'is not JSON; write for instance {"groups": ["ops"]}') from None
    if not isinstance(value, dict):
        raise InvalidValue(field, "is not a JSON object")
    return value


def number(text: str | None, field: str) -> float | None:
    """What somebody typed into a field for a number; None for nothing.

    Raises:
        InvalidValue: it is no number.
    """
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise InvalidValue(field, "is not a number") from None
    return int(value) if value == value // 1 else value


def words(text: str | None) -> tuple[str, ...]:
    """What somebody typed into a field for several words, apart by spaces or commas."""
    return tuple((text or "").replace(",", " ").split())
