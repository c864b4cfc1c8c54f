"""Who is refused is not told where to get a token."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI

from harness.reference_server import Parts, app
from harness.reference_server.challenges import Challenges
from harness.reference_server.errors import Refused


class Silent(Challenges):
    def headers(self, refused: Refused) -> dict[str, str]:
        return {}


def create_app(environ: Mapping[str, str]) -> FastAPI:
    return app.create_app(environ, parts=Parts(challenges=Silent))
