"""User pools: each with an issuer, and so with keys, of its own."""

from __future__ import annotations

import secrets
import string
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.cognitoidp.models import CognitoIdpUserPoolAttribute

from harness.aws.backend import ask
from harness.aws.cognito_identity.user_pools import KnownUserPools
from harness.aws.cognito_idp.known import KnownPool
from harness.aws.cognito_idp.people import Clients, People
from harness.aws.cognito_idp.store import backend, find_pool
from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.issuers import Issuer

if TYPE_CHECKING:
    from harness.aws.cognito_idp.challenges import Challenge
    from harness.aws.cognito_idp.codes import Code
    from harness.aws.cognito_idp.mfa import Authenticator

__all__ = ["Message", "UserPools", "create", "delete", "get_mfa", "set_mfa", "update"]

_MESSAGES = 10_000
_ALPHANUMERIC = string.ascii_letters + string.digits


@dataclass(frozen=True, kw_only=True)
class Message:
    """What Cognito would have sent.

    Attributes:
        time: seconds since the epoch.
        pool_id: the user pool.
        username: of the user it is for.
        kind: ``SignUp``, ``ForgotPassword``, ``VerifyUserAttribute``, ``AdminCreateUser``.
        medium: ``EMAIL`` or ``SMS``.
        destination: the address.
        code: the confirmation code, or the temporary password of ``AdminCreateUser``.
    """

    time: float
    pool_id: str
    username: str
    kind: str
    medium: str
    destination: str
    code: str = field(repr=False)


class UserPools:
    """What this account has of user pools beside moto's records.

    Attributes:
        issuers: by pool id.
        messages: what was sent, in order, the last 10,000; a developer reads codes here.
        challenges: sign-ins that wait for an answer, by session.
        codes: what may confirm what, by pool id, ``sub`` and kind.
        deleted: the ``sub`` of users who are gone.
        temporary: when a user got a temporary password, by ``sub``.
        authenticators: the app of a user, by ``sub``.
    """

    def __init__(self) -> None:
        self.issuers: dict[str, Issuer] = {}
        self.messages: deque[Message] = deque(maxlen=_MESSAGES)
        self.challenges: dict[str, Challenge] = {}
        self.codes: dict[tuple[str, str, str], Code] = {}
        self.deleted: set[str] = set()
        self.temporary: dict[str, float] = {}
        self.authenticators: dict[str, Authenticator] = {}

    def issuer(self, pool_id: str) -> Issuer | None:
        """Return the issuer of a user pool; None if there is no such pool."""
        return self.issuers.get(pool_id)


def create(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """CreateUserPool: a pool with an id in AWS's form, whose documents are published at once."""
    _check(fields)
    state = call.aws.state(UserPools)
    # The region and nine characters (API reference, CreateUserPool); moto's ids are longer.
    pool_id = f"{call.region}_{''.join(secrets.choice(_ALPHANUMERIC) for _ in range(9))}"
    url = f"https://cognito-idp.{call.region}.amazonaws.com/{pool_id}"
    issuer = call.aws.new_issuer("cognito", url=url, client_id=pool_id)
    made = ask(call, fields)["UserPool"]
    pools = backend(call).user_pools
    pool = pools.pop(made["Id"])
    pool.id, pool.arn = pool_id, pool.arn.replace(made["Id"], pool_id)
    for name, schema in CognitoIdpUserPoolAttribute.STANDARD_SCHEMA.items():
        if name not in pool.schema_attributes:  # moto drops them where the pool has a schema of its own
            pool.schema_attributes[name] = CognitoIdpUserPoolAttribute(name, False, schema)
    pools[pool_id] = pool
    issuer.users = People(pool, issuer.users)
    issuer.clients = Clients(pool, issuer.clients)
    state.issuers[pool_id] = issuer
    known = KnownPool(pool, issuer, state.deleted)
    call.aws.state(KnownUserPools).add(url.removeprefix("https://"), known)
    call.aws.publish(f"cognito-idp.{call.region}.amazonaws.com", f"/{pool_id}/", issuer.app)
    return ask(call, {"UserPoolId": pool_id}, operation="DescribeUserPool")


def update(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """UpdateUserPool: what is left out goes back to its default, as AWS does it; MFA too."""
    pool = find_pool(call, fields["UserPoolId"])
    _check(fields)
    lasting = {
        name: pool.extended_config[name]
        for name in ("UsernameAttributes", "AliasAttributes", "UsernameConfiguration")
        if name in pool.extended_config  # fixed when the pool was made
    }
    ask(call, fields)
    pool.extended_config.update(lasting)
    pool.mfa_config = pool.extended_config.pop("MfaConfiguration", None) or "OFF"
    return {}


def delete(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """DeleteUserPool: not while it has a domain."""
    pool = find_pool(call, fields["UserPoolId"])
    if pool.domain is not None:
        raise AwsError(
            "InvalidParameterException",
            "User pool cannot be deleted. It has a domain configured that should be deleted first.",
        )
    if pool.extended_config.get("DeletionProtection") == "ACTIVE":
        raise AwsError(
            "InvalidParameterException",
            "The user pool cannot be deleted because deletion protection is activated."
            " Deletion protection must be inactivated first.",
        )
    ask(call, fields)
    state = call.aws.state(UserPools)
    state.issuers.pop(pool.id, None)
    host = f"cognito-idp.{call.region}.amazonaws.com"
    call.aws.state(KnownUserPools).remove(f"{host}/{pool.id}")
    call.aws.withdraw(host, f"/{pool.id}/")
    return {}


def set_mfa(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """SetUserPoolMfaConfig: MFA needs a second factor that the pool has. The text is ours."""
    pool = find_pool(call, fields["UserPoolId"])
    mode = fields.get("MfaConfiguration") or "OFF"
    totp = fields.get("SoftwareTokenMfaConfiguration") or {}
    sms = fields.get("SmsMfaConfiguration") or {}
    email = fields.get("EmailMfaConfiguration") or {}
    if mode != "OFF" and not (totp.get("Enabled") or sms.get("SmsConfiguration") or email):
        raise AwsError("InvalidParameterException", "MFA cannot be turned on without a second factor.")
    pool.mfa_config = mode
    pool.token_mfa_config = dict(totp) or None
    pool.sms_mfa_config = dict(sms) or None
    return get_mfa(call, fields)


def get_mfa(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """GetUserPoolMfaConfig."""
    pool = find_pool(call, fields["UserPoolId"])
    found = {
        "SmsMfaConfiguration": pool.sms_mfa_config,
        "SoftwareTokenMfaConfiguration": pool.token_mfa_config,
        "MfaConfiguration": pool.mfa_config,
    }
    return {name: value for name, value in found.items() if value is not None}


def _check(fields: Mapping[str, Any]) -> None:
    """What CreateUserPool and UpdateUserPool refuse beyond their models."""
    if fields.get("UsernameAttributes") and fields.get("AliasAttributes"):
        raise AwsError(
            "InvalidParameterException",
            "Only one of the aliasAttributes or usernameAttributes can be set in a user pool.",
        )
    if fields.get("MfaConfiguration") in ("ON", "OPTIONAL") and not fields.get("SmsConfiguration"):
        # aws/aws-cli#3876, aws/aws-cdk#12075, terraform-provider-aws#7261: pools without SMS configuration.
        # With one AWS makes the pool, whatever the text says of auto verification: moto's tests
        # test_user_authentication_flow_mfa_on and _optional, which were run against AWS.
        raise AwsError(
            "InvalidParameterException",
            "SMS configuration and Auto verification for phone_number are required"
            " when MFA is required/optional",
        )
