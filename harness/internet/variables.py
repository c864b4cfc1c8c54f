"""How a program that nobody changed joins an internet: the variables that runtimes read.

Programs disagree on names and on case (an inherited lower-case variable wins in most of them), so every
proxy is set in both. What no variable of a runtime's own can say is in a file that one of them names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["FOREIGN", "forgetting", "variables", "write_files"]

NO_PROXY = "127.0.0.1,localhost,::1"
PRELOAD = Path(__file__).with_name("node_preload.cjs")

_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")

FOREIGN = ("ALL_PROXY", "all_proxy", "SSL_CERT_DIR")
"""Inherited variables that would lead around the proxy, or to another authority."""

_CERTIFI = """\
# The module certifi of programs in a pocket internet. The library requests trusts what it names where a
# program prepares its requests itself, whatever REQUESTS_CA_BUNDLE says.
__version__ = "1"


def where():
    return {path!r}


def contents():
    with open(where()) as file:
        return file.read()
"""


def forgetting(foreign: Sequence[str] = FOREIGN) -> list[str]:
    """Return the lines of a shell that forget what would lead out of a world, real keys above all.

    A real session token beside the world's keys would be sent along, and AWS's SDKs ask a service's own
    ``AWS_ENDPOINT_URL_STS`` before ``AWS_ENDPOINT_URL``.

    Args:
        foreign: variables that go beside those of AWS.
    """
    names = "for name in $(env | sed -n 's/^\\(AWS_[A-Z0-9_]*\\)=.*/\\1/p'); do unset \"$name\"; done"
    return [names, *([f"unset {' '.join(foreign)}"] if foreign else [])]


def write_files(folder: Path, ca_file: Path) -> None:
    """Write what the variables name: a truststore for Java, a start-up file for wget, a module for Python.

    Args:
        folder: where to.
        ca_file: the PEM file of the authority.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

    authority = x509.load_pem_x509_certificate(ca_file.read_bytes())
    # Java takes a certificate for trusted only by an attribute that plain PKCS12 files lack. Without
    # encryption it must be given no password.
    store = pkcs12.serialize_java_truststore(
        [pkcs12.PKCS12Certificate(authority, b"pocket-internet")], NoEncryption()
    )
    (folder / "truststore.p12").write_bytes(store)
    (folder / "wgetrc").write_text(f"ca_certificate={ca_file}\n", encoding="utf-8")
    (folder / "python").mkdir(exist_ok=True)
    (folder / "python" / "certifi.py").write_text(_CERTIFI.format(path=str(ca_file)), encoding="utf-8")


def variables(
    proxy: str, *, ca_file: Path, folder: Path, inherited: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the variables.

    Args:
        proxy: the URL of the proxy.
        ca_file: the PEM file of the authority.
        folder: what ``write_files`` was given.
        inherited: an environment that they are for: what a person sets for Node, Java and Python is kept.
    """
    proxies = {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "NO_PROXY": NO_PROXY}
    at = urlsplit(proxy)
    java = [
        *(f"-D{scheme}.proxy{part}" for scheme in ("https", "http") for part in
          (f"Host={at.hostname}", f"Port={at.port}")),
        f"-Dhttp.nonProxyHosts={'|'.join(('127.0.0.1', 'localhost', '[::1]'))}",
        f"-Djavax.net.ssl.trustStore={folder / 'truststore.p12'}",
        "-Djavax.net.ssl.trustStoreType=PKCS12",
    ]  # fmt: skip
    mine = inherited or {}
    return {
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
        **dict.fromkeys(_BUNDLES, str(ca_file)),
        "NODE_USE_ENV_PROXY": "1",
        "NODE_OPTIONS": " ".join(filter(None, (mine.get("NODE_OPTIONS"), f'--require="{PRELOAD}"'))),
        "JAVA_TOOL_OPTIONS": " ".join(filter(None, (mine.get("JAVA_TOOL_OPTIONS"), *java))),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(folder / "python"), mine.get("PYTHONPATH")))),
        "WGETRC": str(folder / "wgetrc"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
