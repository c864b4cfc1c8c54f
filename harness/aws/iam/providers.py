"""OpenID Connect providers: moto's, but for what AWS refuses and for the client ids of one that is there.

Source: IAM API reference, CreateOpenIDConnectProvider and the operations beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.backend import ask, pass_on
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.iam.errors import invalid_input, limit_exceeded, no_such_entity
from harness.aws.iam.records import backend
from harness.aws.wire import Response

__all__ = ["OPERATIONS"]

_MAX_CLIENT_IDS = 100
_MAX_PROVIDERS = 100
_MAX_THUMBPRINTS = 5
_URL = re.compile(r"https://[\w.-]+(?:/(?:[\w.~!$&'()*+,;=:@/-]|%[0-9a-fA-F]{2})*)?", re.ASCII)
_THUMBPRINT = re.compile(r"[0-9a-fA-F]{40}", re.ASCII)


def create_open_id_connect_provider(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """CreateOpenIDConnectProvider.

    Raises:
        AwsError: ``ValidationError``, ``InvalidInput``, ``EntityAlreadyExists``, ``LimitExceeded``.
    """
    _check_url(fields["Url"])
    _check_thumbprints(fields.get("ThumbprintList", []))
    providers = backend(call).open_id_providers
    arn = f"arn:aws:iam::{call.aws.account_id}:oidc-provider/{fields['Url'].removeprefix('https://')}"
    if arn in providers:  # text: terraform reports of token.actions.githubusercontent.com
        raise AwsError(
            "EntityAlreadyExists", f"Provider with url {fields['Url']} already exists.", status=409
        )
    if len(providers) >= _MAX_PROVIDERS:
        raise limit_exceeded(f"Cannot exceed quota for OpenIdConnectProvidersPerAccount: {_MAX_PROVIDERS}")
    return ask(call, fields)


def update_thumbprint(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
    """UpdateOpenIDConnectProviderThumbprint."""
    _provider(call, fields)
    _check_thumbprints(fields["ThumbprintList"])
    return pass_on(call, fields)


def add_client_id(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """AddClientIDToOpenIDConnectProvider: one that is there already is no error."""
    provider = _provider(call, fields)
    if fields["ClientID"] not in provider.client_id_list:
        if len(provider.client_id_list) >= _MAX_CLIENT_IDS:
            raise limit_exceeded(
                f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {_MAX_CLIENT_IDS}"
            )
        provider.client_id_list = [*provider.client_id_list, fields["ClientID"]]
    return {}


def remove_client_id(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """RemoveClientIDFromOpenIDConnectProvider: one that is not there is no error."""
    provider = _provider(call, fields)
    provider.client_id_list = [each for each in provider.client_id_list if each != fields["ClientID"]]
    return {}


def delete_open_id_connect_provider(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
    """DeleteOpenIDConnectProvider: one that is not there is no error."""
    is_there = fields["OpenIDConnectProviderArn"] in backend(call).open_id_providers
    return pass_on(call, fields) if is_there else {}


def _provider(call: Context, fields: Mapping[str, Any]) -> Any:
    arn = fields["OpenIDConnectProviderArn"]
    provider = backend(call).open_id_providers.get(arn)
    if provider is None:
        raise no_such_entity(f"OpenIDConnect Provider not found for arn {arn}")
    return provider


def _check_url(url: str) -> None:
    """Refuse what is no issuer.

    The API reference wants ``https://`` to begin with, and neither a port nor a query. What RFC 3986 does not
    allow in a URL, such as a space, is no part of it: moto would drop some of that, and keep another URL.
    """
    if not _URL.fullmatch(url):
        raise AwsError("ValidationError", "Invalid Open ID Connect Provider URL")


def _check_thumbprints(thumbprints: Sequence[str]) -> None:
    if len(thumbprints) > _MAX_THUMBPRINTS:  # text: moto's tests
        raise invalid_input("Thumbprint list must contain fewer than 5 entries.")
    if not all(map(_THUMBPRINT.fullmatch, thumbprints)):  # text: ours
        raise invalid_input("A thumbprint must be the 40 hexadecimal digits of a SHA-1 hash.")


OPERATIONS: Mapping[str, Operation] = {
    "AddClientIDToOpenIDConnectProvider": add_client_id,
    "CreateOpenIDConnectProvider": create_open_id_connect_provider,
    "DeleteOpenIDConnectProvider": delete_open_id_connect_provider,
    "RemoveClientIDFromOpenIDConnectProvider": remove_client_id,
    "UpdateOpenIDConnectProviderThumbprint": update_thumbprint,
}
