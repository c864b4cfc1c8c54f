"""The issuers that ``fake_idp`` is measured against: how each is installed, started and asked for a token.

They are installed once, by their ordinary package managers, into a cache folder of the user's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mcp-auth-harness" / "peers"
NODE_PACKAGES = ("node@22", "oauth2-mock-server@9", "oidc-provider@9")
PYTHON_PACKAGES = ("oidc-provider-mock==0.3.4", "nanoidp==3.4.0")
PORT = "{port}"

_OIDC_PROVIDER = """
import { Provider } from "oidc-provider";
const port = Number(process.argv[2]);
new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "c", client_secret: "s", grant_types: ["client_credentials"],
              redirect_uris: [], response_types: [] }],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => "urn:api",
      getResourceServerInfo: () => (
        { scope: "a", accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } }),
    },
  },
}).listen(port, "127.0.0.1");
"""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One issuer.

    Attributes:
        name: what the table calls it.
        command: how it is started; ``{port}`` stands for its port.
        discovery: the path of its metadata.
        jwks: the path of its keys.
        token: the path of its token endpoint, or None where no single request gives a token.
        credentials: client id and secret, for ``Authorization: Basic``.
    """

    name: str
    command: tuple[str, ...]
    discovery: str = "/.well-known/openid-configuration"
    jwks: str
    token: str | None
    credentials: str = "c:s"


def install() -> tuple[Peer, ...]:
    """Install what is missing and return the peers."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    modules, python = FOLDER / "node_modules", FOLDER / "venv" / "bin"
    if not (modules / "oidc-provider").exists():
        print("installing the peers from npm ...", file=sys.stderr)
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-save", *NODE_PACKAGES]
        subprocess.run(npm, cwd=FOLDER, check=True)
    if not (python / "nanoidp").exists():
        print("installing the peers from PyPI ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", FOLDER / "venv"], check=True)
        pip = [python / "pip", "install", "--quiet", "--disable-pip-version-check", *PYTHON_PACKAGES]
        subprocess.run(pip, check=True)
        subprocess.run([python / "nanoidp", "init", FOLDER / "nanoidp"], check=True, capture_output=True)
    (FOLDER / "oidc-provider.mjs").write_text(_OIDC_PROVIDER, encoding="utf-8")
    node = str(modules / ".bin" / "node")
    return (
        Peer(
            name="oauth2-mock-server 9",
            command=(node, str(modules / ".bin/oauth2-mock-server"), "-a", "127.0.0.1", "-p", PORT),
            jwks="/jwks",
            token="/token",
        ),
        Peer(
            name="oidc-provider 9",
            command=(node, str(FOLDER / "oidc-provider.mjs"), PORT),
            jwks="/jwks",
            token="/token",
        ),
        Peer(
            name="oidc-provider-mock 0.3",
            command=(str(python / "oidc-provider-mock"), "-p", PORT),
            jwks="/jwks",
            token=None,
        ),
        Peer(
            name="nanoidp 3.4",
            command=(str(python / "nanoidp"), "--port", PORT, "--config", str(FOLDER / "nanoidp")),
            jwks="/.well-known/jwks.json",
            token="/token",
            credentials="demo-client:demo-secret",
        ),
    )
