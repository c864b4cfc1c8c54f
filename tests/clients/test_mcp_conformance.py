"""The MCP conformance suite's own checks of an authorization server."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
import urllib.request

import pytest

from fake_idp import Issuer

from .conftest import MODULES

SUITE = MODULES / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"


@pytest.mark.parametrize("preset", ["plain", "okta"])
def test_every_check_passes(node: str, issuers: dict[str, Issuer], preset: str) -> None:
    issuer = issuers[preset]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [node, str(SUITE), "authorization", "--url", issuer.url, "--client-id", issuer.client_id]
    with subprocess.Popen(
        [*command, "--resource", "https://mcp.example.com/mcp", "-p", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said, url = [], ""
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+\S*/authorize\?\S+", line):
                url = found[0]
            elif "Callback server started" in line:
                # What the suite leaves to a person with a browser; it ends at the suite's own server.
                threading.Thread(target=urllib.request.urlopen, args=(url,), daemon=True).start()
    text = "".join(said)
    assert process.returncode == 0, text
    assert re.search(r"[1-9]\d* passed, 0 failed", text), text
