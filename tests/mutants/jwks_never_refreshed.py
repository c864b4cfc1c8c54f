"""The keys are fetched once, as with the guide's ``lru_cache``."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI

from harness.reference_server import Parts, app
from harness.reference_server.jwks import KeyCache


class Keys(KeyCache):
    MAX_STALE = float("inf")

    def is_due(self, *, kid: str | None, algorithm: str) -> bool:
        return not self._keys


def create_app(environ: Mapping[str, str]) -> FastAPI:
    return app.create_app(environ, parts=Parts(keys=Keys))
