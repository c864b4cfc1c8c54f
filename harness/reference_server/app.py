"""The application: the parts, put together."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from fastapi import FastAPI
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp
from starlette.routing import Route

from harness.reference_server.authentication import Authentication
from harness.reference_server.aws import Aws
from harness.reference_server.challenges import Challenges
from harness.reference_server.credentials import CredentialCache
from harness.reference_server.jwks import KeyCache
from harness.reference_server.outbound import Fetcher
from harness.reference_server.providers import configured_provider
from harness.reference_server.settings import Settings, Variables
from harness.reference_server.tokens import TokenVerifier
from harness.reference_server.tool_server import ToolServer

__all__ = ["Parts", "create_app"]

#: At DEBUG these log requests with their headers and bodies: tokens and secrets (botocore does).
_TALKATIVE = ("botocore", "urllib3", "httpcore2", "mcp")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The classes that the server is made of; another one may take the place of each."""

    keys: type[KeyCache] = KeyCache
    verifier: type[TokenVerifier] = TokenVerifier
    credentials: type[CredentialCache] = CredentialCache
    challenges: type[Challenges] = Challenges
    tools: type[ToolServer] = ToolServer


def create_app(environ: Mapping[str, str], *, parts: Parts | None = None) -> FastAPI:
    """The CloudWatch MCP server, as an ASGI application.

    Args:
        environ: the configuration; nothing is read from anywhere else.
        parts: other parts than the usual ones.

    Raises:
        ConfigurationError: naming the variable that is missing or wrong.
    """
    parts = parts or Parts()
    variables = Variables(environ)
    settings = Settings.from_variables(variables)
    provider = configured_provider(variables, settings)

    fetcher = Fetcher(provider.issuer, settings.network)
    aws = Aws(settings.network)
    challenges = parts.challenges(settings, provider)
    verifier = parts.verifier(provider, parts.keys(provider.issuer, fetcher))
    sessions = parts.tools(settings, parts.credentials(provider, aws), aws).session_manager()
    endpoint = Authentication(StreamableHTTPASGIApp(sessions), verifier, challenges)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            async with sessions.run():
                yield
        finally:
            aws.close()
            await fetcher.close()

    app = FastAPI(title="CloudWatch MCP server", lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    app.router.routes.append(Route("/mcp", endpoint))
    for path in {challenges.metadata_path, challenges.root_path}:
        app.add_api_route(path, challenges.metadata, methods=["GET"])
    app.add_api_route("/healthz", _healthz, methods=["GET"])
    _keep_quiet()
    return app


def _healthz() -> dict[str, str]:
    return {"status": "ok"}


def _keep_quiet() -> None:
    """Fix the level of the talkative loggers, so that they do not follow the root logger to DEBUG."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.setLevel(max(logging.INFO, logger.getEffectiveLevel()))
