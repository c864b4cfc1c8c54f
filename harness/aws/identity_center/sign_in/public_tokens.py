"""Tokens for public clients: device authorization, and ``CreateToken``."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from harness.aws.context import Context
from harness.aws.identity_center.center import center
from harness.aws.identity_center.sign_in.clients import (
    AUTHORIZATION_CODE,
    DEVICE_CODE,
    REFRESH_TOKEN,
    Client,
    authenticate,
)
from harness.aws.identity_center.sign_in.refusals import refusal
from harness.aws.identity_center.sign_in.tokens import HOUR, SESSION, SignedIn, Tokens
from harness.aws.identity_center.sign_in.waiting import (
    CODE_LIFETIME,
    INTERVAL,
    Code,
    Codes,
    Device,
    Devices,
    SignIn,
)

__all__ = ["create_token", "start_device_authorization", "take_code"]


def start_device_authorization(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a device a code, and a person another one to type.

    Raises:
        AwsError: ``InvalidClientException``; ``UnauthorizedClientException``, for a client without that
            grant; ``InvalidRequestException``, for a start URL that is of no instance in the region.
    """
    client = authenticate(call, fields)
    if DEVICE_CODE not in client.grants:
        raise refusal("UnauthorizedClientException", "The client may not use device codes.")
    instance = center(call).by_url(fields["startUrl"], call.region)
    if instance is None:
        raise refusal("InvalidRequestException", "The startUrl is of no instance in this region.")
    device = call.aws.state(Devices).start(
        instance, client_id=client.id, client_name=client.name, scopes=client.scopes, now=call.now
    )
    page = f"https://device.sso.{call.region}.amazonaws.com/"
    return {
        "deviceCode": device.code,
        "userCode": device.user_code,
        "verificationUri": page,
        "verificationUriComplete": f"{page}?user_code={device.user_code}",
        "expiresIn": CODE_LIFETIME,
        "interval": INTERVAL,
    }


def create_token(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return tokens for a grant.

    Raises:
        AwsError: ``InvalidClientException``; ``UnsupportedGrantTypeException``;
            ``UnauthorizedClientException``, for a client without the grant; ``InvalidRequestException``,
            when what the grant needs is missing; ``InvalidGrantException``, for a code or token that is not
            known, is used up or is another client's. Of device codes ``AuthorizationPendingException``,
            ``SlowDownException``, ``ExpiredTokenException`` and ``AccessDeniedException``.
    """
    client = authenticate(call, fields)
    grant = fields["grantType"]
    if grant not in _GRANTS:
        raise refusal("UnsupportedGrantTypeException", "The grant type is not supported.")
    if grant not in client.grants:
        raise refusal("UnauthorizedClientException", "The client may not use this grant.")
    needed, exchange = _GRANTS[grant]
    missing = [name for name in needed if not fields.get(name)]
    if missing:
        raise refusal("InvalidRequestException", f"{', '.join(missing)} must be given.")
    return exchange(call, client, fields)


def take_code(call: Context, fields: Mapping[str, Any], client_id: str) -> Code:
    """Return the authorization code of a call and use it up.

    Raises:
        AwsError: ``InvalidGrantException``, for a code that is not known, has been used, has expired, is
            another client's or was given to another redirect URI, and for a verifier that is not that of
            the challenge (RFC 7636 section 4.6).
    """
    code = call.aws.state(Codes).take(fields["code"])
    digest = hashlib.sha256(fields["codeVerifier"].encode("utf-8", "replace")).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if (
        code is None
        or code.expires <= call.now
        or code.client_id != client_id
        or code.redirect_uri != fields["redirectUri"]
        or not secrets.compare_digest(code.challenge.encode("utf-8", "replace"), challenge.encode())
    ):
        raise refusal("InvalidGrantException", "The authorization code is invalid.")
    return code


def _by_device_code(call: Context, client: Client, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    devices = call.aws.state(Devices)
    device = devices.find(fields["deviceCode"])
    if device is None or device.client_id != client.id:
        raise refusal("InvalidGrantException", "The device code is invalid.")
    if device.expires <= call.now:
        raise refusal("ExpiredTokenException", "The device code has expired.")
    if device.denied:
        raise refusal("AccessDeniedException", "The request was denied.")
    if device.user_id is None:
        is_soon = devices.poll(device, call.now)
        _sign_in_automatically(call, device)
        if is_soon:
            raise refusal("SlowDownException", f"The interval between two requests is {INTERVAL} s.")
        raise refusal("AuthorizationPendingException", "Nobody has approved the request yet.")
    if not devices.take(device):
        raise refusal("InvalidGrantException", "The device code is invalid.")
    return _tokens(
        call,
        client,
        SignedIn(
            instance=device.instance,
            user_id=device.user_id,
            client_id=client.id,
            scopes=device.scopes,
            ends=call.now + SESSION,
        ),
    )


def _sign_in_automatically(call: Context, device: Device) -> None:
    """Approve for whom ``SignIn.automatic`` names, once the device has asked: only then it shows its code."""
    name = call.aws.state(SignIn).automatic
    if name is not None:
        call.aws.state(Devices).settle(device, device.instance.store.named(name))


def _by_authorization_code(call: Context, client: Client, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    code = take_code(call, fields, client.id)
    return _tokens(
        call,
        client,
        SignedIn(
            instance=code.instance,
            user_id=code.user_id,
            client_id=client.id,
            scopes=code.scopes,
            ends=call.now + SESSION,
        ),
    )


def _by_refresh_token(call: Context, client: Client, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    signed_in = call.aws.state(Tokens).find(fields["refreshToken"], now=call.now, refreshes=True)
    if signed_in is None or signed_in.client_id != client.id:
        raise refusal("InvalidGrantException", "The refresh token is invalid.")
    return _tokens(call, client, signed_in, refresh_token=fields["refreshToken"])


def _tokens(
    call: Context, client: Client, signed_in: SignedIn, *, refresh_token: str | None = None
) -> dict[str, Any]:
    """Return an access token, and a refresh token for a client that has scopes.

    A refresh token is good until the session ends; it is not known that AWS replaces one.
    """
    tokens = call.aws.state(Tokens)
    refreshes = bool(client.scopes) and REFRESH_TOKEN in client.grants
    if refreshes and refresh_token is None:
        refresh_token = tokens.issue(signed_in, lifetime=SESSION, now=call.now, refreshes=True)
    lifetime = min(HOUR if refreshes else SESSION, signed_in.ends - call.now)
    return {
        "accessToken": tokens.issue(signed_in, lifetime=lifetime, now=call.now),
        "tokenType": "Bearer",
        "expiresIn": int(lifetime),
        "refreshToken": refresh_token,
    }


_Exchange = Callable[[Context, Client, Mapping[str, Any]], Mapping[str, Any]]
_GRANTS: Mapping[str, tuple[tuple[str, ...], _Exchange]] = {
    AUTHORIZATION_CODE: (("code", "redirectUri", "codeVerifier"), _by_authorization_code),
    DEVICE_CODE: (("deviceCode",), _by_device_code),
    REFRESH_TOKEN: (("refreshToken",), _by_refresh_token),
}
