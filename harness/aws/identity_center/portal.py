"""The access portal: with an access token, the accounts and roles of a user, and credentials of a role.

Source: IAM Identity Center Portal API Reference. The operations are not signed; the token is all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.identity_center.admin.access_control import session_tags
from harness.aws.identity_center.admin.permission_sets import seconds_of
from harness.aws.identity_center.admin.provisioning import saml_provider_arn
from harness.aws.identity_center.center import center
from harness.aws.identity_center.directory.store import User
from harness.aws.identity_center.records import PermissionSet
from harness.aws.identity_center.sign_in.tokens import ACCOUNT_ACCESS, SignedIn, Tokens
from harness.aws.paging import Paging

__all__ = ["OPERATIONS", "condition_keys", "resources"]

_INVALID = "InvalidRequestException"
_page = Paging(  # the text is ours
    size=100, limit="maxResults", next_page="nextToken", code=_INVALID, message="The next token is invalid."
)


def list_accounts(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the account, if the user has a permission set in it.

    Raises:
        AwsError: ``UnauthorizedException``.
    """
    signed_in, user = _signed_in(call, fields)
    with center(call).lock:
        has_any = any(True for _ in signed_in.instance.permission_sets_of(user))
    account = signed_in.instance.account
    listed = {"accountId": account, "accountName": account, "emailAddress": f"{account}@example.com"}
    return _page([listed] if has_any else [], fields, "accountList")


def list_account_roles(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the permission sets that the user has in an account, which the portal calls roles.

    Raises:
        AwsError: ``UnauthorizedException``; ``ForbiddenException``, for an account in which there is none.
    """
    found = _permission_sets(call, fields)
    if not found:
        raise _no_access()
    roles = [{"roleName": each.name, "accountId": fields["accountId"]} for each in found]
    return _page(roles, fields, "roleList")


def get_role_credentials(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give out a session of a permission set's role, named after the user.

    Raises:
        AwsError: ``UnauthorizedException``; ``ForbiddenException``, for a permission set that the user has
            not.
    """
    signed_in, user = _signed_in(call, fields)
    found = [each for each in _permission_sets(call, fields) if each.name == fields["roleName"]]
    role = call.aws.iam.role(found[0].role_arn or "") if found else None
    if role is None:
        raise _no_access()
    tags = session_tags(signed_in.instance, user)
    session = call.aws.sessions.issue(
        role,
        name=re.sub(r"[^\w+=,.@-]", "-", user.name, flags=re.ASCII)[:64],
        now=call.now,
        duration=seconds_of(found[0].members["SessionDuration"]),
        context={
            "aws:FederatedProvider": saml_provider_arn(signed_in.instance),
            "saml:aud": "https://signin.aws.amazon.com/saml",
            **{f"aws:PrincipalTag/{key}": value for key, value in tags.items()},
        },
    )
    credentials = session.credentials
    return {
        "roleCredentials": {
            "accessKeyId": credentials.access_key_id,
            "secretAccessKey": credentials.secret_access_key,
            "sessionToken": credentials.session_token,
            "expiration": int(session.expires * 1000),
        }
    }


def logout(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Sign the user out: the tokens die; credentials that were given out live on until they expire.

    Raises:
        AwsError: ``UnauthorizedException``.
    """
    _signed_in(call, fields)
    call.aws.state(Tokens).sign_out(fields["accessToken"])
    return {}


def _signed_in(call: Context, fields: Mapping[str, Any]) -> tuple[SignedIn, User]:
    found = call.aws.state(Tokens).find(fields["accessToken"], now=call.now)
    user = found.user if found is not None else None
    is_for_portal = found is not None and ACCOUNT_ACCESS in (found.scopes or (ACCOUNT_ACCESS,))
    if found is None or user is None or not is_for_portal or found.instance.region != call.region:
        # text: aws-cli#7340
        raise AwsError("UnauthorizedException", "Session token not found or invalid", status=401)
    return found, user


def _permission_sets(call: Context, fields: Mapping[str, Any]) -> list[PermissionSet]:
    signed_in, user = _signed_in(call, fields)
    if fields["accountId"] != signed_in.instance.account:
        return []
    with center(call).lock:
        return list(signed_in.instance.permission_sets_of(user))


def _no_access() -> AwsError:
    return AwsError("ForbiddenException", "No access", status=403)  # text: aws-sam-cli#2129


OPERATIONS: Mapping[str, Operation] = {
    "GetRoleCredentials": get_role_credentials,
    "ListAccountRoles": list_account_roles,
    "ListAccounts": list_accounts,
    "Logout": logout,
}


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """None: the access token decides."""
    return []


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """None: no policy judges these operations."""
    return {}
