"""The settings that all provider paths share, and how a setting is read.

Configuration comes from one mapping, the environment, and from nowhere else. A server that is
half-configured does not start: an audience or an issuer that is empty by accident would switch the
check off that needs it.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness.reference_server.errors import ConfigurationError

__all__ = ["Network", "Settings", "Variables"]

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_HTTP_URL = re.compile(r"https?://[^\s/]+(/\S*)?")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Variables:
    """The environment, read one named variable at a time.

    Every method raises ``ConfigurationError``, which names the variable.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def optional(self, *names: str) -> str | None:
        """The first of these variables that is not empty."""
        return next((value for name in names if (value := self._environ.get(name, "").strip())), None)

    def required(self, *names: str) -> str:
        """The first of these variables that is not empty; the error names the first one."""
        value = self.optional(*names)
        if value is None:
            raise ConfigurationError(names[0], "is not set")
        return value

    def matching(self, *names: str, pattern: re.Pattern[str], example: str) -> str:
        """A required variable of a known form."""
        value = self.required(*names)
        if not pattern.fullmatch(value):
            raise ConfigurationError(names[0], f"is {value!r}, which does not look like {example}")
        return value

    def region(self, *names: str) -> str:
        """A required AWS region."""
        return self.matching(*names, pattern=_REGION, example="us-east-1")

    def url(self, name: str) -> str:
        """A required URL: ``https``, or ``http`` on this machine, exactly as it was written.

        Exactly, because issuers and audiences are compared as strings (RFC 8414 section 3.3, RFC 9728
        section 3.3): a slash more or less makes another issuer.
        """
        value = self.required(name)
        try:
            parts = urlsplit(value)
            encrypted = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
            plain = bool(parts.hostname) and parts.port != 0 and not set(value) & set("?#@\\")
        except ValueError:
            raise ConfigurationError(name, f"is {value!r}, which is not a URL") from None
        if not (encrypted and plain and value.isascii() and value.isprintable() and " " not in value):
            raise ConfigurationError(name, f"is {value!r}, which is not a plain https URL")
        return value

    def http_url(self, *names: str) -> str | None:
        """An optional URL of a proxy or an endpoint, where ``http`` is common."""
        value = self.optional(*names)
        if value is not None and not _HTTP_URL.fullmatch(value):
            raise ConfigurationError(names[0], "is not a URL such as http://127.0.0.1:3128")
        return value

    def ca_file(self, name: str) -> str | None:
        """An optional file of CA certificates, in PEM."""
        value = self.optional(name)
        if value is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=value)
            except OSError:  # which an ssl.SSLError is too
                raise ConfigurationError(name, f"is {value!r}, which is not a file of certificates") from None
        return value


@dataclass(frozen=True, kw_only=True)
class Network:
    """The way out of this process.

    Attributes:
        https_proxy: the proxy for ``https`` URLs, ``http_proxy`` the one for ``http``.
        no_proxy: hosts that are reached without a proxy, comma-separated.
        ca_file: a CA bundle for the issuer, ``None`` for the system's.
        aws_ca_bundle: a CA bundle for AWS, ``None`` for botocore's own.
        aws_endpoint_url: one endpoint for every AWS service instead of the real ones.
    """

    https_proxy: str | None = None
    http_proxy: str | None = None
    no_proxy: str = ""
    ca_file: str | None = None
    aws_ca_bundle: str | None = None
    aws_endpoint_url: str | None = None

    @classmethod
    def from_variables(cls, variables: Variables) -> Network:
        """Read the network variables that HTTP clients and AWS SDKs share."""
        return cls(
            https_proxy=variables.http_url("HTTPS_PROXY", "https_proxy"),
            http_proxy=variables.http_url("HTTP_PROXY", "http_proxy"),
            no_proxy=variables.optional("NO_PROXY", "no_proxy") or "",
            ca_file=variables.ca_file("SSL_CERT_FILE"),
            aws_ca_bundle=variables.ca_file("AWS_CA_BUNDLE"),
            aws_endpoint_url=variables.http_url("AWS_ENDPOINT_URL"),
        )

    def proxy_for(self, url: str) -> str | None:
        """The proxy through which ``url`` is reached, ``None`` where it is reached directly."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        for entry in filter(None, (part.strip().lower().lstrip(".") for part in self.no_proxy.split(","))):
            if entry in ("*", host, parts.netloc) or host.endswith(f".{entry}"):
                return None
        return self.https_proxy if parts.scheme == "https" else self.http_proxy


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What every provider path needs.

    Attributes:
        resource_url: this server's public URL: its name in the metadata, its audience, its Host.
        region: the AWS region of CloudWatch.
        network: the way out.
    """

    resource_url: str
    region: str
    network: Network

    @classmethod
    def from_variables(cls, variables: Variables) -> Settings:
        """Read the settings.

        Raises:
            ConfigurationError: naming the first variable that is missing or wrong.
        """
        return cls(
            resource_url=variables.url("MCP_RESOURCE_URL"),
            region=variables.region("AWS_REGION", "AWS_DEFAULT_REGION"),
            network=Network.from_variables(variables),
        )
