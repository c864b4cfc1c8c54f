"""Whose a key is: GetCallerIdentity and GetAccessKeyInfo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.sts.answers import refuse_user_session, signer

__all__ = ["get_access_key_info", "get_caller_identity"]


def get_caller_identity(call: Context, _fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Tell the caller who it is. No permission is needed, and no policy can forbid it."""
    caller = signer(call)
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}


def get_access_key_info(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Tell to which account a key belongs, an inactive or an expired one too (API reference).

    Raises:
        AwsError: ``AccessDenied``; ``ValidationError``, for a key that this AWS has not given out (code and
            text are ours).
    """
    refuse_user_session(call, signer(call))
    key = fields["AccessKeyId"]
    if call.aws.sessions.find(key) is None and call.aws.iam.access_key(key) is None:
        raise AwsError("ValidationError", "The specified value for accessKeyId is invalid.")
    return {"Account": call.aws.account_id}
