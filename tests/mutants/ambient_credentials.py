"""Whoever gets no credentials of their own gets the server's."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI

from harness.reference_server import Parts, app
from harness.reference_server.aws import AwsCredentials
from harness.reference_server.caller import Caller
from harness.reference_server.credentials import CredentialCache
from harness.reference_server.errors import ExchangeRefused


def create_app(environ: Mapping[str, str]) -> FastAPI:
    class Credentials(CredentialCache):
        async def exchange(self, caller: Caller) -> AwsCredentials:
            try:
                return await super().exchange(caller)
            except ExchangeRefused:
                return AwsCredentials(
                    access_key_id=environ["AWS_ACCESS_KEY_ID"],
                    secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
                )

    return app.create_app(environ, parts=Parts(credentials=Credentials))
