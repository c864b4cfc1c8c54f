"""Cognito user pools: signing up and signing in."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.aws.cognito_idp import totp
from harness.aws.cognito_idp.pools import UserPools
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
ROWS = (*_SIGN_IN, *_SIGN_UP)
