"""``harness up``: a world that stays, and what to paste to use it."""

from __future__ import annotations

import json
import os
import shlex
import sys
import threading

from harness.internet.variables import forgetting
from harness.shell import environment
from harness.target import Target
from harness.world import World

__all__ = ["curl_line", "mint_line", "up"]


def up(provider: str = "oidc", target: str | None = None) -> int:
    """Start a world, print how to use it, and keep it until Ctrl-C; returns the exit code.

    Raises:
        UsageError: if there is no such path or target.
        TargetError: if the server does not start.
    """
    with World(provider, target=Target(target) if target else None) as world:
        environ = environment(world, inherited=os.environ)
        lines = [
            f"# A world for tests only: account {world.aws.account_id}, issuer {world.issuer.url}",
            "# Paste this into another shell; every program there is then in the world.",
            *forgetting(),
            *(f"export {name}={shlex.quote(value)}" for name, value in environ.items()),
            "",
            "# Who am I in AWS, by way of the server?",
            curl_line(world),
            "",
            "# A token of your own making for it, honest or hostile:",
            mint_line(world),
            f"fake-idp forge sig.none --preset {world.issuer.preset.name}",
            "",
            "# And AWS itself, as the account's administrator:",
            "aws sts get-caller-identity",
        ]
        print("\n".join(lines), flush=True)
        print("\nCtrl-C ends it.", file=sys.stderr, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("ended", file=sys.stderr)
    return 0


def mint_line(world: World) -> str:
    """A command that mints a token for this world, in a shell that has ``environment``."""
    claims = [
        f"--claim {shlex.quote(f'{name}={json.dumps(value)}')}" for name, value in world.setup.claims.items()
    ]
    return " ".join([f"TOKEN=$(fake-idp mint --preset {world.issuer.preset.name} --sub bob", *claims]) + ")"


def curl_line(world: World, *, tool: str = "whoami") -> str:
    """A curl command that calls a tool with ``$TOKEN``, in a shell that has ``environment``."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "curl", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": {}, "_meta": meta},
    }
    headers = [
        '"Authorization: Bearer $TOKEN"',
        "'Content-Type: application/json'",
        "'Accept: application/json, text/event-stream'",
        "'MCP-Protocol-Version: 2026-07-28'",
        "'Mcp-Method: tools/call'",
        f"'Mcp-Name: {tool}'",
    ]
    return " ".join(
        [
            "curl -sS -w '\\n'",
            world.resource,
            *(f"-H {header}" for header in headers),
            f"-d {shlex.quote(json.dumps(body))}",
        ]
    )
