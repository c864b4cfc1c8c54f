"""The Security Token Service: who may become which role, decided as AWS decides it.

AssumeRoleWithSAML, AssumeRoot and GetDelegatedAccessToken are not here: they refuse with ``NotImplemented``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.sts.answers import refuse_user_session, signer
from harness.aws.sts.assume_role import assume_role
from harness.aws.sts.callers import get_access_key_info, get_caller_identity
from harness.aws.sts.session_tokens import federated_user_arn, get_federation_token, get_session_token
from harness.aws.sts.tags import requested
from harness.aws.sts.web_identity import assume_role_with_web_identity

__all__ = ["OPERATIONS", "condition_keys", "resources"]

# AssumeRole judges for itself. The others are open to all: "No permissions are required" (API reference).
_OPEN = frozenset({"AssumeRole", "GetCallerIdentity", "GetSessionToken"})


def decode_authorization_message(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse every message: none of the services of this AWS encodes one. At AWS, EC2 is what does.

    Raises:
        AwsError: ``InvalidAuthorizationMessageException`` (the text is ours), ``AccessDenied``.
    """
    refuse_user_session(call, signer(call))
    raise AwsError("InvalidAuthorizationMessageException", "Message is not valid")


def get_web_identity_token(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse, as AWS does until IAM's EnableOutboundWebIdentityFederation was called, which is not here.

    Raises:
        AwsError: ``OutboundWebIdentityFederationDisabledException`` (the text is ours), ``AccessDenied``.
    """
    refuse_user_session(call, signer(call))
    message = "Outbound web identity federation is not enabled for this account"
    raise AwsError("OutboundWebIdentityFederationDisabledException", message, status=403)


OPERATIONS: Mapping[str, Operation] = {
    "AssumeRole": assume_role,
    "AssumeRoleWithWebIdentity": assume_role_with_web_identity,
    "DecodeAuthorizationMessage": decode_authorization_message,
    "GetAccessKeyInfo": get_access_key_info,
    "GetCallerIdentity": get_caller_identity,
    "GetFederationToken": get_federation_token,
    "GetSessionToken": get_session_token,
    "GetWebIdentityToken": get_web_identity_token,
}


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """The federated user of GetFederationToken; ``*`` where the Service Authorization Reference has none."""
    if call.operation == "GetFederationToken":
        return [federated_user_arn(call, str(fields.get("Name", "")))]
    return [] if call.operation in _OPEN else ["*"]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """Those of the session tags of GetFederationToken."""
    return requested(fields).request_keys if call.operation == "GetFederationToken" else {}
