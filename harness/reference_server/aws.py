"""AWS, called with the credentials that are given and with no others."""

from __future__ import annotations

import functools
import os
import threading
from dataclasses import dataclass, field
from typing import Any

import botocore.config
import botocore.configprovider
import botocore.exceptions
import botocore.parsers
import botocore.session
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from harness.reference_server.errors import AwsRefused
from harness.reference_server.settings import Network

__all__ = ["Aws", "AwsCredentials"]

#: Connections that are kept to each service; the threads that call are fewer.
_MAX_CONNECTIONS = 50


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


class _Signing(threading.local):
    """Who signs what this thread sends."""

    credentials: AwsCredentials | None = None


class Aws:
    """Calls AWS operations. Blocking, and safe to call from several threads.

    All callers share one client a service, and so its connections: making a client for each of them would
    cost more than their calls. The client has no credentials; each call is signed with those it is given.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._signing = _Signing()

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
        client = self._client(service, region)
        self._signing.credentials = credentials
        try:
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
        except botocore.exceptions.ClientError as error:
            details = error.response.get("Error", {})
            name = f"{service}:{error.operation_name}"
            raise AwsRefused(name, details.get("Code", "Unknown"), details.get("Message", "")) from None
        except botocore.exceptions.ParamValidationError as error:
            raise AwsRefused(name, "ValidationError", str(error)) from None
        except (botocore.exceptions.BotoCoreError, botocore.parsers.ResponseParserError) as error:
            # Its text may hold a proxy's address or a body: its kind says enough.
            raise AwsRefused(name, type(error).__name__, "AWS could not be reached") from None
        finally:
            self._signing.credentials = None
        return answer

    def _client(self, service: str, region: str) -> Any:
        with self._lock:  # botocore sessions are not thread-safe; their clients are
            if (service, region) not in self._clients:
                self._clients[service, region] = self._new_client(service, region)
            return self._clients[service, region]

    def _new_client(self, service: str, region: str) -> Any:
        endpoint = self._network.aws_endpoint_url
        host = f"{_session().get_service_model(service).endpoint_prefix}.{region}.amazonaws.com"
        proxy = self._network.proxy_for(endpoint or f"https://{host}")
        client = _session().create_client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            verify=self._network.aws_ca_bundle or True,
            config=botocore.config.Config(
                # It also keeps botocore from looking for credentials of its own.
                signature_version=UNSIGNED,
                proxies={"http": proxy, "https": proxy} if proxy else {},
                ignore_configured_endpoint_urls=True,
                connect_timeout=5,
                read_timeout=20,
                retries={"mode": "standard", "total_max_attempts": 3},
                max_pool_connections=_MAX_CONNECTIONS,
            ),
        )
        signing_name = client.meta.service_model.signing_name

        def sign(request: AWSRequest, **_: Any) -> None:
            """Sign a request when it is made, which a retry does anew."""
            mine = self._signing.credentials
            if mine is not None:
                key = Credentials(mine.access_key_id, mine.secret_access_key, mine.session_token)
                SigV4Auth(key, signing_name, region).add_auth(request)

        client.meta.events.register("request-created", sign)
        return client

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            while self._clients:
                self._clients.popitem()[1].close()
