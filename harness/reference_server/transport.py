"""Which Host and Origin a request may name."""

from __future__ import annotations

from urllib.parse import urlsplit

from mcp.server.transport_security import TransportSecuritySettings

from harness.reference_server.settings import Settings

__all__ = ["transport_security"]

_DEFAULT_PORTS = {"https": 443, "http": 80}


def transport_security(settings: Settings) -> TransportSecuritySettings:
    """The SDK's protection against DNS rebinding, for this server's public name.

    The name, not the address: TLS ends in front of this process, and what stands there passes on the
    Host that the client used. Exact values only, since the SDK's ``host:*`` is a mere prefix.
    """
    parts = urlsplit(settings.resource_url.lower())
    default = _DEFAULT_PORTS[parts.scheme]
    hosts = {parts.netloc}
    if parts.port in (None, default):
        bare = parts.netloc.removesuffix(f":{default}")
        hosts = {bare, f"{bare}:{default}"}
    return TransportSecuritySettings(
        allowed_hosts=sorted(hosts), allowed_origins=sorted(f"{parts.scheme}://{host}" for host in hosts)
    )
