"""The CloudWatch MCP server of the guide, done right.

A person's access token comes in, is verified, is exchanged for that person's own AWS credentials, and
CloudWatch is called with these. ``create_app`` makes the ASGI application from a mapping of settings.

Read it in the order of a request: ``authentication``, ``tokens`` with ``jwks``, ``tool_server``,
``credentials`` with ``providers``, ``aws``.
"""

from __future__ import annotations

from harness.reference_server.app import Parts, create_app
from harness.reference_server.errors import ConfigurationError

__all__ = ["ConfigurationError", "Parts", "create_app"]
