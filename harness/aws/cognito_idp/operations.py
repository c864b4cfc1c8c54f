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
    tokens,
)
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
    """The user pool, of calls that name one."""
    if not fields.get("UserPoolId"):
        return ["*"]
    return [f"arn:aws:cognito-idp:{call.region}:{call.aws.account_id}:userpool/{fields['UserPoolId']}"]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """None beside the global ones."""
    return {}
