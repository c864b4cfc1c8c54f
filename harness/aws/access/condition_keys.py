"""The condition keys that every service has: who asks, when, from where, and with which tags.

Source: IAM User Guide, "AWS global condition context keys". Keys of organisations, VPC endpoints and calls by
AWS services are absent: there are none such here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.context import Context
from harness.aws.times import iso

__all__ = ["global_keys", "tag_keys"]

_Keys = dict[str, str | Sequence[str]]
_TAGS = ("Tags", "tags", "UserPoolTags", "IdentityPoolTags")
_TAG_KEYS = ("TagKeys", "tagKeys", "TagKeyList")


def global_keys(call: Context) -> _Keys:
    """Return the global condition keys of a call."""
    keys: _Keys = {
        "aws:CurrentTime": iso(call.now),
        "aws:EpochTime": str(int(call.now)),
        "aws:PrincipalIsAWSService": "false",
        "aws:RequestedRegion": call.region,
        "aws:ResourceAccount": call.aws.account_id,
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "true" if call.request is None else "false",
    }
    if call.request is not None:
        keys["aws:SourceIp"] = call.request.address
        keys["aws:UserAgent"] = call.request.headers.get("user-agent", "")
        if "referer" in call.request.headers:
            keys["aws:Referer"] = call.request.headers["referer"]
    caller = call.caller
    if caller is None:
        return keys
    keys["aws:PrincipalAccount"] = caller.account
    keys["aws:userid"] = caller.user_id
    session = caller.session
    role = session.role if session is not None else None
    if role is not None:
        keys |= {"aws:PrincipalArn": role.arn, "aws:PrincipalType": "AssumedRole"}
        tags = call.aws.iam.role_tags(role)
    else:
        is_federated = ":federated-user/" in caller.arn
        keys |= {
            "aws:PrincipalArn": caller.arn,
            "aws:PrincipalType": "FederatedUser" if is_federated else "User",
        }
        keys |= {} if is_federated else {"aws:username": caller.user_name}
        tags = call.aws.iam.user_tags(caller.user_name)
    if session is None:
        return keys | _principal_tags(tags)
    # Temporary credentials say whether there was MFA and since when they are, an access key does not.
    keys["aws:MultiFactorAuthPresent"] = "false"
    # With fractions: whoever assumes a role anew, right after its sessions were revoked, may go on.
    keys["aws:TokenIssueTime"] = iso(session.issued, "microseconds")
    own = {name.lower() for name in session.context}  # a session tag is before the role's own of that key
    keys |= {name: value for name, value in _principal_tags(tags).items() if name.lower() not in own}
    keys |= session.context
    if session.source_identity is not None:
        keys["aws:SourceIdentity"] = session.source_identity
    return keys


def tag_keys(fields: Mapping[str, Any]) -> _Keys:
    """Return ``aws:RequestTag/...`` and ``aws:TagKeys`` of a call that sets or takes away tags."""
    tags: dict[str, str] = {}
    for name in _TAGS:
        given = fields.get(name)
        if isinstance(given, Mapping):
            tags |= {key: value for key, value in given.items() if isinstance(value, str)}
        elif isinstance(given, list):
            pairs = [item for item in given if isinstance(item, Mapping)]
            tags |= {
                str(item.get("Key", item.get("key"))): str(item.get("Value", item.get("value", "")))
                for item in pairs
            }
    named = [*tags, *(key for name in _TAG_KEYS for key in fields.get(name) or [] if isinstance(key, str))]
    keys: _Keys = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return keys | ({"aws:TagKeys": named} if named else {})


def _principal_tags(tags: Mapping[str, str]) -> _Keys:
    return {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}
