"""Cognito user pools: tokens, and administration."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.aws_errors.account import Account
from tests.aws_errors.row import Row

__all__ = ["ROWS"]

_idp = partial(Row, "cognito-idp")
_NOT_AUTHORIZED = "NotAuthorizedException"
_INVALID = "InvalidParameterException"


def _refresh(a: Account, token: str) -> Any:
    parameters = {"REFRESH_TOKEN": token}
    return a.idp.initiate_auth(ClientId=a.app, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=parameters)


def _revoked(a: Account) -> str:
    tokens = a.tokens()
    a.idp.revoke_token(ClientId=a.app, Token=tokens["RefreshToken"])
    return tokens["RefreshToken"]


def _signed_out(a: Account) -> None:
    token = a.tokens()["AccessToken"]
    a.idp.global_sign_out(AccessToken=token)
    a.idp.get_user(AccessToken=token)


def _old_access_token(a: Account) -> None:
    token = a.tokens()["AccessToken"]
    with a.later(hours=1):
        a.idp.get_user(AccessToken=token)


def _old_refresh_token(a: Account) -> None:
    token = a.tokens()["RefreshToken"]
    with a.later(days=30):
        _refresh(a, token)


def _reused(a: Account) -> None:
    app = a.new_app(
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
    )
    token = a.tokens(app=app)["RefreshToken"]
    for _ in range(2):
        a.idp.get_tokens_from_refresh_token(ClientId=app, RefreshToken=token)


def _kept(a: Account) -> None:
    app = a.new_app(EnableTokenRevocation=False)
    a.idp.revoke_token(ClientId=app, Token=a.tokens(app=app)["RefreshToken"])


def _app(**options: Any) -> Any:
    return lambda a: a.new_app(**options)


def _alias(a: Account) -> None:
    pool = a.idp.create_user_pool(PoolName="p", UsernameAttributes=["email"])["UserPool"]["Id"]
    for name in ("alice@example.com", "bob@example.com"):
        a.idp.admin_create_user(UserPoolId=pool, Username=name)
    address = [{"Name": "email", "Value": "alice@example.com"}]
    a.idp.admin_update_user_attributes(UserPoolId=pool, Username="bob@example.com", UserAttributes=address)


def _resend(a: Account) -> None:
    a.idp.admin_create_user(UserPoolId=a.user_pool, Username=a.person(), MessageAction="RESEND")


def _twice(a: Account) -> None:
    a.idp.admin_create_user(UserPoolId=a.user_pool, Username=a.person())


def _read_only_attribute(a: Account) -> None:
    app = a.new_app(WriteAttributes=["email"])
    token = a.tokens(app=app)["AccessToken"]
    a.idp.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "nickname", "Value": "x"}])


def _with_domain(a: Account) -> None:
    pool = a.idp.create_user_pool(PoolName="p")["UserPool"]["Id"]
    a.idp.create_user_pool_domain(UserPoolId=pool, Domain=a.name("domain"))
    a.idp.delete_user_pool(UserPoolId=pool)


_OAUTH = {"AllowedOAuthFlowsUserPoolClient": True, "CallbackURLs": ["https://example.com/cb"]}
_TOKENS = (
    _idp(
        "InitiateAuth",
        _NOT_AUTHORIZED,
        "Invalid Refresh Token",
        "A refresh token that was not given out, or to another client.",
        lambda a: _refresh(a, "garbage"),
    ),
    _idp(
        "InitiateAuth",
        _NOT_AUTHORIZED,
        "Refresh Token has been revoked",
        "A revoked refresh token.",
        lambda a: _refresh(a, _revoked(a)),
    ),
    _idp(
        "InitiateAuth",
        _NOT_AUTHORIZED,
        "Refresh Token has expired",
        "A refresh token after its days.",
        _old_refresh_token,
    ),
    _idp(
        "GetTokensFromRefreshToken",
        "RefreshTokenReuseException",
        "Refresh Token has been used before",
        "A refresh token that was exchanged for another one.",
        _reused,
        ours=True,
    ),
    _idp(
        "GetUser", _NOT_AUTHORIZED, "Access Token has expired", "An expired access token.", _old_access_token
    ),
    _idp(
        "GetUser",
        _NOT_AUTHORIZED,
        "Access Token has been revoked",
        "The access token of an ended sign-in.",
        _signed_out,
    ),
    _idp(
        "GetUser",
        _NOT_AUTHORIZED,
        "Invalid Access Token",
        "A forged token, or what is none.",
        lambda a: a.idp.get_user(AccessToken="garbage"),
    ),
    _idp(
        "RevokeToken",
        "UnsupportedTokenTypeException",
        "Unsupported token type",
        "An access token.",
        lambda a: a.idp.revoke_token(ClientId=a.app, Token=a.tokens()["AccessToken"]),
        ours=True,
    ),
    _idp(
        "RevokeToken",
        "UnauthorizedException",
        "The token was issued to another client",
        "Another client's token.",
        lambda a: a.idp.revoke_token(ClientId=a.new_app(), Token=a.tokens()["RefreshToken"]),
        ours=True,
    ),
    _idp(
        "RevokeToken",
        "UnsupportedOperationException",
        "Token revocation is not enabled for this client",
        "A client whose `EnableTokenRevocation` is false.",
        _kept,
        ours=True,
    ),
    _idp(
        "UpdateUserAttributes",
        _NOT_AUTHORIZED,
        "A client attempted to write unauthorized attribute",
        "An attribute that the client may not write.",
        _read_only_attribute,
    ),
)
_ADMINISTRATION = (
    _idp(
        "CreateUserPool",
        _INVALID,
        "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
        "`MfaConfiguration` without a second factor: the guide's command.",
        lambda a: a.idp.create_user_pool(PoolName="p", MfaConfiguration="OPTIONAL"),
        source="aws-cli#3876",
    ),
    _idp(
        "CreateUserPool",
        _INVALID,
        "Only one of the aliasAttributes or usernameAttributes can be set in a user pool.",
        "Both of them.",
        lambda a: a.idp.create_user_pool(
            PoolName="p", AliasAttributes=["email"], UsernameAttributes=["email"]
        ),
    ),
    _idp(
        "CreateUserPoolClient",
        _INVALID,
        "1 validation error detected: Value '[authorization_code]' at "
        "'allowedOAuthFlows' failed to satisfy constraint: …",
        "A flow that there is not: the guide's command.",
        _app(AllowedOAuthFlows=["authorization_code"], **_OAUTH),
        source="aws-cloudformation-user-guide#563",
    ),
    _idp(
        "CreateUserPoolClient",
        "InvalidOAuthFlowException",
        "client_credentials flow can not be selected along with code flow or implicit flow.",
        "Flows that do not go together, or lack what they need.",
        _app(
            AllowedOAuthFlows=["code", "client_credentials"],
            AllowedOAuthScopes=["openid"],
            GenerateSecret=True,
            **_OAUTH,
        ),
        source="terraform-provider-aws#4984",
    ),
    _idp(
        "CreateUserPoolClient",
        "ScopeDoesNotExistException",
        "Invalid scope requested: mcp/read",
        "A scope of a resource server that is not there.",
        _app(AllowedOAuthFlows=["code"], AllowedOAuthScopes=["mcp/read"], **_OAUTH),
        source="aws-cloudformation-user-guide#564",
    ),
    _idp(
        "CreateUserPoolClient",
        _INVALID,
        "Invalid range for token validity.",
        "A lifetime out of range.",
        _app(AccessTokenValidity=25),
        source="cloudfront-authorization-at-edge#144",
    ),
    _idp(
        "CreateUserPoolClient",
        _INVALID,
        "http://example.com/cb cannot use the HTTP protocol.",
        "A callback by `http` that is not on this machine.",
        _app(
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid"],
            **{**_OAUTH, "CallbackURLs": ["http://example.com/cb"]},
        ),
        ours=True,
    ),
    _idp(
        "DescribeUserPool",
        "ResourceNotFoundException",
        "User pool us-east-1_Absent000 does not exist.",
        "A pool that does not exist.",
        lambda a: a.idp.describe_user_pool(UserPoolId="us-east-1_Absent000"),
    ),
    _idp(
        "DeleteUserPool",
        _INVALID,
        "User pool cannot be deleted. It has a domain configured that should be deleted first.",
        "A pool with a domain.",
        _with_domain,
    ),
    _idp(
        "CreateUserPoolDomain",
        _INVALID,
        "Domain cannot contain reserved word: cognito",
        "A prefix with `aws`, `amazon` or `cognito` in it.",
        lambda a: a.idp.create_user_pool_domain(UserPoolId=a.user_pool, Domain="my-cognito"),
    ),
    _idp(
        "AdminCreateUser",
        "UsernameExistsException",
        "User account already exists",
        "A name that is taken.",
        _twice,
    ),
    _idp(
        "AdminCreateUser",
        "UnsupportedUserStateException",
        "Resend not possible. User status is not FORCE_CHANGE_PASSWORD",
        "`RESEND` to somebody who has a password.",
        _resend,
    ),
    _idp(
        "AdminGetUser",
        "UserNotFoundException",
        "User does not exist.",
        "A user who does not exist.",
        lambda a: a.idp.admin_get_user(UserPoolId=a.user_pool, Username="absent"),
    ),
    _idp(
        "AdminUpdateUserAttributes",
        "AliasExistsException",
        "An account with the given email already exists.",
        "An address of somebody else, where it is an alias.",
        _alias,
    ),
)

ROWS = (*_TOKENS, *_ADMINISTRATION)
