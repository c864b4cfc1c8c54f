"""The operations of user pools: moto's, but for those here."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.cognito_idp import (
    account,
    admin,
    clients,
    domain,
    flows,
    mfa,
    pools,
    resource_servers,
    respond,
    signup,
    tags,
    tokens,
)
from harness.aws.cognito_idp.store import backend
from harness.aws.context import Context, Operation
from harness.aws.wire import Response

__all__ = ["OPERATIONS", "condition_keys", "resources"]

_OURS: Mapping[str, Operation] = {
    "CreateUserPool": pools.create,
    "UpdateUserPool": pools.update,
    "DeleteUserPool": pools.delete,
    "SetUserPoolMfaConfig": pools.set_mfa,
    "GetUserPoolMfaConfig": pools.get_mfa,
    "CreateUserPoolClient": clients.create,
    "UpdateUserPoolClient": clients.update,
    "DeleteUserPoolClient": clients.delete,
    "CreateUserPoolDomain": domain.create,
    "DeleteUserPoolDomain": domain.delete,
    "UpdateUserPoolDomain": domain.update,
    "DescribeUserPoolDomain": domain.describe,
    "UpdateResourceServer": resource_servers.update,
    "DeleteResourceServer": resource_servers.delete,
    "InitiateAuth": flows.initiate,
    "AdminInitiateAuth": flows.admin_initiate,
    "RespondToAuthChallenge": respond.respond,
    "AdminRespondToAuthChallenge": respond.admin_respond,
    "GetTokensFromRefreshToken": tokens.get_from_refresh_token,
    "RevokeToken": tokens.revoke,
    "GlobalSignOut": tokens.sign_out_everywhere,
    "AdminUserGlobalSignOut": tokens.sign_out_user,
    "AssociateSoftwareToken": mfa.associate,
    "VerifySoftwareToken": mfa.verify,
    "SetUserMFAPreference": mfa.prefer,
    "AdminSetUserMFAPreference": mfa.prefer_for_user,
    "SignUp": signup.sign_up,
    "ConfirmSignUp": signup.confirm,
    "ResendConfirmationCode": signup.resend,
    "ForgotPassword": signup.forgot,
    "ConfirmForgotPassword": signup.confirm_forgotten,
    "GetUser": account.get,
    "UpdateUserAttributes": account.update_attributes,
    "DeleteUserAttributes": account.delete_attributes,
    "DeleteUser": account.delete,
    "ChangePassword": account.change_password,
    "GetUserAttributeVerificationCode": account.send_code,
    "VerifyUserAttribute": account.verify_attribute,
    "AdminCreateUser": admin.create,
    "AdminSetUserPassword": admin.set_password,
    "AdminResetUserPassword": admin.reset_password,
    "AdminDisableUser": admin.disable,
    "AdminDeleteUser": admin.delete,
    "AdminUpdateUserAttributes": admin.update_attributes,
    "TagResource": tags.add,
    "UntagResource": tags.remove,
    "ListTagsForResource": tags.show,
    **admin.BY_NAME,
}


def _alone(operation: Operation) -> Operation:
    """Let an operation work by itself: what it reads and writes, moto's records, has no lock of its own."""

    @functools.wraps(operation)
    def locked(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
        with call.aws.lock:
            return operation(call, fields)

    return locked


OPERATIONS: Mapping[str, Operation] = {name: _alone(operation) for name, operation in _OURS.items()}


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """The user pool, of calls that name one.

    Service Authorization Reference, "Amazon Cognito User Pools": DescribeUserPoolDomain and the operations on
    all pools have no resource; the operations without a signature are no actions at all.
    """
    if fields.get("ResourceArn"):
        return [fields["ResourceArn"]]
    if not fields.get("UserPoolId"):
        return ["*"]
    return [call.arn(f"userpool/{fields['UserPoolId']}")]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """The tags of the pool, and those that the call gives it."""
    keys: dict[str, str | Sequence[str]] = {}
    named = fields.get("UserPoolId") or str(fields.get("ResourceArn")).rpartition("/")[2]
    pool = backend(call).user_pools.get(named)
    if pool is not None:
        has = pool.extended_config.get("UserPoolTags") or {}
        keys |= {f"aws:ResourceTag/{name}": value for name, value in has.items()}
    given = fields.get("UserPoolTags") or fields.get("Tags") or {}
    if isinstance(given, Mapping) and given:
        keys |= {f"aws:RequestTag/{name}": str(value) for name, value in given.items()}
        keys["aws:TagKeys"] = list(given)
    return keys
