"""``python -m harness.reference_server``: the server as a process of its own."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import socket
import sys

import uvicorn

from harness.reference_server.app import create_app
from harness.reference_server.errors import ConfigurationError
from harness.reference_server.providers import configured_provider
from harness.reference_server.settings import Settings, Variables

_EPILOG = """\
Everything is configured by environment variables; AUTH_PROVIDER is identity_center, cognito or oidc.
Example: AUTH_PROVIDER=oidc OIDC_ISSUER=https://acme.okta.com/oauth2/default ... PORT=8000 \
python -m harness.reference_server --check-config
"""


def main() -> int:
    """Serve on 127.0.0.1 at ``PORT``, or say what the configuration amounts to."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.reference_server",
        description="The CloudWatch MCP server.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--check-config", action="store_true", help="say what is configured, and end")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        variables = Variables(os.environ)
        if options.check_config:
            _describe(variables)
            return 0
        app = create_app(os.environ)
        listener = _listen(options.host, _port(variables))
    except ConfigurationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    # No access log: its lines have the query, and some clients put tokens there.
    config = uvicorn.Config(
        app, access_log=False, log_config=None, server_header=False, timeout_graceful_shutdown=5
    )
    # uvicorn raises Ctrl-C again when it has ended in order, which is no news by then.
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, named as TCP: asyncio switches Nagle's delay off for no other."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ConfigurationError("PORT", f"is {port}: cannot listen on {host}: {error.strerror}") from None
    logging.getLogger(__name__).info("listening on http://%s:%d", host, listener.getsockname()[1])
    return listener


def _port(variables: Variables) -> int:
    value = variables.optional("PORT") or "8000"
    if not value.isascii() or not value.isdigit() or int(value) > 65535:
        raise ConfigurationError("PORT", f"is {value!r}, which is not a port")
    return int(value)


def _describe(variables: Variables) -> None:
    settings = Settings.from_variables(variables)
    provider = configured_provider(variables, settings)
    facts = {
        "provider": variables.required("AUTH_PROVIDER"),
        "issuer": provider.issuer,
        "client": provider.client_id,
        **provider.describe(),
        "resource": settings.resource_url,
        "region": settings.region,
        "AWS endpoint": settings.network.aws_endpoint_url or "AWS's own",
    }
    for name, value in facts.items():
        print(f"{name:<14} {value}")


if __name__ == "__main__":
    sys.exit(main())
