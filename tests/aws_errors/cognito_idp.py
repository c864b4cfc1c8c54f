"""Cognito user pools: signing up and in, tokens, and administration."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.aws.cognito_idp import totp
from tests.aws_errors.account import PASSWORD, Account
from tests.aws_errors.row import Row

__all__ = ["ROWS"]

_idp = partial(Row, "cognito-idp")
_NOT_AUTHORIZED = "NotAuthorizedException"
_INVALID = "InvalidParameterException"


def _start(a: Account, app: str | None = None, flow: str = "USER_PASSWORD_AUTH", **parameters: str) -> Any:
    return a.idp.initiate_auth(ClientId=app or a.app, AuthFlow=flow, AuthParameters=parameters)


def _disabled(a: Account) -> None:
    name = a.person()
    a.idp.admin_disable_user(UserPoolId=a.user_pool, Username=name)
    a.sign_in(name)


def _sign_up(a: Account, **more: Any) -> str:
    name = a.name("new")
    a.idp.sign_up(
        **{
            "ClientId": a.app,
            "Username": name,
            "Password": PASSWORD,
            "UserAttributes": [{"Name": "email", "Value": f"{name}@example.com"}],
            **more,
        }
    )
    return name


def _code(a: Account) -> str:
    """The last code that was sent."""
    from harness.aws.cognito_idp.pools import UserPools

    return list(a.aws.state(UserPools).messages)[-1].code


def _confirm(a: Account, code: str | None = None, times: int = 1) -> None:
    """Confirm a new user with a code, as often as it takes; by default the wrong one."""
    name = _sign_up(a)
    wrong = "000000" if _code(a) != "000000" else "000001"
    for left in reversed(range(times)):
        try:
            a.idp.confirm_sign_up(ClientId=a.app, Username=name, ConfirmationCode=code or wrong)
        except a.idp.exceptions.CodeMismatchException:
            if not left:
                raise


def _old_code(a: Account) -> None:
    name = _sign_up(a)
    code = _code(a)
    with a.later(days=1):
        a.idp.confirm_sign_up(ClientId=a.app, Username=name, ConfirmationCode=code)


def _confirmed(a: Account) -> None:
    name = _sign_up(a)
    code = _code(a)
    for _ in range(2):
        a.idp.confirm_sign_up(ClientId=a.app, Username=name, ConfirmationCode=code)


def _reset(a: Account) -> None:
    name = a.person(email=f"{a.name()}@example.com", email_verified="true")
    a.idp.admin_reset_user_password(UserPoolId=a.user_pool, Username=name)
    a.sign_in(name)


def _temporary(a: Account) -> None:
    name = a.person(permanent=False)
    with a.later(days=8):
        a.sign_in(name)


def _session(a: Account, **later: float) -> None:
    name = a.person(permanent=False)
    session = a.sign_in(name)["Session"]
    answers = {"USERNAME": name, "NEW_PASSWORD": PASSWORD + "x"}
    with a.later(**later):
        a.idp.respond_to_auth_challenge(
            ClientId=a.app if later else a.new_app(),
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=session,
            ChallengeResponses=answers,
        )


def _refresh(a: Account, token: str) -> Any:
    return _start(a, flow="REFRESH_TOKEN_AUTH", REFRESH_TOKEN=token)


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


def _factor(a: Account, operation: str, **fields: Any) -> Any:
    """Use an authenticator app, in a pool that has them."""
    a.idp.set_user_pool_mfa_config(
        UserPoolId=a.user_pool,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        MfaConfiguration="OPTIONAL",
    )
    try:
        token = a.tokens()["AccessToken"]
        if operation == "verify_software_token" and fields.pop("begun", True):
            a.idp.associate_software_token(AccessToken=token)
        return getattr(a.idp, operation)(AccessToken=token, **fields)
    finally:
        a.idp.set_user_pool_mfa_config(UserPoolId=a.user_pool, MfaConfiguration="OFF")


def _app_code(a: Account, *, twice: bool = False) -> None:
    """Sign in with the code of an authenticator app: a wrong one, or one that was used."""
    name = a.person()
    a.idp.set_user_pool_mfa_config(
        UserPoolId=a.user_pool,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        MfaConfiguration="OPTIONAL",
    )
    try:
        token = a.sign_in(name)["AuthenticationResult"]["AccessToken"]
        seed = a.idp.associate_software_token(AccessToken=token)["SecretCode"]
        code = totp.code(seed, int(a.aws.now()) // 30)
        a.idp.verify_software_token(AccessToken=token, UserCode=code)
        a.idp.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True})
        answers = {"USERNAME": name, "SOFTWARE_TOKEN_MFA_CODE": code if twice else "000000"}
        a.idp.respond_to_auth_challenge(
            ClientId=a.app,
            ChallengeName="SOFTWARE_TOKEN_MFA",
            Session=a.sign_in(name)["Session"],
            ChallengeResponses=answers,
        )
    finally:
        a.idp.set_user_pool_mfa_config(UserPoolId=a.user_pool, MfaConfiguration="OFF")


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
_SIGN_IN = (
    _idp(
        "InitiateAuth",
        _NOT_AUTHORIZED,
        "Incorrect username or password.",
        "A wrong password, or, where the client hides who exists, a user who does not exist.",
        lambda a: a.sign_in(a.person(), "Wrong-9-wrong"),
    ),
    _idp(
        "InitiateAuth",
        "UserNotFoundException",
        "User does not exist.",
        "A user who does not exist.",
        lambda a: a.sign_in("absent"),
    ),
    _idp(
        "InitiateAuth",
        "UserNotConfirmedException",
        "User is not confirmed.",
        "Somebody who signed up and has not given the code.",
        lambda a: a.sign_in(_sign_up(a)),
    ),
    _idp(
        "InitiateAuth",
        "PasswordResetRequiredException",
        "Password reset required for the user",
        "Somebody whose password an administrator has reset.",
        _reset,
    ),
    _idp("InitiateAuth", _NOT_AUTHORIZED, "User is disabled.", "A disabled user.", _disabled),
    _idp(
        "InitiateAuth",
        _NOT_AUTHORIZED,
        "Temporary password has expired and must be reset by an administrator.",
        "A temporary password after its days.",
        _temporary,
    ),
    _idp(
        "InitiateAuth",
        _NOT_AUTHORIZED,
        "Client … is configured with secret but SECRET_HASH was not received",
        "No `SECRET_HASH`, from a client with a secret.",
        lambda a: a.sign_in("alice", app=a.new_app(GenerateSecret=True)),
    ),
    _idp(
        "InitiateAuth",
        _NOT_AUTHORIZED,
        "Unable to verify secret hash for client …",
        "A wrong `SECRET_HASH`.",
        lambda a: _start(a, a.new_app(GenerateSecret=True), USERNAME="alice", PASSWORD="x", SECRET_HASH="x"),
    ),
    _idp(
        "InitiateAuth",
        _INVALID,
        "USER_PASSWORD_AUTH flow not enabled for this client",
        "A flow that the client may not use.",
        lambda a: a.sign_in("alice", app=a.new_app(ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"])),
    ),
    _idp(
        "InitiateAuth",
        _INVALID,
        "Missing required parameter USERNAME",
        "A parameter that the flow needs.",
        lambda a: _start(a, PASSWORD="x"),
    ),
    _idp(
        "InitiateAuth",
        _INVALID,
        "SRP_A is not valid",
        "`SRP_A` that is no number, or gives the secret away.",
        lambda a: _start(a, flow="USER_SRP_AUTH", USERNAME=a.person(), SRP_A="0"),
        ours=True,
    ),
    _idp(
        "InitiateAuth",
        "ResourceNotFoundException",
        "User pool client absent does not exist.",
        "A client that does not exist, or is of another account.",
        lambda a: a.sign_in("alice", app="absent"),
    ),
    _idp(
        "RespondToAuthChallenge",
        _NOT_AUTHORIZED,
        "Invalid session for the user.",
        "A session of another client, or one that was not given out.",
        _session,
    ),
    _idp(
        "RespondToAuthChallenge",
        _NOT_AUTHORIZED,
        "Invalid session for the user, session is expired.",
        "A session after its three minutes.",
        lambda a: _session(a, minutes=4),
    ),
    _idp(
        "RespondToAuthChallenge",
        "CodeMismatchException",
        "Invalid code received for user",
        "A code that the authenticator app does not show.",
        _app_code,
    ),
    _idp(
        "RespondToAuthChallenge",
        "ExpiredCodeException",
        "Your software token has already been used once.",
        "A code of the authenticator app for the second time.",
        lambda a: _app_code(a, twice=True),
    ),
    _idp(
        "AssociateSoftwareToken",
        "SoftwareTokenMFANotFoundException",
        "Software Token MFA has not been enabled by the userPool",
        "An authenticator app, in a pool without them.",
        lambda a: a.idp.associate_software_token(AccessToken=a.tokens()["AccessToken"]),
    ),
    _idp(
        "VerifySoftwareToken",
        "SoftwareTokenMFANotFoundException",
        "Software token is not associated.",
        "A code before `AssociateSoftwareToken`.",
        lambda a: _factor(a, "verify_software_token", UserCode="000000", begun=False),
        ours=True,
    ),
    _idp(
        "VerifySoftwareToken",
        "EnableSoftwareTokenMFAException",
        "Code mismatch",
        "A wrong first code.",
        lambda a: _factor(a, "verify_software_token", UserCode="000000"),
    ),
)
_SIGN_UP = (
    _idp(
        "SignUp",
        "InvalidPasswordException",
        "Password did not conform with policy: Password not long enough",
        "A password against the pool's policy.",
        lambda a: _sign_up(a, Password="Ab1!"),
    ),
    _idp(
        "SignUp",
        "UsernameExistsException",
        "User already exists",
        "A name that is taken.",
        lambda a: _sign_up(a, Username=a.person()),
    ),
    _idp(
        "SignUp",
        _INVALID,
        "Attributes did not conform to the schema: …",
        "An attribute that the pool does not have.",
        lambda a: _sign_up(a, UserAttributes=[{"Name": "custom:absent", "Value": "x"}]),
    ),
    _idp(
        "ConfirmSignUp",
        "CodeMismatchException",
        "Invalid verification code provided, please try again.",
        "A wrong code.",
        _confirm,
    ),
    _idp(
        "ConfirmSignUp",
        "LimitExceededException",
        "Attempt limit exceeded, please try after some time.",
        "The sixth wrong code.",
        lambda a: _confirm(a, times=6),
    ),
    _idp(
        "ConfirmSignUp",
        "ExpiredCodeException",
        "Invalid code provided, please request a code again.",
        "A code after a day, or one that was used.",
        _old_code,
    ),
    _idp(
        "ConfirmSignUp",
        _NOT_AUTHORIZED,
        "User cannot be confirmed. Current status is CONFIRMED",
        "Somebody who is confirmed already.",
        _confirmed,
    ),
    _idp(
        "ForgotPassword",
        _INVALID,
        "Cannot reset password for the user as there is no registered/verified email or phone_number",
        "A user without a verified address.",
        lambda a: a.idp.forgot_password(ClientId=a.app, Username=a.person()),
    ),
    _idp(
        "ForgotPassword",
        "UserNotFoundException",
        "Username/client id combination not found.",
        "A user who does not exist.",
        lambda a: a.idp.forgot_password(ClientId=a.app, Username="absent"),
    ),
)
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

ROWS = (*_SIGN_IN, *_SIGN_UP, *_TOKENS, *_ADMINISTRATION)
