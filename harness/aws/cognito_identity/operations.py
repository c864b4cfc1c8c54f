"""Cognito identity pools: a login in, an identity and the credentials of a role out (the enhanced flow).

Source: Amazon Cognito Developer Guide, "Identity pools authentication flow" and "IAM roles". The messages are
AWS's, as the public reports cited beside them quote them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.cognito_identity.pools import ADMINISTRATION, Identity, IdentityPool, IdentityPools, Login
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.iam.account import Role
from harness.aws.identity_token import Fetch, Reason, TokenRejected, verify
from harness.aws.policy import PolicyError, Principal, Request, evaluate_trust, parse

__all__ = ["OPERATIONS", "condition_keys", "resources"]

SERVICE = "cognito-identity.amazonaws.com"
SESSION_NAME = "CognitoIdentityCredentials"
LIFETIME = 3600  # seconds; Cognito Developer Guide: credentials of the enhanced flow last one hour

# What a guest's credentials are cut to, whatever the role allows: Cognito Developer Guide, "Services that
# unauthenticated enhanced flow users can access".
GUEST_SERVICES = (
    "appsync",
    "cloudwatch",
    "codewhisperer",
    "cognito-identity",
    "cognito-idp",
    "cognito-sync",
    "comprehend",
    "dynamodb",
    "execute-api",
    "firehose",
    "gamelift",
    "geo",
    "iot",
    "kinesisanalytics",
    "lambda",
    "lex",
    "logs",
    "machinelearning",
    "mobileanalytics",
    "personalize",
    "polly",
    "rekognition",
    "s3",
    "sdb",
    "ses",
    "sns",
    "sqs",
    "transcribe",
    "translate",
)
GUEST_ACTIONS = (
    *(f"{service}:*" for service in GUEST_SERVICES),
    *("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"),
    *("sagemaker:InvokeEndpoint", "textract:DetectDocumentText", "textract:AnalyzeDocument"),
    *("sumerian:View*", "rum:PutRumEvents"),
)
GUEST_POLICY = parse(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": list(GUEST_ACTIONS), "Resource": "*"},
    },
    kind="identity",
)


class UserPoolKeys:
    """The key sets of user pools, which Cognito itself keeps.

    So an outage of the public endpoint, by which they are read here, does not concern identity pools: the
    last good key set stays.
    """

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}

    def through(self, fetch: Fetch) -> Fetch:
        """Return ``fetch``, answering with what it last got where it fails or gets no key set."""

        def remembering(url: str) -> tuple[int, bytes]:
            try:
                status, body = fetch(url)
            except OSError:
                if url not in self._bodies:
                    raise
                return 200, self._bodies[url]
            if status == 200 and _is_key_set(body):
                self._bodies[url] = body
            return (200, self._bodies[url]) if url in self._bodies else (status, body)

        return remembering


def _is_key_set(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body)["keys"], list)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def get_id(call: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """GetId: the identity of a login, always the same one; without a login, a new guest.

    Raises:
        AwsError: ``ResourceNotFoundException`` or ``NotAuthorizedException``.
    """
    pools = call.aws.state(IdentityPools)
    pool = pools.find(params["IdentityPoolId"])
    logins = _logins(call, pool, params)
    if not logins:
        _check_guests(pool)
    return {"IdentityId": pools.identify(pool, logins).id}


def get_credentials_for_identity(call: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """GetCredentialsForIdentity: credentials of the pool's role for those logged in, or for guests.

    Raises:
        AwsError: ``ResourceNotFoundException``, ``NotAuthorizedException``, ``ResourceConflictException``, or
            ``InvalidIdentityPoolConfigurationException`` when the role is absent or does not trust the pool.
    """
    pools = call.aws.state(IdentityPools)
    identity = pools.identity(params["IdentityId"])
    pool = pools.find(identity.pool_id)
    if params.get("CustomRoleArn") is not None:
        raise AwsError(
            "NotImplemented", "This AWS does not implement CustomRoleArn of GetCredentialsForIdentity."
        )
    logins = _logins(call, pool, params)
    identity = _entitled(pools, pool, identity, logins)
    keys = _condition_keys(pool, identity, logins)
    session = call.aws.sessions.issue(
        _role(call, pool, keys, guest=not logins),
        name=SESSION_NAME,
        now=call.now,
        duration=LIFETIME,
        policies=None if logins else (GUEST_POLICY,),
        context={"aws:FederatedProvider": SERVICE, **keys},
    )
    return {
        "IdentityId": identity.id,
        "Credentials": {
            "AccessKeyId": session.credentials.access_key_id,
            "SecretKey": session.credentials.secret_access_key,
            "SessionToken": session.credentials.session_token,
            "Expiration": session.credentials.expiration,
        },
    }


OPERATIONS: Mapping[str, Operation] = {
    **ADMINISTRATION,
    "GetCredentialsForIdentity": get_credentials_for_identity,
    "GetId": get_id,
}
"""The operations of the service that are ours, by name."""


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """The identity pool, of calls that name one."""
    if not fields.get("IdentityPoolId"):
        return ["*"]
    return [
        f"arn:aws:cognito-identity:{call.region}:{call.aws.account_id}:identitypool/{fields['IdentityPoolId']}"
    ]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """None beside the global ones."""
    return {}


def _logins(call: Context, pool: IdentityPool, params: Mapping[str, Any]) -> list[Login]:
    """Verify every token of ``Logins``.

    Raises:
        AwsError: ``NotAuthorizedException``.
    """
    tokens = params.get("Logins") or {}
    if tokens and not any(pool.user_pool_clients()):
        raise _logins_do_not_match()  # amazon-cognito-identity-js#68
    return [
        Login(provider=provider, subject=_claims(call, pool, provider, token)["sub"])
        for provider, token in tokens.items()
    ]


def _claims(call: Context, pool: IdentityPool, provider: str, token: Any) -> Mapping[str, Any]:
    """Return the claims of a user pool's ID token.

    Such a token is refused at its ``exp``: the five minutes of grace in Cognito's documentation are for the
    logins of OIDC providers.
    """
    if not pool.client_ids(provider):
        raise _unsupported_provider()
    if not isinstance(token, str):  # null, which the types of AWS's model let through
        raise AwsError("InvalidParameterException", "Please provide a valid login token.")
    issuer = f"https://{provider}"
    try:
        claims = verify(
            token,
            issuer=issuer,
            jwks_url=f"{issuer}/.well-known/jwks.json",
            fetch=call.aws.state(UserPoolKeys).through(call.aws.fetch),
            now=call.now,
            tolerance=0,
        )
    except TokenRejected as rejection:
        raise _invalid_login(rejection, now=call.now) from None
    if "aud" not in claims:  # an access token; amazon-cognito-identity-js#12
        raise _not_authorized("Invalid login token. Missing a required claim: aud")
    if claims.get("token_use") != "id":  # aws-sdk-android#1431
        raise _not_authorized("Invalid login token. Not a Cognito token.")
    if claims["aud"] not in pool.client_ids(provider):  # amazon-cognito-identity-js#7
        raise _unsupported_provider()
    return claims


def _entitled(pools: IdentityPools, pool: IdentityPool, identity: Identity, logins: list[Login]) -> Identity:
    """Return the identity, with what is newly linked to it, if ``logins`` entitle to it.

    Raises:
        AwsError: ``NotAuthorizedException`` or ``ResourceConflictException``.
    """
    if not logins:
        if identity.logins:  # aws-sdk-android#175
            raise _not_authorized(f"Access to Identity '{identity.id}' is forbidden.")
        _check_guests(pool)
        return identity
    if identity.logins and identity.logins.isdisjoint(logins):
        raise _logins_do_not_match()
    return pools.link(identity, logins)


def _check_guests(pool: IdentityPool) -> None:
    if not pool.allows_guests:  # aws-sdk-js-v3#3113
        raise _not_authorized("Unauthenticated access is not supported for this identity pool.")


def _condition_keys(
    pool: IdentityPool, identity: Identity, logins: list[Login]
) -> dict[str, str | list[str]]:
    """Return what the trust policy is asked about, and what every call of the session carries.

    Source: Cognito Developer Guide, "Role trust and permissions".
    """
    methods = ["authenticated" if logins else "unauthenticated"]
    for login in logins:
        methods += [login.provider, f"{login.provider}:CognitoSignIn:{login.subject}"]
    return {f"{SERVICE}:aud": pool.id, f"{SERVICE}:sub": identity.id, f"{SERVICE}:amr": methods}


def _role(call: Context, pool: IdentityPool, keys: Mapping[str, str | list[str]], *, guest: bool) -> Role:
    """Return the role of the pool, if it is there and trusts the pool.

    Raises:
        AwsError: ``InvalidIdentityPoolConfigurationException``.
    """
    arn = pool.roles.get("unauthenticated" if guest else "authenticated")
    role = None if arn is None else call.aws.iam.role(arn)
    if role is None or not _trusts(role, keys):  # amplify-swift#3124
        raise AwsError(
            "InvalidIdentityPoolConfigurationException",
            "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
        )
    return role


def _trusts(role: Role, keys: Mapping[str, str | list[str]]) -> bool:
    request = Request(
        action="sts:AssumeRoleWithWebIdentity",
        resource=role.arn,
        context={"sts:RoleSessionName": SESSION_NAME, **keys},
    )
    try:
        return evaluate_trust(parse(role.trust), request, Principal(federated=SERVICE)).allowed
    except PolicyError:
        return False  # a trust policy that cannot be read trusts nobody


def _invalid_login(rejection: TokenRejected, *, now: float) -> AwsError:
    """Word a refusal of a token as Cognito does."""
    match rejection.reason:
        case Reason.EXPIRED:  # aws-sdk-ios#2570
            problem = f"Token expired: {int(now)} >= {rejection.expires}"
        case Reason.ISSUER:  # aws-sdk-android#444
            problem = "Issuer doesn't match providerName"
        case Reason.MISSING_CLAIM:
            problem = f"Missing a required claim: {rejection.detail}"
        case Reason.MALFORMED:  # stackoverflow.com/questions/64947302
            problem = "Not a valid OpenId Connect identity token."
        case _:  # amazon-cognito-identity-js#91
            problem = "Couldn't verify signed token."
    return _not_authorized(f"Invalid login token. {problem}")


def _unsupported_provider() -> AwsError:
    # amplify-android#1829
    return _not_authorized("Token is not from a supported provider of this identity pool.")


def _logins_do_not_match() -> AwsError:
    # amplify-js#2443
    return _not_authorized(
        "Logins don't match. Please include at least one valid login for this identity or identity pool."
    )


def _not_authorized(message: str) -> AwsError:
    return AwsError("NotAuthorizedException", message)
