"""AWS, called with the credentials that are given and with no others."""

from __future__ import annotations

import functools
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import botocore.config
import botocore.configprovider
import botocore.exceptions
import botocore.parsers
import botocore.session
from botocore import UNSIGNED

from harness.reference_server.errors import AwsRefused
from harness.reference_server.settings import Network

__all__ = ["Aws", "AwsCredentials"]

#: Clients are kept for their connections; the least recently used one goes.
_MAX_CLIENTS = 256


@dataclass(frozen=True, kw_only=True)
class AwsCredentials:
    """A key pair, and the session token and expiry of temporary ones (seconds since the epoch)."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: float = float("inf")


@functools.cache
def _session() -> Any:
    """The botocore session of this process: making one parses its data for 50 ms.

    It is made deaf to the environment and to the files in the home directory: no profile, no default
    credentials, no endpoint that was not configured here.
    """
    variables = {
        name: (None, None, default, convert)
        for name, (
            _,
            _,
            default,
            convert,
        ) in botocore.configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    for name in ("config_file", "credentials_file"):
        variables[name] = (None, None, os.devnull, None)
    return botocore.session.Session(session_vars=variables)


class Aws:
    """Calls AWS operations. Blocking, and safe to call from several threads."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._clients: OrderedDict[tuple[str, str, AwsCredentials | None], Any] = OrderedDict()
        self._lock = threading.Lock()

    def call(
        self,
        service: str,
        operation: str,
        *,
        region: str,
        credentials: AwsCredentials | None,
        **parameters: Any,
    ) -> dict[str, Any]:
        """Call one operation.

        Args:
            service: botocore's name of the service, such as ``sts``.
            operation: botocore's name of the operation, such as ``assume_role``.
            region: the AWS region.
            credentials: who signs; ``None`` sends the call unsigned.
            parameters: the operation's own.

        Raises:
            AwsRefused: if AWS answers with an error, or not at all.
        """
        name = f"{service}:{operation}"
        try:
            answer: dict[str, Any] = getattr(self._client(service, region, credentials), operation)(
                **parameters
            )
        except botocore.exceptions.ClientError as error:
            details = error.response.get("Error", {})
            name = f"{service}:{error.operation_name}"
            raise AwsRefused(name, details.get("Code", "Unknown"), details.get("Message", "")) from None
        except botocore.exceptions.ParamValidationError as error:
            raise AwsRefused(name, "ValidationError", str(error)) from None
        except (botocore.exceptions.BotoCoreError, botocore.parsers.ResponseParserError) as error:
            # Its text may hold a proxy's address or a body: its kind says enough.
            raise AwsRefused(name, type(error).__name__, "AWS could not be reached") from None
        return answer

    def _client(self, service: str, region: str, credentials: AwsCredentials | None) -> Any:
        key = (service, region, credentials)
        with self._lock:  # botocore sessions are not thread-safe; their clients are
            if key not in self._clients:
                self._clients[key] = self._new_client(service, region, credentials)
            self._clients.move_to_end(key)
            if len(self._clients) > _MAX_CLIENTS:
                self._clients.popitem(last=False)[1].close()
            return self._clients[key]

    def _new_client(self, service: str, region: str, credentials: AwsCredentials | None) -> Any:
        endpoint = self._network.aws_endpoint_url
        host = f"{_session().get_service_model(service).endpoint_prefix}.{region}.amazonaws.com"
        proxy = self._network.proxy_for(endpoint or f"https://{host}")
        return _session().create_client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            verify=self._network.aws_ca_bundle or True,
            aws_access_key_id=credentials and credentials.access_key_id,
            aws_secret_access_key=credentials and credentials.secret_access_key,
            aws_session_token=credentials and credentials.session_token,
            config=botocore.config.Config(
                # UNSIGNED is also what keeps botocore from looking for credentials of its own.
                signature_version=None if credentials else UNSIGNED,
                proxies={"http": proxy, "https": proxy} if proxy else {},
                ignore_configured_endpoint_urls=True,
                connect_timeout=5,
                read_timeout=20,
                retries={"mode": "standard", "total_max_attempts": 3},
            ),
        )

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            while self._clients:
                self._clients.popitem()[1].close()
