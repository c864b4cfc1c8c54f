"""Everybody in a role shares the credentials of whoever came first."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from fastapi import FastAPI

from harness.reference_server import Parts, app
from harness.reference_server.caller import Caller
from harness.reference_server.credentials import CredentialCache


class Credentials(CredentialCache):
    def key(self, caller: Caller) -> Hashable:
        return caller.role


def create_app(environ: Mapping[str, str]) -> FastAPI:
    return app.create_app(environ, parts=Parts(credentials=Credentials))
