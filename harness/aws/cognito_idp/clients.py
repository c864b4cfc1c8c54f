"""The clients of a pool: what may be configured, how long their tokens last, and that they are who they say.

API reference, CreateUserPoolClient; developer guide, "Application-specific settings with app clients".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import string
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from harness.aws.backend import ask
from harness.aws.cognito_idp import lifetimes
from harness.aws.cognito_idp.pools import UserPools
from harness.aws.cognito_idp.store import client_of, find_pool
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = [
    "check_secret",
    "check_secret_hash",
    "create",
    "delete",
    "flows",
    "update",
]

_LOWER = string.ascii_lowercase + string.digits
_SCOPES = frozenset({"openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"})
_DEFAULT_FLOWS = ("ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def create(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """CreateUserPoolClient: an id of 26 characters and, where asked for, a secret of 51."""
    pool = find_pool(call, fields["UserPoolId"])
    given = _with_defaults(fields)
    _check(pool, given, has_secret=bool(fields.get("GenerateSecret")))
    made = ask(call, given)["UserPoolClient"]
    client = pool.clients.pop(made["ClientId"])
    client.id = "".join(secrets.choice(_LOWER) for _ in range(26))
    client.secret = "".join(secrets.choice(_LOWER) for _ in range(51))
    pool.clients[client.id] = client
    issuer = call.aws.state(UserPools).issuers[pool.id]
    if issuer.client_id == pool.id:  # tokens that are minted by hand are for the first client
        issuer.client_id = issuer.audience = client.id
    return _described(call, pool, client)


def update(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """UpdateUserPoolClient: what is left out goes back to its default, as AWS does it."""
    pool = find_pool(call, fields["UserPoolId"])
    client = client_of(pool, fields["ClientId"])
    given = _with_defaults({"ClientName": client.extended_config.get("ClientName"), **fields})
    _check(pool, given, has_secret=client.generate_secret)
    config = {name: value for name, value in given.items() if name not in ("UserPoolId", "ClientId")}
    client.extended_config = config
    return _described(call, pool, client)


def delete(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """DeleteUserPoolClient."""
    pool = find_pool(call, fields["UserPoolId"])
    client_of(pool, fields["ClientId"])
    del pool.clients[fields["ClientId"]]
    return {}


def _described(call: Context, pool: Any, client: Any) -> Mapping[str, Any]:
    names = {"UserPoolId": pool.id, "ClientId": client.id}
    return ask(call, names, operation="DescribeUserPoolClient")


def _with_defaults(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "AllowedOAuthFlowsUserPoolClient": False,
        "AuthSessionValidity": 3,
        "EnablePropagateAdditionalUserContextData": False,
        "EnableTokenRevocation": True,
        "RefreshTokenValidity": 30,
        "ExplicitAuthFlows": list(_DEFAULT_FLOWS),
        **{name: value for name, value in fields.items() if value is not None},
    }


def _check(pool: Any, fields: Mapping[str, Any], *, has_secret: bool) -> None:
    """What CreateUserPoolClient and UpdateUserPoolClient refuse beyond their models."""
    lifetimes.check(fields)
    flows = fields["ExplicitAuthFlows"]
    if any(flow.startswith("ALLOW_") for flow in flows) and not all(
        flow.startswith("ALLOW_") for flow in flows
    ):  # the text is ours
        raise AwsError("InvalidParameterException", "ExplicitAuthFlows mixes flows with and without ALLOW_.")
    for name in fields.get("SupportedIdentityProviders") or ():
        if name != "COGNITO" and name not in pool.identity_providers:
            raise AwsError(
                "InvalidParameterException", f"The provider {name} does not exist for User Pool {pool.id}."
            )
    _check_scopes(pool, fields.get("AllowedOAuthScopes") or ())
    for url in (*(fields.get("CallbackURLs") or ()), *(fields.get("LogoutURLs") or ())):
        _check_url(url)
    default = fields.get("DefaultRedirectURI")
    if default is not None and default not in (fields.get("CallbackURLs") or ()):
        raise AwsError("InvalidParameterException", "The default redirect URI is not in the callback URLs.")
    _check_oauth(fields, has_secret=has_secret)
    rotation = fields.get("RefreshTokenRotation") or {}
    if rotation.get("Feature") == "ENABLED" and "ALLOW_REFRESH_TOKEN_AUTH" in flows:
        # API reference, CreateUserPoolClient, RefreshTokenRotation; the text is ours
        raise AwsError(
            "InvalidParameterException",
            "Refresh token rotation cannot be enabled together with ALLOW_REFRESH_TOKEN_AUTH.",
        )


def _check_scopes(pool: Any, scopes: Any) -> None:
    custom = {
        f"{server.identifier}/{scope['ScopeName']}"
        for server in pool.resource_servers.values()
        for scope in server.scopes or ()
    }
    for scope in scopes:
        if scope not in _SCOPES and scope not in custom:
            # awsdocs/aws-cloudformation-user-guide#564
            raise AwsError("ScopeDoesNotExistException", f"Invalid scope requested: {scope}")


def _check_url(url: str) -> None:
    """API reference, ``CallbackURLs``: absolute, https but for loopback, no fragment. The text is ours."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if not parts.scheme or "#" in url or (parts.scheme in ("http", "https") and not host):
        raise AwsError("InvalidParameterException", f"{url} is not a valid URL.")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise AwsError("InvalidParameterException", f"{url} cannot use the HTTP protocol.")


def _check_oauth(fields: Mapping[str, Any], *, has_secret: bool) -> None:
    """The rules that hold between flows, scopes and callback URLs."""
    flows = set(fields.get("AllowedOAuthFlows") or ())
    scopes = fields.get("AllowedOAuthScopes") or ()
    wrong = None
    if "client_credentials" in flows:
        if len(flows) > 1:
            wrong = "client_credentials flow can not be selected along with code flow or implicit flow."
        elif not has_secret:
            wrong = "client_credentials flow can not be selected if client does not have a client secret."
        else:  # hashicorp/terraform-provider-aws#4984
            of_persons = [scope for scope in scopes if scope in _SCOPES]
            wrong = f"{of_persons[0]} is not supported with client_credentials flow" if of_persons else None
    elif flows and not fields.get("CallbackURLs"):  # cisagov/crossfeed#440
        wrong = "CallbackUrls can not be empty when code flow or implicit flow is selected"
    if wrong is None and fields.get("AllowedOAuthFlowsUserPoolClient") and not (flows and scopes):
        wrong = (
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is"
            " allowed to use OAuth flows."
        )
    if wrong is not None:
        raise AwsError("InvalidOAuthFlowException", wrong)


def flows(client: Any) -> frozenset[str]:
    """The authentication flows that a client may use, by their names in ``ExplicitAuthFlows``.

    The names without ``ALLOW_`` are the older ones, which stand for as much.
    """
    older = {"ADMIN_NO_SRP_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH"}
    given = client.extended_config.get("ExplicitAuthFlows") or _DEFAULT_FLOWS
    named = {older.get(flow, flow if flow.startswith("ALLOW_") else f"ALLOW_{flow}") for flow in given}
    if not any(flow.startswith("ALLOW_") for flow in given):
        named |= {"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}  # which these clients always may use
    return frozenset(named)


def check_secret_hash(client: Any, username: str, given: str | None) -> None:
    """Check ``SECRET_HASH``, which a client with a secret has to send.

    Developer guide, "Computing secret hash values".

    Raises:
        AwsError: ``NotAuthorizedException``.
    """
    if not client.generate_secret:
        return
    if not given:
        raise AwsError(
            "NotAuthorizedException",
            f"Client {client.id} is configured with secret but SECRET_HASH was not received",
        )
    made = hmac.new(client.secret.encode(), (username + client.id).encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(made), given.encode()):
        raise AwsError("NotAuthorizedException", f"Unable to verify secret hash for client {client.id}")


def check_secret(client: Any, given: str | None) -> None:
    """Check the secret itself, which RevokeToken and GetTokensFromRefreshToken take.

    Raises:
        AwsError: ``NotAuthorizedException``; the text is ours.
    """
    if client.generate_secret and not hmac.compare_digest(client.secret.encode(), (given or "").encode()):
        raise AwsError("NotAuthorizedException", f"Unable to verify the secret of client {client.id}")
