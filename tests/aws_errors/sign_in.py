"""IAM Identity Center: signing in, and the portal."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.aws.identity_center.sign_in import Devices
from tests.aws_errors.account import Account
from tests.aws_errors.row import Row

__all__ = ["ROWS"]

_oidc = partial(Row, "sso-oidc")
_portal = partial(Row, "sso")
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_READER = ["sso:account:access"]


def _begin(a: Account) -> tuple[dict[str, str], dict[str, Any]]:
    """Begin a sign-in with a device code: the client, and what it was given."""
    client = a.register(scopes=_READER)
    return client, a.oidc.start_device_authorization(**client, startUrl=a.start_url)


def _poll(a: Account, client: dict[str, str], device: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = a.oidc.create_token(**client, grantType=_DEVICE, deviceCode=device["deviceCode"])
    return answer


def _pending(a: Account) -> None:
    _poll(a, *_begin(a))


def _too_soon(a: Account) -> None:
    client, device = _begin(a)
    while True:
        try:
            _poll(a, client, device)
        except a.oidc.exceptions.AuthorizationPendingException:
            continue


def _late(a: Account) -> None:
    client, device = _begin(a)
    with a.later(minutes=11):
        _poll(a, client, device)


def _denied(a: Account) -> None:
    client, device = _begin(a)
    a.aws.state(Devices).deny(device["userCode"])
    _poll(a, client, device)


def _signed_in(a: Account) -> tuple[str, str]:
    """The id of a new user, and their access token."""
    user = a.employee()
    client, device = _begin(a)
    name = a.store.describe_user(IdentityStoreId=a.store_id, UserId=user)["UserName"]
    a.aws.state(Devices).approve(device["userCode"], user=name)
    return user, str(_poll(a, client, device)["accessToken"])


def _app(a: Account, *, actors: bool = True, **fields: Any) -> Any:
    """Ask for tokens with IAM, for a new application."""
    arn = a.application()
    if actors:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": a.aws.account_id},
            "Action": "sso-oauth:CreateTokenWithIAM",
            "Resource": "*",
        }
        a.admin.put_application_authentication_method(
            ApplicationArn=arn,
            AuthenticationMethodType="IAM",
            AuthenticationMethod={
                "Iam": {"ActorPolicy": {"Version": "2012-10-17", "Statement": [statement]}}
            },
        )
    granted = fields.pop("granted", None)
    if granted is not None:
        a.admin.put_application_grant(ApplicationArn=arn, GrantType=_JWT, Grant={"JwtBearer": granted})
    region = fields.pop("region", None)
    who = fields.pop("who", None)
    client = a.client("sso-oidc", who, region)
    return client.create_token_with_iam(**{"clientId": arn, "grantType": _JWT, **fields})


def _register(**fields: Any) -> Any:
    def provoke(a: Account) -> None:
        a.oidc.register_client(**{"clientName": "cli", "clientType": "public", **fields})

    return provoke


_NO_APPLICATION = "arn:aws:sso::123456789012:application/ssoins-0123456789abcdef/apl-0123456789abcdef"
_OIDC = (
    _oidc(
        "RegisterClient",
        "InvalidClientMetadataException",
        "Only the client type public is supported.",
        "Another client type.",
        _register(clientType="confidential"),
        ours=True,
    ),
    _oidc(
        "RegisterClient",
        "UnsupportedGrantTypeException",
        "A grant type is not supported.",
        "A grant that there is not.",
        _register(grantTypes=["password"]),
        ours=True,
    ),
    _oidc(
        "RegisterClient",
        "InvalidScopeException",
        "A scope is invalid.",
        "A scope that cannot be one.",
        _register(scopes=["\u00e4"]),
        ours=True,
    ),
    _oidc(
        "RegisterClient",
        "InvalidRedirectUriException",
        "A redirect URI must be http on a loopback address.",
        "A redirect to another machine.",
        _register(grantTypes=["authorization_code"], redirectUris=["https://example.com"]),
        ours=True,
    ),
    _oidc(
        "StartDeviceAuthorization",
        "InvalidClientException",
        "The client is not registered, or its secret is wrong.",
        "A client that is not registered, or a wrong secret.",
        lambda a: a.oidc.start_device_authorization(clientId="x", clientSecret="x", startUrl=a.start_url),
        401,
        ours=True,
    ),
    _oidc(
        "StartDeviceAuthorization",
        "InvalidRequestException",
        "The startUrl is of no instance in this region.",
        "A start URL of nobody's.",
        lambda a: a.oidc.start_device_authorization(
            **a.register(), startUrl="https://d-0123456789.awsapps.com/start"
        ),
        ours=True,
    ),
    _oidc(
        "CreateToken",
        "AuthorizationPendingException",
        "Nobody has approved the request yet.",
        "A device code that nobody has approved yet: ask again.",
        _pending,
        ours=True,
    ),
    _oidc(
        "CreateToken",
        "SlowDownException",
        "The interval between two requests is … s.",
        "Asked again too soon.",
        _too_soon,
        ours=True,
    ),
    _oidc(
        "CreateToken",
        "ExpiredTokenException",
        "The device code has expired.",
        "A device code after ten minutes.",
        _late,
        ours=True,
    ),
    _oidc(
        "CreateToken",
        "AccessDeniedException",
        "The request was denied.",
        "The person denied it.",
        _denied,
        ours=True,
    ),
    _oidc(
        "CreateToken",
        "InvalidGrantException",
        "The device code is invalid.",
        "A device code that was not given out.",
        lambda a: a.oidc.create_token(**a.register(), grantType=_DEVICE, deviceCode="x"),
        ours=True,
    ),
    _oidc(
        "CreateToken",
        "UnsupportedGrantTypeException",
        "The grant type is not supported.",
        "A grant that there is not.",
        lambda a: a.oidc.create_token(**a.register(), grantType="password"),
        ours=True,
    ),
    _oidc(
        "CreateToken",
        "UnauthorizedClientException",
        "The client may not use this grant.",
        "A grant that the client did not register for.",
        lambda a: a.oidc.create_token(
            **a.register(grantTypes=[_DEVICE]), grantType="refresh_token", refreshToken="x"
        ),
        ours=True,
    ),
)
_WITH_IAM = (
    _oidc(
        "CreateTokenWithIAM",
        "InvalidClientException",
        "The clientId is the ARN of no application.",
        "An application that does not exist.",
        lambda a: _app(a, clientId=_NO_APPLICATION),
        401,
        ours=True,
    ),
    _oidc(
        "CreateTokenWithIAM",
        "InvalidClientException",
        "The application has no authentication method.",
        "An application without an actor policy.",
        lambda a: _app(a, actors=False),
        401,
        ours=True,
    ),
    _oidc(
        "CreateTokenWithIAM",
        "AccessDeniedException",
        "User: … is not authorized to perform: sso-oauth:CreateTokenWithIAM",
        "A caller whom the actor policy, or their own, does not allow.",
        lambda a: _app(a, who=a.nobody),
        ours=True,
    ),
    _oidc(
        "CreateTokenWithIAM",
        "InvalidRequestRegionException",
        "The application is in us-east-1.",
        "An application of another region; the error says which.",
        lambda a: _app(a, region="eu-west-1"),
        ours=True,
    ),
    _oidc(
        "CreateTokenWithIAM",
        "UnauthorizedClientException",
        "The application may not use this grant.",
        "A grant that the application has not.",
        lambda a: _app(a, assertion="x"),
        ours=True,
    ),
    _oidc(
        "CreateTokenWithIAM",
        "InvalidRequestException",
        "assertion must be given.",
        "A field that the grant needs.",
        lambda a: _app(a, granted={}),
        ours=True,
    ),
    _oidc(
        "CreateTokenWithIAM",
        "InvalidGrantException",
        "The assertion is of no issuer that the application trusts.",
        "A token of an issuer that the application does not trust.",
        lambda a: _app(a, granted={}, assertion=a.okta.mint()),
        ours=True,
    ),
)
_PORTAL = (
    _portal(
        "ListAccounts",
        "UnauthorizedException",
        "Session token not found or invalid",
        "An access token that was not given out, has expired, or was signed out.",
        lambda a: a.portal.list_accounts(accessToken="x"),
        401,
        source="aws-cli#7340",
    ),
    _portal(
        "GetRoleCredentials",
        "ForbiddenException",
        "No access",
        "An account or a role that the person has not.",
        lambda a: a.portal.get_role_credentials(
            accountId=a.aws.account_id, roleName="Readers", accessToken=_signed_in(a)[1]
        ),
        403,
        source="sam-cli#2129",
    ),
    _portal(
        "ListAccounts",
        "InvalidRequestException",
        "The next token is invalid.",
        "A token that was not given out.",
        lambda a: a.portal.list_accounts(accessToken=_signed_in(a)[1], nextToken="x"),
        ours=True,
    ),
)

ROWS = (*_OIDC, *_WITH_IAM, *_PORTAL)
