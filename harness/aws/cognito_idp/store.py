"""Where user pools, their clients, users and groups are kept: moto's records, found in this account only.

moto looks for a client id in every account; here a call finds what its own account has in the region of the
host that it went to.
"""

from __future__ import annotations

from typing import Any

from moto.cognitoidp.models import cognitoidp_backends

from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["backend", "client_of", "find_client", "find_pool"]


def backend(call: Context) -> Any:
    """moto's record of this account's user pools in the region of the call."""
    return cognitoidp_backends[call.aws.account_id][call.region]


def find_pool(call: Context, pool_id: str) -> Any:
    """Return a user pool.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    pool = backend(call).user_pools.get(pool_id)
    if pool is None:
        raise AwsError("ResourceNotFoundException", f"User pool {pool_id} does not exist.")
    return pool


def client_of(pool: Any, client_id: str) -> Any:
    """Return a client of a pool.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    client = pool.clients.get(client_id)
    if client is None:
        raise AwsError("ResourceNotFoundException", f"User pool client {client_id} does not exist.")
    return client


def find_client(call: Context, client_id: str) -> tuple[Any, Any]:
    """Return the pool that has a client, and the client.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    for pool in list(backend(call).user_pools.values()):
        if client_id in pool.clients:
            return pool, pool.clients[client_id]
    raise AwsError("ResourceNotFoundException", f"User pool client {client_id} does not exist.")
