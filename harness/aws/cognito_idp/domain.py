"""A user pool's domain: where its OAuth endpoints and its pages are. Without one there are none.

Developer guide, "User pool endpoints and managed login reference".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from harness.aws.app import AsgiApp, Receive, Send
from harness.aws.backend import ask, not_implemented
from harness.aws.cognito_idp.store import backend, find_pool
from harness.aws.cognito_idp.tokens import issuer_of
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = ["create", "delete", "describe", "update"]

_PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_RESERVED = ("aws", "amazon", "cognito")


def create(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """CreateUserPoolDomain: a prefix domain; a custom one would need a certificate."""
    pool, prefix = find_pool(call, fields["UserPoolId"]), fields["Domain"]
    if fields.get("CustomDomainConfig"):
        raise not_implemented(call)
    if not _PREFIX.fullmatch(prefix):  # the text is ours
        raise AwsError("InvalidParameterException", f"{prefix} is not a domain prefix.")
    for word in _RESERVED:
        if word in prefix:
            raise AwsError("InvalidParameterException", f"Domain cannot contain reserved word: {word}")
    if prefix in backend(call).user_pool_domains:
        raise AwsError("InvalidParameterException", "Domain already associated with another user pool.")
    if pool.domain is not None:
        raise AwsError("InvalidParameterException", "User pool already has a domain configured.")
    ask(call, fields)
    issuer = issuer_of(call, pool)
    issuer.set_domain(f"https://{_host(call, prefix)}")
    call.aws.publish(_host(call, prefix), "/", _with_login(issuer.app))
    _publish_documents(call, pool)
    return {}


def delete(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """DeleteUserPoolDomain: nothing is there any more."""
    pool, prefix = find_pool(call, fields["UserPoolId"]), fields["Domain"]
    if pool.domain is None or pool.domain.domain != prefix:
        raise AwsError("InvalidParameterException", "No such domain or user pool exists.")
    ask(call, fields)
    call.aws.withdraw(_host(call, prefix), "/")
    issuer_of(call, pool).set_domain("")
    _publish_documents(call, pool)
    return {}


def update(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """UpdateUserPoolDomain, which is for custom domains."""
    raise not_implemented(call)


def describe(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """DescribeUserPoolDomain: empty for a domain that is not there."""
    found = ask(call, fields)["DomainDescription"]
    described = {name: value for name, value in found.items() if value is not None}
    return {"DomainDescription": described | {"AWSAccountId": call.aws.account_id} if described else {}}


def _publish_documents(call: Context, pool: Any) -> None:
    """The discovery document says where the endpoints are, so it changes with the domain."""
    app = issuer_of(call, pool).app
    call.aws.publish(f"cognito-idp.{call.region}.amazonaws.com", f"/{pool.id}/", app)


def _host(call: Context, prefix: str) -> str:
    return f"{prefix}.auth.{call.region}.amazoncognito.com"


def _with_login(app: AsgiApp) -> AsgiApp:
    """The page at ``/login`` is the one that ``/oauth2/authorize`` leads to."""

    async def answer(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["path"] == "/login":
            scope = {**scope, "path": "/oauth2/authorize", "raw_path": b"/oauth2/authorize"}
        await app(scope, receive, send)

    return answer
